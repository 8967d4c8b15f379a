"""The view for the wall: how much waits at each desk, for whoever passes by."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html import unescape

import pytest

from services.ledger.operators.roles import Grant
from tests.integration.console_client import signed_in
from tests.played_ledger import PlayedLedger, played

LATER = datetime(2026, 11, 23, 14, 34, tzinfo=UTC)
LAS = "las-mental-health"


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    async with played(postgres_dsn, "the-story") as ledger:
        await ledger.pool.execute("UPDATE alert_desk SET state = 'raised' WHERE desk = $1", LAS)
        yield ledger


async def test_the_wall_counts_what_waits_at_each_desk_and_names_nobody(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    async with signed_in(postgres_dsn, LATER, Grant("operator", "las")) as person:
        page = unescape((await person.get(f"/desks/{LAS}/wall")).text)
    waiting = await ledger.pool.fetch(
        """SELECT a.urgency, count(*) AS n FROM alert_desk d JOIN alert a USING (alert_id)
            WHERE d.desk = $1 GROUP BY a.urgency""",
        LAS,
    )
    assert waiting
    for row in waiting:
        assert f"</span> {row['n']}</td>" in page
    assert "As at 23 Nov 2026 14:34:00" in page
    for secret in ("Asante", "Lilford", "CAD-4101", "LAS-9001", "southwark", "Crisis plan"):
        assert secret not in page


async def test_the_wall_goes_on_while_the_screen_is_locked(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    async with signed_in(postgres_dsn, LATER, Grant("operator", "las")) as person:
        await person.post(f"/desks/{LAS}/lock")
        assert (await person.get(f"/desks/{LAS}")).status_code == 303
        assert (await person.get(f"/desks/{LAS}/wall")).status_code == 200


async def test_another_agencys_desk_has_no_wall_for_us(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    async with signed_in(postgres_dsn, LATER, Grant("operator", "slam")) as person:
        assert (await person.get(f"/desks/{LAS}/wall")).status_code == 403
