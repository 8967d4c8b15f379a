"""The part of what is known that a desk may see: recipient by item, default deny.

The matrix is the minimum-disclosure matrix of the project's domain reference (§5.1), an assumption of this project to
be confirmed by each deployer's data-protection impact assessment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from services.identity.person import PathwayOnFile
from services.liaison.facts import Episode
from services.liaison.finding import DeskRole, Standing

_LONDON = ZoneInfo("Europe/London")

ITEMS = (
    "circumstances",
    "incidents",
    "identity-certainty",
    "known-to-services",
    "crisis-plan",
    "crisis-plan-pointer",
    "legal-status",
)

MATRIX: Mapping[DeskRole, frozenset[str]] = {
    "police-control": frozenset(
        {"circumstances", "incidents", "identity-certainty", "known-to-services", "crisis-plan", "legal-status"}
    ),
    "police-supervisor": frozenset(
        {"circumstances", "incidents", "identity-certainty", "known-to-services", "legal-status"}
    ),
    "ambulance-control": frozenset(ITEMS),
    "mental-health-crisis": frozenset(ITEMS),
    "amhp": frozenset(ITEMS),
    "custody": frozenset({"circumstances", "incidents", "identity-certainty", "known-to-services", "legal-status"}),
    "emergency-department": frozenset(ITEMS),
    "professional-standards": frozenset({"circumstances", "incidents", "identity-certainty", "legal-status"}),
    "family-liaison": frozenset({"circumstances", "incidents", "identity-certainty", "legal-status"}),
    "frequent-contact": frozenset({"circumstances", "incidents", "identity-certainty", "known-to-services"}),
    "record-keeping": frozenset({"circumstances", "incidents"}),
    "mental-health-board": frozenset({"circumstances"}),
    "operations": frozenset({"circumstances"}),
    "operations-supervisor": frozenset({"circumstances"}),
    "ambulance-supervisor": frozenset(ITEMS),
    "mental-health-supervisor": frozenset(ITEMS),
    "amhp-supervisor": frozenset(ITEMS),
    "emergency-department-supervisor": frozenset(ITEMS),
    "tactical-manager": frozenset({"circumstances", "incidents", "identity-certainty"}),
    "strategic-on-call": frozenset({"circumstances", "incidents", "identity-certainty"}),
}
"""Which items a desk of each role may see at all."""

_CERTAINTY = {
    "attached": "Person identified",
    "possible": "Possibly a person on file: identity is not confirmed",
    "unknown": "Person not identified",
}


def _open(episode: Episode) -> tuple[PathwayOnFile, ...]:
    return () if episode.last_event_at is None else episode.open_pathways(episode.last_event_at)


def _known(episode: Episode) -> dict[str, str]:
    phones = [p.facts.contact_phone for p in _open(episode) if p.facts.contact_phone]
    if not _open(episode):
        return {}
    return {"Known to mental health services": "yes" + (f", contact {phones[0]}" if phones else "")}


def _plan(episode: Episode) -> dict[str, str]:
    shown: dict[str, str] = {}
    for pathway in _open(episode):
        if (plan := pathway.facts.crisis_plan) is not None:
            updated = f", updated {plan.updated_on:%d %b %Y}" if plan.updated_on else ""
            shown["Crisis plan"] = f"in place{updated}"
            if plan.calming:
                shown["What helps"] = "; ".join(plan.calming)
            if plan.avoid:
                shown["What to avoid"] = "; ".join(plan.avoid)
    return shown


def _pointer(episode: Episode) -> dict[str, str]:
    pointers = [p.facts.crisis_plan.pointer for p in _open(episode) if p.facts.crisis_plan]
    return {"Crisis plan pointer": pointers[0]} if pointers else {}


def _legal(episode: Episode) -> dict[str, str]:
    shown = [
        f"{detention.power.value} since {detention.detained.at.astimezone(_LONDON):%H:%M}"
        for detention in episode.detentions
        if detention.ended is None
    ]
    return {"Detained under": "; ".join(shown)} if shown else {}


_SHOWN: Mapping[str, Callable[[Episode], dict[str, str]]] = {
    "identity-certainty": lambda episode: {"Who": _CERTAINTY[episode.identity]},
    "known-to-services": _known,
    "crisis-plan": _plan,
    "crisis-plan-pointer": _pointer,
    "legal-status": _legal,
}


def view(standing: Standing, role: DeskRole, episode: Episode | None) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a desk of the role sees of an alert, in JSON values, and the items that were disclosed to it.

    Name and NHS number are in no alert. A role that the matrix does not name sees nothing but the title.
    """
    finding = standing.finding
    allowed = MATRIX.get(role, frozenset())
    seen: dict[str, Any] = {
        "title": finding.title,
        "next_step": finding.next_step,
        "verification": standing.verification,
        "act_by": finding.act_by.isoformat() if finding.act_by else None,
        "rule": finding.rule,
    }
    items = []
    if "circumstances" in allowed:
        items.append("circumstances")
        seen["reason"] = finding.reason
        seen["evidence"] = [{"statement": e.statement, "at": e.at.isoformat()} for e in finding.evidence]
    if episode is not None:
        if "incidents" in allowed:
            items.append("incidents")
            seen["incidents"] = [{"agency": i.key[0], "reference": i.key[1]} for i in episode.incidents]
        shown: dict[str, str] = {}
        for item, say in _SHOWN.items():
            if item in allowed and (said := say(episode)):
                items.append(item)
                shown |= said
        seen["shown"] = shown
    return seen, tuple(items)
