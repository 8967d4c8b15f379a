"""A crisis that cannot be judged (rule R31): who is told, and what time goes on doing to its alerts.

Nothing here reads the crisis: it is what could not be read, folded or written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from schemas.registry import Registry
from services.liaison import alert as life
from services.liaison.alert import Addressed, Alert, AlertChange
from services.liaison.alert_changes import alert_changes
from services.liaison.disclosure.addressing import Addressing
from services.liaison.finding import DeskRole, Evidence, Finding, Standing
from services.liaison.policy import Policy
from services.liaison.rules.r31_unjudged import RULE
from services.liaison.rules.shared.words import clock

_NOT_JUDGED_ANEW = "This could not be judged anew. Ask the desk below, and ring the agencies."


def unjudged(
    crisis_id: str,
    since: datetime,
    agencies: Collection[str],
    alerts: Iterable[Alert],
    now: datetime,
    *,
    policy: Policy,
    registry: Registry,
) -> list[AlertChange]:
    """That the crisis cannot be judged, told to the desks of the agencies that have an incident in
    it and to operations; and what time brings to every alert of it. None of them ends."""
    before = {alert.alert_id: alert for alert in alerts}
    changes: list[AlertChange] = []
    if policy.runs(RULE.id, since):
        finding = _finding(crisis_id, since, agencies, policy, registry)
        changes += alert_changes(
            [Standing(finding, "verified")],
            before,
            now,
            policy=policy,
            registry=registry,
            area=None,
            crisis=None,
            crisis_id=crisis_id,
        )
    for alert in before.values():
        passed = _pass_time(alert, now, policy, registry)
        if passed is not None:
            changes.append(passed)
    return changes


def _finding(
    crisis_id: str, since: datetime, agencies: Collection[str], policy: Policy, registry: Registry
) -> Finding:
    return RULE.finds(
        policy,
        anchor=("unjudged", f"{crisis_id}/{since.isoformat()}"),
        holds=(since, datetime.max.replace(tzinfo=since.tzinfo)),
        reason=(
            f"Since {clock(since)} this crisis could not be judged: what stands stays as it was,"
            " and what has happened since may be missing here. It is tried again and again."
        ),
        evidence=(Evidence("A fault of this product, not of a sender", since),),
        agencies=tuple(sorted(agencies)),
        recipients=_recipients(agencies, registry),
    )


def _recipients(agencies: Collection[str], registry: Registry) -> tuple[DeskRole, ...]:
    """Operations, and of the desks that may be told those that one of the agencies has: whoever
    has nothing to do with it is not asked."""
    roles = {desk.role for agency, desk in registry.desks_by_id.values() if agency.id in agencies}
    return tuple(role for role in RULE.recipients if role == "operations" or role in roles)


def _pass_time(
    alert: Alert, now: datetime, policy: Policy, registry: Registry
) -> AlertChange | None:
    """It sounds again and climbs as ever. Desks above see what the matrix gives their role where
    nothing of the crisis is known."""
    finding = Finding(
        rule=alert.rule,
        anchor=("unjudged", alert.alert_id),
        holds_from=alert.holds_since,
        urgency=alert.urgency,
        title=str(alert.detail["title"]),
        reason=str(alert.detail["reason"]),
        next_step=_NOT_JUDGED_ANEW,
        recipients=(),
        evidence=(),
        acknowledge_within=policy.acknowledge_within(alert.urgency),
    )
    addressing = Addressing(
        Standing(finding, "cannot-be-verified"), None, alert.area, registry, policy, now
    )

    def above(desk: str) -> Addressed | None:
        return addressing.desk(desk)

    return life.pass_time(alert, now, above)
