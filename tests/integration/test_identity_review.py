"""A person decides whom an incident is about: attach, keep apart, undo; two at once; and what it does to the crisis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from services.console.pages.identity.review import _may_look_at
from services.ledger.decisions import reviews
from services.ledger.decisions.identity_decisions import incident_decided
from services.liaison.policy import load_policy
from services.orchestration.batch import Record
from services.orchestration.decisions import reviews as deciding
from services.orchestration.decisions.common import DecisionRefused
from services.orchestration.ledger import ReviewVerdict
from services.runtime.postgres import create_pool
from tests.own_registry import own_registry
from tests.worker import Worker

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HER = {
    "names": [{"given": "Zofia", "family": "Nowak"}],
    "date_of_birth": "1985-09-14",
    "addresses": [{"postcode": "SE5 8AZ"}],
}
INCIDENT = ("met", "CAD-1")


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await create_pool(postgres_dsn, max_size=4)
    yield made
    await made.close()


class Desk:
    """Feeds and reviewers at one ledger."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool, self.registry = pool, own_registry()
        self.batch = Worker(pool, self.registry, load_policy())
        self._offsets: dict[str, int] = {}

    async def hear(self, feed: str, kind: str, data: dict[str, Any], minutes: int) -> None:
        at = NOW + timedelta(minutes=minutes)
        _, described = self.registry.feeds_by_id[feed]
        body = {
            "specversion": "1.0",
            "id": f"{feed}-{minutes}",
            "source": described.sources[0],
            "time": at.isoformat(),
            "type": f"uk.crisisliaison.{kind}.v1",
            "datacontenttype": "application/json",
            "data": data,
        }
        topic = next(t for t, (_, f) in self.registry.feeds_by_topic.items() if f.id == feed)
        offset = self._offsets.get(topic, 0)
        self._offsets[topic] = offset + 1
        headers = [("content-type", b"application/cloudevents+json")]
        result = await self.batch.apply([Record(topic, 0, offset, orjson.dumps(body), headers)], at)
        assert result.outcome.rejected == []

    async def review(self, person: str, verdict: ReviewVerdict, actor: str = "AB") -> int:
        async with self.batch.ledger.transaction() as transaction:
            return await deciding.review(
                transaction,
                self.batch.settling,
                INCIDENT,
                person,
                verdict,
                actor=actor,
                reason="rang home",
                now=NOW + timedelta(minutes=30),
            )

    async def undo(self, review_id: int) -> None:
        async with self.batch.ledger.transaction() as transaction:
            await deciding.undo(
                transaction,
                self.batch.settling,
                review_id,
                actor="CD",
                reason="a slip",
                now=NOW + timedelta(minutes=40),
            )

    async def waiting(self) -> list[reviews.Waiting]:
        async with self.pool.acquire() as connection:
            return await reviews.queue(connection)

    async def now(self) -> tuple[str, str | None]:
        row = await self.pool.fetchrow(
            "SELECT outcome, person_id::text AS p FROM identity_decision WHERE incident = 'CAD-1' AND superseded_at IS NULL"
        )
        assert row is not None
        return row["outcome"], row["p"]


@pytest.fixture
async def desk(pool: asyncpg.Pool) -> Desk:
    """An incident whose person is possibly Zofia: nobody has said a postcode."""
    made = Desk(pool)
    await made.hear("slam-ehr", "person.registered", {"local_person": "p-1", "person": HER}, 0)
    described = {k: v for k, v in HER.items() if k != "addresses"}
    await made.hear(
        "met-cad",
        "incident.reported",
        {
            "incident": "CAD-1",
            "nature": "mental-health-crisis",
            "channel": "999",
            "location": {"area": "lambeth"},
            "person": described,
        },
        1,
    )
    return made


