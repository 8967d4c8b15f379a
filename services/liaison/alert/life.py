"""Raising, worsening, annotating and ending: what the rules make of an alert. Pure: the time is an
argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, assert_never

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
from services.liaison.alert.states import TransitionKind
from services.liaison.catalogue import CATALOGUE
from services.liaison.finding import Standing, instant_in_json

# The actor of what nobody did: the product itself.
LIAISON = "liaison"


def detail_of(standing: Standing) -> dict[str, Any]:
    """The finding as it is recorded, in JSON values."""
    finding = standing.finding
    return {
        "title": finding.title,
        "reason": finding.reason,
        "next_step": finding.next_step,
        "stage": finding.stage,
        "act_by": instant_in_json(finding.act_by),
        "verification": standing.verification,
        "evidence": [
            {
                "statement": evidence.statement,
                "at": evidence.at.isoformat(),
                "event": list(evidence.event) if evidence.event else None,
            }
            for evidence in finding.evidence
        ],
    }


def sound(
    alert: str,
    part: DeskAlert | None,
    to: Addressed,
    kind: TransitionKind,
    now: datetime,
    reason: str | None = None,
    origin: Origin = "rule",
) -> tuple[DeskAlert, Transition]:
    """A new alarm at the desk: nothing of an earlier acknowledgement, answer or shelf remains but
    in the log.
    """
    due = now + to.ladder.acknowledge_within
    fresh = DeskAlert(
        to.desk,
        "raised",
        to.view,
        due,
        to.ladder,
        origin,
        due_at=due,
        presented=1,
        ladder_since=now,
    )
    if part is None:
        return fresh, Transition(alert, to.desk, kind, now, LIAISON, reason)
    # the state of before goes along, so that the table of states decides whether this may follow it
    again = replace(fresh, state=part.state, presented=part.presented + 1)
    return moved(again, kind, alert, now, LIAISON, reason)


def end(part: DeskAlert, alert: str, now: datetime, reason: str) -> tuple[DeskAlert, Transition]:
    """The condition has ended for the desk: returned unseen, cleared without an outcome, or closed."""
    kind, closed_at = _end_of(part), None
    if kind == "closed":
        closed_at = now
    moved_part, transition = moved(part, kind, alert, now, LIAISON, reason)
    ended = replace(
        moved_part,
        cleared_at=now,
        closed_at=closed_at,
        due_at=None,
        inhibited_by=None,
        shelved_until=None,
        dispute=None,
    )
    return ended, transition


def _end_of(part: DeskAlert) -> TransitionKind:
    match part.state:
        case "raised" | "delivered":
            return "returned"
        case "shelved":
            # nobody has seen what went onto the shelf unacknowledged
            if part.acknowledged_at is None:
                return "returned"
            return "cleared"
        case "acknowledged" | "claimed":
            return "cleared"
        case "answered" | "returned" | "cleared" | "closed":
            return "closed"
        case _:
            assert_never(part.state)


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
    before: Alert | None = None,
) -> AlertChange:
    """A new alert; or the same alert again when its condition returns after it was cleared."""
    finding = standing.finding
    identity = alert_id(finding.key)
    parts: dict[str, DeskAlert] = {}
    reason = None
    if before is not None:
        parts = {part.desk: part for part in before.desks}
        reason = "the condition holds again"
    transitions = []
    disclosed = []
    for recipient in addressed:
        parts[recipient.desk], transition = sound(
            identity, parts.get(recipient.desk), recipient, "raised", now, reason
        )
        transitions.append(transition)
        disclosed.append(disclosure(recipient, finding.rule))
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
        in_order(parts),
    )
    return AlertChange(alert, tuple(transitions), tuple(disclosed))


def in_order(parts: Mapping[str, DeskAlert]) -> tuple[DeskAlert, ...]:
    """The desks' parts in order of desk, as an alert keeps them."""
    return tuple(parts[desk] for desk in sorted(parts))


