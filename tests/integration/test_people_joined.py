"""People say whose records are one person's: what it would change is shown before, happens after, and can be undone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from services.ledger.decisions import record_links
from services.liaison.policy import load_policy
from services.orchestration.decisions import record_links as deciding
from services.orchestration.decisions.common import DecisionRefused, preview
from services.orchestration.decisions.record_links import Consequences
from services.runtime.postgres import create_pool
from tests.played_ledger import PlayedLedger
from tests.worker import Worker

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HERS = {
    "names": [{"given": "Zofia", "family": "Nowak"}],
    "date_of_birth": "1985-09-14",
    "addresses": [{"postcode": "SE5 8AZ"}],
}
PLAN = {"pointer": "urn:nrl:1", "calming": ["Speak slowly"]}
SLAM, OXLEAS = ("slam", "p-1"), ("oxleas", "x-9")


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    """One woman twice on file, at two trusts that do not know each other's number; the second has her crisis plan."""
    pool = await create_pool(postgres_dsn, max_size=6)
    made = PlayedLedger(pool)
    await made.say("slam-ehr", "person.registered", {"local_person": "p-1", "person": HERS}, at(0))
    await made.say(
        "oxleas-ehr", "person.registered", {"local_person": "x-9", "person": HERS}, at(1)
    )
    await made.say(
        "oxleas-ehr",
        "pathway.opened",
        {"local_person": "x-9", "pathway": "CP", "crisis_plan": PLAN},
        at(2),
    )
    yield made
    await pool.close()


async def call(ledger: PlayedLedger) -> None:
    await ledger.say(
        "met-cad",
        "incident.reported",
        {
            "incident": "CAD-1",
            "nature": "suicidal",
            "channel": "999",
            "location": {"area": "southwark"},
            "person": HERS,
        },
        at(5),
    )


async def decided(ledger: PlayedLedger) -> tuple[str, str | None]:
    row = await ledger.pool.fetchrow(
        "SELECT outcome, person_id::text AS p FROM identity_decision WHERE incident = 'CAD-1' AND superseded_at IS NULL"
    )
    assert row is not None
    return row["outcome"], row["p"]


async def standing(ledger: PlayedLedger) -> set[str]:
    return {
        r["rule"]
        for r in await ledger.pool.fetch("SELECT rule FROM alert WHERE cleared_at IS NULL")
    }


async def do(
    ledger: PlayedLedger, act: Any, *given: Any, look: bool = False, actor: str = "AB"
) -> Consequences:
    bound = partial(
        act, settling=ledger.batch.settling, actor=actor, reason="rang both trusts", now=at(30)
    )

    async def run(transaction: Any) -> Consequences:
        names = (
            ("kept", "other")
            if act is deciding.join
            else ("record",)
            if act is deciding.take_out
            else ("link_id",)
        )
        found: Consequences = await bound(transaction, **dict(zip(names, given, strict=True)))
        return found

    async with ledger.batch.ledger.transaction() as transaction:
        return await preview(transaction, run) if look else await run(transaction)


async def test_what_joining_would_change_is_shown_before_and_nothing_of_it_is_written(
    ledger: PlayedLedger,
) -> None:
    await call(ledger)
    assert await decided(ledger) == ("possible", None)
    before = await ledger.pool.fetchval("SELECT count(*) FROM alert_log")
    seen = await do(ledger, deciding.join, SLAM, OXLEAS, look=True)
    assert seen.records == (OXLEAS,)
    assert seen.incidents == (("met", "CAD-1"),)
    assert {(m.rule, m.effect) for m in seen.alerts} >= {("R16", "raised")}
    assert await decided(ledger) == ("possible", None)
    assert await ledger.pool.fetchval("SELECT count(*) FROM alert_log") == before
    assert await ledger.pool.fetchval("SELECT count(*) FROM record_link") == 0
    done = await do(ledger, deciding.join, SLAM, OXLEAS)
    assert (done.records, done.incidents, done.alerts) == (
        seen.records,
        seen.incidents,
        seen.alerts,
    )


async def test_joined_she_is_attached_and_her_plan_is_told_and_undone_it_ends(
    ledger: PlayedLedger,
) -> None:
    await call(ledger)
    done = await do(ledger, deciding.join, SLAM, OXLEAS)
    outcome, person = await decided(ledger)
    assert outcome == "attached"
    assert "R16" in await standing(ledger)
    async with ledger.pool.acquire() as connection:
        assert person is not None
        records = await record_links.records_of_person(
            connection, ledger.batch.ledger.decoded, person
        )
    assert [r.key for r in records] == [OXLEAS, SLAM]
    await do(ledger, deciding.undo, done.decision)
    assert await decided(ledger) == ("possible", None)
    assert "R16" not in await standing(ledger)
    async with ledger.pool.acquire() as connection:
        (kept,) = await record_links.history(connection, [SLAM])
    assert (kept.verdict, kept.undone_by) == ("same", "AB")


