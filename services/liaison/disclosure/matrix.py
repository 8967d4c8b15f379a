"""The part of what is known that a desk may see: recipient by item, default deny.

The table is the minimum-disclosure matrix of the project's domain reference (§5.1), an assumption of this project to be
confirmed by each deployer's data-protection impact assessment. What a rule's own document withholds comes off it.

What no alert holds, whoever reads it: name, date of birth, NHS number and address (the console shows a person through a
view of its own, which is audited); diagnosis and medication; offence and intelligence records; ethnicity, which is used
in aggregate reports only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Literal
from zoneinfo import ZoneInfo

from schemas.codes import PlaceOfSafetyKind, RiskLevel
from services.identity.person import PathwayOnFile
from services.liaison.catalogue import CATALOGUE
from services.liaison.crisis.facts import Crisis, Force
from services.liaison.finding import DeskRole, Standing

_LONDON = ZoneInfo("Europe/London")

Item = Literal[
    "circumstances",
    "incidents",
    "location",
    "identity-certainty",
    "known-to-services",
    "crisis-plan",
    "crisis-plan-pointer",
    "risk-to-self",
    "risk-to-responders",
    "legal-status",
    "force-log",
    "force-clinical",
    "family-contact",
]
ITEMS: tuple[Item, ...] = (
    "circumstances",
    "incidents",
    "location",
    "identity-certainty",
    "known-to-services",
    "crisis-plan",
    "crisis-plan-pointer",
    "risk-to-self",
    "risk-to-responders",
    "legal-status",
    "force-log",
    "force-clinical",
    "family-contact",
)

Column = Literal[
    "police",
    "police-supervision",
    "ambulance",
    "mental-health",
    "amhp",
    "custody",
    "emergency-department",
    "standards",
    "families",
    "coordination",
    "records",
    "management",
    "overview",
]
"""Recipients that are told the same: the columns of the matrix, and those that it does not have, which get less."""

COLUMN_OF: Mapping[DeskRole, Column] = {
    "police-control": "police",
    "police-supervisor": "police-supervision",
    "ambulance-control": "ambulance",
    "ambulance-supervisor": "ambulance",
    "mental-health-crisis": "mental-health",
    "mental-health-supervisor": "mental-health",
    "amhp": "amhp",
    "amhp-supervisor": "amhp",
    "custody": "custody",
    "emergency-department": "emergency-department",
    "emergency-department-supervisor": "emergency-department",
    "professional-standards": "standards",
    "family-liaison": "families",
    "frequent-contact": "coordination",
    "record-keeping": "records",
    "tactical-manager": "management",
    "strategic-on-call": "management",
    "mental-health-board": "overview",
    "operations": "overview",
    "operations-supervisor": "overview",
}

Condition = Literal["always", "attending", "needed"]
"""attending: the recipient's own service is at or on its way to this crisis, or the person comes to it. needed: the rule
is about reaching the family."""

_ALL_AT_WORK: dict[Column, Condition] = {
    "police": "always",
    "police-supervision": "always",
    "ambulance": "always",
    "mental-health": "always",
    "amhp": "always",
    "custody": "always",
    "emergency-department": "always",
}
_EVERYBODY: dict[Column, Condition] = _ALL_AT_WORK | {
    "standards": "always",
    "families": "always",
    "coordination": "always",
    "records": "always",
    "management": "always",
    "overview": "always",
}

TABLE: Mapping[Item, Mapping[Column, Condition]] = {
    "circumstances": _EVERYBODY,
    "incidents": {c: "always" for c in _EVERYBODY if c != "overview"},
    "location": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "mental-health": "attending",
        "amhp": "attending",
        "standards": "always",
    },
    "identity-certainty": {c: "always" for c in _EVERYBODY if c not in {"records", "overview"}},
    "known-to-services": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "amhp": "always",
        "custody": "always",
        "emergency-department": "always",
        "coordination": "always",
    },
    "crisis-plan": {
        "police": "always",
        "ambulance": "always",
        "mental-health": "always",
        "amhp": "always",
        "emergency-department": "always",
    },
    "crisis-plan-pointer": {
        "ambulance": "always",
        "mental-health": "always",
        "amhp": "always",
        "emergency-department": "always",
    },
    "risk-to-self": _ALL_AT_WORK | {"standards": "always"},
    "risk-to-responders": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "mental-health": "attending",
        "amhp": "attending",
        "custody": "always",
        "emergency-department": "attending",
        "standards": "always",
    },
    "legal-status": _ALL_AT_WORK | {"standards": "always", "families": "always"},
    "force-log": {
        "police": "always",
        "police-supervision": "always",
        "custody": "always",
        "emergency-department": "always",
        "standards": "always",
    },
    "force-clinical": {
        "ambulance": "always",
        "mental-health": "always",
        "emergency-department": "always",
    },
    "family-contact": {
        "police": "needed",
        "police-supervision": "needed",
        "ambulance": "needed",
        "mental-health": "always",
        "amhp": "always",
        "custody": "needed",
        "emergency-department": "always",
        "families": "always",
    },
}
"""Item by recipient and when. What is not in it is denied."""

MATRIX: Mapping[DeskRole, frozenset[str]] = {
    role: frozenset(item for item, row in TABLE.items() if column in row)
    for role, column in COLUMN_OF.items()
}
"""Which items a desk of each role may see at all, where the conditions are met."""

_OF_THE_PLAN: frozenset[Item] = frozenset({"crisis-plan", "crisis-plan-pointer"})
_HEALTH_AND_CARE: frozenset[Column] = frozenset(
    {"ambulance", "mental-health", "amhp", "emergency-department"}
)
"""Who is not outside health and care, where a person has refused that their plan is shared further."""

_CERTAINTY = {
    "attached": "Person identified",
    "possible": "Possibly a person on file: identity is not confirmed",
    "unknown": "Person not identified",
}
LEFT_APART = "So many incidents are at this place that further ones are no longer added: look at the others there too"
"""What an alert says where linking was stopped by the bound."""
_RISKS = (RiskLevel.HIGH, RiskLevel.MEDIUM, RiskLevel.LOW)
_KIND_OF: Mapping[Column, str] = {"mental-health": "mental-health-trust", "amhp": "local-authority"}


def _open(crisis: Crisis) -> tuple[PathwayOnFile, ...]:
    return () if crisis.last_event_at is None else crisis.open_pathways(crisis.last_event_at)


def _known(crisis: Crisis) -> dict[str, str]:
    phones = [p.facts.contact_phone for p in _open(crisis) if p.facts.contact_phone]
    if not _open(crisis):
        return {}
    return {"Known to mental health services": "yes" + (f", contact {phones[0]}" if phones else "")}


def _plan(crisis: Crisis) -> dict[str, str]:
    shown: dict[str, str] = {}
    for pathway in _open(crisis):
        if (plan := pathway.facts.crisis_plan) is not None:
            updated = f", updated {plan.updated_on:%d %b %Y}" if plan.updated_on else ""
            shown["Crisis plan"] = f"in place{updated}"
            if plan.calming:
                shown["What helps"] = "; ".join(plan.calming)
            if plan.avoid:
                shown["What to avoid"] = "; ".join(plan.avoid)
    return shown


def _pointer(crisis: Crisis) -> dict[str, str]:
    pointers = [p.facts.crisis_plan.pointer for p in _open(crisis) if p.facts.crisis_plan]
    return {"Crisis plan pointer": pointers[0]} if pointers else {}


def _legal(crisis: Crisis) -> dict[str, str]:
    shown = []
    for detention in (d for d in crisis.detentions if d.ended is None):
        said = f"{detention.power.value} since {_clock(detention.detained.at)}"
        if (clock := detention.clock_started) is not None:
            said += f", clock since {_clock(clock.at)}"
        shown.append(said)
    return {"Detained under": "; ".join(shown)} if shown else {}


def _risk(said: list[RiskLevel | None], name: str) -> dict[str, str]:
    worst = next((level for level in _RISKS if level in said), None)
    return {name: worst.value} if worst is not None else {}


def _force_kinds(crisis: Crisis) -> dict[str, str]:
    said = [f"{', '.join(sorted(k.value for k in f.kinds))} {_when(f)}" for f in crisis.forces]
    return {"Use of force": "; ".join(said)} if said else {}


def _force_clinical(crisis: Crisis) -> dict[str, str]:
    said = []
    for force in (f for f in crisis.forces if f.is_restraint):
        position = f", {force.position.value}" if force.position is not None else ""
        signs = ", ".join(sorted({sign.value for sign, _ in force.signs}))
        said.append(f"{_when(force)}{position}" + (f"; signs: {signs}" if signs else ""))
    return {"Restraint": "; ".join(said)} if said else {}


def _family(crisis: Crisis) -> dict[str, str]:
    if not crisis.family:
        return {}
    last = max(crisis.family, key=lambda f: (f.mark.at, f.what))
    return {"Family": f"{last.what.replace('-', ' ')} at {_clock(last.mark.at)} ({last.relation})"}


def _when(force: Force) -> str:
    until = f" until {_clock(force.ended.at)}" if force.ended is not None else ""
    return f"since {_clock(force.started.at)}{until}"


def _clock(at: Any) -> str:
    return f"{at.astimezone(_LONDON):%H:%M}"


_SHOWN: Mapping[Item, Callable[[Crisis], dict[str, str]]] = {
    "location": lambda crisis: {"Area": crisis.area} if crisis.area else {},
    "identity-certainty": lambda crisis: {"Who": _CERTAINTY[crisis.identity]},
    "known-to-services": _known,
    "crisis-plan": _plan,
    "crisis-plan-pointer": _pointer,
    "risk-to-self": lambda crisis: _risk(
        [i.risk_to_self for i in crisis.incidents], "Risk to self"
    ),
    "risk-to-responders": lambda e: _risk(
        [i.risk_to_responders for i in e.incidents], "Risk to responders"
    ),
    "legal-status": _legal,
    "force-log": _force_kinds,
    "force-clinical": _force_clinical,
    "family-contact": _family,
}


def attending(column: Column, crisis: Crisis) -> bool:
    """Whether the recipient's own service is at this crisis or on its way, or the person comes to it."""
    if column == "mental-health" and crisis.joint_response:
        return True
    if column == "amhp" and any(d.assessment_started or d.assessed for d in crisis.detentions):
        return True
    if column == "emergency-department":
        there = PlaceOfSafetyKind.EMERGENCY_DEPARTMENT
        return any(
            d.kept_at is there
            or any(c.to is there for c in d.conveyed)
            or any(v.kind is there for v in d.visits)
            for d in crisis.detentions
        )
    kind = _KIND_OF.get(column)
    return any(i.kind == kind and i.first_assigned is not None for i in crisis.incidents)


