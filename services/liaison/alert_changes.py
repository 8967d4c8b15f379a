"""What the findings that stand, and the passing of time, make of the alerts: of a crisis, a feed,
the weekly monitor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from schemas.registry import Registry
from services.liaison import alert as life
from services.liaison.alert import Addressed, Alert, AlertChange
from services.liaison.crisis.facts import Crisis
from services.liaison.disclosure.addressing import Addressing
from services.liaison.disclosure.words import CrisisWords
from services.liaison.disproportionality import evaluate_monitor
from services.liaison.feeds import FeedHealth, evaluate_feed
from services.liaison.finding import Evaluation, Standing
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
    `alerts_before`.

    First what the rules say, then which alert keeps quiet for a more urgent one, then what time has
    brought.
    """
    changes: dict[str, AlertChange] = {}
    alerts: dict[str, Alert] = {}
    addressing: dict[str, Addressing] = {}
    words: CrisisWords | None = None
    if crisis is not None:
        words = CrisisWords(crisis)
    for finding in standing:
        identity = life.alert_id(finding.finding.key)
        before = alerts_before.pop(identity, None)
        address = addressing[identity] = Addressing(
            finding, crisis, area, registry, policy, now, words
        )
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
            above = list(_desks_above(before, address))
            change = life.update(before, finding, address.by_rule(), now, crisis_id, also=above)
        if change is not None:
            changes[identity], alerts[identity] = change, change.alert
    for quiet in life.inhibit(alerts.values(), now):
        identity = quiet.alert.alert_id
        _add(changes, quiet)
        alerts[identity] = quiet.alert
    for identity, alert in alerts.items():
        # last, so that nothing climbs that has just gone quiet or just been raised
        passed = life.pass_time(alert, now, addressing[identity].desk)
        if passed is not None:
            _add(changes, passed)
    return list(changes.values())


def _desks_above(alert: Alert, address: Addressing) -> Iterator[Addressed]:
    """The desks that have it by escalation or dispute, as far as the registry still has them."""
    for part in alert.desks:
        if part.origin == "rule" or part.ended:
            continue
        above = address.desk(part.desk)
        if above is not None:
            yield above


def _add(changes: dict[str, AlertChange], change: AlertChange) -> None:
    identity = change.alert.alert_id
    if identity in changes:
        change = changes[identity].then(change)
    changes[identity] = change


def settle_feed(
    health: FeedHealth,
    alerts: Iterable[Alert],
    now: datetime,
    *,
    policy: Policy,
    registry: Registry,
) -> tuple[tuple[AlertChange, ...], datetime | None]:
    """Rule R30 for one feed: what changes, and when to look again."""
    evaluation = evaluate_feed(health, now, policy)
    ends = "the feed is heard again"
    return _without_crisis(evaluation, alerts, now, policy, registry, ends, health.feed)


def settle_monitor(
    counts: Counts, alerts: Iterable[Alert], now: datetime, *, policy: Policy, registry: Registry
) -> tuple[tuple[AlertChange, ...], datetime | None]:
    """Rule R27 over the counts of the week: what changes, and when to look again."""
    evaluation = evaluate_monitor(counts, now, policy)
    ends = "within the control limits again"
    return _without_crisis(evaluation, alerts, now, policy, registry, ends)


def _without_crisis(
    evaluation: Evaluation,
    alerts: Iterable[Alert],
    now: datetime,
    policy: Policy,
    registry: Registry,
    ends: str,
    feed: str | None = None,
) -> tuple[tuple[AlertChange, ...], datetime | None]:
    """What changes of alerts that are of no crisis, and when to look again. `ends` is why one that
    stands no more is cleared.
    """
    alerts_before = {alert.alert_id: alert for alert in alerts}
    changes = alert_changes(
        evaluation.standing,
        alerts_before,
        now,
        policy=policy,
        registry=registry,
        area=None,
        crisis=None,
        crisis_id=None,
        feed=feed,
    )
    changes += [life.clear(alert, now, ends) for alert in alerts_before.values() if alert.stands]
    return tuple(changes), evaluation.look_again_at
