"""R23: a death or serious injury around contact with the police is referred in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schemas.received import Mark
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import IOPC
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.serious_harm import DSI, contact_before
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import FOREVER

_LONDON = ZoneInfo("Europe/London")


def end_of_next_day(at: datetime) -> datetime:
    """The end of the day following the one on which it came to attention, in London (SI 2020/2 reg 9)."""
    day = at.astimezone(_LONDON).date() + timedelta(days=2)
    return datetime.combine(day, time(0, 0), _LONDON).astimezone(UTC)


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


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R23: death or serious injury during contact with the police or within the window after it. Once for each harm: a
    death after a serious injury worsens it."""
    stages = sorted((h for h in crisis.harms if h.harm in DSI), key=lambda h: h.mark)
    known: Mark | None = None
    for number, harm in enumerate(stages):
        contact = contact_before(crisis, harm, RULE.limit(policy, "contact_window"))
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
                yield RULE.finds(
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


RULE = rule(__name__, condition)