def disclosure(recipient: Addressed, rule: str) -> Disclosed:
    """What the desk is shown, for the purpose of the rule."""
    return Disclosed(recipient.desk, recipient.agency, CATALOGUE[rule].purpose, recipient.items)


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
    """What a standing alert becomes when its finding is made again: worsened, annotated, or the
    same (None).

    A worsening takes back acknowledgement, answer and shelf, so that the alert sounds again; a
    repetition does not. At a desk that is addressed no longer, since more is known of the place or
    the person, it ends. What stands after is what would stand had all been known at first, in
    whatever order it became known. `also` are the desks that have it by escalation or dispute: they
    hear of a worsening and see what is new, and nothing is raised anew at them here.
    """
    finding = standing.finding
    detail = detail_of(standing)
    worse = _worse(alert, standing)
    parts = {part.desk: part for part in alert.desks}
    by_rule = {recipient.desk: recipient for recipient in addressed}
    by_others = {recipient.desk: recipient for recipient in also if recipient.desk not in by_rule}
    transitions: list[Transition] = []
    disclosed: list[Disclosed] = []
    for recipient in (*by_rule.values(), *by_others.values()):
        step = _renewed(
            alert,
            parts.get(recipient.desk),
            recipient,
            finding.urgency,
            worse,
            now,
            by_rule=recipient.desk in by_rule,
        )
        if step is None:
            continue
        parts[recipient.desk], transition = step
        transitions.append(transition)
        disclosed.append(disclosure(recipient, finding.rule))
    # sorted, so that the log has one order whatever was known first
    for desk in sorted(parts.keys() - by_rule.keys()):
        part = parts[desk]
        if part.origin == "rule" and not part.ended:
            parts[desk], transition = end(part, alert.alert_id, now, "for other desks")
            transitions.append(transition)
    # nothing new is recorded where nothing is new: the log is read by people
    is_same = (detail, crisis_id, finding.holds_from) == (
        alert.detail,
        alert.crisis_id,
        alert.holds_since,
    )
    if is_same and not transitions:
        return None
    changed = replace(
        alert,
        urgency=finding.urgency,
        holds_since=finding.holds_from,
        detail=detail,
        crisis_id=crisis_id,
        desks=in_order(parts),
    )
    return AlertChange(changed, tuple(transitions), tuple(disclosed))


def _renewed(
    alert: Alert,
    part: DeskAlert | None,
    recipient: Addressed,
    urgency: int,
    worse: str | None,
    now: datetime,
    *,
    by_rule: bool,
) -> tuple[DeskAlert, Transition] | None:
    """One desk's part of a standing alert whose finding was made again; None where nothing is new
    to the desk.
    """
    if part is None or part.ended:
        if not by_rule:
            return None
        # ended at a desk while the alert stands: it ended there before, was raised again elsewhere,
        # and is back
        return sound(alert.alert_id, part, recipient, "raised", now)
    origin = part.origin
    if by_rule:
        origin = "rule"
    if worse is not None:
        return sound(alert.alert_id, part, recipient, "worsened", now, worse, origin)
    is_new = part.view != recipient.view or urgency != alert.urgency or origin != part.origin
    if not is_new:
        return None
    annotated, transition = moved(part, "annotated", alert.alert_id, now, LIAISON)
    annotated = replace(annotated, view=recipient.view)
    if origin != part.origin:
        # a desk that had it from below has it by the rule now, and its own ladder with it
        annotated = replace(annotated, origin=origin, ladder=recipient.ladder, ladder_since=now)
    return annotated, transition


def clear(alert: Alert, now: datetime, reason: str) -> AlertChange:
    """The condition holds no more. The alert stays to be seen and answered at desks that have not."""
    parts, transitions = [], []
    for part in alert.desks:
        if part.ended:
            parts.append(part)
            continue
        ended, transition = end(part, alert.alert_id, now, reason)
        parts.append(ended)
        transitions.append(transition)
    cleared = replace(alert, cleared_at=now, clear_reason=reason, desks=tuple(parts))
    return AlertChange(cleared, tuple(transitions))
