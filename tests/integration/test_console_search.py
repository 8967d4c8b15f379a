"""A reviewer looks for somebody on file whom the matcher did not propose, and attaches them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import unescape

import pytest

from services.ledger.operators.roles import Grant
from services.runtime.postgres import create_pool
from tests.integration.console_client import SignedIn, signed_in
from tests.integration.test_blind_sample import call, person_of
from tests.integration.test_console_review import DESK, HERS, PLAN, SISTER, at
from tests.played_ledger import PlayedLedger

STRANGE = {"names": [{"given": "Margaret", "family": "Abara"}], "date_of_birth": "1951-03-02"}


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    """A call under a name that nobody on file has; Zofia and her sister are on file."""
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
    await call(played, "CAD-1", STRANGE)
    yield played
    await pool.close()


@pytest.fixture
async def reviewer(ledger: PlayedLedger, postgres_dsn: str) -> AsyncIterator[SignedIn]:
    async with signed_in(postgres_dsn, at(30), Grant("reviewer", "slam")) as person:
        yield person


async def opened(reviewer: SignedIn, reference: str = "CAD-1") -> str:
    """Where the incident is compared, found by its reference."""
    response = await reviewer.post(
        f"{DESK}/find-incident", agency="met", reference=f" {reference} "
    )
    assert response.status_code == 303
    return str(response.headers["location"])


async def test_an_incident_nobody_was_found_for_is_opened_and_a_person_looked_for_and_attached(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    where = await opened(reviewer)
    page = unescape((await reviewer.get(where)).text)
    assert "Nobody is attached, and nobody is thought possible." in page
    assert f"{where}/search" in page
    assert "Look" in (await reviewer.get(f"{where}/search")).text
    page_text = unescape(
        (
            await reviewer.post(f"{where}/search", given="Zosia", family="Novak", born="1985-09-14")
        ).text
    )
    assert "Zofia Nowak" in page_text
    assert "a short form" in page_text
    assert not [word for word in ("SE5", "900123", "9990000018") if word in page_text]
    hers = await person_of(ledger, "p-1")
    done = await reviewer.post(
        where, verdict="same", person=hers, reason="gave her sister's name, rang the ward"
    )
    assert done.status_code == 303
    row = await ledger.pool.fetchrow(
        "SELECT outcome, person_id::text FROM identity_decision WHERE superseded_at IS NULL"
    )
    assert row is not None
    assert tuple(row) == ("attached", hers)
    assert await ledger.pool.fetchval("SELECT cleared_at IS NULL FROM alert WHERE rule = 'R16'"), (
        "her plan is told now"
    )


async def test_whom_somebody_was_shown_is_in_the_audit_and_what_they_wrote_is_nowhere(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    where = await opened(reviewer)
    await reviewer.post(
        f"{where}/search",
        given="Zofia",
        family="Nowak",
        born="1985-09-14",
        nhs_number="999 000 0018",
    )
    row = await ledger.pool.fetchrow(
        "SELECT actor, subject, detail FROM audit WHERE action = 'review.searched'"
    )
    assert row is not None
    assert (row["actor"], row["subject"]) == ("P1@slam-crisis", "met/CAD-1")
    assert await person_of(ledger, "p-1") in row["detail"]["people"]
    rows = await ledger.pool.fetch("SELECT detail::text AS detail FROM audit")
    assert not [row for row in rows if "Zofia" in row["detail"] or "9990000018" in row["detail"]]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"given": "Zofia"}, "Write at least a name with"),
        ({}, "Write at least a name with"),
        ({"family": "Nowak", "born": "14.9.1985"}, "Date of birth: write it as YYYY-MM-DD"),
        ({"family": "Nowak", "postcode": "SE5"}, "Postcode: write a whole one"),
        ({"nhs_number": "9990000019"}, "these fail the check figure"),
        ({"given": "Z" * 300, "family": "Nowak"}, "Name: at most 80 letters"),
    ],
)
async def test_what_is_wrong_with_what_was_written_is_said_by_field_and_nobody_is_looked_for(
    ledger: PlayedLedger, reviewer: SignedIn, fields: dict[str, str], sentence: str
) -> None:
    answer = await reviewer.post(f"{await opened(reviewer)}/search", **fields)
    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert (
        await ledger.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'review.searched'")
        == 0
    )


async def test_nobody_on_file_is_said_as_such(reviewer: SignedIn) -> None:
    answer = await reviewer.post(
        f"{await opened(reviewer)}/search", given="Bartholomew", family="Quince", born="1931-01-02"
    )
    assert "Nobody on file shares enough" in answer.text


async def test_who_may_not_review_looks_for_nobody(
    ledger: PlayedLedger, reviewer: SignedIn, postgres_dsn: str
) -> None:
    number = (await opened(reviewer)).rsplit("/", 1)[1]
    async with signed_in(postgres_dsn, at(30), Grant("reviewer", "met"), name="P2") as police:
        desk = "/desks/met-control-central-south"
        answer = await police.post(
            f"{desk}/review/{number}/search", given="Zofia", family="Nowak", born="1985-09-14"
        )
        assert (answer.status_code, "Nowak" in answer.text) == (403, False)
        assert (
            await police.post(f"{desk}/find-incident", agency="met", reference="CAD-1")
        ).status_code == 403
    async with signed_in(postgres_dsn, at(30), Grant("reviewer", "nelft"), name="P3") as far:
        assert (
            await far.post("/desks/nelft-crisis/find-incident", agency="met", reference="CAD-1")
        ).status_code == 404
        answer = await far.post(
            f"/desks/nelft-crisis/review/{number}/search",
            given="Zofia",
            family="Nowak",
            born="1985-09-14",
        )
        assert answer.status_code == 404
    assert (
        await reviewer.post(f"{DESK}/find-incident", agency="met", reference="CAD-9")
    ).status_code == 404
