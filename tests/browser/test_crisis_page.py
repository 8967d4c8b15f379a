"""The crisis page in a real browser: it counts, it can be read in every theme, and it looks right."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Page, expect

from services.runtime.clock import ManualClock
from services.runtime.postgres import create_pool
from tests.browser.accessible import accessible, nothing_cut_off
from tests.browser.conftest import Console
from tests.browser.test_console import sit
from tests.played_ledger import PlayedLedger

NOW = datetime(2026, 11, 23, 16, 10, tzinfo=UTC)
PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "crisis.png"
PLACES = {
    "CAD-4101": (51.4746, -0.0858),
    "CAD-4177": (51.4746, -0.0858),
    "LAS-9001": (51.4690, -0.0790),
}


@pytest.fixture
async def address(console: Console, dsn: str) -> str:
    """The crisis of the story, an hour after he was detained, at the trust's crisis desk."""
    pool = await create_pool(dsn, max_size=4)
    ledger = PlayedLedger(pool)
    await ledger.play("the-story")
    for feed, incident in (
        ("met-cad", "CAD-4101"),
        ("met-cad", "CAD-4177"),
        ("las-cad", "LAS-9001"),
    ):
        latitude, longitude = PLACES[incident]
        place = {
            "uprn": "200003456701",
            "area": "southwark",
            "latitude": latitude,
            "longitude": longitude,
        }
        second = int(incident[-1])
        await ledger.say(
            feed, "incident.updated", {"incident": incident, "location": place}, at(14, 42, second)
        )
    who = {"incident": "CAD-4177", "detention": "D-1"}
    await ledger.say("met-cad", "detention.detained", {**who, "power": "s136"}, at(14, 45))
    department = {"site": "kings-ed", "kind": "emergency-department"}
    await ledger.say("met-cad", "detention.arrived", {**who, "at": department}, at(15, 40))
    await ledger.until(NOW)
    crisis = await pool.fetchval("SELECT crisis_id FROM incident WHERE reference = 'CAD-4177'")
    await pool.close()
    await asyncio.to_thread(console.stop)
    console._clock = ManualClock(NOW)
    console.start()
    await console.ready()
    return f"/crises/{crisis}"


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return NOW.replace(hour=hour, minute=minute, second=second)


