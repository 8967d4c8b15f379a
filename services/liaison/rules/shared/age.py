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

    Of the attached person the register's newest date of birth counts; of every agency the last it
    stated. One that says child is believed: a wrong alert costs a telephone call.
    """
    on_file = (
        ()
        if crisis.person is None
        else (
            descriptor.date_of_birth
            for descriptor in crisis.person.descriptors
            if descriptor.date_of_birth
        )
    )
    born = [
        *list(on_file)[:1],
        *(
            incident.date_of_birth
            for incident in crisis.incidents
            if incident.date_of_birth is not None
        ),
        *(
            custody.date_of_birth
            for custody in crisis.custodies
            if custody.date_of_birth is not None
        ),
    ]
    today = at.astimezone(_LONDON).date()
    if born:
        ages = [
            today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
            for birth in born
        ]
        return "under-18" if min(ages) < ADULT else "adult"
    looks = [
        incident.apparent_age for incident in crisis.incidents if incident.apparent_age is not None
    ]
    looks += [
        custody.apparent_age for custody in crisis.custodies if custody.apparent_age is not None
    ]
    if not looks:
        return "unknown"
    # the limit is the rule's that protects children; the other rules ask the same question
    looks_young = min(looks) < policy.number("R06", "apparent_age_below")
    return "may-be-under-18" if looks_young else "adult"
