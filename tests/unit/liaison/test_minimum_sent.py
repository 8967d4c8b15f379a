"""Who must act can act: what the rule catalogue of the domain reference (§7, "Minimum data sent") gives a rule's recipients
is in what they are shown, or a sentence here says why not.

Written from that column. `circumstances` are the alert's reason and evidence. No service but police and ambulance attends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest

from services.liaison.catalogue import CATALOGUE
from services.liaison.disclosure import matrix
from services.liaison.disclosure.matrix import allowed
from services.liaison.disclosure.table import TABLE
from services.liaison.disclosure.words import Item
from services.liaison.finding import DeskRole, Finding, Standing
from tests.unit.liaison.script import Script, minute

MINIMUM: dict[str, dict[str, Item]] = {
    "R01": {
        "location": "location",
        "age": "description",
        "signs": "signs",
        "police reason": "police-reason",
        "who is on scene": "units",
        "risk": "risk-to-self",
        "restraint y/n": "force-clinical",
    },
    "R02": {"start time, position": "force-clinical", "signs": "signs"},
    "R03": {"duration, position": "force-clinical", "vitals y/n": "circumstances"},
    "R04": {"ids": "incidents", "reason code": "circumstances"},
    "R05": {"custody ref": "incidents", "last check time": "circumstances"},
    "R06": {"age basis": "circumstances", "age": "description", "location": "location"},
    "R07": {"timeline of contacts": "circumstances"},
    "R08": {"counts by agency": "circumstances"},
    "R09": {"place of safety, start basis": "legal-status", "AMHP status": "circumstances"},
    "R10": {"demand": "circumstances"},
    "R11": {"arrival time": "legal-status", "units held": "units"},
    "R12": {
        "legal status, power valid until": "circumstances",
        "risk": "risk-to-self",
        "description": "description",
    },
    "R13": {"flag and date": "known-to-services"},
    "R14": {"AA status": "circumstances"},
    "R15": {
        "release time": "circumstances",
        "risk level": "risk-to-self",
        "contact route": "call-back",
    },
    "R16": {"plan exists, do and don't": "crisis-plan", "contact number": "known-to-services"},
    "R17": {"both references": "incidents", "decline reason, caller told": "circumstances"},
    "R18": {"last seen": "circumstances", "access": "location", "next of kin": "family-contact"},
    "R19": {"who remains": "units", "handover y/n": "circumstances"},
    "R20": {"contact attempted": "family-contact"},
    "R21": {"consult status": "circumstances"},
    "R22": {"clock start": "legal-status", "red flag": "signs"},
    "R23": {"incident refs": "incidents"},
    "R24": {"nothing": "circumstances"},
    "R25": {"referral id only": "circumstances"},
    "R26": {"field names only": "circumstances"},
    "R27": {"aggregates": "circumstances"},
    "R28": {"due time, pathway": "circumstances"},
    "R29": {"referral time, priority": "circumstances"},
    "R30": {"feed, last good time": "circumstances"},
    "R31": {"not in the catalogue: which crisis cannot be judged": "circumstances"},
}

NOT_TO_THEM: dict[tuple[str, DeskRole, Item], str] = {
    ("R06", "mental-health-crisis", "location"): "§5.1: only while it attends",
    ("R06", "amhp", "location"): "§5.1: only while it attends",
    ("R13", "mental-health-crisis", "known-to-services"): "§5.1: it is the trust's own record",
    ("R15", "custody", "call-back"): "§5.1: family only for an appropriate adult or to notify",
    ("R16", "mental-health-crisis", "known-to-services"): "§5.1: it is the trust's own record",
    ("R18", "mental-health-crisis", "location"): "§5.1: only while it attends",
    ("R18", "amhp", "location"): "§5.1: only while it attends",
    ("R18", "emergency-department", "location"): "§5.1: the person comes to it",
    ("R18", "police-control", "family-contact"): "§5.1: if needed; the call-back number is sent",
    ("R18", "ambulance-control", "family-contact"): "§5.1: if needed; the call-back number is sent",
}

NO_FIELD_IN_THE_CONTRACT = {
    "R02": "drugs y/n: said only as the signs overdose and ingestion",
    "R04": "ETA: no event carries one",
    "R05": "place-of-safety capacity: reports count for a crisis only while a place is looked for",
    "R06": "nearest place of safety: the registry holds no places of safety",
    "R10": "distance: the registry holds no places of safety",
    "R12": "looks beyond age and sex: no narrative on the bus",
    "R20": "consent of the family to be told: no event carries it",
}
"""What the column names and no event says: gaps, kept here to be seen."""


def story() -> Script:
    """Somebody of whom everything is stated that an alert could carry."""
    story = Script().on_file(
        "person.registered", minute(-9000), person={"date_of_birth": "1993-05-17"}
    )
    story.on_file(
        "pathway.opened",
        minute(-8000),
        pathway="CP-1",
        contact_phone="020 7946 0211",
        crisis_plan={"pointer": "urn:nrl:1", "calming": ["Speak slowly"]},
    )
    story.police(
        "incident.reported",
        0,
        nature="suicidal",
        risk_to_self="high",
        risk_to_responders="low",
        signs=["sweating"],
        location={"street": "14 Albany Road"},
        caller={"relation": "family", "phone": "020 7946 0999"},
    )
    story.police("resource.on-scene", 1, resource="MX21", kind="police-unit")
    story.police("force.started", 2, force="F-1", kinds=["physical-restraint"], position="prone")
    story.police("family.contact-attempted", 3, relation="nearest-relative")
    return story.police("detention.detained", 4, detention="D-1", power="s136")


CRISIS = story().crisis()


def standing(rule: str) -> Standing:
    """An alert of the rule, as far as who may see what of it goes."""
    return Standing(
        Finding(
            rule=rule,
            anchor=("/met/cad", "e1"),
            holds_from=minute(4),
            urgency=CATALOGUE[rule].urgency,
            title="A crisis",
            reason="It is.",
            next_step="Act.",
            recipients=CATALOGUE[rule].recipients,
            evidence=(),
            acknowledge_within=minute(5) - minute(0),
        ),
        "verified",
    )


def missing(rule: str) -> Iterator[tuple[str, DeskRole, Item]]:
    """What the rule's recipients are to be sent and are not shown."""
    for role in CATALOGUE[rule].recipients:
        shown = set(allowed(role, standing(rule), CRISIS))
        for item in MINIMUM[rule].values():
            if item not in shown:
                yield (rule, role, item)


