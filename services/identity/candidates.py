"""Keys under which a description and the people it may be of are found together.

Two descriptions of one person, damaged as a call damages them, share at least one key. A key is text of a kind and its
parts; where keys are stored they are hashed (`hashed`).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TypeVar

from services.identity.described import Birth, Described
from services.identity.names import roots
from services.identity.normalise import outward, skeleton, sound

CAP = 300
"""People under one key above which the key is only used together with another."""
TOO_COMMON = 1000
"""People under one key above which it says nothing of anybody."""
MOST = 75
"""People to weigh, above which those who share fewer keys are left out. At a million synthetic people twice as many took twice
as long and attached nobody more (docs/identity.md)."""
STRONG = frozenset({"nhs", "tel", "id"})
"""Kinds of key that are somebody's own: who shares one is always weighed."""


def _birth(born: Birth) -> str:
    """One text for a date and for the one with day and month turned round."""
    low, high = sorted((born.month, born.day))
    return f"{born.year}-{low}-{high}"


def _name_keys(given: str, family: str) -> set[str]:
    keys = set[str]()
    if given and family:
        for root in roots(given):
            for form, shape in (("s", sound), ("k", skeleton)):
                keys.add("|".join((f"n{form}", *sorted((shape(root), shape(family))))))
            # the family name may be the one that is short, where the order is turned round
        for root in roots(family):
            keys.add("|".join(("ns", *sorted((sound(root), sound(given))))))
        one, two = sorted((given, family))
        keys.add(f"np|{one[:3]}|{two[:3]}")
        for a, b in ((given, family), (family, given)):
            keys.add(f"ni|{a[:1]}|{b[:5]}" if len(b) >= 5 else f"nw|{a[:1]}|{b}")
    return keys


def keys_of(person: Described) -> frozenset[str]:
    """All keys of a description or of a person on file."""
    keys = {f"nhs|{n}" for n in person.nhs_numbers}
    keys |= {f"tel|{p}" for p in person.phones} | {f"id|{i}" for i in person.identifiers}
    sounds = set[str]()
    for given, family in person.names:
        keys |= _name_keys(given, family)
        sounds |= {sound(r) for r in roots(given)} | {sound(t) for t in (given, family) if t}
        sounds |= {sound(t) for n in (given, family) for t in n.split() if len(t) > 2}
    for born in person.births:
        when = _birth(born) if born.whole else str(born.year)
        keys |= {f"nd|{s}|{born.month}-{born.day}" for s in sounds if born.whole}
        keys |= {f"nr|{s}|{born.year}" for s in sounds}
        if born.whole:
            keys |= {f"nb|{s}|{when}" for s in sounds}
            keys |= {
                f"bi|{when}|{g[:1]}{f[:1]}"
                for a, b in person.names
                if a and b
                for g, f in ((a, b), (b, a))
            }
            keys |= {f"bp|{when}|{outward(p)}" for p in person.postcodes}
        for code in person.postcodes:
            keys |= {f"ny|{s}|{born.year}|{outward(code)}" for s in sounds}
    for code in person.postcodes:
        keys |= {f"npc|{s}|{code}" for s in sounds} | {f"no|{s}|{outward(code)}" for s in sounds}
    if person.address:
        parts = sorted({t for t in person.address.split() if len(t) > 3 or t.isdigit()})
        keys |= {f"na|{s}|{t}" for s in sounds for t in parts}
        keys |= {f"aa|{a}|{b}" for i, a in enumerate(parts) for b in parts[i + 1 :]}
        keys |= {f"ab|{_birth(b)}|{t}" for b in person.births if b.whole for t in parts}
    return frozenset(keys)


def hashed(key: str) -> int:
    """The key as it is stored, a signed number of 64 bits: nothing of a name in it. The last bit says whether the key is
    strong. Where 300 million are stored, one in a thousand million descriptions meets a key that is not its own."""
    return _marked(
        int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True), key
    )


def _marked(number: int, key: str) -> int:
    return number | 1 if key.split("|", 1)[0] in STRONG else number & ~1


Somebody = TypeVar("Somebody", bound=Hashable)


def gather(
    holders: Mapping[int, Iterable[Somebody]], cap: int = CAP, most: int = MOST
) -> set[Somebody]:
    """Of those under these keys, whom to weigh. Never the first so many: those who share the most.

    Of a key over the cap only those whom another key names too. Of more people than `most` those who share more keys, by the
    least number that leaves no more, and everybody with a strong key. So where more than `most` share alike, none of them is
    weighed: hundreds of one name about whom nothing else was said are nobody in particular.
    The same in SQL: services.ledger.shortlist.
    """
    shared, alone, strong = Counter[Somebody](), set[Somebody](), set[Somebody]()
    for key, people in holders.items():
        listed = set(people)
        if len(listed) > TOO_COMMON:
            continue
        shared.update(listed)
        if len(listed) <= cap:
            alone |= listed
            if key & 1:
                strong |= listed
    found = {p for p, times in shared.items() if p in alone or times > 1}
    least = 1
    while len(found - strong) and len(found) > most:
        least += 1
        found = {p for p in found if shared[p] >= least or p in strong}
    return found


class Index:
    """People in memory by the same keys as in PostgreSQL, for bulk work and evaluation."""

    def __init__(self, people: Mapping[str, Described]) -> None:
        self.people = people
        self._holders: dict[int, list[str]] = defaultdict(list)
        for person_id, person in people.items():
            for number in _numbers(person):
                self._holders[number].append(person_id)

    def candidates(self, said: Described) -> set[str]:
        """The people whom the description may be of."""
        return gather({n: held for n in _numbers(said) if (held := self._holders.get(n))})


def _numbers(person: Described) -> Iterator[int]:
    """As `hashed`, by a quicker hash that means nothing outside this process."""
    return (_marked(hash(key), key) for key in keys_of(person))
