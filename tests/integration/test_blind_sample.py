"""A sample of attachments is judged by a reviewer who is not told of them, and what comes of it calibrates the threshold."""

from __future__ import annotations

import asyncio
import csv
import re
from collections.abc import AsyncIterator, Mapping
from html import unescape
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner

from services.command_line import main
from services.identity.model import shipped
from services.ledger.decisions import blind_sample
from services.ledger.decisions.blind_sample import Sampled
from services.ledger.operators.roles import Grant
from services.orchestration.decisions.common import DecisionRefused
from services.runtime.postgres import create_pool
from tests.integration.console_client import SignedIn, signed_in
from tests.integration.test_console_review import DESK, HERS, SAID, SISTER, at
from tests.played_ledger import PlayedLedger

PLACED = {**SAID, "addresses": [{"postcode": "SE5 8AZ"}]}


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    """A call whose person the weight of evidence attaches; her sister is on file too."""
    pool = await create_pool(postgres_dsn, max_size=4)
    made = PlayedLedger(pool)
    await made.say("slam-ehr", "person.registered", {"local_person": "p-1", "person": HERS}, at(0))
    await made.say(
        "slam-ehr", "person.registered", {"local_person": "p-2", "person": SISTER}, at(2)
    )
    await call(made, "CAD-1", PLACED)
    yield made
    await pool.close()


async def call(
    ledger: PlayedLedger, reference: str, person: Mapping[str, object], minute: float = 5
) -> None:
    await ledger.say(
        "met-cad",
        "incident.reported",
        {
            "incident": reference,
            "nature": "suicidal",
            "channel": "999",
            "location": {"area": "southwark"},
            "person": person,
        },
        at(minute),
    )


@pytest.fixture
async def reviewer(
    ledger: PlayedLedger, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SignedIn]:
    monkeypatch.setenv("LIAISON_BLIND_SAMPLE_ONE_IN", "1")
    async with signed_in(postgres_dsn, at(30), Grant("reviewer", "slam")) as person:
        yield person


async def sample(ledger: PlayedLedger, one_in: int = 1, minute: float = 30) -> list[Sampled]:
    async with ledger.pool.acquire() as connection:
        return await blind_sample.waiting(connection, one_in, at(minute))


async def person_of(ledger: PlayedLedger, local: str) -> str:
    return str(
        await ledger.pool.fetchval(
            "SELECT person_id FROM local_record WHERE local_person = $1", local
        )
    )


