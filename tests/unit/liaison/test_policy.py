"""A policy that contradicts the law, a standard or the catalogue is refused when it is loaded, in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.liaison.catalogue import CATALOGUE, CatalogueError, read_document
from services.liaison.policy import PolicyError, load_policy
from services.liaison.rules import RULES

SHIPPED = """version: 3
feed_silent_after_seconds: 60
acknowledge_within_seconds: {1: 120, 2: 300, 3: 900, 4: 14400, 5: 86400}
"""


def _policy(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_an_operator_makes_a_limit_stricter_without_code(tmp_path: Path) -> None:
    policy = load_policy(
        _policy(tmp_path, SHIPPED + "limits: {R04: {ambulance_arrival_within: 1200}}\n")
    )
    assert policy.limit("R04", "ambulance_arrival_within") == timedelta(minutes=20)
    assert policy.limit("R01", "retriage_within") == timedelta(minutes=5), (
        "what is not named is as in the catalogue"
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "limits: {R04: {ambulance_arrival_within: 1801}}",
            r"is a national standard .*set 1800 or less",
        ),
        ("limits: {R99: {x: 1}}", "limits names R99, which is not in the catalogue"),
        (
            "limits: {R01: {soon: 1}}",
            "which the rule does not have; it has: ambulance_request_within",
        ),
        (
            "limits: {R03: {restraint_review_within: 900}}",
            "longer than its restraint_limit; shorten it",
        ),
        ("switched_off: {R01: 'too many'}", "R01 cannot be switched off"),
        ("switched_off: {R77: 'gone'}", "R77, which is not in the catalogue"),
        ("switched_off: {R16: ''}", "at /switched_off/R16"),
        ("regimes: {magna-carta: 2026-01-01}", "at /regimes/magna-carta"),
        ("limits: {R27: {minimum_cell: 9}}", "set 10 or more"),
        ("limits: {R27: {minimum_crises: 1}}", "set 30 or more"),
        ("limits: {R27: {chance_one_in: 0}}", "must be 2 or more"),
        ("thresholds: 3", "at /thresholds"),
        ("limits: [", "is not YAML"),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused_with_place_and_remedy(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(PolicyError, match=sentence):
        load_policy(_policy(tmp_path, SHIPPED + text + "\n"))


def test_a_policy_in_another_coding_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_bytes("version: 3\n".encode("utf-16"))
    with pytest.raises(PolicyError, match=r"policy\.yaml is not in UTF-8; save it as UTF-8"):
        load_policy(file)


def test_a_rule_switched_off_does_not_run_and_a_regime_begins_on_its_day_in_london(
    tmp_path: Path,
) -> None:
    policy = load_policy(
        _policy(
            tmp_path,
            SHIPPED
            + "switched_off: {R16: 'trial'}\nregimes: {mental-health-act-2025-s48: 2027-07-01}\n",
        )
    )
    midnight_in_london = datetime(2027, 6, 30, 23, 0, tzinfo=UTC)
    assert not policy.runs("R16", midnight_in_london)
    assert policy.runs("R01", midnight_in_london)
    assert not policy.regime(
        "mental-health-act-2025-s48", midnight_in_london - timedelta(seconds=1)
    )
    assert policy.regime("mental-health-act-2025-s48", midnight_in_london)


def test_every_rule_has_a_document_and_every_document_a_rule() -> None:
    assert set(RULES) == set(CATALOGUE)


def test_a_rule_is_in_force_from_its_first_day_until_the_day_after_its_last() -> None:
    rule = CATALOGUE["R01"].model_copy(
        update={"effective_from": date(2026, 3, 1), "effective_to": date(2026, 4, 1)}
    )
    assert [rule.effective_on(date(2026, 2, 28)), rule.effective_on(date(2026, 3, 1))] == [
        False,
        True,
    ]
    assert [rule.effective_on(date(2026, 3, 31)), rule.effective_on(date(2026, 4, 1))] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("urgency: 1", "urgency: 9"), "at /urgency"),
        (
            ("effective_from: 2026-01-01", "effective_from: 2026-01-01\neffective_to: 2025-01-01"),
            "not after effective_from",
        ),
        (
            ("[ambulance-control, police-control]", "[ambulance-control, ambulance-control]"),
            "named twice",
        ),
        (
            ("[ambulance-control, police-control]", "[ambulance-control, the-press]"),
            "at /recipients/1",
        ),
        (("id: R01", "id: R02"), "name the file R02.yaml"),
        (("owner:", "withholds: {amhp: [incidents]}\nowner:"), "who are no recipients"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(
    change: tuple[str, str], sentence: str
) -> None:
    text = (Path("services/liaison/catalogue") / "R01.yaml").read_text(encoding="utf-8")
    assert change[0] in text
    with pytest.raises(CatalogueError, match=sentence):
        read_document("R01.yaml", text.replace(*change))
