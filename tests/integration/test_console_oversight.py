"""Supervision, governance, looks behind the glass and the privacy officer's queue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from services.ledger.alerts import performance
from services.ledger.operators.roles import Grant
from tests.integration.console_client import SignedIn, signed_in
from tests.played_ledger import PlayedLedger, played

DAY = datetime(2026, 11, 23, tzinfo=UTC)
LAS = "las-mental-health"


def at(hour: int, minute: int = 0) -> datetime:
    return DAY.replace(hour=hour, minute=minute)


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    async with played(postgres_dsn, "the-story") as ledger:
        yield ledger


# Supervision


async def test_the_supervisor_sees_what_waits_at_every_desk_of_the_agency_and_no_others(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    async with signed_in(postgres_dsn, at(15), Grant("supervisor", "las")) as person:
        page = unescape((await person.get(f"/desks/{LAS}/supervision")).text)
    assert "Crisis plan in place" in page
    assert "Repeat contact in a crisis" in page
    assert "South London" not in page
    row = await ledger.pool.fetchrow(
        "SELECT actor, subject FROM audit WHERE action = 'supervision.viewed'"
    )
    assert row is not None
    assert tuple(row) == (f"P1@{LAS}", "las")


async def test_the_load_counts_new_alarms_and_the_most_in_ten_minutes(ledger: PlayedLedger) -> None:
    async with ledger.pool.acquire() as connection:
        (load,) = await performance.desk_loads(connection, [LAS], at(14), at(15))
        rows = await connection.fetch(
            "SELECT at FROM alert_log WHERE desk = $1 AND transition IN ('raised', 'worsened', 'unshelved', 'released')",
            LAS,
        )
    assert load.presented == len(rows)
    assert load.presented > 0
    assert load.per_period == load.presented / 6
    by_period = [
        sum(
            at(14) + timedelta(minutes=10 * number)
            <= row["at"]
            < at(14) + timedelta(minutes=10 * number + 10)
            for row in rows
        )
        for number in range(6)
    ]
    assert load.peak == max(by_period)
    assert sum(load.hours) == load.presented


async def test_a_flood_is_told_and_a_quiet_desk_has_noughts(ledger: PlayedLedger) -> None:
    alert = await ledger.pool.fetchval("SELECT alert_id FROM alert LIMIT 1")
    for second in range(12):
        await ledger.pool.execute(
            """WITH taken AS (UPDATE alert_sequence SET last = last + 1 RETURNING last)
               INSERT INTO alert_log SELECT last, $1, $2, 'raised', $3, 'liaison', NULL FROM taken""",
            alert,
            "la-lambeth-amhp",
            at(18, 1) + timedelta(seconds=second),
        )
    async with ledger.pool.acquire() as connection:
        busy, quiet = await performance.desk_loads(
            connection, ["la-camden-amhp", "la-lambeth-amhp"], at(18), at(19)
        )
    assert (busy.desk, busy.peak) == ("la-lambeth-amhp", 12)
    assert busy.flood_share == pytest.approx(1 / 6)
    assert (quiet.presented, quiet.peak, quiet.flood_share, quiet.hours) == (0, 0, 0.0, (0,))


async def test_time_to_acknowledge_and_usefulness_are_counted(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    alert = await ledger.pool.fetchval("SELECT alert_id FROM alert WHERE rule = 'R07'")
    async with signed_in(postgres_dsn, at(14, 22), Grant("operator", "las")) as person:
        assert (await person.post(f"/desks/{LAS}/alerts/{alert}/acknowledge")).status_code == 303
        assert (
            await person.post(f"/desks/{LAS}/alerts/{alert}/feedback", reason="no")
        ).status_code == 303
    async with ledger.pool.acquire() as connection:
        prompt = {
            promptness_row.urgency: promptness_row
            for promptness_row in await performance.promptness(connection, [LAS], at(14), at(15))
        }
        rules = {
            load.rule: load
            for load in await performance.rule_loads(connection, [LAS], at(14), at(15))
        }
    assert (prompt[2].count, prompt[2].median, prompt[2].within) == (1, 120.0, 1)
    assert prompt[1].never > 0
    assert (rules["R07"].useful, rules["R07"].not_useful) == (0, 1)
    assert sum(load.share for load in rules.values()) == pytest.approx(1)


async def test_an_operator_is_no_supervisor(ledger: PlayedLedger, postgres_dsn: str) -> None:
    async with signed_in(postgres_dsn, at(15), Grant("operator", "las")) as person:
        assert (await person.get(f"/desks/{LAS}/supervision")).status_code == 403


# Governance


async def test_governance_sees_figures_and_nothing_of_anybody(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    await ledger.pool.execute(
        """INSERT INTO rejection (feed, agency, topic, partition, "offset", code, pointer, remedy, body, received_at)
           VALUES ('las-cad', 'las', 'feed.las-cad', 0, 99, 'unknown-type', '/type', 'name one of the contract', 'Asante', $1)""",
        at(14),
    )
    await ledger.pool.execute(
        "UPDATE feed_state SET silent_since = $1 WHERE feed = 'met-cad'", at(14, 50)
    )
    async with signed_in(postgres_dsn, at(15), Grant("governance", "las")) as person:
        page = unescape((await person.get("/agencies/las/governance")).text)
        assert (await person.get("/agencies/met/governance")).status_code == 403
    assert "Detained under section 136" in page
    assert "too few to show" in page
    assert "unknown-type" in page
    assert "silent since" in page
    assert not [word for word in ("Asante", "CAD-4177", "9990000018") if word in page]


# Behind the glass


@pytest.fixture
async def amhp(ledger: PlayedLedger, postgres_dsn: str) -> AsyncIterator[SignedIn]:
    """At a desk that has no alert of the crisis."""
    async with signed_in(
        postgres_dsn, at(15), Grant("operator", "la-southwark"), name="W1"
    ) as person:
        yield person


DESK = "/desks/la-southwark-amhp"
GLASS = {
    "incident_agency": "met",
    "incident": "CAD-4177",
    "reason": "asked to assess her neighbour",
}


async def test_a_look_opens_one_crisis_within_the_matrix_and_says_until_when(
    ledger: PlayedLedger, amhp: SignedIn
) -> None:
    crisis = await ledger.pool.fetchval(
        "SELECT crisis_id FROM incident WHERE reference = 'CAD-4177'"
    )
    where = f"{DESK}/crises/{crisis}"
    assert (await amhp.get(where)).status_code == 404
    opened = await amhp.post(f"{DESK}/break-glass", **GLASS)
    assert (opened.status_code, opened.headers["location"]) == (303, where)
    page = unescape((await amhp.get(where)).text)
    assert "You look behind the glass until 16:00" in page
    assert "Kwabena Asante-Reid" in page
    assert "prone" not in page, "an AMHP may not see the force log, glass or no glass"
    row = await ledger.pool.fetchrow("SELECT detail FROM audit WHERE action = 'crisis.viewed'")
    assert row is not None
    assert row["detail"]["look"] == await ledger.pool.fetchval(
        "SELECT break_glass_id FROM break_glass"
    )


async def test_a_look_ends_with_its_time_and_when_its_person_ends_it(
    ledger: PlayedLedger, amhp: SignedIn
) -> None:
    where = (await amhp.post(f"{DESK}/break-glass", **GLASS)).headers["location"]
    assert (await amhp.get(where)).status_code == 200
    amhp.clock.advance(timedelta(minutes=20))
    assert (await amhp.post(f"{where}/end-look")).status_code == 303
    assert (await amhp.get(where)).status_code == 404
    again = (await amhp.post(f"{DESK}/break-glass", **GLASS)).headers["location"]
    assert (await amhp.get(again)).status_code == 200
    amhp.clock.advance(timedelta(minutes=25))
    assert (await amhp.get(again)).status_code == 200
    amhp.clock.advance(timedelta(minutes=25))
    assert (await amhp.get(again)).status_code == 200
    amhp.clock.advance(timedelta(minutes=11))
    assert (await amhp.get(again)).status_code == 404


async def test_a_look_is_one_persons_in_one_session(
    ledger: PlayedLedger, amhp: SignedIn, postgres_dsn: str
) -> None:
    where = (await amhp.post(f"{DESK}/break-glass", **GLASS)).headers["location"]
    async with signed_in(
        postgres_dsn, at(15, 1), Grant("operator", "la-southwark"), name="W2"
    ) as colleague:
        assert (await colleague.get(where)).status_code == 404
    async with signed_in(
        postgres_dsn, at(15, 1), Grant("operator", "la-southwark"), name="W1"
    ) as later:
        assert (await later.get(where)).status_code == 404, (
            "signed in anew: the look ended with the session"
        )


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        ({"reason": "urgent"}, 422, "Say why in at least ten letters"),
        ({"incident": "CAD-0"}, 404, "There is no such incident"),
    ],
)
async def test_a_look_without_a_reason_or_an_incident_is_refused(
    ledger: PlayedLedger, amhp: SignedIn, changed: dict[str, str], status: int, sentence: str
) -> None:
    answer = await amhp.post(f"{DESK}/break-glass", **(GLASS | changed))
    assert answer.status_code == status
    assert sentence in answer.text
    assert await ledger.pool.fetchval("SELECT count(*) FROM break_glass") == 0


async def test_a_failed_try_is_in_the_audit(ledger: PlayedLedger, amhp: SignedIn) -> None:
    await amhp.post(f"{DESK}/break-glass", **(GLASS | {"incident": "CAD-0"}))
    assert (
        await ledger.pool.fetchval(
            "SELECT subject FROM audit WHERE action = 'break-glass.not-found'"
        )
        == "met/CAD-0"
    )


# The privacy officer


async def test_a_privacy_officer_reviews_each_look_once_and_never_their_own(
    ledger: PlayedLedger, amhp: SignedIn, postgres_dsn: str
) -> None:
    await amhp.get((await amhp.post(f"{DESK}/break-glass", **GLASS)).headers["location"])
    number = await ledger.pool.fetchval("SELECT break_glass_id FROM break_glass")
    path = "/agencies/la-southwark/privacy"
    async with signed_in(
        postgres_dsn, at(15, 30), Grant("privacy-officer", "la-southwark"), name="W1"
    ) as own_client:
        assert (
            await own_client.post(f"{path}/{number}", finding="justified", note="mine")
        ).status_code == 409
    async with signed_in(
        postgres_dsn, at(15, 31), Grant("privacy-officer", "la-southwark"), name="Z9"
    ) as officer:
        page = unescape((await officer.get(path)).text)
        assert "asked to assess her neighbour" in page
        assert "Waits for review" in page
        assert "Asante" not in page
        assert (await officer.post(f"{path}/{number}", finding="", note="x")).status_code == 422
        assert (
            await officer.post(f"{path}/{number}", finding="justified", note="rang her")
        ).status_code == 303
        assert (
            await officer.post(f"{path}/{number}", finding="not-justified", note="no")
        ).status_code == 409
        assert "Waits for review" not in (await officer.get(path)).text
        assert (await officer.get("/agencies/las/privacy")).status_code == 403
    assert await ledger.pool.fetchval("SELECT finding FROM break_glass") == "justified"


async def test_the_audit_is_searched_within_the_agency_and_searching_is_in_it(
    ledger: PlayedLedger, amhp: SignedIn, postgres_dsn: str
) -> None:
    await amhp.get((await amhp.post(f"{DESK}/break-glass", **GLASS)).headers["location"])
    async with signed_in(
        postgres_dsn, at(15, 30), Grant("privacy-officer", "la-southwark"), name="Z9"
    ) as officer:
        page_text = (await officer.get("/agencies/la-southwark/privacy?action=crisis.&who=W1")).text
        nothing = (await officer.get("/agencies/la-southwark/privacy?who=XX")).text
    assert "crisis.viewed" in page_text
    assert "No record answers to this." in nothing
    async with signed_in(
        postgres_dsn, at(15, 32), Grant("privacy-officer", "las"), name="Z8"
    ) as other:
        assert "crisis.viewed" not in (await other.get("/agencies/las/privacy")).text
    assert (
        await ledger.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'audit.viewed'") == 3
    )


# The audit of every page


@pytest.mark.parametrize(
    "path",
    ["", "/alerts/{alert}", "/crises/{crisis}", "/crises/{crisis}/chronology.pdf", "/supervision"],
)
async def test_nothing_of_anybody_is_shown_where_the_audit_cannot_be_written(
    ledger: PlayedLedger, postgres_dsn: str, path: str
) -> None:
    row = await ledger.pool.fetchrow("SELECT alert_id, crisis_id FROM alert WHERE rule = 'R07'")
    assert row is not None
    where = f"/desks/{LAS}" + path.format(alert=row["alert_id"], crisis=row["crisis_id"])
    async with signed_in(postgres_dsn, at(15), Grant("supervisor", "las")) as person:
        assert (await person.get(where)).status_code == 200
        await ledger.pool.execute(
            "ALTER TABLE audit ADD CONSTRAINT full_disk CHECK (audit_id < 0) NOT VALID"
        )
        refused = await person.get(where)
    assert refused.status_code >= 500
    assert "contact" not in refused.text.lower()
    assert "Asante" not in refused.text
