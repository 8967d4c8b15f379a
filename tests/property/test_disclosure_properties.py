"""Whatever the crisis: no role ever sees an item that its row of the matrix denies.

The table below is written from the minimum-disclosure matrix of the domain reference, not from the code; each item is known
by a sign that is only in what shows it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.registry import DeskRole
from services.liaison.disclosure.matrix import view
from services.liaison.finding import Finding, Standing
from tests.unit.liaison.script import Script, minute

ROLES = (*get_args(DeskRole), "parking", "")
SIGNS = {
    "location": "Albany Road",
    "restriction": "record is restricted",
    "units": "MX99",
    "police-reason": "Why the police are there",
    "description": "years",
    "signs": "sweating",
    "call-back": "020 7946 0999",
    "known-to-services": "020 7946 0299",
    "crisis-plan": "Speak slowly to her",
    "crisis-plan-pointer": "urn:nrl:SECRET-POINTER",
    "risk-to-self": "Risk to self",
    "risk-to-responders": "Risk to responders",
    "legal-status": "Detained under",
    "force-log": "limb-restraint",
    "force-clinical": "prone",
    "family-contact": "nearest-relative",
}

NOT_SENT_THERE = {"location", "restriction", "police-reason", "call-back"}
"""For those to whom the person comes: nobody of theirs goes to the place."""
AMHP_NEVER = {"force-log", "force-clinical", "signs", "units", "police-reason", "call-back"}

# Why somebody was rung, and by what power a person is held: not who, where, or what is known of them.
MANAGERS_NEVER = set(SIGNS) - {"risk-to-self", "legal-status", "force-clinical", "family-contact"}

NEVER = {
    "police-control": {"crisis-plan-pointer"},
    "police-supervisor": {"crisis-plan-pointer"},
    "ambulance-control": {"force-log"},
    "ambulance-supervisor": {"force-log"},
    "mental-health-crisis": {"known-to-services", "force-log", "police-reason"},
    "mental-health-supervisor": {"known-to-services", "force-log", "police-reason"},
    "amhp": AMHP_NEVER,
    "amhp-supervisor": AMHP_NEVER,
    "custody": {"crisis-plan", "crisis-plan-pointer", "units"} | NOT_SENT_THERE,
    "emergency-department": NOT_SENT_THERE,
    "emergency-department-supervisor": NOT_SENT_THERE,
    "professional-standards": {
        "known-to-services",
        "crisis-plan",
        "crisis-plan-pointer",
        "restriction",
        "units",
        "police-reason",
        "signs",
        "call-back",
    },
    "family-liaison": set(SIGNS) - {"legal-status", "family-contact", "call-back"},
    "frequent-contact": set(SIGNS) - {"known-to-services"},
    "tactical-manager": MANAGERS_NEVER,
    "strategic-on-call": MANAGERS_NEVER,
}
"""Denied whatever the conditions; a role that is not here is denied every item."""

ONLY_ATTENDING = {
    "mental-health-crisis": {"location", "restriction", "risk-to-responders"},
    "mental-health-supervisor": {"location", "restriction", "risk-to-responders"},
    "amhp": {"location", "restriction", "risk-to-responders"},
    "amhp-supervisor": {"location", "restriction", "risk-to-responders"},
    "emergency-department": {"risk-to-responders"},
    "emergency-department-supervisor": {"risk-to-responders"},
}
NEEDED = {
    "police-control",
    "police-supervisor",
    "ambulance-control",
    "ambulance-supervisor",
    "custody",
    "professional-standards",
    "tactical-manager",
    "strategic-on-call",
}

WHO = {
    "nhs_number": "9990000018",
    "nhs_number_status": "01",
    "names": [{"given": "Adaeze", "family": "Okonkwo"}],
    "date_of_birth": "1991-04-07",
    "addresses": [{"postcode": "SE5 8AZ"}],
}

SAID: dict[str, tuple[str, float, dict[str, Any]]] = {
    "risk": ("incident.updated", 1, {"risk_to_self": "high", "risk_to_responders": "low"}),
    "place": ("incident.updated", 1, {"location": {"street": "14 Albany Road"}}),
    "signs": ("incident.updated", 2, {"signs": ["sweating"]}),
    "caller": ("incident.updated", 2, {"caller": {"phone": "020 7946 0999"}}),
    "unit": ("resource.on-scene", 2, {"resource": "MX99", "kind": "police-unit"}),
    "restricted": ("incident.updated", 2, {"person": {"restricted": True}}),
    "force": (
        "force.started",
        3,
        {"force": "F-1", "kinds": ["limb-restraint"], "position": "prone"},
    ),
    "family": ("family.contact-attempted", 4, {"relation": "nearest-relative"}),
    "detained": ("detention.detained", 5, {"detention": "D-1", "power": "s136"}),
    "arrived-ed": (
        "detention.arrived",
        20,
        {"detention": "D-1", "at": {"site": "kings-ed", "kind": "emergency-department"}},
    ),
    "assessment": ("detention.assessment-started", 90, {"detention": "D-1"}),
}


def story(parts: set[str], joint: bool, on_file: bool) -> Script:
    story = Script()
    if on_file:
        story.on_file("person.registered", minute(-10_000), person=WHO)
        story.on_file(
            "pathway.opened",
            minute(-9_000),
            pathway="CP-1",
            contact_phone="020 7946 0299",
            crisis_plan={
                "pointer": "urn:nrl:SECRET-POINTER",
                "calming": ["Speak slowly to her"],
                "avoid": ["Crowds"],
            },
        )
    story.police("incident.reported", 0, nature="suicidal", person=WHO)
    for name, (kind, at, data) in SAID.items():
        if name in parts:
            story.police(kind, at, **data)
    if joint:
        story.ambulance("incident.reported", 2, nature="mental-health-crisis")
        story.ambulance(
            "resource.assigned", 6, resource="JR1", kind="mental-health-joint-response-car"
        )
    return story


def finding(rule: str) -> Standing:
    return Standing(
        Finding(
            rule=rule,
            anchor=("/met/cad", "e1"),
            holds_from=minute(0),
            urgency=2,
            title="A crisis",
            reason="It is.",
            next_step="Act.",
            recipients=("police-control",),
            evidence=(),
            acknowledge_within=minute(5) - minute(0),
        ),
        "verified",
    )


@settings(max_examples=150, deadline=None)
@given(
    parts=st.sets(st.sampled_from(sorted(SAID))),
    joint=st.booleans(),
    on_file=st.booleans(),
    role=st.sampled_from(ROLES),
    rule=st.sampled_from(["R01", "R02", "R16", "R20", "R24"]),
)
def test_no_role_sees_what_its_row_denies(
    parts: set[str], joint: bool, on_file: bool, role: Any, rule: str
) -> None:
    crisis = replace(story(parts, joint, on_file).crisis(), identity="attached")
    desk_view, items = view(finding(rule), role, crisis)
    text = json.dumps(desk_view)
    denied = set(NEVER.get(role, set(SIGNS)))
    if role.startswith("mental-health") and not joint:
        denied |= ONLY_ATTENDING.get(role, set())
    if role.startswith("amhp") and "assessment" not in parts:
        denied |= ONLY_ATTENDING.get(role, set())
    if role.startswith("emergency") and "arrived-ed" not in parts:
        denied |= ONLY_ATTENDING.get(role, set())
    if role in NEEDED and rule not in {"R20", "R24"}:
        denied.add("family-contact")
    if rule == "R16":
        denied.add("call-back")
    if "restricted" in parts:
        denied |= {"location", "call-back"}
        assert "southwark" not in text
    assert not [item for item in denied if SIGNS[item] in text], (role, sorted(parts))
    assert denied.isdisjoint(items), "and what is not shown is not logged as shown"
    assert not [
        name for name in ("Adaeze", "Okonkwo", "9990000018", "1991-04-07", "SE5") if name in text
    ]


def test_each_sign_is_seen_by_somebody() -> None:
    """Positive control: a sign that nobody ever sees would deny nothing."""
    open_to_all = story(set(SAID) - {"restricted"}, True, True).crisis()
    restricted = story(set(SAID), True, True).crisis()
    text = "".join(
        json.dumps(view(finding("R20"), role, replace(crisis, identity="attached"))[0])
        for role in get_args(DeskRole)
        for crisis in (open_to_all, restricted)
    )
    assert [item for item, sign in SIGNS.items() if sign not in text] == []
