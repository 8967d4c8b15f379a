"""R23 and R24: a death or serious injury around contact with the police is referred in time, and those left are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schemas.codes import CrisisIndicator
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import IOPC, Harm
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.family import reached_after
from services.liaison.rules.rule import clock, duration, rule
from services.liaison.time.spans import FOREVER

_LONDON = ZoneInfo("Europe/London")
_DSI = frozenset({"death", "serious-injury"})
"""Death or serious injury: Police Reform Act 2002 s12."""


def end_of_next_day(at: datetime) -> datetime:
    """The end of the day following the one on which it came to attention, in London (SI 2020/2 reg 9)."""
    day = at.astimezone(_LONDON).date() + timedelta(days=2)
    return datetime.combine(day, time(0, 0), _LONDON).astimezone(UTC)


def _contact_before(
    crisis: Crisis, harm: Harm, window: timedelta
) -> tuple[datetime, tuple[str, str] | None] | None:
    """The last contact of the police with the person at or before the harm, within the window."""
    kinds = {i.key: i.kind for i in crisis.incidents}
    if not harm.after_contact and kinds.get(harm.incident) == "police":
        return None  # the police themselves say that it was not
    found: list[tuple[datetime, tuple[str, str] | None]] = []
    for state in crisis.incidents:
        # a call is a contact too, also one that was declined
        if state.kind == "police" and state.opened_at < harm.mark.at:
            over = [
                m.at
                for m in (state.police_left, state.closed)
                if m is not None and m.at <= harm.mark.at
            ]
            event = None if state.reported is None else state.reported.event
            found.append((max(over, default=harm.mark.at), event))
    for attendance in crisis.attendances:
        if attendance.begun.at <= harm.mark.at:
            last = (
                harm.mark
                if attendance.ended is None or attendance.ended.at > harm.mark.at
                else attendance.ended
            )
            found.append((last.at, attendance.begun.event))
    for custody in crisis.custodies:
        began = custody.arrived or custody.opened
        if began.at <= harm.mark.at:
            last_at = (
                harm.mark.at if custody.released is None else min(custody.released.at, harm.mark.at)
            )
            found.append((last_at, began.event))
    for force in crisis.forces:
        if force.started.at <= harm.mark.at:
            found.append((force.started.at, force.started.event))
    for contact in crisis.contacts:
        if (
            contact.by == "person"
            and contact.police_left_at is not None
            and contact.police_left_at <= harm.mark.at
        ):
            found.append((contact.police_left_at, None))
    recent = [each for each in found if harm.mark.at - each[0] <= window]
    return max(recent, key=lambda each: each[0], default=None)


def _referred(crisis: Crisis, since: datetime) -> datetime:
    """When the case was referred to the IOPC."""
    sent = (
        r.sent.at
        for r in crisis.referrals
        if r.to_agency == IOPC and r.sent is not None and r.sent.at >= since
    )
    return min(sent, default=FOREVER)


def _concerned(crisis: Crisis, at: datetime) -> tuple[str, ...]:
    """The police forces that had to do with the person, whose referral it is, and the services whose own inquiry it is: those
    with a record of the crisis, and those in whose care the person is."""
    own = (
        {i.key[0] for i in crisis.incidents}
        | {c.key[0] for c in crisis.custodies}
        | {f.agency for f in crisis.forces}
    )
    own |= {c.key[0] for c in crisis.contacts if c.agency_kind == "police" and c.by == "person"}
    return tuple(sorted(own | {p.agency for p in crisis.open_pathways(at)}))


def _concerns_us(crisis: Crisis, harm: Harm, policy: Policy) -> bool:
    """Around contact with the police, in a crisis of mental health, or of somebody in mental-health care: not every death to
    which an ambulance is called."""
    if _contact_before(crisis, harm, SERIOUS.limit(policy, "contact_window")) is not None:
        return True
    signs = any(
        i.event is not None and i.kind is not CrisisIndicator.RESTRAINT for i in crisis.indicators
    )
    return signs or bool(crisis.open_pathways(harm.mark.at))


def serious_harm(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R23: death or serious injury during contact with the police or within the window after it. Once for each harm: a
    death after a serious injury worsens it."""
    stages = sorted((h for h in crisis.harms if h.harm in _DSI), key=lambda h: h.mark)
    known: Mark | None = None
    for number, harm in enumerate(stages):
        contact = _contact_before(crisis, harm, SERIOUS.limit(policy, "contact_window"))
        if contact is None:
            continue
        known = known or harm.mark
        following = stages[number + 1].mark.at if number + 1 < len(stages) else FOREVER
        end, due = min(following, _referred(crisis, known.at)), end_of_next_day(known.at)
        what = "Death" if harm.harm == "death" else "Serious injury"
        said = f"{what} recorded at {clock(harm.mark.at)}; last contact with the police at {clock(contact[0])}."
        late = f"{said} The day after it is over and no referral to the IOPC is recorded."
        for stage, begin, until, reason in (
            (harm.harm, harm.mark.at, min(end, max(due, harm.mark.at)), said),
            (f"{harm.harm}-not-referred", max(due, harm.mark.at), end, late),
        ):
            if begin < until:
                yield SERIOUS.finds(
                    policy,
                    anchor=known.event,
                    holds=(begin, until),
                    stage=stage,
                    act_by=due,
                    reason=reason,
                    agencies=_concerned(crisis, harm.mark.at),
                    evidence=(
                        Evidence(
                            f"{harm.harm} at {clock(harm.mark.at)}", harm.mark.at, harm.mark.event
                        ),
                        Evidence(
                            f"Contact with the police until {clock(contact[0])}",
                            contact[0],
                            contact[1],
                        ),
                    ),
                )


def afterwards(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R24: after it nobody of the family was reached in time; or a use of force of that crisis has no end on record."""
    serious = sorted((h for h in crisis.harms if h.harm in _DSI), key=lambda h: h.mark)
    if not serious or not any(_concerns_us(crisis, h, policy) for h in serious):
        return
    harm = serious[0].mark
    evidence = (Evidence(f"{serious[0].harm} at {clock(harm.at)}", harm.at, harm.event),)
    within = AFTER.limit(policy, "family_within")
    due, reached = harm.at + within, reached_after(crisis, harm.at)
    force_within = AFTER.limit(policy, "force_record_within")
    open_ends = [f for f in crisis.forces if not f.end_recorded]
    force_due = (
        max(harm.at, *(f.started.at for f in open_ends)) + force_within if open_ends else FOREVER
    )
    if due < min(reached, force_due):
        yield AFTER.finds(
            policy,
            anchor=harm.event,
            holds=(due, min(reached, force_due)),
            stage="family",
            evidence=evidence,
            act_by=due,
            reason=f"After a death or serious injury nobody of the family has been reached in {duration(within)}.",
            relies_on=crisis.agencies("police", "ambulance"),
            relies_on_services=("mental-health-trust",),
        )
    if force_due < FOREVER:
        both = "; and nobody of the family has been reached" if reached > force_due else ""
        yield AFTER.finds(
            policy,
            anchor=harm.event,
            holds=(force_due, FOREVER),
            stage="force-record",
            act_by=force_due,
            reason=f"After a death or serious injury the record of force is not complete in {duration(force_within)}{both}.",
            evidence=(
                *evidence,
                *(
                    Evidence(
                        f"Force since {clock(f.started.at)} without an end",
                        f.started.at,
                        f.started.event,
                    )
                    for f in open_ends
                ),
            ),
            relies_on=tuple(sorted({f.agency for f in open_ends})),
        )


SERIOUS = rule("R23", serious_harm)

AFTER = rule("R24", afterwards)
