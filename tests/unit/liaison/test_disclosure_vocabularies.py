"""Every table of disclosure names every member of its vocabularies: a new one is red until somebody decides.

A new kind of desk must not be told nothing by oversight, nor a new item be shown to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import pytest

from schemas.codes import AccessHazard, ClinicalSign, Nature, ResourceKind, RiskLevel
from schemas.person import Relation
from schemas.registry import DeskRole
from services.identity.person import Outcome
from services.liaison.catalogue import Purpose
from services.liaison.disclosure import person, vocabulary
from services.liaison.disclosure.matrix import attending
from services.liaison.disclosure.table import COLUMN_OF, ITEMS, MATRIX, RESPONDS, TABLE, Column
from services.liaison.disclosure.words import CERTAINTY, READ_FIRST, RISKS, UNSTATED, WORDS_OF, Item
from tests.unit.liaison.script import Script

NOT_IN_WORDS = frozenset({"circumstances", "incidents"})
"""`matrix.view` shows them as they are: the reason with its evidence, and a list."""


def undecided(table: str, keys: Iterable[str], vocabulary: Iterable[str], decide: str) -> list[str]:
    missing = sorted(set(vocabulary) - set(keys))
    return [f"{table} has no {member}: decide {decide}" for member in missing]


def test_every_role_of_a_desk_has_a_column_of_the_matrix() -> None:
    decide = "which column of the matrix it belongs to (services/liaison/disclosure/table.py)"
    assert undecided("COLUMN_OF", COLUMN_OF, get_args(DeskRole), decide) == []
    assert undecided("MATRIX", MATRIX, get_args(DeskRole), decide) == []


def test_every_column_is_told_the_circumstances_of_its_alerts() -> None:
    decide = "what its desks are told: without the circumstances an alert says nothing"
    assert undecided("TABLE", TABLE["circumstances"], get_args(Column), decide) == []


def test_every_column_belongs_to_some_desk() -> None:
    decide = "which desks it is for, or take it out of Column"
    assert undecided("COLUMN_OF", COLUMN_OF.values(), get_args(Column), decide) == []


def test_every_item_has_a_row_and_somebody_who_is_told_it() -> None:
    decide = "who may see it: a row of the matrix"
    disclosed = [item for item, row in TABLE.items() if row]
    assert undecided("TABLE", disclosed, get_args(Item), decide) == []
    assert get_args(Item) == ITEMS


def test_every_item_has_words() -> None:
    decide = "what it says of a crisis (services/liaison/disclosure/words.py)"
    assert undecided("WORDS_OF", NOT_IN_WORDS | set(WORDS_OF), get_args(Item), decide) == []


def test_every_column_says_whether_it_is_told_the_name() -> None:
    decide = "whether its desks see name and date of birth: always, on-scene or never"
    assert undecided("WHO", person.WHO, get_args(Column), decide) == []


def test_every_outcome_of_matching_has_words() -> None:
    decide = "how a desk is told how sure we are"
    assert undecided("CERTAINTY", CERTAINTY, get_args(Outcome), decide) == []


def test_every_level_of_risk_has_its_place_from_the_worst_down() -> None:
    decide = "what it is worse than"
    assert undecided("RISKS", RISKS, RiskLevel, decide) == []


@pytest.mark.parametrize(
    ("table", "keys", "members"),
    [
        ("SIGN_WORDS", vocabulary.SIGN_WORDS, ClinicalSign),
        ("HAZARD_WORDS", vocabulary.HAZARD_WORDS, AccessHazard),
        ("UNIT_WORDS", vocabulary.UNIT_WORDS, ResourceKind),
        ("NATURE_WORDS", vocabulary.NATURE_WORDS, Nature),
        ("CALLER_WORDS", vocabulary.CALLER_WORDS, get_args(Relation)),
    ],
)
def test_every_code_that_a_desk_reads_has_words(
    table: str, keys: Iterable[str], members: Iterable[str]
) -> None:
    assert undecided(table, keys, members, "how a desk reads it") == []


def test_every_purpose_says_whether_whoever_called_may_be_rung() -> None:
    decide = "whether an alert for it may make a desk ring whoever called"
    assert undecided("RESPONDS", RESPONDS, get_args(Purpose), decide) == []


def test_what_is_said_where_nobody_has_stated_it_is_among_what_is_read_first() -> None:
    labels = {label for label, _ in UNSTATED.values()}
    assert labels <= set(READ_FIRST)


@pytest.mark.parametrize("column", get_args(Column))
def test_whether_a_column_attends_is_decided_for_each(column: Column) -> None:
    """Nobody but police and ambulance is there; only the columns with items that wait for it may say yes."""
    assert (
        attending(column, Script().police("incident.reported", 0, nature="suicidal").crisis())
        is False
    )


def test_a_missing_member_is_named_with_the_table_and_what_to_decide() -> None:
    assert undecided("COLUMN_OF", ["custody"], ["custody", "fire-control"], "its column") == [
        "COLUMN_OF has no fire-control: decide its column"
    ]
