"""Of all names on file only a few matter to how much a description weighs; to look these up is enough."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date

import pytest

from schemas.person import PersonDescriptor
from services.identity import score
from services.identity.described import Described, described
from services.identity.model import Frequencies, frequencies, shipped
from services.identity.score import Scorer, values_weighed
from tests.londoners import register_and_descriptions

DAY = date(2026, 11, 25)
PEOPLE, ASKED, _ = register_and_descriptions(1500, 60, random.Random(3))


def of(row: dict[str, str]) -> Described:
    names = [
        {
            name: row[column]
            for name, column in (("given", "given_name"), ("family", "family_name"))
            if row[column]
        }
    ]
    fields = {
        "names": [name for name in names if name],
        "addresses": [{"postcode": row["postcode"]}] if " " in row["postcode"] else [],
    }
    return described((PersonDescriptor.model_validate(fields),))


ON_FILE, SAID = [of(row) for row in PEOPLE], [of(row) for row in ASKED]
WHOLE = frequencies(ON_FILE)


def only(values: frozenset[tuple[str, str]]) -> Frequencies:
    """What is known of these and of nothing else; what is not asked for is told wrongly."""
    kept = {
        kind: Counter({value: getattr(WHOLE, kind)[value] for k, value in values if k == kind})
        for kind in KINDS
    }
    wrong = {kind: _Wrong(counts) for kind, counts in kept.items()}
    return Frequencies(
        WHOLE.people, wrong["given"], wrong["family"], wrong["postcode"], wrong["pair"]
    )


KINDS = ("given", "family", "postcode", "pair")


class _Wrong(Counter[str]):
    def __missing__(self, value: str) -> int:
        return 700


def differing() -> int:
    """Descriptions that weigh otherwise against somebody on file with what was looked up than with all."""
    pairs = 0
    for description in SAID:
        narrow = Scorer(shipped(), only(values_weighed(description, ON_FILE)), DAY)
        whole = Scorer(shipped(), WHOLE, DAY)
        pairs += any(
            narrow.score(description, person, "x") != whole.score(description, person, "x")
            for person in ON_FILE
        )
    return pairs


def test_the_weights_are_those_of_all_that_is_known() -> None:
    assert differing() == 0


def test_few_values_are_looked_up() -> None:
    looked_up = sum(len(values_weighed(description, ON_FILE)) for description in SAID) / len(SAID)
    assert looked_up < 0.1 * sum(len(getattr(WHOLE, kind)) for kind in KINDS)


def test_the_comparison_would_see_a_value_that_was_not_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(score, "BY_FREQUENCY", frozenset({"exact"}))
    missed = [values_weighed(description, ON_FILE) for description in SAID]
    monkeypatch.undo()
    scored = [
        (
            Scorer(shipped(), only(values), DAY).score(description, person, "x"),
            Scorer(shipped(), WHOLE, DAY).score(description, person, "x"),
        )
        for description, values in zip(SAID[:20], missed, strict=False)
        for person in ON_FILE
    ]
    assert any(narrow != whole for narrow, whole in scored)
