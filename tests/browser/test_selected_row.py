"""What somebody is at stays under their eyes and hands: a row is selected, acted on, and left; what has ended gives way."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from playwright.async_api import Browser, Locator, Page, Route, expect

from services.console.app import FOLDER
from tests.browser import story
from tests.browser.conftest import Console
from tests.browser.test_console import DESK, fetched_anew, put, shown_live, sit, titles

ROWS = 40
TOP = "e => e.getBoundingClientRect().top"
AT_WHAT = "() => document.activeElement.closest('#alerts li[data-row]')?.querySelector('h3').innerText ?? ''"


async def without(page: Page, guard: str, instead: str) -> None:
    """The list's script with one of its guards taken away: what a test then sees is its control."""
    source = (FOLDER / "static" / "console.js").read_text("utf-8")
    assert source.count(guard) == 1, f"the guard is not there any more: {guard}"

    async def answer(route: Route) -> None:
        body = source.replace(guard, instead)
        await route.fulfill(body=body, content_type="text/javascript")

    await page.route("**/static/console.js", answer)


async def a_full_list(page: Page, url: str, dsn: str) -> None:
    """More than a screen of equally urgent alerts, in the order of their numbers."""
    for number in range(ROWS):
        await story.raise_alert(
            dsn,
            f"row-{number}",
            {DESK: story.view(f"Row {number}", story.AT)},
            at=story.AT + timedelta(seconds=number),
        )
    await sit(page, url)
    assert await titles(page) == [f"Row {number}" for number in range(ROWS)]


def row(page: Page, number: int) -> Locator:
    return page.locator(
        "article", has=page.get_by_role("heading", name=f"Row {number}", exact=True)
    )


async def in_view(row: Locator) -> bool:
    return bool(
        await row.locator("header").evaluate(
            "e => { const r = e.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight; }"
        )
    )


async def by_chord(page: Page, chosen: Locator) -> None:
    await chosen.focus()
    await page.keyboard.press("Alt+a")


async def by_mouse(page: Page, chosen: Locator) -> None:
    await chosen.get_by_role("button", name="Acknowledge").click()


@pytest.mark.parametrize("act", [by_chord, by_mouse])
async def test_a_row_that_is_acted_on_neither_moves_nor_loses_the_focus(
    console: Console, page: Page, dsn: str, act: Callable[[Page, Locator], Any]
) -> None:
    await a_full_list(page, console.url, dsn)
    chosen = row(page, 1)
    await chosen.focus()
    before = await chosen.evaluate(TOP)
    await act(page, chosen)
    await expect(chosen).to_contain_text("Acknowledged")
    assert abs(await chosen.evaluate(TOP) - before) < 2
    assert await in_view(chosen)
    assert await page.evaluate(AT_WHAT) == "Row 1"

    await page.keyboard.press("Alt+c")
    await expect(chosen).to_contain_text("Claimed")
    assert await in_view(chosen), "the next chord acts on what is selected on the screen"

    await page.keyboard.press("ArrowDown")
    assert await page.evaluate(AT_WHAT) == "Row 2", "the one below it on the screen is next"
    await expect(page.locator("article").last).to_contain_text("Row 1")
    assert await in_view(row(page, 2))
    assert await shown_live(page) == await fetched_anew(page)


async def test_the_row_would_jump_if_it_were_not_held(
    console: Console, page: Page, dsn: str
) -> None:
    await without(page, "  if (focused) {\n", "  if (focused === '') {\n")
    await a_full_list(page, console.url, dsn)
    await by_chord(page, row(page, 1))
    await expect(page.locator("article").last).to_contain_text("Row 1")


async def test_a_row_that_leaves_the_list_stays_until_it_is_left(
    console: Console, page: Page, dsn: str
) -> None:
    await a_full_list(page, console.url, dsn)
    await page.goto(f"{console.url}/desks/{DESK}?show=waiting")
    await expect(page.locator("#live-text")).to_contain_text("Live. Last heard")
    chosen = row(page, 2)
    await by_chord(page, chosen)
    await expect(chosen).to_contain_text("Acknowledged")
    assert await page.evaluate(AT_WHAT) == "Row 2"
    await page.keyboard.press("ArrowDown")
    await expect(chosen).to_have_count(0)
    assert await page.evaluate(AT_WHAT) == "Row 3"


