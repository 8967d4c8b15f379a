"""The register of people and pathways: a fold over what NHS organisations say.

A person is named by (agency, local identifier); the person's id is made from the first such name,
so that it is the same on every machine and in every replay. Two organisations' records are one
person when both carry the same NHS number as verified and the same date of birth; merging anything
weaker is for people to decide.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from schemas.codes import NhsNumberStatus
from schemas.events import care
from schemas.person import PersonDescriptor
from schemas.received import Received
from services.identity.described import number_of
from services.identity.likeness.placeholders import is_placeholder_day
from services.identity.person import PathwayOnFile, PersonOnFile

_NAMESPACE = uuid.UUID("6d3cb8a5-3a3c-5c0f-9a52-6f1d2b4f8f10")


def local_person_id(agency: str, local_person: str) -> str:
    """The id of the person an agency names by its own identifier, before any merge."""
    return str(uuid.uuid5(_NAMESPACE, f"{agency}|{local_person}"))


def without_location(descriptor: PersonDescriptor) -> PersonDescriptor:
    """What may be held of a restricted person: no address, no phone (PDS: confidentiality R)."""
    return descriptor.model_copy(update={"addresses": (), "phones": (), "restricted": True})


@dataclass(frozen=True, slots=True)
class LocalRecord:
    """All that one agency has said of one of its own people."""

    agency: str
    local_person: str
    descriptors: tuple[PersonDescriptor, ...]
    pathways: tuple[PathwayOnFile, ...]
    merged_into: str | None
    died: care.PersonDied | None


def fold_local(agency: str, local_person: str, events: Iterable[Received]) -> LocalRecord:
    """One local record from its events, in the order of occurrence whatever the order of arrival."""
    descriptors: list[PersonDescriptor] = []
    pathways: dict[str, PathwayOnFile] = {}
    merged_into: str | None = None
    died: care.PersonDied | None = None
    # a feed sends again what it is not sure of: a repeat counts once
    once = {received.event.identity: received for received in events}
    for received in sorted(once.values(), key=lambda received: received.order):
        at: datetime = received.event.time
        match received.event.data:
            case care.PersonRegistered() as registration:
                # newest first: what is said last is shown first and weighed first
                descriptors.insert(0, registration.person)
            case care.PersonUpdated() as update:
                descriptors.insert(0, _with_unchanged(update, descriptors))
            case care.PersonMerged() as merged if merged.merged == local_person:
                merged_into = merged.local_person
            case care.PersonSplit() as split if split.split_off == local_person:
                merged_into = None
            case care.PersonDied() as death:
                died = death
            case care.PathwayOpened() | care.PathwayUpdated() as facts:
                earlier = pathways.get(facts.pathway)
                opened_at = at
                if earlier is not None:
                    opened_at = earlier.opened_at
                pathways[facts.pathway] = PathwayOnFile(
                    agency, facts.pathway, opened_at, None, facts
                )
            case care.PathwayClosed() as closed if closed.pathway in pathways:
                pathways[closed.pathway] = replace(pathways[closed.pathway], closed_at=at)
            case _:
                pass
    return LocalRecord(
        agency,
        local_person,
        _as_restricted_now(descriptors),
        tuple(pathways.values()),
        merged_into,
        died,
    )


def _as_restricted_now(newest_first: Sequence[PersonDescriptor]) -> tuple[PersonDescriptor, ...]:
    """The newest word holds: restricted, what was said before is restricted too; lifted, it is
    lifted for all.
    """
    if newest_first and newest_first[0].restricted:
        return tuple(without_location(descriptor) for descriptor in newest_first)
    return tuple(descriptor.model_copy(update={"restricted": None}) for descriptor in newest_first)


def verified_number(record: LocalRecord) -> tuple[str, str] | None:
    """(NHS number, date of birth) by which records of different agencies are one person, or None."""
    # newest first: an older word counts where the newer says nothing of number or birth
    for descriptor in record.descriptors:
        number, born = number_of(descriptor), descriptor.date_of_birth
        verified = descriptor.nhs_number_status is NhsNumberStatus.VERIFIED
        if number is None or born is None or not verified:
            continue
        # two records that say nothing of number or birth would be one person
        if not is_placeholder_day(born.year, born.month, born.day):
            return number, born.isoformat()
    return None


def person_id_of(record: LocalRecord) -> str:
    """The id of the person a record is about.

    Made from the verified NHS number and date of birth where there are both (so that two agencies'
    records meet without asking each other), else from the local identifier. A merged record follows
    its survivor.
    """
    if record.merged_into is not None:
        return local_person_id(record.agency, record.merged_into)
    shared = verified_number(record)
    if shared is not None:
        return str(uuid.uuid5(_NAMESPACE, "|".join(("nhs", *shared))))
    return local_person_id(record.agency, record.local_person)


@dataclass(frozen=True, slots=True)
class RecordLink:
    """What a person decided about two records: they are one person's, or the other is not the one's
    it was joined with.
    """

    kept: tuple[str, str]
    """(agency, local person) whose person keeps its id."""
    other: tuple[str, str]
    same: bool


def person_ids(
    records: Iterable[LocalRecord], links: Iterable[RecordLink] = ()
) -> dict[tuple[str, str], str]:
    """The id of the person of each record, by (agency, local person).

    A merged record's is its survivor's, also where that one is known by a verified number: the
    survivors must be among the records. What people decided comes last, in its order: a record that
    was taken out of a person joins nobody by itself any more, whatever number it carries; records
    that were joined are one person, whatever they carry.
    """
    by_name = {(record.agency, record.local_person): record for record in records}
    decided = list(links)
    apart = {link.other for link in decided if not link.same}
    ids: dict[tuple[str, str], str] = {}
    for name, record in by_name.items():
        survivor = record
        if name not in apart:
            survivor = _survivor(record, by_name, apart)
        # whom a person has taken out joins nobody by a number: the number was what was wrong
        if (survivor.agency, survivor.local_person) in apart:
            ids[name] = local_person_id(survivor.agency, survivor.local_person)
        else:
            ids[name] = person_id_of(survivor)
    for link in decided:
        if link.same and {link.kept, link.other} <= ids.keys():
            _join(ids, ids[link.other], ids[link.kept])
    return ids


def _join(ids: dict[tuple[str, str], str], person: str, into: str) -> None:
    """All records of the one person are the other's."""
    ids |= {name: into for name, person_id in ids.items() if person_id == person}


