"""What the documents say of the rules and of scenarios is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.registry import load_registry
from schemas.scenario import Scenario, Statement, load_scenario
from services.liaison.catalogue import CATALOGUE
from services.liaison.policy import Policy, load_policy
from services.liaison.rules import RULES
from services.liaison.schema import document
from services.simulation.replay import run

DOCUMENTS = Path(__file__).parents[3] / "docs"
RULES_TEXT = (DOCUMENTS / "rules.md").read_text(encoding="utf-8")
SECTIONS = {
    section[:3]: section
    for section in re.split(r"^## (?=R\d\d )", RULES_TEXT, flags=re.MULTILINE)[1:]
}
SCENARIOS_TEXT = (DOCUMENTS / "scenarios.md").read_text(encoding="utf-8")
EXAMPLES = [
    example
    for example in re.findall(
        r"^```yaml\n(.*?)^```", SCENARIOS_TEXT, flags=re.MULTILINE | re.DOTALL
    )
    if "title:" in example
]


def test_the_page_of_the_rules_is_as_the_catalogue_has_them() -> None:
    assert document.text() == RULES_TEXT, "run `python -m services.liaison.schema`"


def test_a_word_changed_in_the_catalogue_makes_the_page_stale() -> None:
    rule = CATALOGUE["R01"]
    changed = rule.model_copy(update={"when": f"{rule.when} Or on a Sunday."})
    assert document.section(rule) in RULES_TEXT
    assert document.section(changed) not in RULES_TEXT


def test_every_rule_has_a_section_and_every_section_a_rule() -> None:
    assert set(SECTIONS) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_section_has_the_rules_title_and_says_when_until_when_to_whom_what_to_do_and_why(
    rule: str,
) -> None:
    section = SECTIONS[rule]
    assert section.startswith(f"{rule} {RULES[rule].title}\n")
    for part in ("**When.**", "**Ends**", "**To**", "**Urgency**", "**Next step.**", "**Why.**"):
        assert part in section


@pytest.mark.parametrize(
    "name", sorted(field for field in Policy.model_fields if field.endswith("_seconds"))
)
def test_every_limit_of_the_policy_is_named_with_its_value(name: str) -> None:
    value = getattr(load_policy(), name)
    assert f"`{name}`" in RULES_TEXT
    if isinstance(value, int):
        assert re.search(rf"`{name}`\s+\({value}\)", RULES_TEXT)


@pytest.mark.parametrize(
    ("rule", "name"), [(rule.id, name) for rule in CATALOGUE.values() for name in rule.limits]
)
def test_every_limit_of_a_rule_is_named_in_its_section_with_its_value(rule: str, name: str) -> None:
    assert f"`{name}` ({CATALOGUE[rule].limits[name].value}" in SECTIONS[rule]


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_in_the_text_gives_the_alerts_it_says(number: int, tmp_path: Path) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(EXAMPLES[number], encoding="utf-8")
    scenario = load_scenario(file)
    assert scenario.expect
    assert run(scenario, load_registry(), load_policy()).differences == ()


def test_every_part_of_a_scenario_is_explained() -> None:
    services = {*Scenario.model_fields, "arrives", "repeat", "id", "refused"}
    assert {"arrives", "repeat", "id", "refused"} <= set(Statement.model_fields)
    assert not [name for name in services if f"`{name}" not in SCENARIOS_TEXT]
