"""Who is it? in a real browser: by keyboard, in every theme, and as in the pictures."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from services.runtime.clock import ManualClock
from services.runtime.postgres import create_pool
from tests.browser.accessible import accessible, nothing_cut_off
from tests.browser.conftest import Console
from tests.integration.test_console_review import HERS, NOW, PLAN, SAID, SISTER, at
from tests.played_ledger import PlayedLedger

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
DESK = "slam-crisis"


@pytest.fixture
async def reviewer(console: Console, page: Page, dsn: str) -> Page:
    """A reviewer at the trust's desk; one call about somebody of whom two on file are possible, and she is twice on file; and one
    about her sister, whom the weight attached, and who is in the blind sample."""
    pool = await create_pool(dsn, max_size=4)
    ledger = PlayedLedger(pool)
    twice = {name: value for name, value in HERS.items() if name != "nhs_number"}
    for feed, local, person in (
        ("slam-ehr", "p-1", HERS),
        ("slam-ehr", "p-2", SISTER),
        ("oxleas-ehr", "x-9", twice),
    ):
        await ledger.say(
            feed, "person.registered", {"local_person": local, "person": person}, at(int(local[-1]))
        )
    await ledger.say(
        "slam-ehr",
        "pathway.opened",
        {"local_person": "p-1", "pathway": "CP", "crisis_plan": PLAN},
        at(10),
    )
    await ledger.say(
        "met-cad",
        "incident.reported",
        {
            "incident": "CAD-1",
            "nature": "suicidal",
            "channel": "999",
            "location": {"area": "southwark"},
            "person": SAID,
        },
        at(15),
    )
    # one incident in two hundred is in the sample; which ones follows from their reference
    reference = await pool.fetchval(
        """SELECT r FROM (SELECT 'CAD-' || n AS r FROM generate_series(100, 5000) AS n) AS x
            WHERE hashtextextended('met' || chr(31) || r, 0) % 200 = 0 LIMIT 1"""
    )
    await ledger.say(
        "met-cad",
        "incident.reported",
        {
            "incident": reference,
            "nature": "suicidal",
            "channel": "999",
            "location": {"area": "southwark"},
            "person": SISTER,
        },
        at(20),
    )
    await pool.close()
    await asyncio.to_thread(console.stop)
    console._clock = ManualClock(NOW + timedelta(minutes=40))
    console.start()
    await console.ready()
    await page.goto(console.url)
    await page.get_by_label("Your initials").fill("rv")
    await page.get_by_label("Role").select_option("reviewer")
    await page.get_by_label("Desk", exact=True).fill(DESK)
    await page.get_by_role("button", name="Open the desk").click()
    await page.get_by_role("link", name="Who is it?").click()
    return page


async def test_a_reviewer_decides_by_keyboard_alone_and_no_page_has_an_accessibility_fault(
    reviewer: Page,
) -> None:
    await expect(reviewer.get_by_role("heading", name="Who is it?")).to_be_visible()
    await accessible(reviewer)
    await reviewer.screenshot(path=PICTURES / "review-queue.png", full_page=True)
    await reviewer.get_by_role("link", name="Compare: Metropolitan Police Service CAD-1").focus()
    await reviewer.keyboard.press("Enter")
    await expect(reviewer.get_by_text("Decide about on file 1")).to_be_visible()
    await accessible(reviewer)
    await reviewer.screenshot(path=PICTURES / "review.png", full_page=True)
    await reviewer.locator("#reason-1").focus()
    await reviewer.keyboard.type("rang the ward")
    await reviewer.keyboard.press("Tab")
    await reviewer.keyboard.press("Enter")
    await expect(reviewer.get_by_text("Attached now: on file 1.")).to_be_visible()
    await nothing_cut_off(reviewer)


async def test_joining_two_records_shows_what_it_would_change_first(reviewer: Page) -> None:
    await reviewer.get_by_role("link", name="Compare").click()
    links = await reviewer.get_by_role("link", name="Records of").all()
    other = (await links[1].get_attribute("href") or "").rsplit("/", 1)[1]
    await links[0].click()
    await reviewer.get_by_label("The other person's id").fill(other)
    await reviewer.locator("#join-reason").fill("one woman, two trusts")
    await reviewer.get_by_role("button", name="Show what it would change").first.click()
    await expect(reviewer.get_by_text("Nothing is written yet.")).to_be_visible()
    await accessible(reviewer)
    await reviewer.screenshot(path=PICTURES / "join.png", full_page=True)
    await reviewer.get_by_role("button", name="Do it").click()
    await expect(reviewer.get_by_text("Take record 2 out")).to_be_visible()
    await accessible(reviewer)


async def test_a_sampled_attachment_is_judged_by_keyboard_and_what_the_matcher_had_said_is_told_afterwards(
    reviewer: Page,
) -> None:
    await expect(
        reviewer.get_by_role("heading", name="To be judged without the matcher")
    ).to_be_visible()
    await accessible(reviewer)
    await reviewer.get_by_role("link", name="Judge: ").first.focus()
    await reviewer.keyboard.press("Enter")
    await expect(reviewer.get_by_role("heading", name="It is about")).to_be_visible()
    await accessible(reviewer)
    await nothing_cut_off(reviewer)
    await reviewer.screenshot(path=PICTURES / "judge.png", full_page=True)
    await reviewer.get_by_role("button", name="Nobody of these").focus()
    await reviewer.keyboard.press("Enter")
    await expect(
        reviewer.get_by_role("status").filter(has_text="The matcher had said otherwise")
    ).to_be_visible()
    await accessible(reviewer)


async def test_somebody_is_looked_for_by_keyboard(reviewer: Page) -> None:
    await reviewer.get_by_label("Agency").select_option("met")
    await reviewer.get_by_label("Reference").fill("CAD-1")
    await reviewer.keyboard.press("Enter")
    await reviewer.get_by_role("link", name="Look for somebody else on file").click()
    await accessible(reviewer)
    await reviewer.get_by_label("Given name").fill("Ania")
    await reviewer.keyboard.press("Enter")
    await expect(reviewer.get_by_role("alert")).to_contain_text("Write at least a name with")
    await accessible(reviewer)
    await reviewer.get_by_label("Family name").fill("Novak")
    await reviewer.keyboard.press("Enter")
    await expect(
        reviewer.get_by_role("heading", name="On file, the likeliest first")
    ).to_be_visible()
    await expect(
        reviewer.get_by_role("row", name="Names").get_by_text("Ania Nowak").first
    ).to_be_visible()
    await accessible(reviewer)
    await nothing_cut_off(reviewer)
    await reviewer.screenshot(path=PICTURES / "search.png", full_page=True)
