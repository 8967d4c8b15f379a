"""Every table that is keyed by a vocabulary has every member of it: a new member is red until
somebody decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import pytest

from schemas.codes import AgencyKind, AmbulanceCategory, ClinicalSign
from schemas.events.incident import IncidentFacts
from schemas.events.response import ForceReviewed, ForceStarted
from schemas.registry import MANAGERS, ROLES_OF, SUPERVISOR_OF, DeskRole, Level
from tests.own_registry import own_registry


def undecided(table: str, keys: Iterable[Any], vocabulary: Iterable[Any], decide: str) -> list[str]:
    """A sentence for each member that the table does not have, and for each key that is no
    member.
    """
    named, members = set(keys), set(vocabulary)
    missing = [f"{table} has no {member}: decide {decide}" for member in sorted(members - named)]
    stray = [
        f"{table} has {name}, which is not in the vocabulary" for name in sorted(named - members)
    ]
    return missing + stray


def test_a_missing_member_and_a_stray_one_are_named_with_what_to_decide() -> None:
    sentences = undecided("TABLE", {"a", "x"}, {"a", "b"}, "who answers")
    assert sentences == [
        "TABLE has no b: decide who answers",
        "TABLE has x, which is not in the vocabulary",
    ]


@pytest.mark.parametrize(
    ("name", "table", "decide"),
    [
        ("SUPERVISOR_OF", SUPERVISOR_OF, "which desk is its duty supervisor"),
        ("ROLES_OF", ROLES_OF, "which desks it may have"),
    ],
)
def test_each_table_of_agency_kinds_has_every_kind(
    name: str, table: dict[AgencyKind, Any], decide: str
) -> None:
    assert undecided(name, table, get_args(AgencyKind), decide) == []


def test_every_role_of_a_desk_is_one_that_some_kind_of_agency_may_have() -> None:
    possible = {role for roles in ROLES_OF.values() for role in roles}
    decide = "which kinds of agency may have it (_WORKING or MANAGERS)"
    assert undecided("ROLES_OF", possible, get_args(DeskRole), decide) == []


def test_every_rung_of_the_ladder_has_a_desk_role() -> None:
    registry = own_registry()
    rungs = {level: registry.desks_above("met", level) for level in get_args(Level)}
    assert all(rungs.values()), f"a rung without a desk: {rungs}"
    assert set(get_args(DeskRole)) > MANAGERS


def test_only_the_two_emergency_categories_are_emergencies() -> None:
    emergencies = {category for category in AmbulanceCategory if category.is_emergency}
    assert emergencies == {AmbulanceCategory.C1, AmbulanceCategory.C2}, (
        "a new category is no emergency until AmbulanceCategory.is_emergency says so"
    )


@pytest.mark.parametrize("model", [IncidentFacts, ForceStarted, ForceReviewed])
def test_all_signs_at_once_can_be_said(model: type[Any]) -> None:
    limit = next(m.max_length for m in model.model_fields["signs"].metadata if m)
    assert limit >= len(ClinicalSign), (
        f"{model.__name__}.signs takes {limit}, there are {len(ClinicalSign)} signs: raise max_length"
    )
