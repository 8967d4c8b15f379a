"""How old a person is by all that was said, for the rules that protect children."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from services.liaison.crisis.facts import Crisis
from services.liaison.policy import Policy

_LONDON = ZoneInfo("Europe/London")
ADULT = 18

Age = Literal["under-18", "adult", "may-be-under-18", "unknown"]


def age_at(crisis: Crisis, at: datetime, policy: Policy) -> Age:
    """Under 18 if any date of birth says so; by looks only where no date of birth is known.

    Of the attached person the register's newest date of birth counts; of every agency the last it stated. One that says
    child is believed: a wrong alert costs a telephone call.
    """
    on_file = (
        ()
        if crisis.person is None
        else (d.date_of_birth for d in crisis.person.descriptors if d.date_of_birth)
    )
    born = [
        *list(on_file)[:1],
        *(i.date_of_birth for i in crisis.incidents if i.date_of_birth is not None),
        *(c.date_of_birth for c in crisis.custodies if c.date_of_birth is not None),
    ]
    today = at.astimezone(_LONDON).date()
    if born:
        ages = [today.year - b.year - ((today.month, today.day) < (b.month, b.day)) for b in born]
        return "under-18" if min(ages) < ADULT else "adult"
    looks = [i.apparent_age for i in crisis.incidents if i.apparent_age is not None]
    looks += [c.apparent_age for c in crisis.custodies if c.apparent_age is not None]
    if not looks:
        return "unknown"
    # the limit is the rule's that protects children; the other rules ask the same question
    looks_young = min(looks) < policy.number("R06", "apparent_age_below")
    return "may-be-under-18" if looks_young else "adult"
