"""The review queue in the console: who may see it, what it shows, deciding, undoing, and joining records."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from services.identity.missing import ASKING
from services.identity.person import Item
from services.ledger.operators.roles import Grant
from services.runtime.postgres import create_pool
from tests.integration.console_client import SignedIn, signed_in
from tests.played_ledger import PlayedLedger

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HERS = {
    "names": [{"given": "Zofia", "family": "Nowak"}],
    "date_of_birth": "1985-09-14",
    "sex": "female",
    "addresses": [{"postcode": "SE5 8AZ"}],
    "phones": ["+447700900123"],
    "nhs_number": "9990000018",
}
SISTER = {
    "names": [{"given": "Ania", "family": "Nowak"}],
    "date_of_birth": "1987-01-30",
    "addresses": [{"postcode": "SE5 8AZ"}],
}
SAID = {
    "names": [{"given": "Zosia", "family": "Nowak"}],
    "date_of_birth": "1985-09-14",
    "sex": "female",
}
DESK = "/desks/slam-crisis"
PLAN = {"pointer": "urn:nrl:1", "calming": ["Speak slowly"]}


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    """A call about Zosia Nowak; Zofia and her sister are on file, and nobody has said where she lives."""
    pool = await create_pool(postgres_dsn, max_size=4)
    played = PlayedLedger(pool)
    await played.say(
        "slam-ehr", "person.registered", {"local_person": "p-1", "person": HERS}, at(0)
    )
    await played.say(
        "slam-ehr",
        "pathway.opened",
        {"local_person": "p-1", "pathway": "CP", "crisis_plan": PLAN},
        at(1),
    )
    await played.say(
        "slam-ehr", "person.registered", {"local_person": "p-2", "person": SISTER}, at(2)
    )
    await played.say(
        "met-cad",
        "incident.reported",
        {
            "incident": "CAD-1",
            "nature": "suicidal",
            "channel": "999",
            "location": {"area": "southwark"},
            "person": SAID,
        },
        at(5),
    )
    yield played
    await pool.close()


@pytest.fixture
async def reviewer(ledger: PlayedLedger, postgres_dsn: str) -> AsyncIterator[SignedIn]:
    async with signed_in(postgres_dsn, at(30), Grant("reviewer", "slam")) as person:
        yield person


async def decision(ledger: PlayedLedger) -> int:
    return int(
        await ledger.pool.fetchval(
            "SELECT decision_id FROM identity_decision WHERE incident = 'CAD-1' AND superseded_at IS NULL"
        )
    )


async def outcome(ledger: PlayedLedger) -> str:
    return str(
        await ledger.pool.fetchval(
            "SELECT outcome FROM identity_decision WHERE incident = 'CAD-1' AND superseded_at IS NULL"
        )
    )


async def person_of(ledger: PlayedLedger, local: str) -> str:
    return str(
        await ledger.pool.fetchval(
            "SELECT person_id FROM local_record WHERE local_person = $1", local
        )
    )


async def test_the_queue_names_incidents_and_nobody(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    page = (await reviewer.get(f"{DESK}/review")).text
    assert "CAD-1" in page
    assert "1 incidents wait" in page
    assert "Southwark" in page
    assert not [word for word in ("Nowak", "1985", "Zofia") if word in page]


async def test_the_comparison_shows_names_and_levels_and_no_number_address_or_telephone(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    page = unescape((await reviewer.get(f"{DESK}/review/{await decision(ledger)}")).text)
    assert "Zofia Nowak" in page
    assert "Zosia Nowak" in page
    assert "a short form" in page
    assert "14 Sep 1985" in page
    assert not [word for word in ("SE5", "900123", "9990000018") if word in page]
    row = await ledger.pool.fetchrow(
        "SELECT actor, subject, detail FROM audit WHERE action = 'review.viewed'"
    )
    assert row is not None
    assert (row["actor"], row["subject"]) == ("P1@slam-crisis", "met/CAD-1")
    assert await person_of(ledger, "p-1") in row["detail"]["people"]


async def test_the_same_person_is_attached_the_crisis_plan_is_told_and_undone_it_ends(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    where = f"{DESK}/review/{await decision(ledger)}"
    done = await reviewer.post(
        where, verdict="same", person=await person_of(ledger, "p-1"), reason="rang the ward"
    )
    assert done.status_code == 303
    assert await outcome(ledger) == "attached"
    assert await ledger.pool.fetchval("SELECT cleared_at IS NULL FROM alert WHERE rule = 'R16'")
    page = (await reviewer.get(done.headers["location"])).text
    assert "Attached now: on file 1." in page
    assert "rang the ward" in page
    review = await ledger.pool.fetchval("SELECT review_id FROM identity_review")
    assert (
        await reviewer.post(f"{where}/undo/{review}", reason="it was her cousin")
    ).status_code == 303
    assert await outcome(ledger) == "possible"
    assert not await ledger.pool.fetchval("SELECT cleared_at IS NULL FROM alert WHERE rule = 'R16'")


async def test_somebody_else_leaves_the_queue_and_stays_apart(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    where = f"{DESK}/review/{await decision(ledger)}"
    await reviewer.post(
        where,
        verdict="different",
        person=await person_of(ledger, "p-1"),
        reason="she is on the ward",
    )
    assert "Nobody waits" in (await reviewer.get(f"{DESK}/review")).text
    await ledger.say("met-cad", "incident.updated", {"incident": "CAD-1", "person": HERS}, at(40))
    assert await outcome(ledger) != "attached"


async def test_of_two_reviewers_the_second_is_told_who_was_first(
    ledger: PlayedLedger, reviewer: SignedIn, postgres_dsn: str
) -> None:
    where, person = f"{DESK}/review/{await decision(ledger)}", await person_of(ledger, "p-1")
    async with signed_in(postgres_dsn, at(31), Grant("reviewer", "slam"), name="P2") as other:
        await reviewer.post(where, verdict="same", person=person, reason="rang the ward")
        response = await other.post(where, verdict="different", person=person, reason="I think not")
    assert response.status_code == 409
    assert "P1@slam-crisis decided this" in unescape(response.text)
    assert await outcome(ledger) == "attached"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"verdict": "same", "reason": " "}, "Say why"),
        ({"verdict": "perhaps", "reason": "x"}, "Choose: same person"),
    ],
)
async def test_what_is_missing_is_said_on_the_page_and_nothing_is_written(
    ledger: PlayedLedger, reviewer: SignedIn, fields: dict[str, str], sentence: str
) -> None:
    answer = await reviewer.post(
        f"{DESK}/review/{await decision(ledger)}", person=await person_of(ledger, "p-1"), **fields
    )
    assert answer.status_code == 422
    assert sentence in answer.text
    assert await ledger.pool.fetchval("SELECT count(*) FROM identity_review") == 0


@pytest.mark.parametrize(
    "path",
    ["/review/999", "/review/x", "/people/x", "/people/00000000-0000-0000-0000-000000000000"],
)
async def test_what_is_not_there_is_said_and_leaks_nothing(reviewer: SignedIn, path: str) -> None:
    answer = await reviewer.get(DESK + path)
    assert answer.status_code == 404
    assert "There is no such" in answer.text


async def test_a_police_desk_may_not_compare_people_on_file(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    async with signed_in(postgres_dsn, at(30), Grant("reviewer", "met")) as police:
        answer = await police.get(
            f"/desks/met-control-central-south/review/{await decision(ledger)}"
        )
    assert answer.status_code == 403
    assert "not disclosed to this desk" in answer.text
    assert "Nowak" not in answer.text


async def test_a_desk_of_another_part_of_london_does_not_see_the_incident(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    async with signed_in(postgres_dsn, at(30), Grant("reviewer", "nelft")) as far:
        desk = "nelft-crisis"
        assert "Nobody waits" in (await far.get(f"/desks/{desk}/review")).text
        assert (await far.get(f"/desks/{desk}/review/{await decision(ledger)}")).status_code == 404


async def test_joining_shows_what_it_would_change_and_is_done_only_when_it_is_meant(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    twice = {**HERS, "nhs_number": None}
    fields = {key: value for key, value in twice.items() if value is not None}
    await ledger.say(
        "oxleas-ehr", "person.registered", {"local_person": "x-9", "person": fields}, at(20)
    )
    hers, other = await person_of(ledger, "p-1"), await person_of(ledger, "x-9")
    where = f"{DESK}/people/{hers}"
    page_text = unescape(
        (await reviewer.post(f"{where}/join", other=other, reason="one NHS number")).text
    )
    assert "Nothing is written yet" in page_text
    assert "Records that become another person's: 1" in page_text
    assert "CAD-1" in page_text
    assert await ledger.pool.fetchval("SELECT count(*) FROM record_link") == 0
    done = await reviewer.post(f"{where}/join", other=other, reason="one NHS number", sure="yes")
    assert done.status_code == 303
    assert await person_of(ledger, "x-9") == hers
    page = unescape((await reviewer.get(where)).text)
    assert "Take record 2 out" in page
    link = await ledger.pool.fetchval("SELECT link_id FROM record_link")
    assert (
        "Nothing is written yet"
        in (await reviewer.post(f"{where}/undo/{link}", reason="a slip")).text
    )
    assert (
        await reviewer.post(f"{where}/undo/{link}", reason="a slip", sure="yes")
    ).status_code == 303
    assert await person_of(ledger, "x-9") == other


async def test_the_crisis_page_says_what_to_ask_next_until_it_has_been_told(
    ledger: PlayedLedger, postgres_dsn: str
) -> None:
    # she was described by the short form of her name
    question = ASKING[Item.GIVEN_NAME].next_question
    async with signed_in(postgres_dsn, at(30), Grant("operator", "la-southwark")) as amhp:
        crisis = {"incident_agency": "met", "incident": "CAD-1", "reason": "asked to assess her"}
        opened = await amhp.post("/desks/la-southwark-amhp/break-glass", **crisis)
        where = opened.headers["location"]
        page = unescape((await amhp.get(where)).text)
        assert "nobody is attached" in page
        assert question in page
        told = {"incident": "CAD-1", "person": SAID | {"names": HERS["names"]}}
        await ledger.say("met-cad", "incident.updated", told, at(31))
        page = unescape((await amhp.get(where)).text)
        assert "the register's person is attached" in page
        assert question not in page