def _survivor(
    record: LocalRecord,
    by_name: Mapping[tuple[str, str], LocalRecord],
    apart: Collection[tuple[str, str]],
) -> LocalRecord:
    """The last of a chain of mergers, as far as the records go and nobody was taken out of it."""
    passed = {record.local_person}
    while record.merged_into is not None and (record.agency, record.local_person) not in apart:
        # two records may each say that they are merged into the other
        if record.merged_into in passed or (record.agency, record.merged_into) not in by_name:
            break
        passed.add(record.merged_into)
        record = by_name[record.agency, record.merged_into]
    return record


def people_of(
    records: Iterable[LocalRecord], links: Iterable[RecordLink] = ()
) -> dict[str, PersonOnFile]:
    """The people behind a set of local records, by person id. A merged record lends its names to
    the survivor.
    """
    listed = sorted(records, key=lambda record: (record.agency, record.local_person))
    ids = person_ids(listed, links)
    people: dict[str, PersonOnFile] = {}
    for record in listed:
        person_id = ids[(record.agency, record.local_person)]
        # in order of record, so that the same name stands first wherever the person is
        # shown
        earlier = people.get(person_id, PersonOnFile(person_id, ()))
        died = None
        if record.died is not None:
            died = record.died.on
        people[person_id] = PersonOnFile(
            person_id,
            earlier.descriptors + record.descriptors,
            earlier.pathways + record.pathways,
            earlier.died_on or died,
        )
    return {person_id: _restricted(person) for person_id, person in people.items()}


def _restricted(person: PersonOnFile) -> PersonOnFile:
    """One organisation that says restricted is enough: another may not have heard of it yet."""
    if not any(descriptor.restricted for descriptor in person.descriptors):
        return person
    return replace(
        person, descriptors=tuple(without_location(descriptor) for descriptor in person.descriptors)
    )


def _with_unchanged(
    update: care.PersonUpdated, earlier: list[PersonDescriptor]
) -> PersonDescriptor:
    """The descriptor with what the sender left as it was; a restricted record keeps no place."""
    # an update of somebody never heard of before has nothing to leave as it was
    if not update.unchanged or not earlier:
        return update.person
    unchanged: dict[str, Any] = {name: getattr(earlier[0], name) for name in update.unchanged}
    if "nhs_number" in unchanged:
        unchanged["nhs_number_status"] = earlier[0].nhs_number_status
    if update.person.restricted:
        unchanged.pop("addresses", None)
        unchanged.pop("phones", None)
    return update.person.model_copy(update=unchanged)
