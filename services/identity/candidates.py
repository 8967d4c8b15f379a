"""Keys under which a description and the people it may be of are found together.

Two descriptions of one person, damaged as a call damages them, share at least one key. A key is text of a kind and its
parts; where keys are stored they are hashed (`hashed`).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from services.identity.described import Birth, Described
from services.identity.names import roots
from services.identity.normalise import outward, skeleton, sound

CAP = 300
"""People under one key above which the key is only used together with another."""


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
            keys |= {f"bi|{when}|{g[:1]}{f[:1]}" for a, b in person.names if a and b for g, f in ((a, b), (b, a))}
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


def hashed(key: str) -> str:
    """The key as it is stored: without a name or a number in it."""
    return f"{key.split('|', 1)[0]}:{hashlib.sha256(key.encode()).hexdigest()[:24]}"


def gather(holders: Mapping[str, Iterable[str]], cap: int = CAP) -> set[str]:
    """The people under these keys. Of a key over the cap only those whom another key names too; never the first so many."""
    found, crowded = set[str](), Counter[str]()
    for people in holders.values():
        listed = set(people)
        if len(listed) <= cap:
            found |= listed
        else:
            crowded.update(listed)
    return found | {p for p, times in crowded.items() if times > 1}


class Index:
    """People in memory by the same keys as in PostgreSQL, for bulk work and evaluation."""

    def __init__(self, people: Mapping[str, Described]) -> None:
        self.people = people
        self._holders: dict[int, list[str]] = defaultdict(list)
        for person_id, person in people.items():
            for key in keys_of(person):
                self._holders[hash(key)].append(person_id)

    def candidates(self, said: Described) -> set[str]:
        """The people whom the description may be of."""
        return gather({k: held for k in keys_of(said) if (held := self._holders.get(hash(k)))})
