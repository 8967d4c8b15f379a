"""Of many descriptions at once the same is decided as of each alone, and what fails leaves the connection as it was."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import date

import pytest

from services.identity.decide import identity_keys
from services.identity.known import known_of
from services.identity.model import shipped
from services.identity.person import IdentityDecision
from services.identity.register import LocalRecord, local_person_id
from services.ledger.events.decoded import Decoded
from services.ledger.people.shortlist import PART
from services.ledger.transaction import PostgresTransaction
from services.liaison.settlement import Key
from services.orchestration import matching
from services.orchestration.ledger import DescribedPerson
from services.orchestration.matching import decide_described
from services.runtime.postgres import Connection, create_pool
from tests.benchmarks.identity_ledger import descriptor
from tests.londoners import register_and_descriptions
from tests.own_registry import own_registry

DAY = date(2026, 1, 1)


@pytest.fixture
async def connection(postgres_dsn: str) -> AsyncIterator[Connection]:
    pool = await create_pool(postgres_dsn, max_size=1)
    async with pool.acquire() as made:
        yield made
    await pool.close()


async def asked_of_a_register(
    connection: Connection,
) -> tuple[dict[Key, DescribedPerson], dict[Key, str]]:
    """Descriptions of people of whom half are on file, and whom they are of."""
    people, rows, truth = register_and_descriptions(400, 3 * PART + 1, random.Random(3))
    for row in people:
        who = descriptor(row)
        number = await connection.fetchval(
            "INSERT INTO local_record (agency, local_person, person_id, known) VALUES ('slam', $1, $2, $3) RETURNING record_id",
            row["id"],
            local_person_id("slam", row["id"]),
            known_of(LocalRecord("slam", row["id"], (who,), (), None, None)),
        )
        await connection.executemany(
            "INSERT INTO identity_key VALUES ($1, $2)", [(k, number) for k in identity_keys(who)]
        )
    asked = {("met", row["id"]): DescribedPerson(descriptor(row), DAY) for row in rows}
    return asked, {("met", t["query_id"]): t["person_id"] for t in truth}


async def test_many_at_once_are_decided_as_each_alone(connection: Connection) -> None:
    asked, truth = await asked_of_a_register(connection)
    people = PostgresTransaction(connection, own_registry(), Decoded(own_registry()))
    together = await decide_described(people, asked, shipped())
    alone: dict[Key, IdentityDecision] = {}
    for key, one in asked.items():
        alone |= await decide_described(people, {key: one}, shipped())
    assert together == alone
    attached = {k: d.person_id for k, d in together.items() if d.person_id is not None}
    assert len(attached) > PART / 2, "a test of nobody is none"
    assert attached == {k: local_person_id("slam", truth[k]) for k in attached}


async def test_one_from_whom_a_person_was_taken_apart_is_not_attached_to_them(
    connection: Connection,
) -> None:
    asked, _ = await asked_of_a_register(connection)
    people = PostgresTransaction(connection, own_registry(), Decoded(own_registry()))
    before = await decide_described(people, asked, shipped())
    judged = {
        k: DescribedPerson(asked[k].descriptor, DAY, {str(d.person_id)})
        for k, d in before.items()
        if d.person_id
    }
    after = await decide_described(people, judged, shipped())
    assert after
    assert all(after[k].person_id != before[k].person_id for k in judged)


async def test_a_failure_while_the_next_are_looked_up_leaves_the_connection_usable(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, _ = await asked_of_a_register(connection)

    def fails(*_: object, **__: object) -> IdentityDecision:
        raise ValueError("the first one fails")

    monkeypatch.setattr(matching, "decide_among", fails)
    people = PostgresTransaction(connection, own_registry(), Decoded(own_registry()))
    with pytest.raises(ValueError, match="the first one fails"):
        await decide_described(people, asked, shipped())
    assert await connection.fetchval("SELECT 7") == 7