def plan_refused(crisis: Crisis) -> bool:
    """Whether the person has said that their plan is not to be shared outside health and care: any open pathway's word."""
    return any(p.facts.consent_to_share == "refused" for p in _open(crisis))


def allowed(role: str, standing: Standing, crisis: Crisis | None) -> Iterator[Item]:
    """The items that a desk of the role may see of this alert now, in the order of the table. Unknown roles: none."""
    column = COLUMN_OF.get(role)  # type: ignore[call-overload]  # a role that nobody thought of is no key
    if column is None:
        return
    rule = standing.finding.rule
    withheld = {
        item
        for recipient, items in (CATALOGUE[rule].withholds if rule in CATALOGUE else {}).items()
        if COLUMN_OF.get(recipient) == column
        for item in items
    }
    reaches_family = rule in CATALOGUE and CATALOGUE[rule].reaches_family
    for item in ITEMS:
        if item in withheld or not _permits(item, column, crisis):
            continue
        if TABLE[item].get(column) == "needed" and not reaches_family:
            continue
        yield item


def _permits(item: Item, column: Column, crisis: Crisis | None) -> bool:
    """Whether the recipient may see the item of this crisis now, whatever the rule."""
    condition = TABLE[item].get(column)
    if condition is None:
        return False
    if (
        item in _OF_THE_PLAN
        and column not in _HEALTH_AND_CARE
        and crisis is not None
        and plan_refused(crisis)
    ):
        return False
    return condition != "attending" or (crisis is not None and attending(column, crisis))


