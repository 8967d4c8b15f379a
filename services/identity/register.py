"""The register of people and pathways: a fold over what NHS organisations say.

A person is named by (agency, local identifier); the person's id is made from the first such name, so that it is the
same on every machine and in every replay. Two organisations' records are one person when both carry the same NHS number
as verified and the same date of birth; merging anything weaker is for people to decide.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.codes import NhsNumberStatus
from schemas.events import care
from schemas.person import PersonDescriptor
from schemas.received import Received
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
    for received in sorted({r.event.identity: r for r in events}.values(), key=lambda r: r.order):
        at: datetime = received.event.time
        match received.event.data:
            case care.PersonRegistered() | care.PersonUpdated() as said:
                descriptors.insert(0, said.person)
            case care.PersonMerged() as merged if merged.merged == local_person:
                merged_into = merged.local_person
            case care.PersonSplit() as split if split.split_off == local_person:
                merged_into = None
            case care.PersonDied() as death:
                died = death
            case care.PathwayOpened() | care.PathwayUpdated() as facts:
                known = pathways.get(facts.pathway)
                pathways[facts.pathway] = PathwayOnFile(
                    agency, facts.pathway, known.opened_at if known else at, None, facts
                )
            case care.PathwayClosed() as closed if closed.pathway in pathways:
                pathways[closed.pathway] = replace(pathways[closed.pathway], closed_at=at)
            case _:
                pass
    # the newest word holds: restricted, what was said before is restricted too; lifted, it is lifted for all
    if descriptors and descriptors[0].restricted:
        descriptors = [without_location(d) for d in descriptors]
    else:
        descriptors = [
            d.model_copy(update={"restricted": None}) if d.restricted else d for d in descriptors
        ]
    return LocalRecord(
        agency, local_person, tuple(descriptors), tuple(pathways.values()), merged_into, died
    )


def verified_number(record: LocalRecord) -> tuple[str, str] | None:
    """(NHS number, date of birth) by which records of different agencies are one person, or None."""
    for descriptor in record.descriptors:
        if (
            descriptor.nhs_number
            and descriptor.nhs_number_status is NhsNumberStatus.VERIFIED
            and descriptor.date_of_birth
        ):
            return descriptor.nhs_number, descriptor.date_of_birth.isoformat()
    return None


def person_id_of(record: LocalRecord) -> str:
    """The id of the person a record is about.

    Made from the verified NHS number and date of birth where there are both (so that two agencies' records meet
    without asking each other), else from the local identifier. A merged record follows its survivor.
    """
    if record.merged_into is not None:
        return local_person_id(record.agency, record.merged_into)
    shared = verified_number(record)
    if shared is not None:
        return str(uuid.uuid5(_NAMESPACE, "|".join(("nhs", *shared))))
    return local_person_id(record.agency, record.local_person)


@dataclass(frozen=True, slots=True)
class RecordLink:
    """What a person decided about two records: they are one person's, or the other is not the one's it was joined with."""

    kept: tuple[str, str]
    """(agency, local person) whose person keeps its id."""
    other: tuple[str, str]
    same: bool


def person_ids(
    records: Iterable[LocalRecord], links: Iterable[RecordLink] = ()
) -> dict[tuple[str, str], str]:
    """The id of the person of each record, by (agency, local person).

    A merged record's is its survivor's, also where that one is known by a verified number: the survivors must be among
    the records. What people decided comes last, in its order: a record that was taken out of a person joins nobody by
    itself any more, whatever number it carries; records that were joined are one person, whatever they carry.
    """
    listed = list(records)
    by_name = {(r.agency, r.local_person): r for r in listed}
    decided = list(links)
    apart = {link.other for link in decided if not link.same}
    found: dict[tuple[str, str], str] = {}
    for record in listed:
        key = (record.agency, record.local_person)
        root, seen = record, {record.local_person}
        while (
            key not in apart
            and root.merged_into is not None
            and (root.agency, root.merged_into) in by_name
        ):
            if root.merged_into in seen or (root.agency, root.local_person) in apart:
                break
            seen.add(root.merged_into)
            root = by_name[(root.agency, root.merged_into)]
        alone = (root.agency, root.local_person) in apart
        found[key] = (
            local_person_id(root.agency, root.local_person) if alone else person_id_of(root)
        )
    for link in decided:
        if link.same and link.kept in found and link.other in found:
            kept, other = found[link.kept], found[link.other]
            found = {key: kept if person == other else person for key, person in found.items()}
    return found


def people_of(
    records: Iterable[LocalRecord], links: Iterable[RecordLink] = ()
) -> dict[str, PersonOnFile]:
    """The people behind a set of local records, by person id. A merged record lends its names to the survivor."""
    listed = sorted(records, key=lambda r: (r.agency, r.local_person))
    ids = person_ids(listed, links)
    people: dict[str, PersonOnFile] = {}
    for record in listed:
        person_id = ids[(record.agency, record.local_person)]
        known = people.get(person_id, PersonOnFile(person_id, ()))
        died = record.died.on if record.died else None
        people[person_id] = PersonOnFile(
            person_id,
            known.descriptors + record.descriptors,
            known.pathways + record.pathways,
            known.died_on or died,
        )
    return {person_id: _restricted(person) for person_id, person in people.items()}


def _restricted(person: PersonOnFile) -> PersonOnFile:
    """One organisation that says restricted is enough: another may not have heard of it yet."""
    if not any(d.restricted for d in person.descriptors):
        return person
    return replace(person, descriptors=tuple(without_location(d) for d in person.descriptors))
