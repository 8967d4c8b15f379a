"""Keys under which a description and the people it may be of are found together.

Two descriptions of one person, damaged as a call damages them, share at least one key. A key is
text of a kind and its parts; where keys are stored they are hashed (`hashed`).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import TypeVar

from services.identity.described import Birth, Described, Name
from services.identity.likeness.names import roots
from services.identity.likeness.normalise import outward, skeleton, sound

# People under one key above which the key is only used together with another.
CAP = 300
# People under one key above which it says nothing of anybody.
TOO_COMMON = 1000
# People to weigh, above which those who share fewer keys are left out. At a million synthetic
# people twice as many took twice as long and attached nobody more (docs/identity.md).
MOST = 75
# Kinds of key that are somebody's own: who shares one is always weighed.
STRONG = frozenset({"nhs", "tel", "id"})


def _birth(born: Birth) -> str:
    """One text for a date and for the one with day and month turned round."""
    low, high = sorted((born.month, born.day))
    return f"{born.year}-{low}-{high}"


def _name_keys(name: Name) -> set[str]:
    """Of both names together, in whatever order they are told."""
    given_name, family = name
    if not given_name or not family:
        return set()
    keys = set[str]()
    for root in roots(given_name):
        keys.add("|".join(("ns", *sorted((sound(root), sound(family))))))
        keys.add("|".join(("nk", *sorted((skeleton(root), skeleton(family))))))
    # the family name may be the one that is short, where the order is turned round
    for root in roots(family):
        keys.add("|".join(("ns", *sorted((sound(root), sound(given_name))))))
    # sorted, so that the two names in either order are one key
    one, other = sorted(name)
    keys.add(f"np|{one[:3]}|{other[:3]}")
    return keys | {_initial_key(given_name, family), _initial_key(family, given_name)}


def _initial_key(initial: str, whole: str) -> str:
    if len(whole) >= 5:
        return f"ni|{initial[:1]}|{whole[:5]}"
    return f"nw|{initial[:1]}|{whole}"


def _sounds(names: Iterable[Name]) -> set[str]:
    """How each name, each name it may be short for and each longer word of it sounds."""
    sounds = set[str]()
    for name in names:
        given_name, _ = name
        words = [word for part in name for word in part.split() if len(word) > 2]
        whole = [part for part in name if part]
        sounds |= {sound(text) for text in (*roots(given_name), *whole, *words)}
    return sounds


def _birth_keys(born: Birth, person: Described, sounds: Iterable[str]) -> set[str]:
    outwards = {outward(code) for code in person.postcodes}
    # by the year, since day and month are what a caller gets wrong
    keys = {f"nr|{phonetic}|{born.year}" for phonetic in sounds}
    keys |= {f"ny|{phonetic}|{born.year}|{code}" for phonetic in sounds for code in outwards}
    if not born.whole:
        return keys
    day = _birth(born)
    keys |= {f"nd|{phonetic}|{born.month}-{born.day}" for phonetic in sounds}
    keys |= {f"nb|{phonetic}|{day}" for phonetic in sounds}
    keys |= {f"bp|{day}|{code}" for code in outwards}
    # either order: police write the family name first
    for given_name, family in person.names:
        if given_name and family:
            keys |= {
                f"bi|{day}|{given_name[:1]}{family[:1]}",
                f"bi|{day}|{family[:1]}{given_name[:1]}",
            }
    return keys


def _address_keys(person: Described, sounds: Iterable[str]) -> set[str]:
    # short words are of every address: road, flat, the
    words = {word for word in person.address.split() if len(word) > 3 or word.isdigit()}
    days = {_birth(born) for born in person.births if born.whole}
    keys = {f"na|{phonetic}|{word}" for phonetic in sounds for word in words}
    keys |= {f"aa|{one}|{other}" for one, other in combinations(sorted(words), 2)}
    return keys | {f"ab|{day}|{word}" for day in days for word in words}


def keys_of(person: Described) -> frozenset[str]:
    """All keys of a description or of a person on file."""
    sounds = _sounds(person.names)
    keys = {f"nhs|{number}" for number in person.nhs_numbers}
    keys |= {f"tel|{phone}" for phone in person.phones}
    keys |= {f"id|{identifier}" for identifier in person.identifiers}
    for name in person.names:
        keys |= _name_keys(name)
    for born in person.births:
        keys |= _birth_keys(born, person, sounds)
    for code in person.postcodes:
        keys |= {f"npc|{phonetic}|{code}" for phonetic in sounds}
        keys |= {f"no|{phonetic}|{outward(code)}" for phonetic in sounds}
    return frozenset(keys | _address_keys(person, sounds))


def hashed(key: str) -> int:
    """The key as it is stored, a signed number of 64 bits: nothing of a name in it. The last bit
    says whether the key is strong. Where 300 million are stored, one in a thousand million
    descriptions meets a key that is not its own."""
    return _marked(
        int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True), key
    )


def _marked(number: int, key: str) -> int:
    if key.split("|", 1)[0] in STRONG:
        return number | 1
    return number & ~1


Somebody = TypeVar("Somebody", bound=Hashable)


def gather(
    holders: Mapping[int, Iterable[Somebody]], cap: int = CAP, most: int = MOST
) -> set[Somebody]:
    """Of those under these keys, whom to weigh. Never the first so many: those who share the most.

    Of a key over the cap only those whom another key names too. Of more people than `most` those
    who share more keys, by the least number that leaves no more, and everybody with a strong key.
    So where more than `most` share alike, none of them is weighed: hundreds of one name about whom
    nothing else was said are nobody in particular. The same in SQL: services.ledger.shortlist.
    """
    shared, alone, strong = Counter[Somebody](), set[Somebody](), set[Somebody]()
    sets = {key: set(people) for key, people in holders.items()}
    for key, listed in sets.items():
        if len(listed) > TOO_COMMON:
            continue
        shared.update(listed)
        if len(listed) <= cap:
            alone |= listed
        if len(listed) <= cap and _is_strong(key):
            strong |= listed
    gathered = {person for person, times in shared.items() if person in alone or times > 1}
    least = 1
    # whole steps, never the first so many: which of two equals is left out must not be chance
    while len(gathered - strong) and len(gathered) > most:
        least += 1
        by_number = {person for person in gathered if shared[person] >= least}
        gathered = by_number | (gathered & strong)
    return gathered


def _is_strong(key: int) -> bool:
    return key & 1 == 1


class Index:
    """People in memory by the same keys as in PostgreSQL, for bulk work and evaluation."""

    def __init__(self, people: Mapping[str, Described]) -> None:
        self.people = people
        self._holders: dict[int, list[str]] = defaultdict(list)
        for person_id, person in people.items():
            for number in _numbers(person):
                self._holders[number].append(person_id)

    def candidates(self, description: Described) -> set[str]:
        """The people whom the description may be of."""
        numbers = [number for number in _numbers(description) if number in self._holders]
        return gather({number: self._holders[number] for number in numbers})


def _numbers(person: Described) -> Iterator[int]:
    """As `hashed`, by a quicker hash that means nothing outside this process."""
    return (_marked(hash(key), key) for key in keys_of(person))
