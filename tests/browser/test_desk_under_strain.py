"""A flood, a screen in forced colours, and a session that ends while the desk is open."""

from __future__ import annotations

import asyncio

from playwright.async_api import Page, expect

from tests import patience
from tests.browser.conftest import Console
from tests.browser.test_console import put, sit, titles

FLOOD = 100


async def test_in_a_flood_of_a_hundred_the_most_urgent_stays_on_top_and_is_what_a_screen_reader_hears(
    console: Console, page: Page, dsn: str
) -> None:
    await sit(page, console.url)
    heard = """() => {
      window.heard = [];
      for (const id of ["say", "say-urgent"]) {
        const part = document.getElementById(id);
        new MutationObserver(() => window.heard.push(part.textContent)).observe(part, { childList: true });
      }
    }"""
    await page.evaluate(heard)
    await asyncio.gather(
        *(put(dsn, f"flood-{n}", f"Of the flood {n}", 3) for n in range(FLOOD // 2))
    )
    await put(dsn, "urgent", "The urgent one", 1)
    await asyncio.gather(
        *(put(dsn, f"flood-{n}", f"Of the flood {n}", 2) for n in range(FLOOD // 2, FLOOD))
    )
    await expect(page.locator("article")).to_have_count(FLOOD + 1)
    shown = await titles(page)
    assert shown[0] == "The urgent one"
    assert sorted(shown[1:]) == sorted(f"Of the flood {n}" for n in range(FLOOD))
    assert all(int(title.rsplit(" ", 1)[1]) >= FLOOD // 2 for title in shown[1 : 1 + FLOOD // 2]), (
        "P2 before P3"
    )
    spoken = "window.heard.some(text => text.includes('The urgent one'))"
    await patience.until(lambda: page.evaluate(spoken), "the urgent one for a screen reader")
    texts = await page.evaluate("window.heard")
    assert sum("The urgent one" in text for text in texts) == 1
    assert len(texts) < FLOOD / 2, "a screen reader would read for minutes"


async def test_in_forced_colours_urgency_and_focus_are_still_seen(
    console: Console, page: Page, dsn: str
) -> None:
    await put(dsn, "one", "The urgent one", 1)
    await page.emulate_media(forced_colors="active", reduced_motion="reduce")
    await sit(page, console.url)
    assert await page.evaluate("matchMedia('(forced-colors: active)').matches")
    urgency = page.locator(".urgency").first
    assert await urgency.evaluate("e => parseFloat(getComputedStyle(e).borderTopWidth)") >= 1
    await expect(urgency).to_contain_text("Critical")
    await page.locator("article").first.focus()
    await page.keyboard.press("Tab")
    outline = "() => { const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)]; }"
    style, width = await page.evaluate(outline)
    assert style != "none"
    assert width >= 2


async def test_a_desk_that_is_open_when_its_session_ends_shows_nothing_more(
    console: Console, page: Page, dsn: str
) -> None:
    await put(dsn, "one", "Police on scene with her", 1)
    await sit(page, console.url)
    other = await page.context.new_page()
    await other.goto(page.url)
    await other.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_text("Alerts do not sound here until you do.")).to_be_visible()
    assert "Police on scene with her" not in await page.content()
