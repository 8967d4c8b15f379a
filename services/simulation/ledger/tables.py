"""Tables in memory that can be taken back: what was written since a mark is undone, the last first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Journal:
    """How to undo what was written, the last at the end. Kept only while a transaction is open."""

    def __init__(self) -> None:
        self.undo: list[tuple[Any, ...]] = []
        """Each a call and what it is given. Tables append to it themselves: it is done with each
        row that is written.
        """

    def mark(self) -> int:
        """This moment, for `take_back`."""
        return len(self.undo)

    def take_back(self, mark: int) -> None:
        """Undo everything since the mark."""
        while len(self.undo) > mark:
            act, *arguments = self.undo.pop()
            act(*arguments)

    def forget(self) -> None:
        """Everything stays as it is."""
        self.undo.clear()


class Table(Generic[K, V]):
    """Values by key."""

    def __init__(self, journal: Journal) -> None:
        self.rows: dict[K, V] = {}
        self._undo = journal.undo

    def put(self, key: K, value: V) -> None:
        """Write a row."""
        rows = self.rows
        if key in rows:
            earlier = rows[key]
            self._undo.append((rows.__setitem__, key, earlier))
        else:
            self._undo.append((rows.pop, key))
        rows[key] = value

    def remove(self, key: K) -> None:
        """Take a row away; nothing where there is none."""
        rows = self.rows
        if key in rows:
            earlier = rows.pop(key)
            self._undo.append((rows.__setitem__, key, earlier))

    def some(self, keys: Iterable[K]) -> Mapping[K, V]:
        """The rows of these keys that there are."""
        return {key: self.rows[key] for key in keys if key in self.rows}


class Index(Generic[K, V]):
    """Several values by key, each once, in the order in which they came."""

    def __init__(self, journal: Journal) -> None:
        self._values: dict[K, dict[V, None]] = {}
        self._undo = journal.undo

    def add(self, key: K, value: V) -> None:
        """Put a value under a key."""
        values = self._values.setdefault(key, {})
        if value not in values:
            values[value] = None
            self._undo.append((values.pop, value))

    def discard(self, key: K, value: V) -> None:
        """Take it away; nothing where it is not there."""
        values = self._values.get(key, {})
        if value in values:
            del values[value]
            self._undo.append((values.__setitem__, value, None))

    def move(self, value: V, earlier: Iterable[K], present: Iterable[K]) -> None:
        """Put the value under these keys and no others of those it was under."""
        before, after = set(earlier), set(present)
        for key in before - after:
            self.discard(key, value)
        for key in after - before:
            self.add(key, value)

    def at(self, key: K) -> Mapping[V, None]:
        """The values under a key."""
        return self._values.get(key, {})

    def under(self, keys: Iterable[K]) -> Iterator[V]:
        """The values under any of the keys; one may come twice."""
        for key in keys:
            yield from self.at(key)


class Log(Generic[V]):
    """What is only ever added to."""

    def __init__(self, journal: Journal) -> None:
        self.rows: list[V] = []
        self._undo = journal.undo

    def append(self, row: V) -> None:
        """One more."""
        self.rows.append(row)
        self._undo.append((self.rows.pop,))
