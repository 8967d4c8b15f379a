"""What the findings that stand, and the passing of time, make of the alerts: of a crisis, a feed, the weekly monitor."""

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
    known: dict[str, Alert],
    now: datetime,
    *,
    policy: Policy,
    registry: Registry,
    area: str | None,
    crisis: Crisis | None,
    crisis_id: str | None,
    feed: str | None = None,
) -> list[AlertChange]:
    """What a set of findings and the passing of time make of the alerts. Takes what it used out of `known`.

    First what the rules say, then which alert keeps quiet for a more urgent one, then what time has brought.
    """
    changes: dict[str, AlertChange] = {}
    alerts: dict[str, Alert] = {}
    addressing: dict[str, Addressing] = {}
    for each in standing:
        identity = life.alert_id(each.finding.key)
        former = known.pop(identity, None)
        to = addressing[identity] = Addressing(each, crisis, area, registry, policy)
        change: AlertChange | None
        if former is None or not former.stands:
            change = life.raise_alert(
                each,
                to.by_rule(),
                now,
                rule_version=RULES[each.finding.rule].version,
                zone=registry.zone,
                area=area,
                crisis_id=crisis_id,
                feed=feed,
                former=former,
            )
        else:
            alerts[identity] = former
            above = [to.desk(d.desk) for d in former.desks if d.origin != "rule" and not d.ended]
            change = life.update(
                former, each, to.by_rule(), now, crisis_id, also=[a for a in above if a is not None]
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
    known = {a.alert_id: a for a in alerts}
    found = evaluate_feed(health, now, policy)
    changes = alert_changes(
        found.standing,
        known,
        now,
        policy=policy,
        registry=registry,
        area=None,
        crisis=None,
        crisis_id=None,
        feed=health.feed,
    )
    changes += [life.clear(a, now, "the feed is heard again") for a in known.values() if a.stands]
    return tuple(changes), found.look_again_at


def settle_monitor(
    counts: Counts, alerts: Iterable[Alert], now: datetime, *, policy: Policy, registry: Registry
) -> tuple[tuple[AlertChange, ...], datetime | None]:
    """Rule R27 over the counts of the week: what changes, and when to look again."""
    known = {a.alert_id: a for a in alerts}
    found = evaluate_monitor(counts, now, policy)
    changes = alert_changes(
        found.standing,
        known,
        now,
        policy=policy,
        registry=registry,
        area=None,
        crisis=None,
        crisis_id=None,
    )
    changes += [
        life.clear(a, now, "within the control limits again") for a in known.values() if a.stands
    ]
    return tuple(changes), found.look_again_at
