"""A crisis that cannot be judged, in PostgreSQL: it is parked alone, listed, tried again, and nothing else waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result

from services.command_line import main
from services.ledger.alerts import store as alert_store
from services.liaison.alert import AlertChange
from services.liaison.policy import load_policy
from services.orchestration.batch import Record
from services.orchestration.feeds import look_at_feed
from services.orchestration.ledger import Transaction
from services.runtime.clock import SystemClock
from services.runtime.postgres import create_pool, passes
from services.runtime.settings import Settings
from services.stream.auditor import Auditor
from tests.own_registry import own_registry
from tests.unjudgeable import ASKED_WITHIN, detained, faulty, said
from tests.worker import Worker

REGISTRY = own_registry()
LOGS = ("CAD-1", "CAD-2", "CAD-BAD", "CAD-4")
OTHERS = {"CAD-1", "CAD-2", "CAD-4"}


class Night:
    """A worker on a real ledger, and the instant at which the police logs begin."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool, self.worker = pool, Worker(pool, REGISTRY, load_policy())
        self.now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
        self._offset = 0

    async def say(self, bodies: Sequence[tuple[str, bytes]], at: datetime) -> None:
        """One batch, of which nothing is refused."""
        records = []
        for _, body in bodies:
            records.append(Record("feed.met-cad", 0, self._offset, body, ()))
            self._offset += 1
        applied = await self.worker.apply(records, at)
        assert applied.outcome.rejected == []

    async def logs_with(self, rule: str) -> set[str]:
        """The police logs whose crisis has this alert standing."""
        rows = await self.pool.fetch(
            """SELECT i.reference FROM alert a JOIN incident i USING (crisis_id)
                WHERE a.rule = $1 AND a.cleared_at IS NULL""",
            rule,
        )
        return {row["reference"] for row in rows}

    async def parked(self) -> int:
        """How many crises are parked."""
        return int(await self.pool.fetchval("SELECT count(*) FROM parked_crisis"))


@pytest.fixture
async def night(postgres_dsn: str) -> AsyncIterator[Night]:
    pool = await create_pool(postgres_dsn, max_size=3)
    yield Night(pool)
    await pool.close()


async def all_detained(night: Night) -> None:
    await night.say([body for log in LOGS for body in detained(log, night.now)], night.now)


