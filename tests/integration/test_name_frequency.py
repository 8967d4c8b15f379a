"""How common a name is counts in the stream as it does in bulk, once the register is large enough to say it."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from schemas.person import PersonDescriptor
from services.identity.decide import NO_REGISTER, decide
from services.identity.described import described
from services.identity.frequency import LEAST_REGISTER, values_of
from services.identity.model import frequencies as counted_in_bulk
from services.identity.person import PersonOnFile
from services.identity.register import local_person_id
from services.ledger.people.frequency import frequencies
from services.orchestration.batch import Record
from services.runtime.postgres import create_pool
from tests.played_ledger import PlayedLedger

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
GIVEN = (
    "Mohammed",
    "Olivia",
    "Jakub",
    "Aisha",
    "George",
    "Mei",
    "Tunde",
    "Sofia",
    "Arjun",
    "Grace",
)
FAMILY = ("Smith", "Khan", "Nowak", "Okafor", "Patel", "Chen", "Jones", "Ali", "Garcia", "Brown")
RARE: dict[str, Any] = {
    "names": [{"given": "Thelonious", "family": "Featherstonehaugh"}],
    "date_of_birth": "1985-09-14",
}
HEADERS = [("content-type", b"application/cloudevents+json")]


def people(count: int) -> list[dict[str, Any]]:
    chance = random.Random(7)
    pairs = itertools.cycle(itertools.product(GIVEN, FAMILY))
    made = [
        {
            "names": [{"given": g, "family": f}],
            "date_of_birth": f"{chance.randint(1940, 2008)}-{chance.randint(1, 12):02}-{chance.randint(2, 28):02}",
            "addresses": [{"postcode": f"SE{chance.randint(1, 28)} {chance.randint(1, 9)}AZ"}],
        }
        for g, f in itertools.islice(pairs, count - 1)
    ]
    return [RARE, *made]


async def register(ledger: PlayedLedger, said: list[dict[str, Any]]) -> None:
    """In one batch, as after an outage."""
    topic = next(t for t, (_, f) in ledger.registry.feeds_by_topic.items() if f.id == "slam-ehr")
    records = []
    for number, person in enumerate(said):
        body = {
            "specversion": "1.0",
            "id": f"p{number}",
            "source": "/slam/ehr",
            "time": NOW.isoformat(),
            "type": "uk.crisisliaison.person.registered.v1",
            "datacontenttype": "application/json",
            "data": {"local_person": f"p-{number}", "person": person},
        }
        records.append(Record(topic, 0, number, orjson.dumps(body), HEADERS))
        ledger._offsets[topic] += 1
    result = await ledger.batch.apply(records, NOW)
    assert result.outcome.rejected == []


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    pool = await create_pool(postgres_dsn, max_size=2)
    yield PlayedLedger(pool)
    await pool.close()


def descriptor(said: dict[str, Any]) -> PersonDescriptor:
    return PersonDescriptor.model_validate(said)


def all_values(people: Iterable[list[PersonDescriptor]]) -> frozenset[tuple[str, str]]:
    return frozenset().union(*(values_of(described(each)) for each in people))


async def test_the_stream_counts_as_bulk_does_and_decides_the_same(ledger: PlayedLedger) -> None:
    everybody = people(LEAST_REGISTER + 10)
    await register(ledger, everybody)
    in_bulk = counted_in_bulk(described([descriptor(p)]) for p in everybody)
    async with ledger.pool.acquire() as connection:
        here = await frequencies(connection, all_values([descriptor(p)] for p in everybody))
    assert (here.people, here.given, here.family, here.postcode, here.pair) == (
        in_bulk.people,
        in_bulk.given,
        in_bulk.family,
        in_bulk.postcode,
        in_bulk.pair,
    )
    call = {
        "incident": "CAD-1",
        "nature": "suicidal",
        "channel": "999",
        "location": {"area": "southwark"},
        "person": RARE,
    }
    await ledger.say("met-cad", "incident.reported", call, NOW + timedelta(minutes=5))
    row = await ledger.pool.fetchrow(
        "SELECT outcome, person_id::text AS p FROM identity_decision WHERE incident = 'CAD-1'"
    )
    assert row is not None
    hers = PersonOnFile(local_person_id("slam", "p-0"), (descriptor(RARE),))
    expected = decide(descriptor(RARE), [hers], as_of=NOW.date(), frequencies=in_bulk)
    assert (row["outcome"], row["p"]) == (expected.outcome, expected.person_id)
    as_if_common = decide(descriptor(RARE), [hers], as_of=NOW.date(), frequencies=NO_REGISTER)
    assert (expected.outcome, as_if_common.outcome) == ("attached", "possible"), (
        "and it is the rarity that decides"
    )


async def test_a_register_that_is_too_small_says_nothing_of_how_common_a_name_is(
    ledger: PlayedLedger,
) -> None:
    await register(ledger, people(LEAST_REGISTER - 1))
    async with ledger.pool.acquire() as connection:
        assert (await frequencies(connection, all_values([[descriptor(RARE)]]))).people == 0


async def test_a_changed_name_is_counted_under_the_new_one_and_still_under_the_old(
    ledger: PlayedLedger,
) -> None:
    await register(ledger, people(LEAST_REGISTER + 1))
    married = RARE | {"names": [{"given": "Thelonious", "family": "Quarshie"}]}
    said = {"local_person": "p-0", "person": married}
    await ledger.say("slam-ehr", "person.updated", said, NOW + timedelta(minutes=5))
    both = all_values([[descriptor(RARE)], [descriptor(married)]])
    async with ledger.pool.acquire() as connection:
        here = await frequencies(connection, both)
    assert (
        here.family["featherstonehaugh"],
        here.family["quarshie"],
        here.given["thelonious"],
    ) == (1, 1, 1)
    assert here.people == LEAST_REGISTER + 1
    retracted = {"retracts": "slam-ehr-24090500-person.updated", "reason": "entered-in-error"}
    await ledger.say("slam-ehr", "event.retracted", retracted, NOW + timedelta(minutes=6))
    async with ledger.pool.acquire() as connection:
        here = await frequencies(connection, both)
    assert here.family["quarshie"] == 0
