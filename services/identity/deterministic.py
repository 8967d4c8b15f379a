"""Whom is an incident about? First form: two fixed rules, else nobody.

A wrong attachment is worse than none (invariant 4), so an incident's person is attached only

* on a verified NHS number (status 01 of UK Core's verification status, valid check digit) whose date of birth agrees
  with the register: the cross-check of the NHS Master Person Service, never the number alone; or
* on exact family name, given name, date of birth and home postcode together.

Where that fits more than one person, or a valid NHS number contradicts the register, the outcome is "possible" and a
person decides. Phone, address and place alone never attach anybody. The result has the shape the full matcher fills.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from schemas.codes import NhsNumberStatus
from schemas.person import PersonDescriptor, PersonName
from services.identity.person import FieldEvidence, IdentityDecision, PersonOnFile

MATCHER_VERSION = "deterministic-1"

_PLACEHOLDER_NAMES = frozenset({"unknown", "male", "female", "john doe", "jane doe", "unknown male", "unknown female"})

_WITHOUT_DECOMPOSITION = str.maketrans(
    {"ł": "l", "ı": "i", "ø": "o", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ħ": "h", "ŧ": "t"}
)
"""Letters that Unicode holds to be whole, as systems without them write them: Łucja is Lucja, Yıldız is Yildiz."""


def normalised(name: str) -> str:
    """A name for exact comparison: no accents, case, hyphens, apostrophes or doubled spaces."""
    decomposed = unicodedata.normalize("NFKD", name.casefold().translate(_WITHOUT_DECOMPOSITION))
    kept = "".join(c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c) and c not in "'’`")
    return " ".join(kept.split())


def _full_names(names: Iterable[PersonName]) -> Iterator[tuple[str, str]]:
    for name in names:
        if name.given and name.family:
            given, family = normalised(name.given), normalised(name.family)
            if given not in _PLACEHOLDER_NAMES and family not in _PLACEHOLDER_NAMES:
                yield given, family


def _hashed(kind: str, *parts: str) -> str:
    return f"{kind}:{hashlib.sha256('|'.join((kind, *parts)).encode()).hexdigest()[:32]}"


def identity_keys(descriptor: PersonDescriptor | None) -> frozenset[str]:
    """Keys under which a descriptor and the person it may be about are found together.

    Two descriptors that `decide` could bring together share a key. The keys are hashes: they hold no name and no NHS
    number.
    """
    if descriptor is None:
        return frozenset()
    keys = set[str]()
    if descriptor.nhs_number:
        keys.add(_hashed("nhs", descriptor.nhs_number))
    if descriptor.date_of_birth:
        born = descriptor.date_of_birth.isoformat()
        for given, family in _full_names(descriptor.names):
            keys.add(_hashed("name-birth", given, family, born))
    return frozenset(keys)


def _births(person: PersonOnFile) -> set[str]:
    return {d.date_of_birth.isoformat() for d in person.descriptors if d.date_of_birth}


def _nhs_numbers(person: PersonOnFile) -> set[str]:
    return {d.nhs_number for d in person.descriptors if d.nhs_number}


def _decision(
    outcome: str, rule: str, candidates: Sequence[str], evidence: Sequence[FieldEvidence]
) -> IdentityDecision:
    attached = outcome == "attached"
    return IdentityDecision(
        outcome="attached" if attached else "possible" if outcome == "possible" else "unknown",
        person_id=candidates[0] if attached else None,
        candidates=tuple(candidates),
        evidence=tuple(evidence),
        rule=rule,
        matcher_version=MATCHER_VERSION,
    )


def _by_nhs_number(descriptor: PersonDescriptor, people: Sequence[PersonOnFile]) -> IdentityDecision | None:
    number = descriptor.nhs_number
    holders = [p for p in people if number in _nhs_numbers(p)]
    if not number or not holders:
        return None
    ids = [p.person_id for p in holders]
    verified = descriptor.nhs_number_status is NhsNumberStatus.VERIFIED
    born = descriptor.date_of_birth.isoformat() if descriptor.date_of_birth else None
    agrees = born is not None and all(born in _births(p) for p in holders)
    evidence = [
        FieldEvidence("nhs_number", "exact-verified" if verified else "exact-unverified"),
        FieldEvidence("date_of_birth", "exact" if agrees else "absent" if born is None else "differs"),
    ]
    if len(holders) == 1 and verified and agrees:
        return _decision("attached", "verified-nhs-number", ids, evidence)
    return _decision("possible", "nhs-number-not-confirmed", ids, evidence)


def decide(descriptor: PersonDescriptor | None, people: Iterable[PersonOnFile]) -> IdentityDecision:
    """Decide on the whole set of people who share an identity key with the descriptor.

    Deterministic and independent of the order of `people`. Never raises.
    """
    if descriptor is None:
        return _decision("unknown", "no-descriptor", (), ())
    on_file = sorted(people, key=lambda p: p.person_id)
    by_number = _by_nhs_number(descriptor, on_file)
    if by_number is not None:
        return by_number
    wanted = set(_full_names(descriptor.names))
    if not wanted or descriptor.date_of_birth is None:
        return _decision("unknown", "insufficient-evidence", (), ())
    born = descriptor.date_of_birth.isoformat()
    namesakes = [
        p for p in on_file if born in _births(p) and any(wanted & set(_full_names(d.names)) for d in p.descriptors)
    ]
    if not namesakes:
        return _decision("unknown", "not-on-file", (), ())
    contradicted = [
        p
        for p in namesakes
        if descriptor.nhs_number and _nhs_numbers(p) and descriptor.nhs_number not in _nhs_numbers(p)
    ]
    neighbours = [p for p in namesakes if any(set(descriptor.postcodes) & set(d.postcodes) for d in p.descriptors)]
    evidence = [
        FieldEvidence("name", "exact"),
        FieldEvidence("date_of_birth", "exact"),
        FieldEvidence("postcode", "exact" if neighbours else "absent" if not descriptor.postcodes else "differs"),
    ]
    if contradicted:
        evidence.append(FieldEvidence("nhs_number", "differs"))
    if len(neighbours) == 1 and not contradicted:
        return _decision("attached", "exact-name-birth-postcode", [neighbours[0].person_id], evidence)
    rule = "nhs-number-contradicts" if contradicted else "several-fit" if len(namesakes) > 1 else "postcode-missing"
    return _decision("possible", rule, [p.person_id for p in namesakes], evidence)
