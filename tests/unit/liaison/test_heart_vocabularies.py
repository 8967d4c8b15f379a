"""Every table of the heart that is keyed by a vocabulary names every member: a new one is red until somebody decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import pytest

from schemas.codes import (
    BRINGS_A_CLINICIAN,
    CrisisIndicator,
    EthnicCategory,
    ForceKind,
    Nature,
    ResourceKind,
    StandDownReason,
)
from schemas.events import DATA_MODELS
from schemas.events.care import FamilyData
from schemas.events.detention import DetentionData
from schemas.events.incident import IncidentClosed
from schemas.events.response import HarmReported
from services.liaison.crisis.ambulance import NOT_SENT
from services.liaison.crisis.facts import RESTRAINT_KINDS
from services.liaison.crisis.indicators import HARM_INDICATORS, NATURE_INDICATORS, STRONG
from services.liaison.crisis.other_records import _FAMILY_CONTACTS
from services.liaison.crisis.scene import AMBULANCE_RESPONSE, JOINT_RESPONSE
from services.liaison.crisis.state import _HANDLERS, _TAKEN
from services.liaison.disproportionality import _GROUP_NAMES, SAID
from services.liaison.linking.nature import _ROUTINE_NATURES, _TOGETHER, CATEGORIES, NATURES
from services.liaison.tally import GROUP_OF, GROUPS, MEASURES
from tests.unit.schemas.test_vocabularies import undecided

HARMS = get_args(HarmReported.model_fields["harm"].annotation)
OUTCOMES = get_args(IncidentClosed.model_fields["outcome"].annotation)

TABLES: dict[str, tuple[Iterable[Any], Iterable[Any], str]] = {
    "schemas.codes.BRINGS_A_CLINICIAN": (
        BRINGS_A_CLINICIAN,
        ResourceKind,
        "whether a clinician comes with it",
    ),
    "liaison.linking.nature.CATEGORIES": (
        CATEGORIES,
        Nature,
        "which coarse nature it is for linking, or None",
    ),
    "liaison.crisis.scene.NATURE_INDICATORS": (
        NATURE_INDICATORS,
        Nature,
        "which sign of a mental-health crisis it is, or None",
    ),
    "liaison.crisis.scene.HARM_INDICATORS": (
        HARM_INDICATORS,
        HARMS,
        "which sign of a mental-health crisis it is, or None",
    ),
    "liaison.tally.GROUP_OF": (GROUP_OF, get_args(EthnicCategory), "to which group it belongs"),
    "liaison.disproportionality._GROUP_NAMES": (_GROUP_NAMES, GROUPS, "what the group is called"),
    "liaison.disproportionality.SAID": (SAID, MEASURES, "the words for it"),
}

OF_FAMILY = {model for model in DATA_MODELS.values() if issubclass(model, FamilyData)}
OF_DETENTION = {model for model in DATA_MODELS.values() if issubclass(model, DetentionData)}

# What a set of the heart leaves out was left out on purpose: it stands here.
SETS: dict[str, tuple[Iterable[Any], Iterable[Any], Iterable[Any], str]] = {
    "liaison.crisis.scene.AMBULANCE_RESPONSE": (
        AMBULANCE_RESPONSE,
        {
            ResourceKind.POLICE_UNIT,
            ResourceKind.STREET_TRIAGE,
            ResourceKind.CRISIS_TEAM,
            ResourceKind.SECURE_TRANSPORT,
        },
        ResourceKind,
        "whether it is an ambulance response",
    ),
    "liaison.crisis.scene.JOINT_RESPONSE": (
        JOINT_RESPONSE,
        {
            ResourceKind.POLICE_UNIT,
            ResourceKind.AMBULANCE,
            ResourceKind.RAPID_RESPONSE_CAR,
            ResourceKind.CRISIS_TEAM,
            ResourceKind.SECURE_TRANSPORT,
        },
        ResourceKind,
        "whether police and health come in it together",
    ),
    "liaison.crisis.scene.NOT_SENT": (
        NOT_SENT,
        {
            StandDownReason.CLINICAL_ASSESSMENT,
            StandDownReason.HIGHER_PRIORITY,
            StandDownReason.NOT_REQUIRED,
            StandDownReason.DUPLICATE,
            StandDownReason.OTHER,
        },
        StandDownReason,
        "whether it leaves a person in crisis with the police alone",
    ),
    "liaison.crisis.facts.RESTRAINT_KINDS": (
        RESTRAINT_KINDS,
        {
            ForceKind.INCAPACITANT_SPRAY,
            ForceKind.CONDUCTED_ENERGY_DEVICE,
            ForceKind.SECLUSION,
            ForceKind.CHEMICAL,
        },
        ForceKind,
        "whether the person is held",
    ),
    "liaison.crisis.scene.STRONG": (
        STRONG,
        {
            CrisisIndicator.MENTAL_HEALTH_CODE,
            CrisisIndicator.AMPDS_25,
            CrisisIndicator.SUICIDAL,
            CrisisIndicator.SELF_HARM,
            CrisisIndicator.CRISIS_PLAN,
            CrisisIndicator.BEHAVIOUR_CONCERN,
            CrisisIndicator.DANGER_CONCERN,
            CrisisIndicator.KNOWN_TO_SERVICES,
        },
        CrisisIndicator,
        "whether it makes a clear crisis by itself",
    ),
}


@pytest.mark.parametrize("table", TABLES)
def test_each_table_of_the_heart_has_every_member(table: str) -> None:
    keys, members, decide = TABLES[table]
    assert undecided(table, keys, members, decide) == []


@pytest.mark.parametrize("name", SETS)
def test_each_set_of_the_heart_takes_in_or_leaves_out_every_member(name: str) -> None:
    inside, outside, members, decide = SETS[name]
    assert not set(inside) & set(outside)
    assert undecided(name, {*inside, *outside}, members, decide) == []


@pytest.mark.parametrize(
    ("table", "newcomer", "sentence"),
    [
        (
            "schemas.codes.BRINGS_A_CLINICIAN",
            "fire-appliance",
            "schemas.codes.BRINGS_A_CLINICIAN has no fire-appliance: decide whether a clinician comes with it",
        ),
        (
            "liaison.linking.nature.CATEGORIES",
            "flood",
            "liaison.linking.nature.CATEGORIES has no flood: decide which coarse nature it is for linking, or None",
        ),
        (
            "liaison.crisis.scene.HARM_INDICATORS",
            "near-miss",
            "liaison.crisis.scene.HARM_INDICATORS has no near-miss: decide which sign of a mental-health crisis it is, or None",
        ),
    ],
)
def test_a_new_member_is_refused_with_where_and_what_to_decide(
    table: str, newcomer: str, sentence: str
) -> None:
    keys, members, decide = TABLES[table]
    assert undecided(table, keys, [*members, newcomer], decide) == [sentence]


def test_a_new_kind_of_resource_is_refused_by_each_set_of_resources() -> None:
    sentences = [
        sentence
        for name, (inside, outside, members, decide) in SETS.items()
        if members is ResourceKind
        for sentence in undecided(name, {*inside, *outside}, [*members, "fire-appliance"], decide)
    ]
    assert [sentence.split(" has no ")[0] for sentence in sentences] == [
        "liaison.crisis.scene.AMBULANCE_RESPONSE",
        "liaison.crisis.scene.JOINT_RESPONSE",
    ]


def test_a_resource_without_a_decision_is_no_clinician_by_default() -> None:
    with pytest.raises(KeyError):
        BRINGS_A_CLINICIAN["fire-appliance"]  # type: ignore[index]


def test_every_coarse_nature_is_weighed_with_itself_or_is_routine() -> None:
    weighed = {nature for pair in _TOGETHER for nature in pair}
    assert undecided("_TOGETHER", weighed | _ROUTINE_NATURES, NATURES, "its weights") == []
    coarse = {category for category in CATEGORIES.values() if category is not None}
    assert coarse <= NATURES


def test_every_statement_of_family_and_of_a_detention_is_folded() -> None:
    assert (
        undecided("_FAMILY_CONTACTS", names(_FAMILY_CONTACTS), names(OF_FAMILY), "its word") == []
    )
    handled = names(model for model in _HANDLERS if issubclass(model, DetentionData))
    assert undecided("crisis.state._HANDLERS", handled, names(OF_DETENTION), "its handler") == []


def test_the_outcomes_that_take_the_person_along_are_of_the_contract() -> None:
    assert set(OUTCOMES) >= _TAKEN


def names(models: Iterable[type]) -> set[str]:
    return {model.__name__ for model in models}
