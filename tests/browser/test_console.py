"""What staff at a desk see and do, in a real browser."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from playwright.async_api import Browser, Page, expect

from services.runtime.clock import ManualClock
from tests.browser import story
from tests.browser.accessible import accessible
from tests.browser.conftest import Console

DESK = story.AMBULANCE
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "console.png"


async def sit(page: Page, url: str, desk: str = DESK) -> None:
    await page.goto(url)
    await page.get_by_label("Your initials").fill("ab")
    await page.get_by_label("Desk", exact=True).fill(desk)
    await page.get_by_role("button", name="Open the desk").click()
    await expect(page.locator("#live-text")).to_contain_text("Live. Last heard")


def squeeze(html: str) -> str:
    """Without what counts by the second and what only the script needs."""
    still = re.sub(r'(class="countdown)[^>]*>[^<]*<', r"\1><", html)
    return re.sub(
        r"\s+",
        "",
        re.sub(r' data-(row|alerts|order|sequence|group|new|leaving)="[^"]*"', "", still),
    )


async def shown_live(page: Page) -> str:
    """The list as the live events made it."""
    return squeeze(await page.locator("#alerts").inner_html())


async def fetched_anew(page: Page) -> str:
    """The list as the server gives it now."""
    fresh = await (await page.request.get(page.url)).text()
    parsed = await page.evaluate(
        "html => new DOMParser().parseFromString(html, 'text/html').getElementById('alerts').innerHTML",
        fresh,
    )
    return squeeze(parsed)


async def put(dsn: str, key: str, title: str, urgency: int = 2) -> UUID:
    return await story.raise_alert(
        dsn,
        key,
        {DESK: story.view(title, story.AT), story.TRUST: story.view(title, story.AT)},
        urgency=urgency,
    )


async def titles(page: Page) -> list[str]:
    return await page.locator("#alerts h3").all_inner_texts()


async def test_an_alert_appears_in_its_place_without_reload_and_focus_stays(
    console: Console, page: Page, dsn: str
) -> None:
    await put(dsn, "one", "The first", 2)
    await sit(page, console.url)
    await page.locator("article").first.focus()
    await put(dsn, "two", "The urgent one", 1)
    await expect(page.locator("article")).to_have_count(2)
    assert await titles(page) == ["The urgent one", "The first"]
    assert "The first" in await page.evaluate("document.activeElement.innerText")
    await expect(page.locator("#say-urgent")).to_contain_text("The urgent one")


async def test_an_alert_is_acknowledged_by_keyboard_alone(
    console: Console, page: Page, dsn: str
) -> None:
    await put(dsn, "one", "The first", 1)
    await put(dsn, "two", "The second", 2)
    await sit(page, console.url)
    await page.locator("article").first.focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Alt+a")
    await expect(page.locator("article").nth(1)).to_contain_text("by AB")
    assert "The second" in await page.evaluate("document.activeElement.innerText")
    await expect(
        page.locator("article").first.get_by_role("button", name="Acknowledge")
    ).to_be_visible()


async def test_what_another_person_and_another_desk_acknowledge_is_seen(
    console: Console, browser: Browser, page: Page, dsn: str
) -> None:
    await put(dsn, "one", "The first")
    await sit(page, console.url)
    other = await (await browser.new_context()).new_page()
    await sit(other, console.url, story.TRUST)
    await other.get_by_role("button", name="Acknowledge").first.click()
    await expect(page.locator("#alerts .told li", has_text="seen")).to_be_visible(timeout=2000)
    await expect(page.get_by_role("button", name="Acknowledge")).to_be_visible()


async def test_after_a_restart_nothing_is_missing_or_double_and_silence_is_told(
    console: Console, page: Page, dsn: str
) -> None:
    await put(dsn, "one", "The first")
    await sit(page, console.url)
    await asyncio.to_thread(console.stop)
    await put(dsn, "two", "While it was away", 1)
    await expect(page.locator("#stale")).to_be_visible(timeout=15000)
    console.start()
    await console.ready()
    await expect(page.locator("#stale")).to_be_hidden(timeout=5000)
    await expect(page.locator("article")).to_have_count(2)
    assert await titles(page) == ["While it was away", "The first"]


async def test_the_live_page_equals_the_fetched_one(console: Console, page: Page, dsn: str) -> None:
    await sit(page, console.url)
    await story.tell(dsn)
    await expect(page.locator("article")).to_have_count(3)
    await page.get_by_role("button", name="Acknowledge: Crisis").click()
    await expect(page.locator("article").last).to_contain_text("by AB")
    # the row that somebody is at goes to its group when they leave it
    await page.locator("article").first.focus()
    await expect(page.locator("[data-group='mine'] article")).to_have_count(1)

    assert await shown_live(page) == await fetched_anew(page)


async def test_no_page_has_an_accessibility_fault_or_leaves_the_origin(
    console: Console, page: Page, dsn: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await story.tell(dsn)

    async def clean() -> None:
        await page.emulate_media(reduced_motion="reduce")
        await accessible(page)

    await page.goto(console.url)
    await clean()
    await sit(page, console.url)
    await clean()
    await page.locator("article").first.focus()
    await page.keyboard.press("Enter")
    await clean()
    await page.locator("#alerts h4 a").first.click()
    await expect(page.get_by_role("heading", name="History")).to_be_visible()
    await clean()
    await page.set_viewport_size({"width": 1280, "height": 900})
    for path in (
        f"/desks/{DESK}/hand-over",
        f"/desks/{DESK}/preferences",
        f"/desks/{DESK}/break-glass",
        "/",
        "/sessions",
        "/nowhere",
    ):
        await page.goto(console.url + path)
        await clean()
    await page.goto(f"{console.url}/desks/{DESK}")
    await page.get_by_role("button", name="Lock screen").click()
    await expect(page.get_by_role("heading", name="Screen locked")).to_be_visible()
    await clean()
    assert all(url.startswith(console.url) for url in asked)


async def test_the_story_looks_as_in_the_picture(console: Console, page: Page, dsn: str) -> None:
    await asyncio.to_thread(console.stop)
    console._clock = ManualClock(story.AT + timedelta(minutes=6, seconds=40))
    console.start()
    await console.ready()
    await story.tell(dsn)
    await sit(page, console.url)
    await expect(page.locator("article")).to_have_count(3)
    await page.screenshot(path=PICTURE, full_page=True)
