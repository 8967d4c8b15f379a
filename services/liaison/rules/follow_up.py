"""R28: after a crisis, self-harm or a discharge somebody from mental health is in contact in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.codes import AbsenceKind, CrisisIndicator
from services.liaison.facts import Episode
from services.liaison.finding import Evidence, Finding
from services.liaison.mark import Mark
from services.liaison.policy import Policy
from services.liaison.rules.rule import clock, duration, rule
from services.liaison.spans import FOREVER

_STANDS = timedelta(days=7)
"""After that it is for the records: nobody is reached by an alert of last week."""
_LEFT_AT_HOME = frozenset({"resolved", "referred", "no-further-action", "other"})
_SERIOUS = frozenset({CrisisIndicator.SELF_HARM, CrisisIndicator.SUICIDE_ATTEMPT, CrisisIndicator.SUICIDAL})


def contact_after(episode: Episode, at: datetime) -> datetime:
    """The first contact by a mental-health service after an instant: a follow-up completed, or a referral seen."""
    done = [f.completed.at for f in episode.follow_ups if f.completed is not None]
    done += [c.completed_at for c in episode.contacts if c.completed_at is not None]
    done += [m.at for r in episode.referrals for m, _, what in r.outcomes if what == "seen"]
    return min((d for d in done if d >= at), default=FOREVER)


def _identified(episode: Episode) -> bool:
    """Whether anybody could be rung: a person who is attached, or a descriptor with a name or number."""
    people = [i.person for i in episode.incidents if i.person is not None]
    return episode.person is not None or any(p.names or p.nhs_number for p in people)


def _triggers(episode: Episode) -> Iterator[tuple[Mark, str]]:
    """What a follow-up is owed after, with what happened."""
    kinds = {i.kind for i in episode.indicators}
    if any(h.harm == "death" for h in episode.harms):
        return
    # most people who are arrested are held: restraint alone is no crisis of mental health
    held_only = kinds <= {CrisisIndicator.RESTRAINT}
    owed = (bool(episode.clear_crisis) and not held_only) or not kinds.isdisjoint(_SERIOUS)
    taken = any(i.outcome in {"conveyed", "detained", "arrested"} for i in episode.incidents) or any(
        a.person_taken for a in episode.attendances
    )
    closed = [i for i in episode.incidents if i.kind in {"police", "ambulance"}]
    if owed and not taken and closed and not episode.detentions and all(i.closed is not None for i in closed):
        attended = [i for i in closed if i.attended and i.outcome in _LEFT_AT_HOME]
        if attended:
            last = max(attended, key=lambda i: i.closed or Mark(i.opened_at, "", ""))
            if last.closed is not None:
                yield last.closed, "a crisis was attended and the person stayed at home"
    for each in episode.detentions:
        if each.assessed is not None and each.assessed[1] == "discharged-home":
            yield each.assessed[0], "a detention ended with discharge home"
    for absence in episode.absences:
        if absence.kind is AbsenceKind.WALK_OUT and absence.reported is not None and absence.ended is None:
            yield absence.reported, "the person walked out before being seen to"


def condition(episode: Episode, policy: Policy) -> Iterator[Finding]:
    """No contact in time after a crisis; or a follow-up that was due by an instant and did not happen."""
    trusts: tuple[str, ...] = ()
    if episode.opened_at is not None:
        trusts = tuple(sorted({p.agency for p in episode.open_pathways(episode.opened_at)}))
    within = RULE.limit(policy, "contact_within")
    triggers = sorted(_triggers(episode)) if _identified(episode) else []
    if triggers:
        mark, said = triggers[0]
        due = mark.at + within
        # a follow-up that is booked has its own instant
        booked = any(f.by is not None and f.by >= mark.at for f in episode.follow_ups)
        end = min(contact_after(episode, mark.at), due + _STANDS)
        if due < end and not booked:
            yield RULE.finds(
                policy, anchor=mark.event, holds=(due, end), agencies=trusts,
                reason=f"At {clock(mark.at)} {said}; no contact by a mental-health service in {duration(within)}.",
                evidence=(Evidence(f"{clock(mark.at)}: {said}", mark.at, mark.event),),
                relies_on_services=("mental-health-trust",),
            )  # fmt: skip
    for each in episode.follow_ups:
        if each.due is None or each.by is None:
            continue
        end = min(FOREVER if each.completed is None else each.completed.at, each.by + _STANDS)
        if each.by < end:
            yield RULE.finds(
                policy, anchor=each.due.event, holds=(each.by, end), agencies=(each.key[0],), act_by=each.by,
                reason=f"A follow-up ({each.kind}) was due by {clock(each.by)} and is not recorded as done.",
                evidence=(Evidence(f"Follow-up due since {clock(each.due.at)}", each.due.at, each.due.event),),
                relies_on=(each.key[0],),
            )  # fmt: skip


RULE = rule("R28", condition)
