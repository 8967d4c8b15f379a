"""The life of an alert, desk by desk: raised, delivered, acknowledged, cleared (after ISA-18.2).

Every transition is a value that a shell writes as an immutable record. Pure: the time is an argument.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from services.liaison.finding import Standing

_NAMESPACE = uuid.UUID("0f5c2f0e-6a57-5a6e-8a0e-0c8f4b7f2d11")

State = Literal["raised", "delivered", "acknowledged", "cleared"]
TransitionKind = Literal["raised", "worsened", "annotated", "delivered", "acknowledged", "cleared"]

ALLOWED: Mapping[TransitionKind, frozenset[State | None]] = {
    "raised": frozenset({None, "cleared"}),
    "delivered": frozenset({"raised"}),
    "acknowledged": frozenset({"raised", "delivered", "cleared"}),
    "worsened": frozenset({"raised", "delivered", "acknowledged"}),
    "annotated": frozenset({"raised", "delivered", "acknowledged", "cleared"}),
    "cleared": frozenset({"raised", "delivered", "acknowledged"}),
}
"""From which states a transition may come; None: the desk does not have the alert yet. A desk may acknowledge an alert
that has ended, so that it is known to have been seen."""


class TransitionNotAllowed(ValueError):
    """The alert is in a state from which this cannot happen."""


class AlreadyAcknowledged(ValueError):
    """Somebody at this desk was first."""


@dataclass(frozen=True, slots=True)
class DeskAlert:
    """One desk's part in an alert."""

    desk: str
    state: State
    view: Mapping[str, Any]
    """What this desk may see, after disclosure."""
    acknowledge_by: datetime
    delivered_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    cleared_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that holds for an episode (or a feed), addressed to desks, living until it is answered."""

    alert_id: str
    key: str
    rule: str
    rule_version: int
    zone: str
    area: str | None
    episode_id: str | None
    feed: str | None
    urgency: int
    holds_since: datetime
    raised_at: datetime
    cleared_at: datetime | None
    clear_reason: str | None
    detail: Mapping[str, Any]
    desks: tuple[DeskAlert, ...]

    @property
    def stands(self) -> bool:
        """Whether its condition holds."""
        return self.cleared_at is None


@dataclass(frozen=True, slots=True)
class Transition:
    """One immutable record: what happened to the alert at a desk, when, by whom, why."""

    alert_id: str
    desk: str
    kind: TransitionKind
    at: datetime
    actor: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What a desk was shown for a purpose; logged in the same transaction."""

    desk: str
    agency: str
    purpose: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert as it is now, and what changed."""

    alert: Alert
    transitions: tuple[Transition, ...]
    disclosed: tuple[Disclosed, ...] = ()


@dataclass(frozen=True, slots=True)
class Addressed:
    """A desk that a finding is for, with what it may see."""

    desk: str
    agency: str
    view: Mapping[str, Any]
    items: tuple[str, ...]


def alert_id(key: str) -> str:
    """The id of the alert with this key: the same on every machine and in every replay."""
    return str(uuid.uuid5(_NAMESPACE, key))


def check(kind: TransitionKind, state: State | None) -> None:
    """Raises TransitionNotAllowed."""
    if state not in ALLOWED[kind]:
        raise TransitionNotAllowed(f"an alert that is {state or 'not there'} cannot be {kind}")


def detail_of(standing: Standing) -> dict[str, Any]:
    """The finding as it is recorded, in JSON values."""
    finding = standing.finding
    return {
        "title": finding.title,
        "reason": finding.reason,
        "next_step": finding.next_step,
        "stage": finding.stage,
        "act_by": finding.act_by.isoformat() if finding.act_by else None,
        "verification": standing.verification,
        "evidence": [
            {"statement": e.statement, "at": e.at.isoformat(), "event": list(e.event) if e.event else None}
            for e in finding.evidence
        ],
    }


def raise_alert(
    standing: Standing,
    addressed: Iterable[Addressed],
    now: datetime,
    *,
    rule_version: int,
    zone: str,
    area: str | None,
    episode_id: str | None,
    feed: str | None = None,
    former: Alert | None = None,
) -> AlertChange:
    """A new alert; or the same alert again when its condition returns after it was cleared."""
    finding = standing.finding
    identity = alert_id(finding.key)
    to = tuple(addressed)
    known = {d.desk: d for d in former.desks} if former else {}
    for each in to:
        check("raised", known[each.desk].state if each.desk in known else None)
    desks = {d.desk: d for d in known.values()} | {
        each.desk: DeskAlert(each.desk, "raised", each.view, now + finding.acknowledge_within) for each in to
    }
    alert = Alert(
        identity, finding.key, finding.rule, rule_version, zone, area, episode_id, feed, finding.urgency,
        finding.holds_from, now, None, None, detail_of(standing), tuple(desks[k] for k in sorted(desks)),
    )  # fmt: skip
    reason = "the condition holds again" if former else None
    return AlertChange(
        alert,
        tuple(Transition(identity, each.desk, "raised", now, "liaison", reason) for each in to),
        tuple(Disclosed(each.desk, each.agency, finding.rule, each.items) for each in to),
    )


def _worse(alert: Alert, standing: Standing) -> str | None:
    finding = standing.finding
    if finding.urgency < alert.urgency:
        return "more urgent"
    if finding.stage != alert.detail["stage"] and finding.stage:
        return f"stage: {finding.stage}"
    if standing.verification != "verified" and alert.detail["verification"] == "verified":
        return "cannot be verified any longer: a feed it rests on is silent"
    return None


def update(
    alert: Alert, standing: Standing, addressed: Iterable[Addressed], now: datetime, episode_id: str | None
) -> AlertChange | None:
    """What a standing alert becomes when its finding is made again: worsened, annotated, or the same (None).

    A worsening takes back an acknowledgement, so that the alert sounds again. A repetition does not. At a desk that is
    addressed no longer, since more is known of the place or the person, it ends. What stands after is what would stand
    had all been known at first, in whatever order it became known.
    """
    finding = standing.finding
    detail = detail_of(standing)
    worse = _worse(alert, standing)
    known = {d.desk: d for d in alert.desks}
    transitions: list[Transition] = []
    disclosed: list[Disclosed] = []
    to = tuple(addressed)
    for each in to:
        mine = known.get(each.desk)
        if mine is None or mine.state == "cleared":
            # cleared at a desk while the alert stands: it ended there before, was raised again elsewhere, and is back
            check("raised", None if mine is None else mine.state)
            known[each.desk] = DeskAlert(each.desk, "raised", each.view, now + finding.acknowledge_within)
            transitions.append(Transition(alert.alert_id, each.desk, "raised", now, "liaison"))
        elif worse is not None:
            check("worsened", mine.state)
            known[each.desk] = DeskAlert(each.desk, "raised", each.view, now + finding.acknowledge_within)
            transitions.append(Transition(alert.alert_id, each.desk, "worsened", now, "liaison", worse))
        elif mine.view != each.view or finding.urgency != alert.urgency:
            check("annotated", mine.state)
            known[each.desk] = replace(mine, view=each.view)
            transitions.append(Transition(alert.alert_id, each.desk, "annotated", now, "liaison"))
        else:
            continue
        disclosed.append(Disclosed(each.desk, each.agency, finding.rule, each.items))
    for desk in sorted(set(known) - {each.desk for each in to}):
        mine = known[desk]
        if mine.state != "cleared":
            check("cleared", mine.state)
            known[desk] = replace(mine, state="cleared", cleared_at=now)
            transitions.append(Transition(alert.alert_id, desk, "cleared", now, "liaison", "for other desks"))
    same = (detail, episode_id, finding.holds_from) == (alert.detail, alert.episode_id, alert.holds_since)
    if not transitions and same:
        return None
    changed = replace(
        alert,
        urgency=finding.urgency,
        holds_since=finding.holds_from,
        detail=detail,
        episode_id=episode_id,
        desks=tuple(known[k] for k in sorted(known)),
    )
    return AlertChange(changed, tuple(transitions), tuple(disclosed))


def clear(alert: Alert, now: datetime, reason: str) -> AlertChange:
    """The condition holds no more. The alert stays to be seen at desks that have not acknowledged it."""
    desks, transitions = [], []
    for mine in alert.desks:
        if mine.state == "cleared":
            desks.append(mine)
            continue
        check("cleared", mine.state)
        desks.append(replace(mine, state="cleared", cleared_at=now))
        transitions.append(Transition(alert.alert_id, mine.desk, "cleared", now, "liaison", reason))
    return AlertChange(replace(alert, cleared_at=now, clear_reason=reason, desks=tuple(desks)), tuple(transitions))


def acknowledge(alert: Alert, desk: str, actor: str, now: datetime) -> AlertChange:
    """A person at the desk has it. Raises AlreadyAcknowledged naming who and when, TransitionNotAllowed, KeyError."""
    mine = {d.desk: d for d in alert.desks}[desk]
    if mine.acknowledged_at is not None:
        raise AlreadyAcknowledged(f"{mine.acknowledged_by} acknowledged it at {mine.acknowledged_at:%H:%M:%S} UTC")
    check("acknowledged", mine.state)
    state: State = "cleared" if mine.state == "cleared" else "acknowledged"
    new = replace(mine, state=state, acknowledged_at=now, acknowledged_by=actor)
    return AlertChange(
        replace(alert, desks=tuple(new if d.desk == desk else d for d in alert.desks)),
        (Transition(alert.alert_id, desk, "acknowledged", now, actor),),
    )
