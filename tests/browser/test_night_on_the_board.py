"""The board of a desk: one row a crisis, a night on one screen, and what is done to a whole crisis at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser import night, story
from tests.browser.accessible import accessible
from tests.browser.conftest import Console
from tests.browser.test_console import DESK, fetched_anew, put, shown_live, sit, titles

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "board.png"


async def test_a_night_of_fifteen_crises_with_forty_alerts_is_seen_without_scrolling(
    console: Console, page: Page, dsn: str
) -> None:
    await night.fall(dsn, datetime.now(UTC))
    await page.set_viewport_size({"width": 1400, "height": 900})
    await sit(page, console.url)
    assert await page.locator("#alerts article").count() == night.CRISES
    bottom = "rows => Math.max(...rows.map((row) => row.getBoundingClientRect().bottom))"
    assert await page.locator("#alerts li[data-row]").evaluate_all(bottom) <= 900
    heights = (
        "rows => rows.map((row) => row.querySelector('header').getBoundingClientRect().height)"
    )
    tallest = max(await page.locator("#alerts article").evaluate_all(heights))
    assert tallest < 3 * 18, "a row is two lines"
    await page.screenshot(path=PICTURE)
    await accessible(page)


async def test_a_second_alert_of_a_crisis_joins_its_row_and_both_are_answered_at_once(
    console: Console, page: Page, dsn: str
) -> None:
    await story.raise_alert(
        dsn, "first", {DESK: story.view("Police on scene", story.AT)}, urgency=2, crisis="one"
    )
    await put(dsn, "other", "Of another crisis", 1)
    await sit(page, console.url)
    assert await titles(page) == ["Of another crisis", "Police on scene"]
    await story.raise_alert(
        dsn,
        "second",
        {DESK: story.view("Restraint", story.AT, act_by=story.AT.isoformat())},
        at=story.AT + timedelta(seconds=1),
        crisis="one",
    )
    row = page.locator("article", has=page.get_by_role("heading", name="Restraint"))
    await expect(row.locator(".chip")).to_have_text("Police on scene")
    assert await titles(page) == ["Restraint", "Of another crisis"]
    assert await shown_live(page) == await fetched_anew(page)
    await row.focus()
    await page.keyboard.press("Alt+a")
    await expect(row.get_by_role("button", name="Claim: Restraint")).to_be_visible()
    await expect(row.locator("section .state", has_text="Acknowledged")).to_have_count(2)
    assert await page.evaluate("document.activeElement.contains(document.querySelector('.holder'))")
    await page.keyboard.press("Alt+y")
    await expect(row.locator("section .state", has_text="Accepted")).to_have_count(2)
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("[data-group='watching'] article")).to_have_count(1)
    assert await shown_live(page) == await fetched_anew(page)


async def test_what_came_after_the_person_looked_is_not_answered_with_the_rest(
    console: Console, page: Page, dsn: str
) -> None:
    first = await story.raise_alert(
        dsn, "first", {DESK: story.view("Police on scene", story.AT)}, crisis="one"
    )
    await sit(page, console.url)
    form = page.locator("#alerts header form[data-command='acknowledge']")
    fields = await form.evaluate(
        "form => [...new FormData(form)].map(([name, value]) => [name, value])"
    )
    before_them = [value for name, value in fields if name == "alert"]
    assert before_them == [str(first)]
    await story.raise_alert(dsn, "second", {DESK: story.view("Restraint", story.AT)}, crisis="one")
    await expect(page.locator("#alerts section section")).to_have_count(2)
    # as a screen that has not been told of the second yet
    action = await form.evaluate("form => form.action")
    await page.request.post(action, form=dict(fields))
    await expect(page.locator("[data-group='needs'] article h3")).to_have_text("Restraint")


async def test_an_open_row_stays_open_and_in_place_while_alerts_come(
    console: Console, page: Page, dsn: str
) -> None:
    await page.set_viewport_size({"width": 1400, "height": 900})
    await put(dsn, "one", "The first", 2)
    await sit(page, console.url)
    first = page.locator("article", has=page.get_by_role("heading", name="The first")).first
    await first.focus()
    await page.keyboard.press("Enter")
    card = first.locator("section")
    await expect(card).to_be_visible()
    before = await first.locator("header").bounding_box()
    await put(dsn, "two", "The urgent one", 1)
    await expect(page.locator("#alerts article")).to_have_count(2)
    await page.keyboard.press("Alt+a")
    await expect(card).to_contain_text("Acknowledged")
    await expect(card).to_be_visible()
    after = await first.locator("header").bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2
    assert "The first" in await page.evaluate("document.activeElement.innerText")


async def test_a_whole_crisis_is_refused_by_keyboard_and_what_is_being_written_outlives_the_news(
    console: Console, page: Page, dsn: str
) -> None:
    await page.set_viewport_size({"width": 1400, "height": 900})
    signs = {"Restraint": "held on the front since 03:09", "Physical signs": "breathless (03:09)"}
    long = "An emergency with a title so long that nothing of it would be left beside the signs"
    for number, title in enumerate((long, "Plan on file")):
        view = story.view(title, story.AT, shown=signs, rule="R01")
        await story.raise_alert(dsn, title, {DESK: view}, urgency=1 + number, crisis="one")
    await sit(page, console.url)
    row = page.locator("#alerts article")
    await row.focus()
    await page.keyboard.press("Enter")
    now = row.locator(".now")
    await expect(now).to_contain_text("breathless (03:09)")
    await expect(now).to_contain_text("Treat as an emergency although police are present.")
    await expect(now.get_by_role("link", name="The rule R01")).to_be_visible()
    box = await row.locator("header .danger").first.bounding_box()
    assert box is not None
    assert box["width"] > 60, "the title gives way, not the danger"
    await accessible(page)
    await now.locator(".refuse summary").focus()
    await page.keyboard.press("Enter")
    await now.get_by_label("Reason", exact=True).select_option("no-resource")
    await now.get_by_label("Note", exact=True).fill("both cars out")
    await story.raise_alert(
        dsn, "third", {DESK: story.view("Repeat contact", story.AT)}, urgency=3, crisis="one"
    )
    await expect(row.locator("section")).to_have_count(3)
    await expect(now.get_by_label("Note", exact=True)).to_have_value("both cars out")
    await now.get_by_role("button", name="Decline").focus()
    await page.keyboard.press("Enter")
    declined = row.locator(".state", has_text="Declined")
    await expect(declined).to_have_count(3)
    await expect(declined.first).to_contain_text("No resource: both cars out")