def still_permitted(items: Collection[str], role: str, crisis: Crisis) -> frozenset[Item]:
    """Of the items that were disclosed to a desk of the role with alerts of this crisis, those it may see of it now."""
    column = COLUMN_OF.get(role)  # type: ignore[call-overload]  # a role that nobody thought of is no key
    if column is None:
        return frozenset()
    return frozenset(item for item in ITEMS if item in items and _permits(item, column, crisis))


def shown_of(crisis: Crisis, items: Collection[str]) -> dict[str, str]:
    """What these items say of the crisis as it stands, label to words, in the order of the table."""
    return {
        label: words
        for item, say in _SHOWN.items()
        if item in items
        for label, words in say(crisis).items()
    }


def view(
    standing: Standing, role: DeskRole, crisis: Crisis | None
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a desk of the role sees of an alert, in JSON values, and the items that were disclosed to it.

    Name and NHS number are in no alert. A role that the matrix does not name sees nothing but the title.
    """
    finding = standing.finding
    may = tuple(allowed(role, standing, crisis))
    seen: dict[str, Any] = {
        "title": finding.title,
        "next_step": finding.next_step,
        "verification": standing.verification,
        "act_by": finding.act_by.isoformat() if finding.act_by else None,
        "rule": finding.rule,
    }
    items: list[str] = []
    if "circumstances" in may:
        items.append("circumstances")
        seen["reason"] = finding.reason
        seen["evidence"] = [
            {"statement": e.statement, "at": e.at.isoformat()} for e in finding.evidence
        ]
    if crisis is not None:
        if "incidents" in may:
            items.append("incidents")
            seen["incidents"] = [
                {"agency": i.key[0], "reference": i.key[1]} for i in crisis.incidents
            ]
        shown: dict[str, str] = {}
        for item, say in _SHOWN.items():
            if item in may and (said := say(crisis)):
                items.append(item)
                shown |= said
        if crisis.incidents_left_apart and "circumstances" in may:
            shown["Not all of it"] = LEFT_APART
        seen["shown"] = shown
    return seen, tuple(items)
