"""A merged record's pathways are its survivor's in the ledger too, in whatever order the two are heard, until they are split."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from schemas.person import PersonDescriptor
from services.identity.decide import identity_keys
from services.ledger.events.decoded import Decoded
from services.ledger.people.shortlist import shortlist
from services.ledger.transaction import PostgresTransaction
from services.orchestration.register import people_on_file, register
from services.runtime.postgres import Connection, create_pool
from tests.own_registry import own_registry

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PERSON = {
    "names": [{"family": "Okafor", "given": "Tunde"}],
    "date_of_birth": "1988-02-29",
    "nhs_number": "9990000018",
    "nhs_number_status": "01",
}
SAID: dict[str, tuple[str, dict[str, Any]]] = {
    "patient": ("person.registered", {"local_person": "p-1", "person": PERSON}),
    "merge": ("person.merged", {"local_person": "p-1", "merged": "nhs.x"}),
    "plan": (
        "pathway.updated",
        {"local_person": "nhs.x", "pathway": "plan", "crisis_plan": {"pointer": "d/1"}},
    ),
    "split": ("person.split", {"local_person": "p-1", "split_off": "nhs.x"}),
}


@pytest.fixture
async def pool(postgres_dsn: str) -> Any:
    made = await create_pool(postgres_dsn, max_size=2)
    yield made
    await made.close()


def within(connection: Connection) -> PostgresTransaction:
    return PostgresTransaction(connection, own_registry(), Decoded(own_registry()))


async def hear(pool: asyncpg.Pool, name: str, number: int) -> None:
    kind, data = SAID[name]
    at = NOW + timedelta(minutes=list(SAID).index(name))
    body = {
        "specversion": "1.0",
        "id": name,
        "source": "/slam/ehr",
        "type": f"uk.crisisliaison.{kind}.v1",
        "time": at.isoformat(),
        "data": data,
    }
    about = sorted(
        {str(v) for k, v in data.items() if k in ("local_person", "merged", "split_off")}
    )
    await pool.execute(
        """INSERT INTO event (source, id, type, feed, agency, local_people, occurred_at, recorded_at, received_at, topic,
                              partition, "offset", content_hash, body)
           VALUES ('/slam/ehr', $1, $2, 'slam-ehr', 'slam', $3, $4, $4, $4, 'feed.slam-ehr', 0, $5, '', $6)""",
        name,
        body["type"],
        about,
        at,
        number,
        json.dumps(body).encode(),
    )
    async with pool.acquire() as connection:
        await register(within(connection), {("slam", p) for p in about}, NOW)


async def plans(pool: asyncpg.Pool) -> list[int]:
    """How many pathways each person has who is found by the descriptor of the patient."""
    async with pool.acquire() as connection:
        keys = identity_keys(PersonDescriptor.model_validate(PERSON))
        near = await shortlist(connection, {("met", "i"): keys}, Decoded(own_registry()))
        ids = {c.person_id for c in near["met", "i"]}
        people = await people_on_file(within(connection), ids)
    return [len(p.pathways) for p in people.values()]


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["patient", "merge", "plan"])), ids="-".join
)
async def test_the_plan_of_a_merged_record_is_the_survivors(
    pool: asyncpg.Pool, order: tuple[str, ...]
) -> None:
    for number, name in enumerate(order):
        await hear(pool, name, number)
    assert await plans(pool) == [1]
    await hear(pool, "split", 9)
    assert await plans(pool) == [0]
