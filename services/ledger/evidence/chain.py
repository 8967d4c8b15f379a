"""The chain of the audit: what each record's hash is made of, and what an altered chain gives away.

Pure: it knows records and heads, no database. The hash is worked out a second time here, by other
code than the ledger's own, so that neither vouches for itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Kind = Literal["altered", "removed", "inserted"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the audit as the ledger holds it. `detail` is the text of its JSON."""

    audit_id: int
    chain: int
    place: int
    previous: bytes
    hash: bytes
    action: str
    actor: str
    subject: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """The hash of the record that stands, or stood at an instant, last in a chain."""

    chain: int
    place: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Tampering:
    """Something that is not as it was written, with a sentence that says which record it is."""

    kind: Kind
    sentence: str


def digest(entry: Entry) -> bytes:
    """What the record's hash has to be."""
    fields = (
        str(entry.chain),
        str(entry.place),
        str(entry.audit_id),
        entry.action,
        entry.actor,
        entry.subject,
        entry.detail,
        str((entry.at - _EPOCH) // timedelta(microseconds=1)),
    )
    texts = [field.encode() for field in fields]
    canonical = b"".join(b"%d:%s," % (len(text), text) for text in texts)
    return hashlib.sha256(entry.previous + canonical).digest()


class ChainWalk:
    """Walks the records in order of chain, place and number; keeps no more than one place of them.

    `heads` is where the ledger says that its chains end, `published` what was told outside of it.
    """

    def __init__(self, heads: Collection[Head], published: Collection[Head]) -> None:
        self._ends = {head.chain: head for head in heads}
        self._told: dict[int, dict[int, set[bytes]]] = {}
        for head in published:
            self._told.setdefault(head.chain, {}).setdefault(head.place, set()).add(head.hash)
        self._together: list[Entry] = []
        self._before: Head | None = None
        self._number_before: int | None = None
        self._walked: set[int] = set()

    def step(self, entry: Entry) -> Iterator[Tampering]:
        """The next record; what it shows of the place before it."""
        if self._together:
            here = self._together[0]
            if (here.chain, here.place) != (entry.chain, entry.place):
                yield from self._close_place()
            if here.chain != entry.chain:
                yield from self._close_chain()
        self._together.append(entry)

    def end(self) -> Iterator[Tampering]:
        """What the last record shows, and which chains have none."""
        if self._together:
            yield from self._close_place()
            yield from self._close_chain()
        for chain in sorted((self._ends.keys() | self._told.keys()) - self._walked):
            last = self._last(chain)
            if last > 0:
                yield Tampering("removed", f"all {last} records of chain {chain} were removed")

    def _last(self, chain: int) -> int:
        """The place at which the chain has to end at the least."""
        places = [*self._told.get(chain, ())]
        if chain in self._ends:
            places.append(self._ends[chain].place)
        return max(places, default=0)

    def _close_place(self) -> Iterator[Tampering]:
        before = self._before or Head(self._together[0].chain, 0, b"")
        # of several at one place that one is genuine which follows from the one before
        entry, *others = sorted(self._together, key=lambda other: not _follows(other, before))
        self._together = []
        for other in others:
            yield Tampering(
                "inserted", f"record {other.audit_id} was put in at the place of {entry.audit_id}"
            )
        missing = entry.place - before.place - 1
        if missing > 0:
            where = _between(self._number_before, entry.audit_id)
            yield Tampering(
                "removed", f"records {where} were removed: {missing} of chain {entry.chain}"
            )
        yield from self._judged(entry, before, is_next=missing == 0)
        self._before = Head(entry.chain, entry.place, entry.hash)
        self._number_before = entry.audit_id

    def _judged(self, entry: Entry, before: Head, *, is_next: bool) -> Iterator[Tampering]:
        """The record by itself, after the one before it, and beside what was told of it outside."""
        told = self._told.get(entry.chain, {}).get(entry.place, set())
        if digest(entry) != entry.hash:
            yield Tampering("altered", f"record {entry.audit_id} is not as it was written")
        elif is_next and entry.previous != before.hash:
            yield Tampering(
                "altered",
                f"record {entry.audit_id} does not follow record {self._number_before}: "
                "that one was altered and hashed anew, or put in",
            )
        elif told - {entry.hash}:
            yield Tampering(
                "altered",
                f"record {entry.audit_id} has another hash than was published: it, or one before "
                f"it in chain {entry.chain}, was altered and all after it hashed anew",
            )

    def _close_chain(self) -> Iterator[Tampering]:
        assert self._before is not None
        before, self._before = self._before, None
        number, self._number_before = self._number_before, None
        self._walked.add(before.chain)
        missing = self._last(before.chain) - before.place
        if missing > 0:
            yield Tampering(
                "removed",
                f"records after record {number} were removed: {missing} at the end of chain {before.chain}",
            )
        elif self._ends.get(before.chain) != before:
            yield Tampering(
                "inserted",
                f"record {number} was put in or hashed anew: it is last in chain {before.chain}, "
                "and the ledger knows of another end",
            )


def _follows(entry: Entry, before: Head) -> bool:
    return entry.previous == before.hash and digest(entry) == entry.hash


def _between(one: int | None, other: int) -> str:
    if one is None:
        return f"before record {other}"
    return f"between record {one} and record {other}"
