"""The door's tables have every event type and every field of the contract: a new one is red until somebody decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel

from schemas.codes import AgencyKind
from schemas.events import DATA_MODELS
from schemas.model import Reference
from services.intake.plausible import HAPPENED, OTHER_REFERENCES, PLANNED, REFERENCES
from services.intake.speakers import MAY_SAY


def texts(model: type[BaseModel], keyword: str) -> Iterator[tuple[str, str]]:
    """Name of every field that has the keyword in its schema, with its value; also of the models within."""
    document = model.model_json_schema()
    for node in (document, *document.get("$defs", {}).values()):
        for name, field in node.get("properties", {}).items():
            for option in (field, *field.get("anyOf", ())):
                if keyword in option:
                    yield name, option[keyword]


PATTERN_OF_A_REFERENCE = get_args(Reference)[1].pattern


def test_every_event_type_says_which_kinds_of_agency_may_say_it() -> None:
    undecided = sorted(set(DATA_MODELS) - set(MAY_SAY))
    assert undecided == [], f"speakers.MAY_SAY: decide which kinds of agency may say {undecided}"
    assert set(MAY_SAY) <= set(DATA_MODELS)
    assert all(kinds for kinds in MAY_SAY.values())


def test_every_kind_of_agency_may_say_something_but_operations_only_that_it_is_there() -> None:
    speakers = {kind for kinds in MAY_SAY.values() for kind in kinds}
    silent = sorted(set(get_args(AgencyKind)) - speakers)
    assert silent == [], f"speakers.MAY_SAY: decide what {silent} may say"
    of_operations = {name for name, kinds in MAY_SAY.items() if "operations" in kinds}
    assert {name.split(".")[2] for name in of_operations} == {"feed", "event"}


def test_every_instant_and_date_has_happened_or_is_planned() -> None:
    named = {
        name
        for model in DATA_MODELS.values()
        for name, form in texts(model, "format")
        if form in ("date", "date-time")
    }
    undecided = sorted(named - HAPPENED - PLANNED)
    assert undecided == [], (
        f"plausible.HAPPENED or PLANNED: decide how far {undecided} may lie ahead"
    )
    assert named == HAPPENED | PLANNED
    assert not HAPPENED & PLANNED


def test_every_reference_names_a_record_or_is_known_to_name_none() -> None:
    named = {
        name
        for model in DATA_MODELS.values()
        for name, pattern in texts(model, "pattern")
        if pattern == PATTERN_OF_A_REFERENCE
    }
    undecided = sorted(named - REFERENCES - OTHER_REFERENCES)
    assert undecided == [], (
        f"plausible.REFERENCES or OTHER_REFERENCES: decide whether {undecided} may hold a name"
    )
    assert named == REFERENCES | OTHER_REFERENCES
