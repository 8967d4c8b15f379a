"""Whether two subjects cannot be one person: what identity knows, turned against a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from schemas.person import PersonDescriptor
from services.identity.contradiction import contradiction, evidence_between

# What two descriptions say of whether they are of one person: much for it; both a name, and not
# much for it; too little.
Likeness = Literal["alike", "named-otherwise", "unknown"]

# Bits for one person from which two who are described are one also in a crowd: as much as a given
# name.
_ALIKE = 4.0


@dataclass(frozen=True, slots=True)
class Description:
    """What is known of whom a subject is."""

    person_id: str | None
    """The person attached; never one that is only possible."""
    stated: PersonDescriptor | None
    """What the incident says."""
    on_file: tuple[PersonDescriptor, ...]
    """What the register says of the person attached."""
    as_of: date | None

    @property
    def all(self) -> tuple[PersonDescriptor, ...]:
        """Every description of it."""
        if self.stated is None:
            return self.on_file
        return (self.stated, *self.on_file)

    @property
    def is_silent(self) -> bool:
        """Nothing is known of who it is."""
        return self.person_id is None and self.stated is None


def contradict(one: Description, other: Description) -> bool:
    """Whether they are two people: attached to two, or described as two. Symmetric.

    Of a person on file each description counts, since one may be old: only where all of them speak
    against it.
    """
    # the register decides before any description does
    if one.person_id is not None and other.person_id is not None:
        return one.person_id != other.person_id
    days = [day for day in (one.as_of, other.as_of) if day is not None]
    # apparent ages are as at the earlier of the two meetings
    as_of = min(days, default=None)
    return (
        _apart([one.stated], [other.stated], as_of)
        or _apart(one.on_file, [other.stated], as_of)
        or _apart(other.on_file, [one.stated], as_of)
    )


def likeness(one: Description, other: Description) -> Likeness:
    """What the descriptions say; of a person on file each may be the one that fits. Symmetric."""
    if one.person_id is not None and one.person_id == other.person_id:
        return "alike"
    days = [day for day in (one.as_of, other.as_of) if day is not None]
    as_of = min(days, default=None)
    pairs = [(left, right) for left in one.all for right in other.all]
    if any(_bits_between(left, right, as_of) >= _ALIKE for left, right in pairs):
        return "alike"
    if any(left.names and right.names for left, right in pairs):
        return "named-otherwise"
    return "unknown"


def _bits_between(one: PersonDescriptor, other: PersonDescriptor, as_of: date | None) -> float:
    return sum(bits for _, _, bits in evidence_between(one, other, as_of=as_of))


def _apart(
    some: Sequence[PersonDescriptor | None],
    descriptors: Sequence[PersonDescriptor | None],
    as_of: date | None,
) -> bool:
    pairs = [(one, other) for one in some for other in descriptors if one and other]
    # where one says nothing, nothing contradicts
    if not pairs:
        return False
    return all(contradiction(one, other, as_of=as_of) is not None for one, other in pairs)
