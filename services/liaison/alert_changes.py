"""What the findings that stand, and the passing of time, make of the alerts: of a crisis, a feed,
the weekly monitor.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from schemas.registry import Registry
from services.liaison import alert as life
from services.liaison.alert import Alert, AlertChange
from services.liaison.crisis.facts import Crisis
from services.liaison.disclosure.addressing import Addressing
from services.liaison.disproportionality import evaluate_monitor
from services.liaison.feeds import FeedHealth, evaluate_feed
from services.liaison.finding import Standing
from services.liaison.policy import Policy
from services.liaison.rules import RULES
from services.liaison.tally import Counts


def alert_changes(
    standing: Iterable[Standing],
    alerts_before: dict[str, Alert],
    now: datetime,
    *,
    policy: Policy,
    registry: Registry,
    area: str | None,
    crisis: Crisis | None,
    crisis_id: str | None,
    feed: str | None = None,
) -> list[AlertChange]:
    """What a set of findings and the passing of time make of the alerts. Takes what it used out of
    `known`.

    First what the rules say, then which alert keeps quiet for a more urgent one, then what time has
    brought.
    """
    changes: dict[str, AlertChange] = {}
    alerts: dict[str, Alert] = {}
    addressing: dict[str, Addressing] = {}
    for finding in standing:
        identity = life.alert_id(finding.finding.key)
        before = alerts_before.pop(identity, None)
        address = addressing[identity] = Addressing(finding, crisis, area, registry, policy, now)
        change: AlertChange | None
        if before is None or not before.stands:
            change = life.raise_alert(
                finding,
                address.by_rule(),
                now,
                rule_version=RULES[finding.finding.rule].version,
                zone=registry.zone,
                area=area,
                crisis_id=crisis_id,
                feed=feed,
                before=before,
            )
        else:
            alerts[identity] = before
            above = [
                address.desk(desk.desk)
                for desk in before.desks
                if desk.origin != "rule" and not desk.ended
            ]
            change = life.update(
                before,
                finding,
                address.by_rule(),
                now,
                crisis_id,
                also=[desk_above for desk_above in above if desk_above is not None],
            )
        if change is not None:
            changes[identity], alerts[identity] = change, change.alert
    for quiet in life.inhibit(alerts.values(), now):
        identity = quiet.alert.alert_id
        changes[identity] = changes[identity].then(quiet) if identity in changes else quiet
        alerts[identity] = quiet.alert
    for identity, alert in alerts.items():
        passed = life.pass_time(alert, now, addressing[identity].desk)
        if passed is not None:
            changes[identity] = changes[identity].then(passed) if identity in changes else passed
    return list(changes.values())


def settle_feed(
    health: FeedHealth,
    alerts: Iterable[Alert],
    now: datetime,
    *,
    policy: Policy,
    registry: Registry,
) -> tuple[tuple[AlertChange, ...], datetime | None]:
    """Rule R30 for one feed: what changes, and when to look again."""
    alerts_before = {alert.alert_id: alert for alert in alerts}
    evaluation = evaluate_feed(health, now, policy)
    changes = alert_changes(
        evaluation.standing,
        alerts_before,
        now,
        policy=policy,
        registry=registry,
        area=None,
        crisis=None,
        crisis_id=None,
        feed=health.feed,
    )
    changes += [
        life.clear(alert, now, "the feed is heard again")
        for alert in alerts_before.values()
        if alert.stands
    ]
    return tuple(changes), evaluation.look_again_at


def settle_monitor(
    counts: Counts, alerts: Iterable[Alert], now: datetime, *, policy: Policy, registry: Registry
) -> tuple[tuple[AlertChange, ...], datetime | None]:
    """Rule R27 over the counts of the week: what changes, and when to look again."""
    alerts_before = {alert.alert_id: alert for alert in alerts}
    evaluation = evaluate_monitor(counts, now, policy)
    changes = alert_changes(
        evaluation.standing,
        alerts_before,
        now,
        policy=policy,
        registry=registry,
        area=None,
        crisis=None,
        crisis_id=None,
    )
    changes += [
        life.clear(alert, now, "within the control limits again")
        for alert in alerts_before.values()
        if alert.stands
    ]
    return tuple(changes), evaluation.look_again_at
