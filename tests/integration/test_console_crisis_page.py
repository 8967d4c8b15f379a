"""The whole crisis as one desk may see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.console.access.doors import Here
from services.console.access.refusal import Refused
from services.console.access.rights import Operator
from services.console.pages.crisis import Chronology, CrisisPage, chronology, document, visible
from services.console.view.desks import Desk
from services.runtime.postgres import create_pool

NOW = datetime(2026, 11, 23, 14, 24, tzinfo=UTC)


def here(desk: str = "las", agency: str = "las") -> Here:
    return Here(Operator("id", "P1", "A", (), b"", "", NOW), Desk(desk, "Desk", agency, "LAS"), NOW)


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    made = await create_pool(postgres_dsn)
    yield made
    await made.close()


async def looked(
    pool: asyncpg.Pool, here: Here, crisis: UUID, names: dict[str, str], action: str
) -> Chronology:
    async with pool.acquire() as connection, connection.transaction():
        return await chronology(connection, here, crisis, names, action)


async def played_crisis(pool: asyncpg.Pool, *items: str) -> UUID:
    crisis, alert = uuid4(), uuid4()
    async with pool.acquire() as c, c.transaction():
        await c.execute("INSERT INTO zone (zone) VALUES ('london') ON CONFLICT DO NOTHING")
        await c.execute(
            """INSERT INTO crisis (crisis_id, zone, opened_at, last_event_at, evaluated_at, scene)
               VALUES ($1, 'london', $2, $2, $2, $1)""",
            crisis,
            NOW,
        )
        await c.execute(
            """INSERT INTO incident (agency, reference, zone, crisis_id, opened_at, last_seen_at, link_keys)
               VALUES ('met', 'CAD-1', 'london', $1, $2, $2, '{}')""",
            crisis,
            NOW,
        )
        for number, kind in enumerate(("incident.reported", "force.started", "custody.arrived")):
            await c.execute(
                """INSERT INTO event (source, id, type, feed, agency, record_agency, incident, occurred_at, recorded_at,
                                      received_at, topic, partition, "offset", content_hash, body)
                   VALUES ('/met/cad', $1, $2, 'met-cad', 'met', 'met', 'CAD-1', $3, $3, $4, 't', 0, $5, '', '')""",
                str(number),
                f"uk.crisisliaison.{kind}.v1",
                NOW,
                NOW + timedelta(minutes=9),
                number,
            )
        await c.execute(
            """INSERT INTO alert (alert_id, alert_key, rule, rule_version, zone, crisis_id, urgency, holds_since, raised_at,
                                  detail) VALUES ($1, $2, 'R01', 1, 'london', $3, 1, $4, $4, '{}')""",
            alert,
            str(alert),
            crisis,
            NOW,
        )
        await c.execute(
            "INSERT INTO alert_desk (alert_id, desk, state, view, acknowledge_by) VALUES ($1, 'las', 'raised', $2, $3)",
            alert,
            {"title": "Police on scene"},
            NOW,
        )
        await c.execute(
            """INSERT INTO disclosure (alert_id, desk, agency, purpose, items, disclosed_at)
               VALUES ($1, 'las', 'las', 'emergency-response', $2, $3)""",
            alert,
            list(items),
            NOW,
        )
    return crisis


async def test_only_what_was_disclosed_to_the_desk_is_in_its_timeline_and_the_rest_is_counted(
    pool: asyncpg.Pool,
) -> None:
    crisis = await played_crisis(pool, "incidents")
    found = await looked(pool, here(), crisis, {"met": "The Met"}, "crisis.viewed")
    assert [(e.event, e.agency) for e in found.entries] == [("incident: reported", "The Met")]
    assert found.withheld == 2
    assert found.entries[0].received - found.entries[0].occurred == timedelta(minutes=9)


async def test_a_desk_without_an_alert_of_it_sees_no_crisis_and_a_view_is_in_the_audit(
    pool: asyncpg.Pool,
) -> None:
    crisis = await played_crisis(pool, "incidents", "force-log")
    with pytest.raises(Refused):
        await looked(pool, here("slam", "slam"), crisis, {}, "crisis.viewed")
    assert await pool.fetchval("SELECT count(*) FROM audit") == 0
    found = await looked(pool, here(), crisis, {}, "chronology.printed")
    row = await pool.fetchrow("SELECT audit_id, actor, subject FROM audit")
    assert row is not None
    assert tuple(row) == (found.audit, "P1@las", str(crisis))
    assert document(CrisisPage(found, None), here()).startswith(b"%PDF-")


def test_a_kind_that_belongs_to_no_item_is_seen_by_its_own_agency_only() -> None:
    everything = frozenset({"incidents", "force-log", "legal-status", "circumstances"})
    assert not visible("custody.arrived", "met", "las", everything)
    assert visible("custody.arrived", "met", "met", frozenset())
    assert not visible("force.started", "met", "las", frozenset({"incidents"}))