async def test_what_comes_above_moves_nothing_and_is_told_in_a_line_that_leads_there(
    console: Console, page: Page, dsn: str
) -> None:
    await a_full_list(page, console.url, dsn)
    chosen = row(page, 35)
    await chosen.focus()
    before = await chosen.evaluate(TOP)
    await story.raise_alert(
        dsn,
        "earlier",
        {DESK: story.view("An older one", story.AT)},
        at=story.AT - timedelta(minutes=1),
    )
    await expect(page.locator("article")).to_have_count(ROWS + 1)
    assert abs(await chosen.evaluate(TOP) - before) < 2
    note = page.get_by_role("button", name="1 new above")
    await expect(note).to_contain_text("P1 Critical. An older one")
    await note.click()
    assert await page.evaluate(AT_WHAT) == "An older one"
    await expect(note).to_be_hidden()


async def test_a_chord_does_nothing_to_what_is_not_on_the_screen(
    console: Console, page: Page, dsn: str
) -> None:
    commands: list[str] = []
    page.on("request", lambda asked: commands.append(asked.url) if asked.method == "POST" else None)
    await a_full_list(page, console.url, dsn)
    first = row(page, 0)
    await first.focus()
    await page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert not await in_view(first)
    await page.keyboard.press("Alt+a")
    await expect(first).to_contain_text("Press again to do it.")
    assert await in_view(first)
    assert [url for url in commands if url.endswith("/acknowledge")] == []
    await page.keyboard.press("Alt+a")
    await expect(first).to_contain_text("Acknowledged")


async def ends(dsn: str, alert: UUID) -> None:
    """As the heart ends an alert that nobody has acknowledged."""
    connection = await asyncpg.connect(dsn)
    at = story.AT + timedelta(minutes=1)
    await connection.execute("UPDATE alert SET cleared_at = $2 WHERE alert_id = $1", alert, at)
    await connection.execute(
        "UPDATE alert_desk SET state = 'returned', cleared_at = $2 WHERE alert_id = $1", alert, at
    )
    await story.log(connection, alert, DESK, "returned", at)
    await connection.close()


async def test_what_has_ended_stands_below_what_has_not_and_sounds_no_more(
    console: Console, page: Page, dsn: str
) -> None:
    await put(dsn, "low", "The lesser one", 3)
    urgent = await put(dsn, "high", "The urgent one", 1)
    await sit(page, console.url)
    assert await titles(page) == ["The urgent one", "The lesser one"]
    await expect(page).to_have_title(_begins_with("(2)"))
    heard = (
        "window.bursts = []; addEventListener('liaison-burst', e => bursts.push(e.detail.urgency))"
    )
    await ends(dsn, urgent)
    await expect(page.locator("article").last).to_contain_text("The urgent one")
    await expect(page).to_have_title(_begins_with("(1)"))
    await expect(page.locator("article").last).to_contain_text("until someone acknowledges it")
    assert await shown_live(page) == await fetched_anew(page)
    await page.evaluate(heard)
    await page.get_by_role("button", name="Play the test sound").click()
    await page.get_by_role("button", name="I heard it").click()
    await page.wait_for_timeout(6000)
    # the burst of the test is critical's; critical's own would come every five seconds
    assert (await page.evaluate("bursts"))[1:].count(1) == 0
    await page.locator("#alerts summary", has_text="Ended").click()
    await page.get_by_role("button", name="Acknowledge: The urgent one").click()
    await page.locator("article").first.focus()
    await expect(page.locator("article")).to_have_count(1)


def _begins_with(text: str) -> re.Pattern[str]:
    return re.compile("^" + re.escape(text))


async def test_why_a_desk_refuses_is_read_by_those_who_have_the_alert(
    console: Console, browser: Browser, page: Page, dsn: str
) -> None:
    alert = await put(dsn, "one", "Police on scene with her", 3)
    await sit(page, console.url)
    other = await (await browser.new_context()).new_page()
    await sit(other, console.url, story.TRUST)
    await other.goto(f"{console.url}/desks/{story.TRUST}/alerts/{alert}")
    decline = other.locator("form[action$='/decline']")
    await expect(decline.locator("..")).to_contain_text("Every desk that has this alert sees")
    await decline.get_by_label("Reason").select_option("no-resource")
    await decline.get_by_label("Note").fill("Both teams are out until five")
    await decline.get_by_role("button", name="Decline").click()
    await expect(page.locator("#alerts .told")).to_contain_text("declined")
    await page.locator("article").focus()
    await page.keyboard.press("Enter")
    told = page.locator("article dd", has_text="declined")
    await expect(told).to_be_visible()
    await expect(told).to_contain_text("No resource: Both teams are out until five")
    await page.goto(f"{console.url}/desks/{DESK}/alerts/{alert}")
    line = page.get_by_role("row", name="Declined")
    await expect(line).to_contain_text("No resource: Both teams are out until five")
    assert "AB" not in await line.inner_text(), "who it was stays with that desk"
