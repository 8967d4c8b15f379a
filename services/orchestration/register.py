"""The register of people: which records are one person's follows from their events and from what
people decided.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from services.identity.decide import identity_keys
from services.identity.described import described
from services.identity.frequency import values_of
from services.identity.known import known_of
from services.identity.person import PersonOnFile
from services.identity.register import LocalRecord, people_of, person_ids
from services.liaison.crisis.subjects import described_key, local_key
from services.liaison.settlement import Key
from services.orchestration.ledger import People, RegisterRow

REOPEN = timedelta(hours=72)
"""How far back incidents are looked at again when a person on file is new or changed."""


async def people_on_file(ledger: People, people: Collection[str]) -> dict[str, PersonOnFile]:
    """These people, each with all that every organisation says of them. One who is not on file any
    more is not in it.
    """
    if not people:
        return {}
    names = await ledger.records_of_people(people)
    return people_of(await ledger.local_records(names), await ledger.record_links(names))


async def register(ledger: People, changed: Collection[Key], now: datetime) -> set[Key]:
    """Fold changed records anew, and return recent incidents whose person must be looked at again."""
    if not changed:
        return set()
    tied = await _merged_with(ledger, changed)
    records = await ledger.local_records(tied)
    ids = person_ids(records, await ledger.record_links(tied))
    keys = await ledger.keep_records([_row(r, ids[r.agency, r.local_person]) for r in records])
    names = {described_key(key) for key in keys} | {local_key(*record) for record in tied}
    return await ledger.incidents_linked(names, now - REOPEN)


def _row(record: LocalRecord, person_id: str) -> RegisterRow:
    keys = frozenset(key for d in record.descriptors for key in identity_keys(d))
    values = values_of(described(record.descriptors)) if record.descriptors else frozenset()
    name = (record.agency, record.local_person)
    return RegisterRow(name, person_id, known_of(record), keys, values)


async def _merged_with(ledger: People, records: Collection[Key]) -> set[Key]:
    """These records and all that a merge, a split or a person's decision ties to them: who a merged
    record is, its survivor decides."""
    tied, fresh = set(records), set(records)
    while fresh:
        links = await ledger.record_links(fresh)
        linked = {record for link in links for record in (link.kept, link.other)}
        fresh = (await ledger.tied_records(fresh) | linked) - tied
        tied |= fresh
    return tied