async def test_a_possible_match_waits_and_is_attached_by_a_person_and_taken_back(
    desk: Desk,
) -> None:
    (waiting,) = await desk.waiting()
    assert ((waiting.agency, waiting.incident), waiting.rule) == (INCIDENT, "not-enough-weight")
    assert {e["field"] for e in waiting.evidence} >= {"given", "family", "birth"}
    (person,) = waiting.candidates
    done = await desk.review(person, "same")
    assert await desk.now() == ("attached", person)
    assert await desk.waiting() == []
    await desk.undo(done)
    assert await desk.now() == ("possible", None)
    with pytest.raises(DecisionRefused) as refused:
        await desk.undo(done)
    assert refused.value.code == "unknown-review"


async def test_a_separated_pair_never_joins_again_by_itself(desk: Desk) -> None:
    (waiting,) = await desk.waiting()
    (person,) = waiting.candidates
    done = await desk.review(person, "different")
    assert (await desk.now())[0] == "unknown"
    # now the postcode is said, which alone would attach her
    await desk.hear("met-cad", "incident.updated", {"incident": "CAD-1", "person": HER}, 35)
    assert (await desk.now())[0] == "unknown"
    await desk.undo(done)
    assert await desk.now() == ("attached", person), "and it was the review that kept them apart"


async def test_of_two_reviewers_at_once_one_wins_and_the_other_is_told(desk: Desk) -> None:
    (waiting,) = await desk.waiting()
    (person,) = waiting.candidates
    told = await asyncio.gather(
        desk.review(person, "same", "AB"),
        desk.review(person, "different", "CD"),
        return_exceptions=True,
    )
    refused = [t for t in told if isinstance(t, DecisionRefused)]
    assert len(refused) == 1
    assert refused[0].code == "already-reviewed"
    assert sum(isinstance(t, int) for t in told) == 1


async def test_a_review_follows_the_person_when_records_merge(desk: Desk) -> None:
    (waiting,) = await desk.waiting()
    await desk.review(waiting.candidates[0], "same")
    verified = HER | {"nhs_number": "9990000018", "nhs_number_status": "01"}
    await desk.hear("slam-ehr", "person.updated", {"local_person": "p-1", "person": verified}, 36)
    outcome, person = await desk.now()
    assert outcome == "attached"
    assert person != waiting.candidates[0], "the person has a new id, and is attached still"


async def test_nobody_can_tell_keeps_it_possible_and_a_reason_is_needed(desk: Desk) -> None:
    (waiting,) = await desk.waiting()
    await desk.review(waiting.candidates[0], "cannot-tell")
    assert (await desk.now())[0] == "possible"
    assert len(await desk.waiting()) == 1
    async with desk.batch.ledger.transaction() as transaction:
        with pytest.raises(DecisionRefused) as refused:
            await deciding.review(
                transaction,
                desk.batch.settling,
                INCIDENT,
                waiting.candidates[0],
                "same",
                actor="AB",
                reason=" ",
                now=NOW,
            )
    assert refused.value.code == "reason-needed"


async def test_a_crisis_on_a_border_waits_for_the_reviewers_of_both_boroughs(desk: Desk) -> None:
    """Its postcode lies in Lambeth and in Southwark; the first of the two used to be kept alone."""
    on_border = {"incident": "CAD-1", "location": {"postcode": "SE11 4XX"}}
    await desk.hear("met-cad", "incident.updated", on_border, 2)
    async with desk.pool.acquire() as connection:
        queues = {
            area: [waiting.incident for waiting in await reviews.queue(connection, areas=[area])]
            for area in ("lambeth", "southwark", "hackney")
        }
        (waiting,) = await reviews.queue(connection)
        decided = await incident_decided(connection, waiting.decision)
    assert queues == {"lambeth": ["CAD-1"], "southwark": ["CAD-1"], "hackney": []}
    assert decided is not None
    assert decided.areas == ("lambeth", "southwark")
    # and the page behind the row lets in whom the list invites
    assert _may_look_at(decided, ["southwark"], "las")
    assert not _may_look_at(decided, ["hackney"], "las")
    # named by its borough it is the business of that one alone
    in_lambeth = {"incident": "CAD-1", "location": {"postcode": "SE11 4XX", "area": "lambeth"}}
    await desk.hear("met-cad", "incident.updated", in_lambeth, 3)
    async with desk.pool.acquire() as connection:
        assert await reviews.queue(connection, areas=["southwark"]) == []
