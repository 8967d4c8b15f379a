"""The shift report: what came to a desk, who answered it, what waits for the next shift."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import unescape

import pytest

from services.ledger.alerts.shift import counted, of_shift
from services.ledger.operators.roles import Grant
from services.liaison.alert import Accept, Acknowledge, Claim, Decline
from tests.integration.console_client import signed_in
from tests.played_ledger import PlayedLedger, played

DAY = datetime(2026, 11, 23, tzinfo=UTC)
LAS = "las-mental-health"
OPERATOR = Grant("operator", "las")


def at(hour: int, minute: int = 0) -> datetime:
    return DAY.replace(hour=hour, minute=minute)


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    """The story of one afternoon; at 14:58 R16 is accepted, R07 declined, and nothing else answered."""
    async with played(postgres_dsn, "the-story") as ledger:
        rows = await ledger.pool.fetch("SELECT alert_id, rule FROM alert")
        alerts = {row["rule"]: row["alert_id"] for row in rows}
        for rule, command in (
            ("R16", Acknowledge()),
            ("R16", Claim()),
            ("R16", Accept("=HYPERLINK plan opened")),
            ("R07", Decline("known-and-managed", "his sister was told")),
        ):
            await ledger.batch.command(
                command, desk=LAS, alert=alerts[rule], actor=f"MK@{LAS}", now=at(14, 58)
            )
        yield ledger


async def test_the_report_says_what_was_answered_by_whom_and_what_waits(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    async with signed_in(postgres_dsn, at(15), OPERATOR) as person:
        page = unescape((await person.get(f"/desks/{LAS}/shift")).text)
    assert "Crisis plan in place" in page
    assert "Accepted 23 Nov 14:58 by MK: =HYPERLINK plan opened" in page
    assert "Declined 23 Nov 14:58 by MK: Known and managed: his sister was told" in page
    assert "Asante" not in page
    row = await ledger.pool.fetchrow("SELECT subject FROM audit WHERE action = 'shift.viewed'")
    assert row is not None
    assert row["subject"] == LAS


async def test_a_cell_never_begins_a_formula_and_the_table_has_every_alert(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    async with signed_in(postgres_dsn, at(15), OPERATOR) as person:
        answer = await person.get(f"/desks/{LAS}/shift.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    given = await ledger.pool.fetchval("SELECT count(*) FROM alert_desk WHERE desk = $1", LAS)
    assert len(rows) == given > 3
    (accepted,) = (row for row in rows if row["outcome"] == "Accepted")
    assert accepted["outcome_reason"] == "'=HYPERLINK plan opened"
    assert accepted["answered_at"] == "2026-11-23T14:58:00+00:00"


async def test_what_waits_stays_on_the_report_of_the_next_shift(ledger: PlayedLedger) -> None:
    async with ledger.pool.acquire() as connection:
        first = await of_shift(connection, LAS, at(13), at(15))
        following = await of_shift(connection, LAS, at(16), at(23))
    counts = counted(first, at(15))
    assert (counts.came, counts.answered) == (len(first), 2)
    assert counts.never_acknowledged > 0
    assert {alert.alert_id for alert in following} == {
        alert.alert_id for alert in first if alert.waits
    }


async def test_who_does_not_work_at_the_desk_reads_no_report_of_it(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    async with signed_in(postgres_dsn, at(15), Grant("operator", "slam")) as person:
        for path in ("shift", "shift.csv"):
            assert (await person.get(f"/desks/{LAS}/{path}")).status_code == 403