async def test_a_rule_that_fails_for_one_crisis_costs_no_other_its_alert(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty(monkeypatch, "CAD-BAD")
    await all_detained(night)
    await night.worker.take_due(night.now + ASKED_WITHIN)
    assert await night.logs_with("R04") == OTHERS
    assert await night.logs_with("R31") == {"CAD-BAD"}


async def test_deadlines_of_others_are_taken_and_kept_when_one_fails(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    await all_detained(night)
    faulty(monkeypatch, "CAD-BAD")
    due = await night.worker.take_due(night.now + ASKED_WITHIN)
    assert len(due.settled.failures) == 1
    assert await night.logs_with("R04") == OTHERS
    assert (await night.worker.take_due(night.now + ASKED_WITHIN)).count == 0, "none is left"


async def test_what_postgresql_refuses_to_hold_of_one_crisis_is_that_crises_own(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A NUL in a plan was a sentence that no table takes: it stopped every deadline of the zone."""
    save = alert_store.save

    async def with_a_nul(
        connection: asyncpg.Connection,
        changes: Sequence[AlertChange],
        registry: object,
        now: datetime,
    ) -> int:
        for change in changes:
            if change.alert.rule == "R04" and bad == change.alert.crisis_id:
                await connection.execute("SELECT $1::jsonb", {"plan": "Speak\x00slowly"})
        return await save(connection, changes, REGISTRY, now)

    await all_detained(night)
    bad = str(
        await night.pool.fetchval("SELECT crisis_id FROM incident WHERE reference = 'CAD-BAD'")
    )
    monkeypatch.setattr(alert_store, "save", with_a_nul)
    await night.worker.take_due(night.now + ASKED_WITHIN)
    assert await night.logs_with("R04") == OTHERS
    assert await night.logs_with("R31") == {"CAD-BAD"}
    reason = await night.pool.fetchval("SELECT reason FROM parked_crisis")
    assert reason.startswith("UntranslatableCharacterError in services/")


async def test_one_feed_that_cannot_be_looked_at_costs_no_other_its_alarm(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    await all_detained(night)
    await night.worker.hear({"las-cad": None}, night.now)

    async def fails(transaction: Transaction, feed: str, *rest: Any) -> Any:
        if feed == "met-cad":
            raise ZeroDivisionError
        return await look_at_feed(transaction, feed, *rest)

    monkeypatch.setattr("services.orchestration.deadlines.look_at_feed", fails)
    due = await night.worker.take_due(night.now + timedelta(minutes=4))
    assert [feed for feed, _ in due.feed_failures] == ["met-cad"]
    assert due.silent == {"las-cad": True}
    again = await night.pool.fetchval(
        "SELECT due_at FROM deadline WHERE (kind, subject) = ('feed', 'met-cad')"
    )
    assert again == night.now + timedelta(minutes=5)


# -- for operations ---------------------------------------------------------------------------------------------------


async def run(dsn: str, *arguments: str) -> Result:
    """The command in a thread: it has a loop of its own."""
    return await asyncio.to_thread(
        CliRunner().invoke,
        main,
        ["parked", *arguments],
        env={"LIAISON_POSTGRES_DSN": dsn, "LIAISON_ENVIRONMENT": "test"},
    )


async def test_it_is_listed_with_its_cause_and_tried_again_by_the_command(
    night: Night, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = faulty(monkeypatch, "CAD-BAD")
    assert (await run(postgres_dsn, "list")).output == "every crisis can be judged\n"
    await all_detained(night)
    listed = await run(postgres_dsn, "list")
    assert listed.exit_code == 1
    assert "ZeroDivisionError in services/" in listed.output
    assert "met/CAD-BAD" in listed.output
    assert "Nowak" not in listed.output
    crisis = listed.output.split("\t")[0]
    # a fault that is not mended: the worker tries, and it is parked still
    now = SystemClock().now()
    assert (await run(postgres_dsn, "retry", crisis, "--by", "boss")).exit_code == 0
    await night.worker.take_due(now + timedelta(seconds=5))
    assert await night.pool.fetchval("SELECT tries FROM parked_crisis") == 2
    fault.mend()
    assert (await run(postgres_dsn, "retry", "--all", "--by", "boss")).exit_code == 0
    await night.worker.take_due(now + timedelta(seconds=10))
    assert await night.parked() == 0
    assert await night.logs_with("R31") == set()
    assert await night.logs_with("R04") == set(LOGS), "what it missed meanwhile has come"
    audit = await night.pool.fetch("SELECT actor, subject FROM audit WHERE action = 'parked.retry'")
    assert [(row["actor"], row["subject"]) for row in audit] == [("boss", crisis)] * 2


async def test_a_crisis_that_is_not_parked_cannot_be_tried_again(postgres_dsn: str) -> None:
    nobody = "00000000-0000-5000-8000-000000000000"
    answer = await run(postgres_dsn, "retry", nobody)
    assert answer.exit_code == 1
    assert "see `liaison parked list`" in answer.output
    assert (await run(postgres_dsn, "retry")).exit_code == 2


async def test_the_auditor_is_not_ready_while_a_crisis_is_parked_or_a_deadline_waits(
    night: Night, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = faulty(monkeypatch, "CAD-BAD")
    auditor = Auditor(Settings(postgres_dsn=postgres_dsn))
    await auditor.once(night.pool)
    assert (await auditor._judging(), await auditor._deadlines()) == (None, None)
    await all_detained(night)
    await auditor.once(night.pool)
    assert "1 crises cannot be judged" in str(await auditor._judging())
    assert "nobody takes it" in str(await auditor._deadlines())
    fault.mend()
    while (await night.worker.take_due(SystemClock().now())).count:
        pass
    await auditor.once(night.pool)
    assert (await auditor._judging(), await auditor._deadlines()) == (None, None)


async def test_an_event_of_it_has_it_tried_at_once(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = faulty(monkeypatch, "CAD-BAD")
    await all_detained(night)
    fault.mend()
    at = night.now + timedelta(seconds=1)
    await night.say([said("incident.updated", "CAD-BAD", at)], at)
    assert await night.parked() == 0


async def test_of_what_postgresql_refuses_only_what_passes_is_waited_out(night: Night) -> None:
    refused: dict[str, BaseException] = {}
    async with night.pool.acquire() as connection:
        for name, statement, value in (
            ("a number too large", "SELECT $1::int", 2**40),
            ("an instant out of range", "SELECT $1::timestamptz", datetime.max),
            ("a NUL in a text", "SELECT $1::text", "\x00"),
            ("a NUL in a document", "SELECT $1::jsonb", {"plan": "\x00"}),
            ("half of a character", "SELECT $1::text", "\ud800"),
        ):
            try:
                await connection.fetchval(statement, value)
            except Exception as error:
                refused[name] = error
        await connection.execute("SET default_transaction_read_only = on")
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError) as standby:
            await connection.execute("DELETE FROM deadline")
        await connection.execute("RESET default_transaction_read_only")
    assert len(refused) >= 4
    assert {name for name, error in refused.items() if passes(error)} == set()
    assert passes(standby.value)
