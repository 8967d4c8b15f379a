"""Raising, worsening, annotating and ending: what the rules make of an alert. Pure: the time is an argument."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.liaison.alert.record import (
    Addressed,
    Alert,
    AlertChange,
    DeskAlert,
    Disclosed,
    Origin,
    Transition,
    alert_id,
    moved,
)
from services.liaison.alert.states import HELD, UNACKNOWLEDGED, TransitionKind
from services.liaison.catalogue import CATALOGUE
from services.liaison.finding import Standing

LIAISON = "liaison"
"""The actor of what nobody did: the product itself."""


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
            {
                "statement": e.statement,
                "at": e.at.isoformat(),
                "event": list(e.event) if e.event else None,
            }
            for e in finding.evidence
        ],
    }


def sound(
    alert: str,
    mine: DeskAlert | None,
    to: Addressed,
    kind: TransitionKind,
    now: datetime,
    reason: str | None = None,
    origin: Origin = "rule",
) -> tuple[DeskAlert, Transition]:
    """A new alarm at the desk: nothing of an earlier acknowledgement, answer or shelf remains but in the log."""
    fresh = DeskAlert(
        to.desk,
        mine.state if mine else "raised",
        to.view,
        now + to.ladder.acknowledge_within,
        to.ladder,
        origin,
        due_at=now + to.ladder.acknowledge_within,
        presented=(mine.presented if mine else 0) + 1,
        ladder_since=now,
    )
    if mine is None:
        return fresh, Transition(alert, to.desk, kind, now, LIAISON, reason)
    return moved(fresh, kind, alert, now, LIAISON, reason)


def end(mine: DeskAlert, alert: str, now: datetime, reason: str) -> tuple[DeskAlert, Transition]:
    """The condition has ended for the desk: returned unseen, cleared without an outcome, or closed."""
    if mine.state in UNACKNOWLEDGED or (mine.state == "shelved" and mine.acknowledged_at is None):
        kind: TransitionKind = "returned"
    elif mine.state in HELD or mine.state == "shelved":
        kind = "cleared"
    else:
        kind = "closed"
    new, said = moved(mine, kind, alert, now, LIAISON, reason)
    closed = now if kind == "closed" else None
    return replace(
        new,
        cleared_at=now,
        closed_at=closed,
        due_at=None,
        inhibited_by=None,
        shelved_until=None,
        dispute=None,
    ), said


def raise_alert(
    standing: Standing,
    addressed: Iterable[Addressed],
    now: datetime,
    *,
    rule_version: int,
    zone: str,
    area: str | None,
    crisis_id: str | None,
    feed: str | None = None,
    former: Alert | None = None,
) -> AlertChange:
    """A new alert; or the same alert again when its condition returns after it was cleared."""
    finding = standing.finding
    identity = alert_id(finding.key)
    to = tuple(addressed)
    desks = {d.desk: d for d in former.desks} if former else {}
    reason = "the condition holds again" if former else None
    transitions = []
    for each in to:
        desks[each.desk], said = sound(identity, desks.get(each.desk), each, "raised", now, reason)
        transitions.append(said)
    alert = Alert(
        identity,
        finding.key,
        finding.rule,
        rule_version,
        zone,
        area,
        crisis_id,
        feed,
        finding.urgency,
        finding.holds_from,
        now,
        None,
        None,
        detail_of(standing),
        tuple(desks[k] for k in sorted(desks)),
    )
    return AlertChange(
        alert,
        tuple(transitions),
        tuple(
            Disclosed(each.desk, each.agency, CATALOGUE[finding.rule].purpose, each.items)
            for each in to
        ),
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
    alert: Alert,
    standing: Standing,
    addressed: Iterable[Addressed],
    now: datetime,
    crisis_id: str | None,
    also: Iterable[Addressed] = (),
) -> AlertChange | None:
    """What a standing alert becomes when its finding is made again: worsened, annotated, or the same (None).

    A worsening takes back acknowledgement, answer and shelf, so that the alert sounds again; a repetition does not. At a
    desk that is addressed no longer, since more is known of the place or the person, it ends. What stands after is what
    would stand had all been known at first, in whatever order it became known. `also` are the desks that have it by
    escalation or dispute: they hear of a worsening and see what is new, and nothing is raised anew at them here.
    """
    finding = standing.finding
    detail = detail_of(standing)
    worse = _worse(alert, standing)
    known = {d.desk: d for d in alert.desks}
    transitions: list[Transition] = []
    disclosed: list[Disclosed] = []
    to = tuple(addressed)
    named = {each.desk for each in to}
    for each in (*to, *(a for a in also if a.desk not in named)):
        mine = known.get(each.desk)
        by_rule = each.desk in named
        if mine is None or mine.ended:
            if not by_rule:
                continue
            # ended at a desk while the alert stands: it ended there before, was raised again elsewhere, and is back
            known[each.desk], said = sound(alert.alert_id, mine, each, "raised", now)
        elif worse is not None:
            origin: Origin = "rule" if by_rule else mine.origin
            known[each.desk], said = sound(
                alert.alert_id, mine, each, "worsened", now, worse, origin
            )
        elif (
            mine.view != each.view
            or finding.urgency != alert.urgency
            or (by_rule and mine.origin != "rule")
        ):
            new, said = moved(mine, "annotated", alert.alert_id, now, LIAISON)
            known[each.desk] = replace(new, view=each.view)
            if by_rule and mine.origin != "rule":
                known[each.desk] = replace(
                    known[each.desk], origin="rule", ladder=each.ladder, ladder_since=now
                )
        else:
            continue
        transitions.append(said)
        disclosed.append(
            Disclosed(each.desk, each.agency, CATALOGUE[finding.rule].purpose, each.items)
        )
    for desk in sorted(set(known) - named):
        mine = known[desk]
        if mine.origin == "rule" and not mine.ended:
            known[desk], said = end(mine, alert.alert_id, now, "for other desks")
            transitions.append(said)
    same = (detail, crisis_id, finding.holds_from) == (
        alert.detail,
        alert.crisis_id,
        alert.holds_since,
    )
    if not transitions and same:
        return None
    changed = replace(
        alert,
        urgency=finding.urgency,
        holds_since=finding.holds_from,
        detail=detail,
        crisis_id=crisis_id,
        desks=tuple(known[k] for k in sorted(known)),
    )
    return AlertChange(changed, tuple(transitions), tuple(disclosed))


def clear(alert: Alert, now: datetime, reason: str) -> AlertChange:
    """The condition holds no more. The alert stays to be seen and answered at desks that have not."""
    desks, transitions = [], []
    for mine in alert.desks:
        if mine.ended:
            desks.append(mine)
            continue
        new, said = end(mine, alert.alert_id, now, reason)
        desks.append(new)
        transitions.append(said)
    return AlertChange(
        replace(alert, cleared_at=now, clear_reason=reason, desks=tuple(desks)), tuple(transitions)
    )
