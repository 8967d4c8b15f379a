"""The part of what is known that a desk may see: recipient by item, default deny.

The table is the minimum-disclosure matrix of the project's domain reference (§5.1), an assumption
of this project to be confirmed by each deployer's data-protection impact assessment. What a rule's
own document withholds comes off it.

What no alert holds, whoever reads it: name, date of birth, NHS number and address (the console
shows a person through a view of its own, which is audited); diagnosis and medication; offence and
intelligence records; ethnicity, which is used in aggregate reports only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, assert_never, cast, get_args

from schemas.codes import AgencyKind, PlaceOfSafetyKind
from services.liaison.catalogue import CATALOGUE, RuleDocument
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.disclosure.words import WORDS_OF, Item, open_pathways
from services.liaison.finding import DeskRole, Standing, instant_in_json

ITEMS: tuple[Item, ...] = get_args(Item)

# Recipients that are told the same: the columns of the matrix, and those that it does not have,
# which get less.
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

# attending: the recipient's own service is at or on its way to this crisis, or the person comes
# to it. needed: the rule is about reaching the family.
Condition = Literal["always", "attending", "needed"]

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

# Item by recipient and when. What is not in it is denied.
TABLE: Mapping[Item, Mapping[Column, Condition]] = {
    "circumstances": _EVERYBODY,
    "incidents": {column: "always" for column in _EVERYBODY if column != "overview"},
    "location": {
        "police": "always",
        "police-supervision": "always",
        "ambulance": "always",
        "mental-health": "attending",
        "amhp": "attending",
        "standards": "always",
    },
    "identity-certainty": {
        column: "always" for column in _EVERYBODY if column not in {"records", "overview"}
    },
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

# Which items a desk of each role may see at all, where the conditions are met.
MATRIX: Mapping[DeskRole, frozenset[str]] = {
    role: frozenset(item for item, row in TABLE.items() if column in row)
    for role, column in COLUMN_OF.items()
}

_OF_THE_PLAN: frozenset[Item] = frozenset({"crisis-plan", "crisis-plan-pointer"})
# Who is not outside health and care, where a person has refused that their plan is shared
# further.
_HEALTH_AND_CARE: frozenset[Column] = frozenset(
    {"ambulance", "mental-health", "amhp", "emergency-department"}
)

# What an alert says where linking was stopped by the bound.
LEFT_APART = "So many incidents are at this place that further ones are no longer added: look at the others there too"


def column_of(role: str) -> Column | None:
    """The column of a desk's role; None for a role that nobody thought of, which is denied
    everything.
    """
    return COLUMN_OF.get(cast(DeskRole, role))


def attending(column: Column, crisis: Crisis) -> bool:
    """Whether the recipient's own service is at this crisis or on its way, or the person comes to
    it.
    """
    match column:
        case "mental-health":
            return bool(crisis.joint_response) or _assigned("mental-health-trust", crisis)
        case "amhp":
            assessed = any(
                detention.assessment_started or detention.assessed
                for detention in crisis.detentions
            )
            return assessed or _assigned("local-authority", crisis)
        case "emergency-department":
            return any(_comes_to_department(detention) for detention in crisis.detentions)
        case (
            "police"
            | "police-supervision"
            | "ambulance"
            | "custody"
            | "standards"
            | "families"
            | "coordination"
            | "records"
            | "management"
            | "overview"
        ):
            # no item waits for them to attend
            return False
        case _:
            assert_never(column)


def _assigned(kind: AgencyKind, crisis: Crisis) -> bool:
    return any(
        incident.kind == kind and incident.first_assigned is not None
        for incident in crisis.incidents
    )


def _comes_to_department(detention: Detention) -> bool:
    there = PlaceOfSafetyKind.EMERGENCY_DEPARTMENT
    if detention.kept_at is there:
        return True
    places = {journey.to for journey in detention.conveyed}
    places |= {visit.kind for visit in detention.visits}
    return there in places


def plan_refused(crisis: Crisis) -> bool:
    """Whether the person has said that their plan is not to be shared outside health and care: any
    open pathway's word.
    """
    return any(pathway.facts.consent_to_share == "refused" for pathway in open_pathways(crisis))


def allowed(role: str, standing: Standing, crisis: Crisis | None) -> Iterator[Item]:
    """The items that a desk of the role may see of this alert now, in the order of the table.
    Unknown roles: none.
    """
    column = column_of(role)
    if column is None:
        return
    # a rule may withhold more than the table, never disclose more
    document = CATALOGUE.get(standing.finding.rule)
    withheld = set() if document is None else _withheld(document, column)
    reaches_family = document is not None and document.reaches_family
    for item in ITEMS:
        condition = TABLE[item].get(column)
        # most items are for few: of the others nothing further is asked
        if condition is None or item in withheld:
            continue
        if condition == "needed" and not reaches_family:
            continue
        if _permits(item, column, crisis):
            yield item


def _withheld(document: RuleDocument, column: Column) -> set[str]:
    """What the rule's own document withholds from the desks of the column, and so from the desks
    above them.
    """
    items: set[str] = set()
    for recipient, withheld in document.withholds.items():
        if COLUMN_OF[recipient] == column:
            items |= set(withheld)
    return items


def _permits(item: Item, column: Column, crisis: Crisis | None) -> bool:
    """Whether the recipient may see the item of this crisis now, whatever the rule."""
    condition = TABLE[item].get(column)
    if condition is None or _is_refused(item, column, crisis):
        return False
    match condition:
        case "always" | "needed":
            return True
        case "attending":
            return crisis is not None and attending(column, crisis)
        case _:
            assert_never(condition)


def _is_refused(item: Item, column: Column, crisis: Crisis | None) -> bool:
    """Whether the person has refused that this recipient is told it."""
    if crisis is None or item not in _OF_THE_PLAN or column in _HEALTH_AND_CARE:
        return False
    return plan_refused(crisis)


def still_permitted(items: Collection[str], role: str, crisis: Crisis) -> frozenset[Item]:
    """Of the items that were disclosed to a desk of the role with alerts of this crisis, those it
    may see of it now.
    """
    column = column_of(role)
    if column is None:
        return frozenset()
    return frozenset(item for item in ITEMS if item in items and _permits(item, column, crisis))


def view(
    standing: Standing, role: DeskRole, crisis: Crisis | None, agency: str = ""
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a desk of the role at the agency sees of an alert, in JSON values, and the items that were disclosed
    to it.

    Name and NHS number are in no alert. A role that the matrix does not name sees nothing but the
    title.
    """
    finding = standing.finding
    permitted = tuple(allowed(role, standing, crisis))
    desk_view: dict[str, Any] = {
        "title": finding.title,
        "next_step": finding.step_for(role, agency),
        "verification": standing.verification,
        "act_by": instant_in_json(finding.act_by),
        "rule": finding.rule,
    }
    items: list[str] = []
    # an item counts as disclosed only where something of it was shown: the log of disclosures says
    # what a desk has read, not what it might have
    if "circumstances" in permitted:
        items.append("circumstances")
        desk_view["reason"] = finding.reason
        desk_view["evidence"] = [
            {"statement": evidence.statement, "at": evidence.at.isoformat()}
            for evidence in finding.evidence
        ]
    if crisis is None:
        return desk_view, tuple(items)
    if "incidents" in permitted:
        items.append("incidents")
        desk_view["incidents"] = [
            {"agency": incident.key[0], "reference": incident.key[1]}
            for incident in crisis.incidents
        ]
    sentences: dict[str, str] = {}
    for item in permitted:
        if item not in WORDS_OF:
            continue
        words = WORDS_OF[item](crisis)
        if words:
            items.append(item)
            sentences |= words
    if crisis.incidents_left_apart and "circumstances" in permitted:
        sentences["Not all of it"] = LEFT_APART
    desk_view["shown"] = sentences
    return desk_view, tuple(items)
