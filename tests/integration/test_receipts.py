"""Receipts to the agencies, from real batches in a real ledger."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from jsonschema import Draft202012Validator

from schemas import generate
from schemas.envelope import encode
from schemas.scenario import load_scenario
from services.identity.missing import ASKING
from services.identity.person import Item
from services.liaison.policy import load_policy
from services.orchestration.batch import Record
from services.runtime.postgres import create_pool
from services.simulation.replay import arrivals
from tests.own_registry import own_registry
from tests.played_ledger import PlayedLedger
from tests.worker import Worker

REGISTRY, POLICY = own_registry(), load_policy()
SCENARIO = load_scenario(
    Path(__file__).parents[1] / "scenarios" / "police-present-ambulance-graded-low.yaml"
)
SCHEMA = json.loads(
    (generate.FOLDER / "json" / "receipts.given.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await create_pool(postgres_dsn)
    yield made
    await made.close()


class Feeds:
    """Sends bodies at the next offsets of their topics, one batch at a time."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.batch = Worker(pool, REGISTRY, POLICY)
        self.offsets: Counter[str] = Counter()

    def record(self, feed: str, body: bytes) -> Record:
        topic = REGISTRY.feeds_by_id[feed][1].topic
        self.offsets[topic] += 1
        return Record(topic, 0, self.offsets[topic] - 1, body, ())


async def receipts(pool: asyncpg.Pool) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for row in await pool.fetch(
        "SELECT * FROM outbox WHERE topic LIKE 'receipts.%' ORDER BY created_at, topic"
    ):
        event = json.loads(row["body"])
        assert list(Draft202012Validator(SCHEMA).iter_errors(event)) == []
        assert row["topic"] == f"receipts.{event['data']['agency']}"
        found += [(event["data"]["agency"], each) for each in event["data"]["receipts"]]
    return found


async def test_each_agency_reads_what_became_of_its_own_events_and_nothing_of_others(
    pool: asyncpg.Pool,
) -> None:
    feeds = Feeds(pool)
    for each in arrivals(SCENARIO, REGISTRY):
        await feeds.batch.apply([feeds.record(each.feed, encode(each.event))], each.at)
    said = await receipts(pool)
    assert Counter(agency for agency, _ in said) == Counter({"met": 3, "las": 4})
    assert {r["outcome"] for _, r in said} == {"accepted"}
    tokens = {agency: {r["crisis"] for a, r in said if a == agency} for agency in ("met", "las")}
    assert all(len(t) <= 2 for t in tokens.values())
    assert tokens["met"].isdisjoint(tokens["las"])
    raised = [(agency, r["alerts"]) for agency, r in said if r.get("alerts")]
    assert raised == [("met", {"R01": 1})], (
        "its own desk's alarm, on the event that raised it; not the ambulance desk's"
    )
    text = json.dumps([r for a, r in said if a == "met"])
    assert "las" not in text


async def test_a_repeat_and_a_refusal_are_told_with_what_to_do(pool: asyncpg.Pool) -> None:
    feeds = Feeds(pool)
    first = encode(arrivals(SCENARIO, REGISTRY)[0].event)
    bad = json.loads(first) | {"id": "bad-1"}
    bad["data"]["nature"] = "not-a-nature"
    now = SCENARIO.start
    bodies = [first, first, json.dumps(bad).encode(), b"no json"]
    await feeds.batch.apply([feeds.record("met-cad", body) for body in bodies], now)
    said = [r for _, r in await receipts(pool)]
    assert [(r["outcome"], r["offset"]) for r in sorted(said, key=lambda r: r["offset"])] == [
        ("accepted", 0),
        ("repeated", 1),
        ("rejected", 2),
        ("rejected", 3),
    ]
    refused = next(r for r in said if r["id"] == "bad-1")
    assert (refused["pointer"], bool(refused["remedy"])) == ("/data/nature", True)
    assert await pool.fetchval("SELECT count(*) FROM outbox WHERE topic LIKE 'receipts.%'") == 1, (
        "one message a batch"
    )


async def test_a_sign_of_life_gets_no_receipt_and_a_batch_seen_before_gives_no_second_one(
    pool: asyncpg.Pool,
) -> None:
    feeds = Feeds(pool)
    event = arrivals(SCENARIO, REGISTRY)[0].event
    beat = json.loads(encode(event)) | {
        "id": "h1",
        "type": "uk.crisisliaison.feed.heartbeat.v1",
        "data": {},
    }
    record = feeds.record("met-cad", json.dumps(beat).encode())
    await feeds.batch.apply([record], SCENARIO.start)
    assert await receipts(pool) == []
    told = feeds.record("met-cad", encode(event))
    for seconds in (1, 2):
        await feeds.batch.apply([told], SCENARIO.start + timedelta(seconds=seconds))
    assert len(await receipts(pool)) == 1


AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
HERS: dict[str, Any] = {
    "names": [{"given": "Zofia", "family": "Nowak"}],
    "date_of_birth": "1985-09-14",
    "addresses": [{"postcode": "SE5 8AZ"}],
}
WITHOUT_HOME = {"names": HERS["names"], "date_of_birth": HERS["date_of_birth"]}


async def notes_of_a_call(pool: asyncpg.Pool, person: dict[str, Any] | None) -> list[list[str]]:
    """The codes and places in the receipts for a call about this person and for what follows it."""
    ledger = PlayedLedger(pool)
    await ledger.say("slam-ehr", "person.registered", {"local_person": "p-1", "person": HERS}, AT)
    call: dict[str, Any] = {"incident": "CAD-1", "nature": "suicidal", "channel": "999"}
    call["location"] = {"area": "southwark"}
    if person is not None:
        call["person"] = person
    later = AT + timedelta(minutes=1)
    await ledger.say("met-cad", "incident.reported", call, later)
    update = {"incident": "CAD-1", "nature": "self-harm"}
    await ledger.say("met-cad", "incident.updated", update, later + timedelta(minutes=1))
    await ledger.say("met-cad", "feed.heartbeat", {}, later + timedelta(minutes=2))
    said = [receipt for agency, receipt in await receipts(pool) if agency == "met"]
    return [[f"{n['code']} {n['pointer']}" for n in r.get("notes", ())] for r in said]


async def test_who_describes_somebody_of_whom_it_is_not_sure_is_told_what_would_decide_it(
    pool: asyncpg.Pool,
) -> None:
    assert await notes_of_a_call(pool, WITHOUT_HOME) == [["person-not-sure /data/person"], []], (
        "the call that described her, and nothing beside it"
    )
    (note,) = next(r["notes"] for _, r in await receipts(pool) if "notes" in r)
    assert note["remedy"] == ASKING[Item.POSTCODE].to_sender
    told = json.dumps(note)
    person = await pool.fetchval("SELECT person_id::text FROM local_record")
    assert not [w for w in ("Zofia", "Nowak", "1985", "SE5", "slam", person) if w in told]


@pytest.mark.parametrize(
    "person",
    [HERS, {"names": [{"given": "Kwabena", "family": "Asante"}]}, None],
    ids=["attached", "unknown", "not described"],
)
async def test_who_is_sure_or_not_on_file_is_asked_for_nothing(
    pool: asyncpg.Pool, person: dict[str, Any] | None
) -> None:
    assert await notes_of_a_call(pool, person) == [[], []]
