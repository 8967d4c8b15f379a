"""Whether two subjects cannot be one person: what identity knows, turned against a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from schemas.person import PersonDescriptor
from services.identity.contradiction import contradiction


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
