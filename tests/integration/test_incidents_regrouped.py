"""People say which incidents are one crisis: shown before, done after, kept apart or together by itself from then on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from services.ledger.operators.roles import Grant
from services.orchestration.decisions import regrouping
from services.orchestration.decisions.common import DecisionRefused
from services.runtime.postgres import create_pool
from tests.integration.console_client import SignedIn, signed_in
from tests.played_ledger import PlayedLedger

NOW = datetime(2026, 11, 23, 16, 10, tzinfo=UTC)
FIRST, SECOND, AMBULANCE = ("met", "CAD-4101"), ("met", "CAD-4177"), ("las", "LAS-9001")
WHY = "the caller says it is the neighbour, not him"


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    """The story: two calls to the police and one to the ambulance service, one crisis."""
    pool = await create_pool(postgres_dsn, max_size=6)
    made = PlayedLedger(pool)
    await made.play("the-story")
    await made.until(NOW)
    yield made
    await pool.close()


@pytest.fixture
async def supervisor(ledger: PlayedLedger, postgres_dsn: str) -> AsyncIterator[SignedIn]:
    async with signed_in(postgres_dsn, NOW, Grant("supervisor", "las")) as person:
        yield person


async def crisis_of(ledger: PlayedLedger, incident: tuple[str, str]) -> str:
    return str(
        await ledger.pool.fetchval(
            "SELECT crisis_id FROM incident WHERE (agency, reference) = ($1, $2)", *incident
        )
    )


async def crises(ledger: PlayedLedger) -> set[frozenset[str]]:
    rows = await ledger.pool.fetch(
        "SELECT array_agg(reference) AS r FROM incident GROUP BY crisis_id"
    )
    return {frozenset(row["r"]) for row in rows}


def place(crisis: str) -> str:
    return f"/desks/las-mental-health/crises/{crisis}/incidents"


async def test_what_it_would_change_is_shown_and_nothing_is_written(
    ledger: PlayedLedger, supervisor: SignedIn
) -> None:
    before = await crises(ledger)
    where = place(await crisis_of(ledger, SECOND))
    assert "CAD-4101" in (await supervisor.get(where)).text
    shown = await supervisor.post(
        f"{where}/take-out", agency="met", reference="CAD-4101", reason=WHY
    )
    assert shown.status_code == 200
    page = unescape(shown.text)
    assert "Nothing is written yet." in page
    assert "Metropolitan Police Service CAD-4101 leaves this crisis." in page
    assert "Incidents that are one crisis then: 1" in page
    assert "Police left before health arrived: is raised at London Ambulance Service" in page
    assert await crises(ledger) == before
    assert await ledger.pool.fetchval("SELECT count(*) FROM link_decision") == 0


async def test_taken_out_it_is_a_crisis_of_its_own_and_stays_one_whatever_is_said(
    ledger: PlayedLedger, supervisor: SignedIn
) -> None:
    crisis = await crisis_of(ledger, SECOND)
    done = await supervisor.post(
        f"{place(crisis)}/take-out", agency="met", reference="CAD-4101", reason=WHY, sure="yes"
    )
    assert done.status_code == 303
    assert (await supervisor.get(done.headers["location"])).status_code == 200
    apart = {frozenset({"CAD-4101"}), frozenset({"CAD-4177", "LAS-9001"})}
    assert await crises(ledger) == apart
    for incident in ("CAD-4101", "CAD-4177"):
        same = {"incident": incident, "location": {"uprn": "200003456701", "area": "southwark"}}
        await ledger.say(
            "met-cad", "incident.updated", same, NOW + timedelta(minutes=int(incident[-1]))
        )
    assert await crises(ledger) == apart
    kept = await ledger.pool.fetch(
        "SELECT actor, detail FROM audit WHERE action = 'incidents.separated' ORDER BY audit_id"
    )
    assert [(r["actor"], r["detail"]["reason"]) for r in kept] == [
        ("P1@las-mental-health", WHY)
    ] * 2


async def test_joined_they_are_one_crisis_also_where_somebody_had_separated_them(
    ledger: PlayedLedger,
) -> None:
    settling = ledger.batch.settling
    async with ledger.batch.ledger.transaction() as transaction:
        await regrouping.take_out(transaction, settling, FIRST, actor="AB@d", reason=WHY, now=NOW)
    assert len(await crises(ledger)) == 2
    async with ledger.batch.ledger.transaction() as transaction:
        done = await regrouping.join(
            transaction, settling, SECOND, FIRST, actor="CD@d", reason="it was him", now=NOW
        )
    assert set(done.together) == {FIRST, SECOND, AMBULANCE}
    assert await crises(ledger) == {frozenset({"CAD-4101", "CAD-4177", "LAS-9001"})}


async def test_joined_at_the_console_by_a_desk_that_sees_both(
    ledger: PlayedLedger, supervisor: SignedIn
) -> None:
    settling = ledger.batch.settling
    async with ledger.batch.ledger.transaction() as transaction:
        await regrouping.take_out(transaction, settling, FIRST, actor="AB@d", reason=WHY, now=NOW)
    where = place(await crisis_of(ledger, SECOND))
    said = {"agency": "met", "reference": "CAD-4101", "reason": "it was him"}
    shown = await supervisor.post(f"{where}/join", **said)
    assert "CAD-4101 becomes an incident of this crisis." in unescape(shown.text)
    assert len(await crises(ledger)) == 2
    done = await supervisor.post(f"{where}/join", **said, sure="yes")
    assert done.status_code == 303
    assert (await supervisor.get(done.headers["location"])).status_code == 200
    assert len(await crises(ledger)) == 1
    again = await supervisor.post(
        f"{place(await crisis_of(ledger, FIRST))}/join", **said, sure="yes"
    )
    assert again.status_code == 409
    assert "They are one crisis already" in unescape(again.text)


async def test_of_two_at_once_one_wins_and_the_other_is_told(ledger: PlayedLedger) -> None:
    settling = ledger.batch.settling

    async def out(actor: str) -> str:
        async with ledger.batch.ledger.transaction() as transaction:
            try:
                await regrouping.take_out(
                    transaction, settling, FIRST, actor=actor, reason=WHY, now=NOW
                )
            except DecisionRefused as refused:
                return refused.code
        return "done"

    assert sorted(await asyncio.gather(out("AB@d"), out("CD@d"))) == ["done", "one-incident"]


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"agency": "met", "reference": "CAD-4101", "reason": " "}, 422, "Say why"),
        ({"agency": "met", "reference": "CAD-9", "reason": WHY}, 404, "not among the incidents"),
        ({}, 404, "not among the incidents"),
    ],
)
async def test_bad_input_is_told_and_writes_nothing(
    ledger: PlayedLedger, supervisor: SignedIn, fields: dict[str, str], status: int, says: str
) -> None:
    told = await supervisor.post(
        f"{place(await crisis_of(ledger, SECOND))}/take-out", **fields, sure="yes"
    )
    assert told.status_code == status
    assert says in unescape(told.text)
    assert await ledger.pool.fetchval("SELECT count(*) FROM link_decision") == 0


async def test_an_operator_may_not_and_another_crisis_is_not_to_be_found(
    ledger: PlayedLedger, supervisor: SignedIn, postgres_dsn: str
) -> None:
    crisis = await crisis_of(ledger, SECOND)
    async with signed_in(postgres_dsn, NOW, Grant("operator", "las"), name="P2") as operator:
        assert (await operator.get(place(crisis))).status_code == 403
    assert (await supervisor.get(place("00000000-0000-0000-0000-000000000000"))).status_code == 404
    elsewhere = {
        "incident": "CAD-1",
        "nature": "suicidal",
        "channel": "999",
        "location": {"area": "barnet"},
    }
    await ledger.say("met-cad", "incident.reported", elsewhere, NOW + timedelta(minutes=1))
    told = await supervisor.post(
        f"{place(crisis)}/join", agency="met", reference="CAD-1", reason=WHY, sure="yes"
    )
    assert told.status_code == 404, "a desk learns nothing of crises that it does not see"
