"""What an engineer reads about publishing and the registry is complete and true."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

from schemas.envelope import Event, event_models
from schemas.generate import _line, attributes, short
from schemas.registry import ROLES_OF, Agency, Area, Contact, Desk, Feed, Registry, load_registry
from services.intake import faults
from services.intake.accept import check

ROOT = Path(__file__).parents[3]
PUBLISHING = (ROOT / "docs/publishing.md").read_text(encoding="utf-8")
NHS = (ROOT / "docs/nhs.md").read_text(encoding="utf-8")
REGISTRY = (ROOT / "docs/registry.md").read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """From the heading to the next one of its level or above."""
    level = heading.split(" ", maxsplit=1)[0]
    found = re.search(
        rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert found is not None, heading
    return found[1]


def first_cells(text: str) -> list[str]:
    """The names in code in the first column of the tables."""
    return [
        n
        for row in re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
        for n in re.findall(r"`([^`]+)`", row)
    ]


def fault_codes(folder: Path) -> set[str]:
    """Codes of every fault that the code can make."""
    found = {code for code, _ in (*faults._REMEDIES.values(), faults._OTHER)}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = getattr(getattr(node, "func", None), "id", None) or getattr(
                getattr(node, "func", None), "attr", None
            )
            if isinstance(node, ast.Call) and called in (
                "Fault",
                "Finding",
                "Untranslatable",
                "note",
            ):
                code = node.args[1] if len(node.args) > 1 else None
                if isinstance(code, ast.Constant):
                    found.add(str(code.value))
    return found


def test_every_event_type_is_named_with_what_it_says_its_schema_and_its_examples() -> None:
    listed = section(PUBLISHING, "## Event types")
    for name, model in event_models().items():
        kind = short(name)
        row = (
            f"| `{kind}` | {_line(model)} | [schema](../schemas/json/{kind}.schema.json) "
            f"| [examples](../schemas/examples/{kind}) |"
        )
        assert row in listed.splitlines()
    assert sorted(first_cells(listed)) == sorted(short(name) for name in event_models())


def test_every_fault_code_is_listed_and_no_other() -> None:
    listed = {
        *first_cells(section(PUBLISHING, "## Faults")),
        *first_cells(section(NHS, "## Faults and notes")),
    }
    assert listed == fault_codes(ROOT / "services")


def test_a_new_fault_code_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "new.py").write_text('fault = Fault("", "of-a-new-kind", "said", "remedy")\n')
    assert "of-a-new-kind" in fault_codes(tmp_path)


def test_every_attribute_and_every_header_of_binary_mode_is_named() -> None:
    listed = section(PUBLISHING, "## The event")
    assert set(first_cells(listed)) == set(Event.model_fields)
    required = {name for name, field in Event.model_fields.items() if field.is_required()}
    assert {n for n in Event.model_fields if f"| `{n}` | required |" in listed} == required
    record = section(PUBLISHING, "## The record in Kafka")
    assert set(re.findall(r"`ce_([a-z]+)`", record)) == set(attributes())


def test_the_event_that_is_shown_is_accepted() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", PUBLISHING, re.DOTALL)
    assert check(shown.encode()) == []
    assert len(json.loads(shown)["data"]) > 1


@pytest.mark.parametrize("name", ["publishing.md", "registry.md"])
def test_every_link_leads_to_a_file(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    links = [
        target for target in re.findall(r"\]\(([^)]+)\)", text) if not target.startswith("https://")
    ]
    assert len(links) >= 3
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("### An area", Area),
        ("### An agency", Agency),
        ("### A desk", Desk),
        ("### A feed", Feed),
        ("### A contact", Contact),
    ],
)
def test_every_field_of_the_registry_is_explained(heading: str, model: type[Area]) -> None:
    text = section(REGISTRY, heading).split("| kind of agency |")[0]
    assert set(first_cells(text)) == set(model.model_fields)
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert {name for name in model.model_fields if f"| `{name}` | required |" in text} == required


def test_the_fields_of_the_file_and_the_roles_of_each_kind_are_those_of_the_model() -> None:
    assert set(first_cells(section(REGISTRY, "## The file").split("###")[0])) == set(
        Registry.model_fields
    )
    for kind, roles in ROLES_OF.items():
        (row,) = re.findall(rf"^\| `{kind}` \| (.*) \|$", REGISTRY, re.MULTILINE)
        assert set(re.findall(r"`([^`]+)`", row)) == roles


def test_the_agency_that_is_shown_can_be_added_to_london() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", REGISTRY, re.DOTALL)
    london = load_registry().model_dump(mode="json")
    london["agencies"] += yaml.safe_load(shown)
    assert "example-trust-ehr" in Registry.model_validate(london).feeds_by_id


def test_the_reader_is_told_that_london_is_to_be_verified() -> None:
    assert "**London's entries are to be verified.**" in REGISTRY
    assert not any(agency.verified for agency in load_registry().agencies), (
        "then the sentence is no longer true"
    )
