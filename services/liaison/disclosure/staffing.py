"""Whether somebody is there for every alert: registry, catalogue and policy checked together,
before anything starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.registry import SUPERVISOR_OF, Agency, DeskRole, Level, Registry
from services.liaison.catalogue import CATALOGUE, RuleDocument
from services.liaison.disclosure.table import ITEMS, MATRIX
from services.liaison.policy import Policy


class StaffingError(ValueError):
    """An alert could reach nobody, or the registry, the rules and the policy contradict each other."""


def check_staffing(
    registry: Registry, policy: Policy, catalogue: Mapping[str, RuleDocument] = CATALOGUE
) -> None:
    """Raises StaffingError with every fault, each with its remedy."""
    faults = tuple(faults_of(registry, policy, catalogue))
    if faults:
        raise StaffingError("; ".join(faults))


def faults_of(
    registry: Registry, policy: Policy, catalogue: Mapping[str, RuleDocument] = CATALOGUE
) -> Iterator[str]:
    """One sentence for each fault."""
    roles = {desk.role for agency in registry.agencies for desk in agency.desks}
    addressed: set[DeskRole] = set()
    for document in catalogue.values():
        if document.id in policy.switched_off:
            continue
        addressed |= set(document.recipients)
        yield from _rule(document, registry, roles)
    yield from _above(registry, policy, addressed)
    for urgency, ladder in policy.escalation.items():
        within = policy.acknowledge_within_seconds[urgency]
        if ladder["supervisor"] < within:
            yield (
                f"policy: at urgency {urgency} the supervisor is told after {ladder['supervisor']} s, before the desk's "
                f"{within} s to acknowledge are over; make the first longer or the second shorter"
            )


def _rule(document: RuleDocument, registry: Registry, roles: set[DeskRole]) -> Iterator[str]:
    for role in document.recipients:
        if role not in roles:
            yield (
                f"{document.id} is for {role}, and no agency has such a desk; add one to the registry, or take the "
                f"role out of the rule"
            )
        if not MATRIX[role]:
            yield f"{document.id} is for {role}, who may see nothing by the disclosure matrix; correct one of them"
    for role, withheld in document.withholds.items():
        strangers = sorted(set(withheld) - set(ITEMS))
        if strangers:
            yield f"{document.id} withholds {strangers} from {role}, which are no items; use {', '.join(ITEMS)}"
        # an alert that says nothing is noise at a desk that must act
        if MATRIX[role] <= set(withheld):
            yield f"{document.id} is for {role} and withholds everything from it; correct one of them"
    for area in registry.areas:
        if not registry.desks_for(document.recipients, area.id):
            yield f"{document.id}: nobody receives it in {area.id}; add a desk of {', '.join(document.recipients)} there"


def areas_without(
    registry: Registry, policy: Policy, catalogue: Mapping[str, RuleDocument] = CATALOGUE
) -> Iterator[str]:
    """One sentence for each role of a rule that in some areas has no desk: the rule's other desks
    are told there, and that one is missed. What starts can do without; whoever keeps the registry
    must know."""
    rules_of: dict[DeskRole, list[str]] = {}
    for document in catalogue.values():
        if document.id not in policy.switched_off:
            for role in document.recipients:
                rules_of.setdefault(role, []).append(document.id)
    for role, rules in sorted(rules_of.items()):
        without = [area.id for area in registry.areas if not registry.desks_for([role], area.id)]
        if without:
            yield (
                f"{', '.join(rules)}: no {role} desk in {', '.join(without)}; add one, or add the areas to one that is near"
            )


def _above(registry: Registry, policy: Policy, addressed: set[DeskRole]) -> Iterator[str]:
    for agency in registry.agencies:
        below = [
            desk
            for desk in agency.desks
            if desk.role in addressed and desk.role != SUPERVISOR_OF[agency.kind]
        ]
        if below and not _has(agency, "supervisor", registry):
            yield (
                f"{agency.id} has no {SUPERVISOR_OF[agency.kind]} desk: nobody is told when {below[0].id} does not "
                f"answer; add one"
            )


def _has(agency: Agency, level: Level, registry: Registry) -> bool:
    return bool(registry.desks_above(agency.id, level))
