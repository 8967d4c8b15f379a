"""The part of what is known that a desk may see: recipient by item (`table`), default deny. What a
rule's own document withholds comes off it.

What no alert holds, whoever reads it: name, date of birth, NHS number and home address (the console
shows a person through a view of its own, which is audited); where a person is whose record is
restricted; diagnosis and medication; offence and intelligence records; ethnicity, which is used in
aggregate reports only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, assert_never

from schemas.alerts import PLACE_FIELDS
from schemas.codes import AgencyKind, PlaceOfSafetyKind
from services.liaison.catalogue import CATALOGUE, RuleDocument
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.disclosure.at_the_scene import PlaceStated, is_restricted, places_of
from services.liaison.disclosure.table import (
    ACTED_ON_AT_ONCE,
    COLUMN_OF,
    ITEMS,
    RESPONDS,
    ROWS_OF,
    TABLE,
    Column,
    column_of,
)
from services.liaison.disclosure.words import UNSTATED, CrisisWords, Item, open_pathways
from services.liaison.finding import DeskRole, Standing, instant_in_json

# What is told to nobody of a person whose record is restricted (domain reference §7.1; PDS:
# confidentiality R). A telephone number of the household is as good as its address.
_WITHHELD_WHERE_RESTRICTED: frozenset[Item] = frozenset({"location", "call-back"})
_OF_THE_PLAN: frozenset[Item] = frozenset({"crisis-plan", "crisis-plan-pointer"})
# Who is not outside health and care, where a person has refused that their plan is shared
# further.
_HEALTH_AND_CARE: frozenset[Column] = frozenset(
    {"ambulance", "mental-health", "amhp", "emergency-department"}
)

# What a recipient is not told because its own records hold it (§5.1): it gives nothing away there.
OWN_RECORD: Mapping[Column | None, frozenset[Item]] = {
    "mental-health": frozenset({"known-to-services"})
}

# What an alert says where linking was stopped by the bound.
LEFT_APART = "So many incidents are at this place that further ones are no longer added: look at the others there too"


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
    responds = document is not None and RESPONDS[document.purpose]
    # most items are for few: of the others nothing further is asked
    for item, condition in ROWS_OF[column]:
        if item in withheld:
            continue
        if condition == "needed" and not reaches_family:
            continue
        if condition == "to-respond" and not (responds or reaches_family):
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
        case "always" | "needed" | "to-respond":
            return True
        case "attending":
            return crisis is not None and attending(column, crisis)
        case _:
            assert_never(condition)


def _is_refused(item: Item, column: Column, crisis: Crisis | None) -> bool:
    """Whether the person has refused that this recipient is told it, or their record is restricted."""
    if crisis is not None and item in _WITHHELD_WHERE_RESTRICTED and is_restricted(crisis):
        return True
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


def unstated(items: Collection[Item], words: CrisisWords) -> dict[str, str]:
    """What nobody has stated of these items, label and words: of what a desk may be told, silence
    is said aloud. It tells nothing of the person and is no disclosure.
    """
    silent: dict[str, str] = {}
    for item, (label, silence) in UNSTATED.items():
        if item in items and label not in words.of(item):
            silent[label] = silence
    return silent


def unstated_for(role: str, crisis: Crisis) -> dict[str, str]:
    """The same of all that a desk of the role may be told of this crisis with some rule."""
    column = column_of(role)
    if column is None:
        return {}
    permitted = [item for item in ITEMS if _permits(item, column, crisis)]
    return unstated(permitted, CrisisWords(crisis))


def view(
    standing: Standing,
    role: DeskRole,
    crisis: Crisis | None,
    agency: str = "",
    words: CrisisWords | None = None,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a desk of the role at the agency sees of an alert, in JSON values, and the items that were disclosed
    to it.

    Name and NHS number are in no alert. A role that the matrix does not name sees nothing but the
    title. `words` spares putting the crisis into words once more; the view is the same.
    """
    finding = standing.finding
    permitted = tuple(allowed(role, standing, crisis))
    title, reason = finding.words_for(permitted)
    desk_view: dict[str, Any] = {
        "title": title,
        "next_step": finding.step_for(role, agency),
        "verification": standing.verification,
        "act_by": instant_in_json(finding.act_by),
        "rule": finding.rule,
    }
    told = {*permitted, *OWN_RECORD.get(column_of(role), ())}
    items: list[str] = []
    # an item counts as disclosed only where something of it was shown: the log of disclosures says
    # what a desk has read, not what it might have
    if "circumstances" in permitted:
        items.append("circumstances")
        desk_view["reason"] = reason
        headline = finding.headline_for(role, permitted)
        if headline is not None:
            desk_view["headline"] = headline
        desk_view["evidence"] = [
            {"statement": evidence.statement, "at": evidence.at.isoformat()}
            for evidence in finding.evidence
            if evidence.tells <= told
        ]
    if crisis is None:
        return desk_view, tuple(items)
    if "incidents" in permitted:
        items.append("incidents")
        desk_view["incidents"] = [
            {"agency": incident.key[0], "reference": incident.key[1]}
            for incident in crisis.incidents
        ]
    if words is None:
        words = CrisisWords(crisis)
    sentences: dict[str, str] = {}
    for item in permitted:
        stated = words.of(item)
        if stated:
            items.append(item)
            sentences |= stated
    if crisis.incidents_left_apart and "circumstances" in permitted:
        sentences["Not all of it"] = LEFT_APART
    if finding.urgency <= ACTED_ON_AT_ONCE:
        sentences |= unstated(permitted, words)
    desk_view["shown"] = sentences
    if "location" in items:
        desk_view["places"] = [_place(place) for place in places_of(crisis)]
    return desk_view, tuple(items)


def _place(stated: PlaceStated) -> dict[str, Any]:
    """A place for a control room's own system: what the agency did not state is left out."""
    location = stated.location.model_dump(
        mode="json", exclude_none=True, include=set(PLACE_FIELDS), exclude_defaults=True
    )
    point = stated.location.point
    if point is not None and "latitude" not in location:
        # of a Plus Code or a grid reference the middle
        location |= {"latitude": point.latitude, "longitude": point.longitude}
        location["precision_metres"] = point.within_metres
    return {"agency": stated.agency, "reference": stated.reference, **location}
