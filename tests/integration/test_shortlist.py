"""Whom PostgreSQL gives to be weighed is whom the matcher in memory would weigh."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from services.identity import candidates
from services.identity.candidates import gather
from services.identity.register import local_person_id
from services.ledger.events.decoded import Decoded
from services.ledger.people import shortlist as module
from services.ledger.people.shortlist import shortlist
from services.runtime.postgres import Connection, create_pool
from tests.own_registry import own_registry

INCIDENTS = [("met", "i-1"), ("las", "i-2"), ("btp", "i-3")]
STRONG_KINDS, KINDS, RARITIES = 2, 8, 6


@pytest.fixture
async def connection(postgres_dsn: str) -> AsyncIterator[Connection]:
    pool = await create_pool(postgres_dsn, max_size=1)
    async with pool.acquire() as database:
        yield database
    await pool.close()


async def on_file(
    connection: Connection, record: str, keys: set[int], facts: dict[str, object] | None
) -> None:
    await connection.execute(
        "INSERT INTO local_record (agency, local_person, person_id, known) VALUES ('slam', $1, $2, $3)",
        record,
        local_person_id("slam", record),
        facts,
    )
    await connection.executemany(
        "INSERT INTO identity_key (key, record_id) SELECT $1, record_id FROM local_record WHERE local_person = $2",
        [(key, record) for key in keys],
    )


@pytest.mark.parametrize("seed", range(4))
async def test_the_same_people_as_in_memory_for_random_registers(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    for where in (candidates, module):
        monkeypatch.setattr(where, "TOO_COMMON", 30)
    monkeypatch.setattr(module, "CAP", 8)
    monkeypatch.setattr(module, "MOST", 12)
    chance = random.Random(seed)
    # the last bit of a key says whether it is strong; negative ones are as good as others
    rarity = {
        (kind * RARITIES + rare - 20) * 2 + (kind < STRONG_KINDS): rare
        for kind in range(KINDS)
        for rare in range(RARITIES)
    }
    keys = sorted(rarity)
    holders: dict[int, set[str]] = defaultdict(set)
    for number in range(90):
        # the first keys of each kind are common, the last ones rare
        theirs = {key for key in keys if chance.random() < 0.5 / (1 + rarity[key] ** 2)}
        for key in theirs:
            holders[key].add(f"r{number}")
        await on_file(connection, f"r{number}", theirs, {"names": [["ann", f"n{number}"]]})
    keys_asked = {incident: set(chance.sample(keys, 14)) for incident in INCIDENTS}
    found = await shortlist(connection, keys_asked, Decoded(own_registry()))
    sizes = []
    for incident, incident_keys in keys_asked.items():
        near = gather({key: holders[key] for key in incident_keys}, cap=8, most=12)
        sizes.append(len(near))
        assert {candidate.person_id for candidate in found[incident]} == {
            local_person_id("slam", record) for record in near
        }
    assert sum(sizes) > 10, "a test of nobody is none"


async def test_nobody_asked_and_nobody_near_are_both_answered(connection: Connection) -> None:
    decoded = Decoded(own_registry())
    assert await shortlist(connection, {}, decoded) == {}
    assert await shortlist(connection, {("met", "i-1"): []}, decoded) == {("met", "i-1"): []}
    assert await shortlist(connection, {("met", "i-1"): [2]}, decoded) == {("met", "i-1"): []}


async def test_a_record_that_was_folded_before_is_read_from_its_events(
    connection: Connection,
) -> None:
    statement = {"names": [{"given": "Tunde", "family": "Okafor"}], "date_of_birth": "1988-02-29"}
    body = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/slam/ehr",
        "type": "uk.crisisliaison.person.registered.v1",
        "time": "2026-11-24T09:00:00Z",
        "data": {"local_person": "p-1", "person": statement},
    }
    at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    await connection.execute(
        """INSERT INTO event (source, id, type, feed, agency, local_people, occurred_at, recorded_at, received_at, topic,
                              partition, "offset", content_hash, body)
           VALUES ('/slam/ehr', 'e-1', $1, 'slam-ehr', 'slam', '{p-1}', $2, $2, $2, 'feed.slam-ehr', 0, 0, '', $3)""",
        body["type"],
        at,
        json.dumps(body).encode(),
    )
    await on_file(connection, "p-1", {2}, None)
    candidates = await shortlist(connection, {("met", "i-1"): [2]}, Decoded(own_registry()))
    assert [candidate.known.names for candidate in candidates["met", "i-1"]] == [
        (("tunde", "okafor"),)
    ]
