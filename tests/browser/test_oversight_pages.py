"""Supervision, governance, break-glass and privacy in a real browser, in every theme and as in the pictures."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from services.runtime.clock import ManualClock
from services.runtime.postgres import create_pool
from tests.browser.accessible import accessible
from tests.browser.conftest import Console
from tests.played_ledger import PlayedLedger

NOW = datetime(2026, 11, 23, 14, 58, tzinfo=UTC)
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


@pytest.fixture
async def story(console: Console, dsn: str) -> Console:
    pool = await create_pool(dsn, max_size=4)
    ledger = PlayedLedger(pool)
    await ledger.play("the-story")
    await pool.close()
    await asyncio.to_thread(console.stop)
    console._clock = ManualClock(NOW)
    console.start()
    await console.ready()
    return console


async def sit(page: Page, console: Console, role: str, desk: str) -> None:
    await page.goto(console.url)
    await page.get_by_label("Your initials").fill("sv")
    await page.get_by_label("Role").select_option(role)
    await page.get_by_label("Desk", exact=True).fill(desk)
    await page.get_by_role("button", name="Open the desk").click()


async def clean(page: Page, picture: str = "") -> None:
    await accessible(page)
    if picture:
        await page.screenshot(path=PICTURES / picture, full_page=True)


async def test_the_supervisors_page(story: Console, page: Page) -> None:
    await sit(page, story, "supervisor", "las-mental-health")
    await page.goto(f"{story.url}/desks/las-mental-health/supervision")
    await expect(page.get_by_role("heading", name="Load of the desks")).to_be_visible()
    await expect(page.get_by_role("row", name="LAS mental health desk").last).to_be_visible()
    await clean(page, "supervision.png")


async def test_the_shift_report_the_wall_and_the_rules(story: Console, page: Page) -> None:
    await sit(page, story, "operator", "las-mental-health")
    await page.get_by_role("link", name="Shift report").click()
    await expect(page.get_by_role("heading", name="Shift report")).to_be_visible()
    await clean(page, "shift.png")
    await page.get_by_role("link", name="Waiting now").click()
    await expect(page.get_by_role("row", name="LAS mental health desk")).to_be_visible()
    await clean(page, "wall.png")
    assert isinstance(story._clock, ManualClock)
    story._clock.advance(timedelta(minutes=1))
    await expect(page.get_by_text("As at 23 Nov 2026 14:59:00")).to_be_visible()
    await page.get_by_role("link", name="The rules").click()
    await page.get_by_role("link", name="R01 Treat as an emergency").click()
    await expect(page.get_by_role("heading", name="What it rests on")).to_be_visible()
    await clean(page, "rule.png")


async def test_the_governance_page(story: Console, page: Page) -> None:
    await sit(page, story, "governance", "las-mental-health")
    await page.get_by_role("link", name="Governance figures: London Ambulance Service").click()
    await expect(page.get_by_role("heading", name="Disproportionality")).to_be_visible()
    await clean(page, "governance.png")


async def test_breaking_the_glass_and_the_privacy_officers_queue(
    story: Console, page: Page
) -> None:
    await sit(page, story, "operator", "la-southwark-amhp")
    await page.get_by_role("link", name="Break glass").click()
    await clean(page)
    await page.get_by_label("Whose incident").select_option("met")
    await page.get_by_label("Its reference").fill("CAD-4177")
    await page.get_by_label("Why it is needed").fill("asked to assess his sister at this address")
    await page.get_by_role("button", name="Break the glass").click()
    await expect(page.get_by_text("You look behind the glass until")).to_be_visible()
    await clean(page, "break-glass.png")
    await page.get_by_role("button", name="Sign out").click()
    await page.context.clear_cookies()
    await sit(page, story, "privacy-officer", "la-southwark-supervisor")
    await page.get_by_role(
        "link", name="Looks behind the glass: London Borough of Southwark"
    ).click()
    await expect(page.get_by_text("Waits for review")).to_be_visible()
    await clean(page, "privacy.png")
    await page.get_by_label("Finding", exact=True).select_option("justified")
    await page.locator("input[name=note]").fill("rang the AMHP")
    await page.get_by_role("button", name="Keep the finding of look 1").click()
    await expect(page.get_by_text("Justified: rang the AMHP")).to_be_visible()
