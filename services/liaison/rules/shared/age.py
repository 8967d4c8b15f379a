"""How old a person is by all that was said, for the rules that protect children."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from schemas.london_time import LONDON, full_years
from services.liaison.crisis.facts import Crisis
from services.liaison.policy import Policy

ADULT = 18

Age = Literal["under-18", "adult", "may-be-under-18", "unknown"]


def age_at(crisis: Crisis, at: datetime, policy: Policy) -> Age:
    """Under 18 if any date of birth says so; by looks only where no date of birth is known.

    Of the attached person the register's newest date of birth counts; of every agency the last it
    stated. One that says child is believed: a wrong alert costs a telephone call.
    """
    births = _births(crisis)
    if births:
        # the youngest that anybody states: of two dates one is wrong, and a child is believed
        youngest = min(full_years(birth, at.astimezone(LONDON).date()) for birth in births)
        if youngest < ADULT:
            return "under-18"
        return "adult"
    looks = _looks(crisis)
    if not looks:
        return "unknown"
    # the limit is the rule's that protects children; the other rules ask the same question
    looks_young = min(looks) < policy.number("R06", "apparent_age_below")
    if looks_young:
        return "may-be-under-18"
    return "adult"


def _births(crisis: Crisis) -> list[date]:
    """Every date of birth that counts: the newest on file, and what each agency stated last."""
    births: list[date | None] = []
    if crisis.person is not None:
        # only the newest of the register: an old one may be the slip that was corrected
        on_file = [descriptor.date_of_birth for descriptor in crisis.person.descriptors]
        births += [birth for birth in on_file if birth is not None][:1]
    births += [incident.date_of_birth for incident in crisis.incidents]
    births += [custody.date_of_birth for custody in crisis.custodies]
    return [birth for birth in births if birth is not None]


def _looks(crisis: Crisis) -> list[int]:
    """How old the person looked to each agency."""
    ages = [incident.apparent_age for incident in crisis.incidents]
    ages += [custody.apparent_age for custody in crisis.custodies]
    return [age for age in ages if age is not None]