async def test_the_crisis_page_counts_and_says_when_it_has_grown_old(
    console: Console, page: Page, address: str
) -> None:
    await sit(page, console.url, "las-mental-health")
    await page.clock.install(time=NOW)
    await page.goto(f"{console.url}/desks/las-mental-health{address}")
    period = page.get_by_role("row", name="Period of detention")
    await expect(period).to_contain_text(re.compile(r"23 h (30|29) min left"))
    await expect(page.locator("#page-old")).to_be_hidden()
    await page.route("**/mark", lambda route: route.abort())
    await page.clock.run_for(timedelta(minutes=2) // timedelta(milliseconds=1))
    await expect(period).to_contain_text(re.compile(r"23 h 2[78] min left"))
    await expect(page.locator("#page-old")).to_contain_text(re.compile(r"2 min \d+ s old"))


async def test_a_key_that_was_chosen_for_an_episode_opens_the_crisis(
    console: Console, page: Page, address: str
) -> None:
    await sit(page, console.url, "las-mental-health")
    kept = '{"chords": {"episode": "Alt+W", "claim": "Alt+L"}}'
    await page.evaluate("kept => localStorage.setItem('liaison-keys', kept)", kept)
    await page.goto(f"{console.url}/desks/las-mental-health/preferences")
    await expect(page.get_by_label("Open the whole crisis")).to_have_value("Alt+W")
    await expect(page.get_by_label("Claim")).to_have_value("Alt+L")
    await page.goto(f"{console.url}/desks/las-mental-health")
    await page.locator("article", has=page.locator("a[data-link='crisis']")).first.focus()
    await page.keyboard.press("Alt+w")
    await expect(page.get_by_role("heading", name="Whole crisis", level=1)).to_be_visible()

    await page.goto(f"{console.url}/desks/las-mental-health/preferences")
    await page.get_by_label("Open the whole crisis").press("Alt+q")
    await page.reload()
    await expect(page.get_by_label("Open the whole crisis")).to_have_value("Alt+Q")


async def test_the_crisis_page_renews_itself_under_the_readers_eyes_and_never_under_their_hands(
    console: Console, page: Page, address: str, dsn: str
) -> None:
    pool = await create_pool(dsn, max_size=4)
    ledger = PlayedLedger(pool)
    ledger._offsets.update(
        {
            r["topic"]: r["next_offset"]
            for r in await pool.fetch("SELECT topic, next_offset FROM kafka_cursor")
        }
    )
    await sit(page, console.url, "las-mental-health")
    await page.goto(f"{console.url}/desks/las-mental-health{address}")
    lines = page.get_by_role("region", name="What happened").get_by_role("row")
    before, views = await lines.count(), await _views(pool)
    await page.set_viewport_size({"width": 900, "height": 400})
    await page.get_by_role("region", name="What happened").focus()
    await page.evaluate("window.scrollTo(0, 300)")
    top = "document.activeElement.getBoundingClientRect().top"
    seen_at = await page.evaluate(top)
    await ledger.say(
        "met-cad",
        "resource.on-scene",
        {"incident": "CAD-4177", "resource": "GD7", "kind": "police-unit"},
        at(16, 9),
    )
    await expect(lines).to_have_count(before + 1)
    await expect(page.get_by_role("region", name="What happened")).to_be_focused()
    assert abs(await page.evaluate(top) - seen_at) < 2, "what is read stays where it is"
    await expect(page.get_by_role("status").first).to_contain_text(
        "something of this crisis has changed"
    )
    assert await _views(pool) == views + 1, "and it is kept that it was seen again"
    idle = await pool.fetchval("SELECT max(active_at) FROM operator_session")
    assert idle == NOW, "a page that renews itself is no sign that anybody sits there"
    await page.evaluate("""() => { const box = document.createElement("input"); box.id = "typing";
        document.querySelector("main").append(box); box.focus(); }""")
    await ledger.say(
        "met-cad",
        "resource.left",
        {"incident": "CAD-4177", "resource": "GD7", "kind": "police-unit"},
        at(16, 9, 30),
    )
    await expect(page.get_by_role("status").first).to_contain_text("when you have finished writing")
    await expect(page.locator("#typing")).to_be_focused()
    await page.evaluate("document.activeElement.blur()")
    await expect(lines).to_have_count(before + 2)
    await pool.close()


async def _views(pool: asyncpg.Pool) -> int:
    found: int = await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'crisis.viewed'")
    return found


async def test_the_crisis_page_has_no_accessibility_fault_in_any_theme_and_fits_a_narrow_screen(
    console: Console, page: Page, address: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await sit(page, console.url, "las-mental-health")
    for theme in ("light", "dark", "contrast"):
        await page.evaluate("theme => localStorage.setItem('liaison-theme', theme)", theme)
        await page.goto(f"{console.url}/desks/las-mental-health{address}")
        assert await page.locator("html").get_attribute("data-theme") == theme
        await expect(page.locator(".map .mark")).to_have_count(1)
    await accessible(page)
    assert all(url.startswith(console.url) for url in asked)


async def test_a_reviewer_takes_an_incident_out_of_a_crisis_by_keyboard_and_sees_first_what_it_changes(
    console: Console, page: Page, address: str
) -> None:
    await page.goto(console.url)
    await page.get_by_label("Your initials").fill("rv")
    await page.get_by_label("Role").select_option("supervisor")
    await page.get_by_label("Desk", exact=True).fill("las-mental-health")
    await page.get_by_role("button", name="Open the desk").click()
    await page.goto(f"{console.url}/desks/las-mental-health{address}")
    await page.get_by_role("link", name="Not one crisis").focus()
    await page.keyboard.press("Enter")
    first = page.locator("section", has=page.get_by_role("heading", name="CAD-4101"))
    await first.get_by_role("textbox").focus()
    await page.keyboard.type("the caller says it is the neighbour")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nothing is written yet.")).to_be_visible()
    await accessible(page)
    await page.screenshot(path=PICTURE.with_name("incidents.png"), full_page=True)
    await page.get_by_role("button", name="Do it").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Whole crisis")).to_be_visible()
    await nothing_cut_off(page)


async def test_the_crisis_page_looks_as_in_the_picture(
    console: Console, page: Page, address: str
) -> None:
    await sit(page, console.url, "las-mental-health")
    await page.clock.install(time=NOW)
    await page.goto(f"{console.url}/desks/las-mental-health{address}")
    await expect(page.get_by_role("row", name="Period of detention")).to_contain_text("left")
    await expect(page.get_by_role("heading", name="Running clocks")).to_be_visible()
    await page.screenshot(path=PICTURE, full_page=True)
