"""What the live events made of the screen is what a fresh look gives, for random nights with a lost connection in them."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from services.liaison.alert import (
    Accept,
    Acknowledge,
    Claim,
    Command,
    CommandRefused,
    Decline,
    Note,
    NotOurs,
    Shelve,
    Unshelve,
)
from services.runtime.postgres import create_pool
from tests.browser.conftest import Console
from tests.browser.test_console import fetched_anew, shown_live, sit
from tests.played_ledger import PlayedLedger

DESK = "las-mental-health"
STORIES = (
    "the-story",
    "police-present-ambulance-graded-low",
    "restraint-nobody-reviews-worsens",
    "one-desk-says-no-and-both-supervisors-hear-it",
)
COMMANDS: tuple[Command, ...] = (
    Acknowledge(),
    Acknowledge(),
    Claim(),
    Accept(),
    Decline("no-resource"),
    NotOurs("the police's"),
    Note("rang them"),
    Shelve(timedelta(minutes=5), "waiting for the crew"),
    Unshelve(),
)


async def answer_something(ledger: PlayedLedger, chance: random.Random, at: datetime) -> None:
    """Somebody at the desk does something with an alert; what cannot be done is refused and changes nothing."""
    rows = await ledger.pool.fetch(
        "SELECT alert_id FROM alert_desk WHERE desk = $1 ORDER BY alert_id", DESK
    )
    if rows:
        with suppress(CommandRefused):
            await ledger.batch.command(
                chance.choice(COMMANDS),
                desk=DESK,
                alert=chance.choice(rows)["alert_id"],
                actor=f"{chance.choice(('AB', 'CD'))}@{DESK}",
                now=at,
            )


@pytest.mark.parametrize("seed", range(4))
async def test_the_live_list_equals_a_fresh_one_after_a_random_night(
    console: Console, page: Page, dsn: str, seed: int
) -> None:
    chance = random.Random(seed)
    pool = await create_pool(dsn, max_size=4)
    ledger = PlayedLedger(pool)
    await sit(page, console.url, DESK)
    story = chance.choice(STORIES) if seed else STORIES[0]
    steps = 0
    async for at in ledger.step_by_step(story):
        steps += 1
        for _ in range(chance.randint(0, 3)):
            await answer_something(ledger, chance, at)
        if steps == 6:
            await asyncio.to_thread(console.stop)
        if steps == 8:
            console.start()
            await console.ready()
    if not console._server.started or console._server.should_exit:
        console.start()
        await console.ready()
    await expect(page.locator("#live-text")).to_contain_text("Live. Last heard")
    waited = 0
    while await shown_live(page) != await fetched_anew(page) and waited < 50:
        waited += 1
        await asyncio.sleep(0.1)
    assert await shown_live(page) == await fetched_anew(page)
    assert await pool.fetchval("SELECT count(*) FROM alert_desk WHERE desk = $1", DESK) > 0
    await pool.close()