async def test_the_page_gives_away_neither_the_decision_nor_a_weight(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    (one,) = await sample(ledger)
    queue = unescape((await reviewer.get(f"{DESK}/review")).text)
    assert f"{DESK}/sample/{one.decision}" in queue
    page = unescape((await reviewer.get(f"{DESK}/sample/{one.decision}")).text)
    assert "Zosia Nowak" in page
    assert "Zofia Nowak" in page
    assert "Ania Nowak" in page
    assert "a short form" in page
    assert "Attached" not in page
    assert not re.search(r"[+-]\d+\.\d", page), "a weight would say it"
    action = "SELECT count(*) FROM audit WHERE action = 'sample.viewed' AND subject = 'met/CAD-1'"
    assert await ledger.pool.fetchval(action) == 1


async def test_whoever_agrees_is_told_so_and_nothing_is_changed(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    (one,) = await sample(ledger)
    done = await reviewer.post(
        f"{DESK}/sample/{one.decision}", answer=await person_of(ledger, "p-1")
    )
    assert done.status_code == 303
    page = unescape((await reviewer.get(done.headers["location"])).text)
    assert "The matcher had said the same." in page
    assert await sample(ledger) == []
    assert await ledger.pool.fetchval("SELECT count(*) FROM identity_review") == 0
    assert (
        await ledger.pool.fetchval(
            "SELECT detail::text FROM audit WHERE action = 'identity.judged'"
        )
        == '{"judgement": 1}'
    )


async def test_whoever_finds_somebody_else_can_undo_the_attachment_on_the_page_that_tells(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    (one,) = await sample(ledger)
    done = await reviewer.post(f"{DESK}/sample/{one.decision}", answer="nobody")
    told = done.headers["location"]
    page = unescape((await reviewer.get(told)).text)
    assert "The matcher had said otherwise" in page
    assert "Attached now: on file 1." in page
    await reviewer.post(
        told.partition("?")[0],
        verdict="different",
        person=one.person_id,
        reason="she is on the ward",
    )
    outcome = await ledger.pool.fetchval(
        "SELECT outcome FROM identity_decision WHERE superseded_at IS NULL"
    )
    assert outcome != "attached"


@pytest.mark.parametrize("answer", ["", "perhaps", "00000000-0000-4000-8000-000000000001"])
async def test_an_answer_that_is_none_is_asked_for_again(
    ledger: PlayedLedger, reviewer: SignedIn, answer: str
) -> None:
    (one,) = await sample(ledger)
    asked = await reviewer.post(f"{DESK}/sample/{one.decision}", answer=answer)
    assert asked.status_code == 422
    assert "Choose one on file" in asked.text
    assert await ledger.pool.fetchval("SELECT count(*) FROM blind_judgement") == 0


async def test_of_two_who_judge_at_once_one_is_kept(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    (one,) = await sample(ledger)
    async with ledger.pool.acquire() as connection:
        assert (
            await blind_sample.judge(connection, one, "nobody", None, actor="P2", now=at(29))
            is False
        )
        with pytest.raises(DecisionRefused, match="Somebody else"):
            await blind_sample.judge(connection, one, "nobody", None, actor="P1", now=at(30))
    late = await reviewer.post(f"{DESK}/sample/{one.decision}", answer="nobody")
    assert late.status_code == 404
    assert "somebody may have decided it" in late.text


async def test_a_desk_that_may_not_know_people_or_serves_another_part_judges_nothing(
    ledger: PlayedLedger, reviewer: SignedIn, postgres_dsn: str
) -> None:
    (one,) = await sample(ledger)
    async with signed_in(postgres_dsn, at(30), Grant("reviewer", "met")) as police:
        answer = await police.get(f"/desks/met-control-central-south/sample/{one.decision}")
        assert (answer.status_code, "Nowak" in answer.text) == (403, False)
    async with signed_in(postgres_dsn, at(30), Grant("reviewer", "nelft")) as far:
        assert (await far.get(f"/desks/nelft-crisis/sample/{one.decision}")).status_code == 404


async def test_the_sample_follows_from_the_incident_alone_and_is_about_the_share_asked_for(
    ledger: PlayedLedger,
) -> None:
    for number in range(60):
        await call(ledger, f"CAD-{100 + number}", PLACED, 6 + number / 10)
    everything, some = await sample(ledger, 1), await sample(ledger, 5)
    assert len(everything) == 20, "the oldest twenty are shown"
    attached = "SELECT count(*) FROM identity_decision WHERE superseded_at IS NULL AND outcome = 'attached'"
    assert await ledger.pool.fetchval(attached) == 61
    assert 3 <= len(some) <= 19, "a fifth of 61, by lot"
    assert some == await sample(ledger, 5)
    await call(ledger, some[0].incident[1], {**PLACED, "phones": ["+447700900123"]}, 20)
    assert some[0].incident in {s.incident for s in await sample(ledger, 5)}, (
        "decided anew, and still in the sample"
    )
    assert await sample(ledger, 5, 60 * 24 * 15) == [], "after two weeks nobody remembers"


async def test_what_people_judged_is_written_for_the_calibration(
    ledger: PlayedLedger,
    reviewer: SignedIn,
    postgres_dsn: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # no veto, but a given name and a telephone are not weight enough
    await call(ledger, "CAD-2", {"names": [{"given": "Zofia"}], "phones": ["+447700900123"]}, 7)
    open_ = await ledger.pool.fetchrow(
        "SELECT decision_id, evidence FROM identity_decision WHERE superseded_at IS NULL AND incident = 'CAD-2'"
    )
    assert open_ is not None
    assert open_["evidence"]["rule"] == "not-enough-weight"
    (one,) = await sample(ledger)
    hers = await person_of(ledger, "p-1")
    await reviewer.post(f"{DESK}/sample/{one.decision}", answer=hers)
    await reviewer.post(
        f"{DESK}/review/{open_['decision_id']}",
        verdict="different",
        person=hers,
        reason="a namesake",
    )
    await ledger.pool.execute("INSERT INTO value_frequency VALUES (0, 2) ON CONFLICT DO NOTHING")
    monkeypatch.setenv("LIAISON_POSTGRES_DSN", postgres_dsn)
    out = tmp_path / "judged.csv"
    ran = await in_thread("identity", "outcomes", "--out", str(out))
    assert ran == "2 outcomes written: 1 of the blind sample (0 wrong), 1 of reviews.\n"
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(r["origin"], r["right"], r["rule"], r["model_version"]) for r in rows] == [
        ("blind", "1", "weight-of-evidence", shipped().version),
        ("review", "0", "not-enough-weight", shipped().version),
    ]
    assert float(rows[0]["weight"]) > float(rows[1]["weight"]) > 0
    assert (rows[0]["people_then"], rows[1]["people_then"]) == ("2", "")
    assert {r["people_now"] for r in rows} == {"2"}
    ran = await in_thread("identity", "calibrate", "--judged", str(out))
    assert "no weight is shown to be safe by 2 outcomes" in ran


async def in_thread(*command: str) -> str:
    """What a command prints; it runs an event loop of its own."""
    return (await asyncio.to_thread(CliRunner().invoke, main, list(command))).output


async def test_reviews_of_whom_a_veto_held_back_calibrate_nothing(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    brother = {**PLACED, "names": [{"family": "Nowak"}]}
    await call(ledger, "CAD-3", brother, 7)
    decision = await ledger.pool.fetchrow(
        "SELECT decision_id, evidence FROM identity_decision WHERE superseded_at IS NULL AND incident = 'CAD-3'"
    )
    assert decision is not None
    assert decision["evidence"]["rule"] == "family-guard"
    await reviewer.post(
        f"{DESK}/review/{decision['decision_id']}",
        verdict="same",
        person=await person_of(ledger, "p-1"),
        reason="rang",
    )
    async with ledger.pool.acquire() as connection:
        assert await blind_sample.outcomes(connection) == []


async def test_a_judgement_that_could_not_tell_is_no_outcome(
    ledger: PlayedLedger, reviewer: SignedIn
) -> None:
    (one,) = await sample(ledger)
    done = await reviewer.post(f"{DESK}/sample/{one.decision}", answer="cannot-tell")
    assert "you could not tell" in (await reviewer.get(done.headers["location"])).text
    async with ledger.pool.acquire() as connection:
        assert await blind_sample.outcomes(connection) == []


async def test_the_ledger_refuses_a_person_who_was_chosen_without_being_named(
    ledger: PlayedLedger,
) -> None:
    (one,) = await sample(ledger)
    async with ledger.pool.acquire() as connection:
        with pytest.raises(asyncpg.CheckViolationError):
            await blind_sample.judge(connection, one, "person", None, actor="P1", now=at(30))
