"""A supervisor moves one of two people of one log to another crisis: shown before, done after, and kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from services.ledger.operators.roles import Grant
from services.runtime.postgres import create_pool
from tests.integration.console_client import SignedIn, signed_in
from tests.played_ledger import PlayedLedger

NOW = datetime(2027, 2, 15, 11, 4, tzinfo=UTC)
WHY = "the custody sergeant says it is one person"
FATHER = {"agency": "met", "reference": "CAD-1", "subject": "D-1", "reason": WHY}
LOG = {"to_agency": "met", "to_reference": "CAD-1", "to_subject": ""}


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    """A father and his daughter, detained under one log."""
    pool = await create_pool(postgres_dsn, max_size=6)
    made = PlayedLedger(pool)
    await made.play("father-and-daughter-detained-under-one-log")
    await made.until(NOW)
    yield made
    await pool.close()


@pytest.fixture
async def supervisor(ledger: PlayedLedger, postgres_dsn: str) -> AsyncIterator[SignedIn]:
    async with signed_in(postgres_dsn, NOW, Grant("supervisor", "met")) as person:
        yield person


async def crises(ledger: PlayedLedger) -> dict[str, str]:
    rows = await ledger.pool.fetch(
        """SELECT reference AS name, crisis_id FROM incident
           UNION ALL SELECT subject, crisis_id FROM subject"""
    )
    return {row["name"]: str(row["crisis_id"]) for row in rows}


async def where(ledger: PlayedLedger) -> str:
    """The page of the father's crisis at a desk that was alerted of it."""
    crisis = (await crises(ledger))["D-1"]
    return f"/desks/met-control-north-west/crises/{crisis}/incidents"


async def decisions(ledger: PlayedLedger) -> int:
    count: int = await ledger.pool.fetchval("SELECT count(*) FROM subject_link")
    return count


async def test_the_page_names_the_people_of_this_crisis_and_nobody_elses(
    ledger: PlayedLedger, supervisor: SignedIn
) -> None:
    shown = unescape((await supervisor.get(await where(ledger))).text)
    assert "Metropolitan Police Service CAD-1, person D-1" in shown
    assert "Gareth Thistlewood" in shown
    assert "Poppy" not in shown
    assert "D-2" not in shown


async def test_the_chronology_of_one_of_two_people_of_a_log_is_theirs(
    ledger: PlayedLedger, supervisor: SignedIn
) -> None:
    page = (await supervisor.get((await where(ledger)).removesuffix("/incidents"))).text
    assert page.count("detention: detained") == 1
    assert page.count("detention: handed over") == 0, "it is the daughter who was handed over"
    done = await supervisor.post(f"{await where(ledger)}/move", **FATHER, **LOG, sure="yes")
    page = (await supervisor.get(done.headers["location"])).text
    assert page.count("incident: reported") == 2, "with the log's own and the ambulance's now"
    assert page.count("detention: detained") == 1


async def test_what_a_move_would_change_is_shown_for_both_crises_and_nothing_is_written(
    ledger: PlayedLedger, supervisor: SignedIn
) -> None:
    before = await crises(ledger)
    shown = await supervisor.post(f"{await where(ledger)}/move", **FATHER, **LOG)
    assert shown.status_code == 200
    page = unescape(shown.text)
    assert "Nothing is written yet." in page
    assert (
        "Metropolitan Police Service CAD-1, person D-1 leaves this crisis and is of that of "
        "Metropolitan Police Service CAD-1." in page
    )
    here, elsewhere = page.split("In the crisis that it is in then")[1].split(
        "In the crisis that it leaves"
    )
    assert "Police station as place of safety: changes at" in here
    assert "is raised" not in elsewhere, "the crisis that he leaves is nobody's any more"
    assert await crises(ledger) == before
    assert await decisions(ledger) == 0


async def test_moved_they_stay_whatever_is_said_of_them_later(
    ledger: PlayedLedger, supervisor: SignedIn
) -> None:
    before = await crises(ledger)
    done = await supervisor.post(f"{await where(ledger)}/move", **FATHER, **LOG, sure="yes")
    assert done.status_code == 303
    assert (await supervisor.get(done.headers["location"])).status_code == 200
    moved = await crises(ledger)
    assert moved["D-1"] == moved["CAD-1"]
    assert moved["D-2"] == before["D-2"], "nobody else is moved"
    man = {"names": [{"given": "Gareth", "family": "Thistlewood"}], "date_of_birth": "1980-06-02"}
    again = {"incident": "CAD-1", "detention": "D-1", "power": "s136", "person": man}
    later = NOW + timedelta(minutes=1)
    await ledger.say("met-cad", "detention.detained", again, later)
    assert await crises(ledger) == moved
    kept = await ledger.pool.fetch(
        "SELECT actor, subject, detail FROM audit WHERE action = 'incidents.joined'"
    )
    assert {row["actor"] for row in kept} == {"P1@met-control-north-west"}
    assert {row["detail"]["reason"] for row in kept} == {WHY}
    assert "met/CAD-1/D-1" in {row["detail"]["other"] for row in kept}


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({**FATHER, **LOG, "reason": " "}, 422, "Say why"),
        ({**FATHER, **LOG, "subject": "D-2"}, 404, "not among the incidents"),
        ({**FATHER, **LOG, "to_subject": "D-9"}, 404, "no such incident"),
        ({**FATHER, "to_agency": "las", "to_reference": "LAS-77"}, 404, "no such incident"),
    ],
)
async def test_a_move_that_cannot_be_is_told_and_writes_nothing(
    ledger: PlayedLedger, supervisor: SignedIn, fields: dict[str, str], status: int, says: str
) -> None:
    refused = await supervisor.post(f"{await where(ledger)}/move", **fields, sure="yes")
    assert refused.status_code == status
    assert says in unescape(refused.text)
    assert await decisions(ledger) == 0


async def test_a_desk_learns_nothing_of_another_agencys_crisis_by_moving_somebody_into_it(
    ledger: PlayedLedger, supervisor: SignedIn
) -> None:
    call = {"incident": "LAS-77", "nature": "medical", "location": {"area": "southwark"}}
    await ledger.say("las-cad", "incident.reported", call, NOW + timedelta(seconds=20))
    target = {"to_agency": "las", "to_reference": "LAS-77"}
    refused = await supervisor.post(f"{await where(ledger)}/move", **FATHER, **target, sure="yes")
    assert refused.status_code == 404
    assert await decisions(ledger) == 0
