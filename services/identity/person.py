"""A person as the register holds them, and the decision that an event is about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from schemas.events.care import PathwayFacts
from schemas.person import PersonDescriptor

Outcome = Literal["attached", "possible", "unknown"]


@dataclass(frozen=True, slots=True)
class PathwayOnFile:
    """One care episode of a person."""

    agency: str
    pathway: str
    opened_at: datetime
    closed_at: datetime | None
    facts: PathwayFacts

    def open_at(self, instant: datetime) -> bool:
        """Whether the pathway was open at the instant."""
        return self.opened_at <= instant and (self.closed_at is None or instant < self.closed_at)


@dataclass(frozen=True, slots=True)
class PersonOnFile:
    """A person and what is in place for them. `descriptors` are all that agencies said, the newest
    first.
    """

    person_id: str
    descriptors: tuple[PersonDescriptor, ...]
    pathways: tuple[PathwayOnFile, ...] = ()
    died_on: date | None = None


@dataclass(frozen=True, slots=True)
class FieldEvidence:
    """How one field of the descriptor compared with the register."""

    field: str
    level: str
    """E.g. 'exact', 'differs', 'absent'."""
    weight: float | None = None
    """Bits, once a model weighs it; None where a fixed rule decides."""


class Item(StrEnum):
    """What can be asked for, in the order in which it is asked: what a caller knows best comes
    first.
    """

    GIVEN_NAME = "given-name"
    FAMILY_NAME = "family-name"
    DATE_OF_BIRTH = "date-of-birth"
    POSTCODE = "postcode"
    NHS_NUMBER = "nhs-number"


@dataclass(frozen=True, slots=True)
class IdentityDecision:
    """Whom an incident is about, and why. Kept with the version of the matcher that made it."""

    outcome: Outcome
    person_id: str | None
    """The person attached; None unless the outcome is 'attached'."""
    candidates: tuple[str, ...]
    evidence: tuple[FieldEvidence, ...]
    rule: str
    """E.g. 'verified-nhs-number', 'exact-name-birth-postcode', 'insufficient'."""
    matcher_version: str
    missing: Item | None = None
    """What would decide a possible match, were it told; nothing of the person proposed."""


def own_register(person_id: str) -> IdentityDecision:
    """An organisation speaks of a person by its own identifier: nothing is guessed."""
    return IdentityDecision(
        "attached", person_id, (person_id,), (), "own-register", "own-register-1"
    )


def reviewed(person_id: str) -> IdentityDecision:
    """A person has decided whom the incident is about."""
    return IdentityDecision(
        "attached", person_id, (person_id,), (), "decided-by-a-person", "review-1"
    )


UNKNOWN = IdentityDecision("unknown", None, (), (), "no-descriptor", "no-descriptor-1")