def test_every_rule_has_its_row() -> None:
    assert set(MINIMUM) == set(CATALOGUE), (
        "MINIMUM lacks a rule or has a stray one: decide what its recipients are to be sent"
    )
    assert {item for row in MINIMUM.values() for item in row.values()} <= set(get_args(Item))
    assert set(NO_FIELD_IN_THE_CONTRACT) <= set(MINIMUM)


@pytest.mark.parametrize("rule", sorted(MINIMUM))
def test_each_recipient_is_sent_the_rules_minimum_or_a_sentence_says_why_not(rule: str) -> None:
    excused = {entry for entry in NOT_TO_THEM if entry[0] == rule}
    assert set(missing(rule)) == excused


@pytest.mark.parametrize(
    "item", sorted({item for row in MINIMUM.values() for item in row.values()})
)
def test_an_item_taken_out_of_the_matrix_is_missed(
    item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without its row somebody lacks the minimum."""
    monkeypatch.setattr(matrix, "TABLE", {**TABLE, item: {}})
    lacking = {entry for rule in MINIMUM for entry in missing(rule)}
    assert {entry for entry in lacking if entry[2] == item} - set(NOT_TO_THEM)


@pytest.mark.parametrize("role", ["ambulance-control", "police-control"])
def test_who_may_treat_it_as_an_emergency_reads_each_part_of_the_minimum_in_words(
    role: DeskRole,
) -> None:
    shown = matrix.view(standing("R01"), role, CRISIS)[0]["shown"]
    labels = ["Where", "Age and sex", "Physical signs", "Why the police are there", "Units there"]
    labels += ["Risk to self", "Restraint", "Call-back number"]
    assert [label for label in labels if shown.get(label, "not stated") == "not stated"] == []