async def test_a_record_that_was_taken_out_joins_nobody_by_itself_again(
    ledger: PlayedLedger,
) -> None:
    number = HERS | {"nhs_number": "9990000018", "nhs_number_status": "01"}
    await ledger.say("slam-ehr", "person.updated", {"local_person": "p-1", "person": number}, at(3))
    await ledger.say(
        "oxleas-ehr", "person.updated", {"local_person": "x-9", "person": number}, at(4)
    )

    async def together() -> int:
        return int(await ledger.pool.fetchval("SELECT count(DISTINCT person_id) FROM local_record"))

    assert await together() == 1
    taken = await do(ledger, deciding.take_out, OXLEAS)
    assert await together() == 2
    again = number | {"phones": ["+447700900123"]}
    await ledger.say(
        "oxleas-ehr", "person.updated", {"local_person": "x-9", "person": again}, at(40)
    )
    await ledger.say("slam-ehr", "person.updated", {"local_person": "p-1", "person": again}, at(41))
    assert await together() == 2, "the same verified number joins them no more"
    await do(ledger, deciding.undo, taken.decision)
    assert await together() == 1, "and it was the decision that kept them apart"


async def test_of_two_people_at_once_one_wins_and_the_other_is_told(ledger: PlayedLedger) -> None:
    told = await asyncio.gather(
        do(ledger, deciding.join, SLAM, OXLEAS, actor="AB"),
        do(ledger, deciding.join, OXLEAS, SLAM, actor="CD"),
        return_exceptions=True,
    )
    (refused,) = (t for t in told if isinstance(t, DecisionRefused))
    assert refused.code in {"already-decided", "one-record"}
    assert (
        await ledger.pool.fetchval("SELECT count(*) FROM record_link WHERE undone_at IS NULL") == 1
    )


@pytest.mark.parametrize(
    ("act", "given", "code"),
    [
        (deciding.join, (SLAM, ("slam", "nobody")), "unknown-record"),
        (deciding.take_out, (SLAM,), "one-record"),
        (deciding.undo, (99,), "unknown-decision"),
    ],
)
async def test_what_cannot_be_done_is_said_and_nothing_is_written(
    ledger: PlayedLedger, act: Any, given: tuple[Any, ...], code: str
) -> None:
    with pytest.raises(DecisionRefused) as refused:
        await do(ledger, act, *given)
    assert refused.value.code == code
    assert (
        await ledger.pool.fetchval("SELECT count(*) FROM audit WHERE action LIKE 'people.%'") == 0
    )


async def test_two_workers_that_meet_the_same_new_person_make_one(ledger: PlayedLedger) -> None:
    person = {
        "names": [{"given": "Tunde", "family": "Okafor"}],
        "date_of_birth": "1988-02-28",
        "nhs_number": "9990000026",
        "nhs_number_status": "01",
    }
    other = PlayedLedger(ledger.pool)
    other.batch = Worker(ledger.pool, ledger.registry, load_policy())
    await asyncio.gather(
        ledger.say(
            "slam-ehr", "person.registered", {"local_person": "p-2", "person": person}, at(50)
        ),
        other.say(
            "elft-ehr", "person.registered", {"local_person": "e-2", "person": person}, at(50)
        ),
    )
    rows = await ledger.pool.fetch(
        "SELECT person_id FROM local_record WHERE local_person IN ('p-2', 'e-2')"
    )
    assert len(rows) == 2
    assert len({r["person_id"] for r in rows}) == 1


async def test_a_merge_upstream_that_comes_before_its_people_is_not_lost(
    ledger: PlayedLedger,
) -> None:
    await ledger.say("slam-ehr", "person.merged", {"local_person": "p-5", "merged": "p-6"}, at(10))
    plan = {"local_person": "p-6", "pathway": "CP-6", "crisis_plan": PLAN}
    await ledger.say("slam-ehr", "pathway.opened", plan, at(11))
    his = {
        "names": [{"given": "Kwame", "family": "Mensah"}],
        "date_of_birth": "1990-05-06",
        "nhs_number": "9990000034",
        "nhs_number_status": "01",
    }
    await ledger.say(
        "met-cad",
        "incident.reported",
        {
            "incident": "CAD-1",
            "nature": "suicidal",
            "channel": "999",
            "location": {"area": "southwark"},
            "person": his,
        },
        at(12),
    )
    assert "R16" not in await standing(ledger)
    await ledger.say(
        "slam-ehr", "person.registered", {"local_person": "p-5", "person": his}, at(13)
    )
    assert (await decided(ledger))[0] == "attached"
    assert "R16" in await standing(ledger), "the plan of the merged record is the survivor's"
