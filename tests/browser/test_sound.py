"""What is heard: a burst by urgency until somebody answers, muted for a stated time, also from a locked screen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests import patience
from tests.browser import story
from tests.browser.accessible import nothing_cut_off
from tests.browser.conftest import Console
from tests.browser.hidden_tab import tab_of
from tests.browser.test_console import put, sit

LISTEN = """
window.bursts = [];
addEventListener("liaison-burst", (event) => window.bursts.push(event.detail.urgency));
window.tones = [];
const start = AudioScheduledSourceNode.prototype.start;
AudioScheduledSourceNode.prototype.start = function (at) {
  window.tones.push(at - this.context.currentTime);
  return start.call(this, at);
};
"""


async def bursts(page: Page) -> list[int]:
    found: list[int] = await page.evaluate("window.bursts")
    return found


async def sounded(page: Page, times: int) -> None:
    """At least so many bursts. The page's policy forbids waiting inside the page."""

    async def enough() -> bool:
        return len(await bursts(page)) >= times

    await patience.until(enough, f"burst {times}")


async def passes(page: Page, milliseconds: int) -> None:
    """So long by the clock of the page, whose own timers are as slow as it is."""
    await page.evaluate("ms => new Promise((done) => setTimeout(done, ms))", milliseconds)


async def armed(page: Page, console: Console) -> None:
    """Sat down, and the test sound was heard."""
    await page.add_init_script(LISTEN)
    await sit(page, console.url)
    await page.get_by_role("button", name="Play the test sound").click()
    await page.get_by_role("button", name="I heard it").click()
    await expect(page.locator("#sound-state")).to_contain_text("Sound is on.")
    await page.evaluate("window.bursts.length = 0; window.tones.length = 0")


async def test_without_the_check_the_screen_says_that_sound_is_not_to_be_relied_on(
    console: Console, page: Page
) -> None:
    await sit(page, console.url)
    await expect(page.locator("#sound-state")).to_contain_text("SOUND NOT CHECKED")


async def test_a_critical_alert_sounds_at_once_in_bursts_of_at_most_three_seconds_until_it_is_acknowledged(
    console: Console, page: Page, dsn: str
) -> None:
    await armed(page, console)
    await put(dsn, "one", "The urgent one", 1)
    await sounded(page, 1)
    assert set(await bursts(page)) == {1}
    assert max(await page.evaluate("window.tones")) + 0.18 < 3
    await sounded(page, 2)
    await page.get_by_role("button", name="Acknowledge: The urgent one").click()
    await expect(page.locator("article").first).to_contain_text("by AB")
    silent = len(await bursts(page))
    await passes(page, 6000)
    assert len(await bursts(page)) == silent


async def test_muted_nothing_sounds_and_the_screen_counts_down(
    console: Console, page: Page, dsn: str
) -> None:
    await armed(page, console)
    await page.get_by_role("button", name="Mute for 2 minutes").click()
    await expect(page.locator("#sound-state")).to_contain_text("Sound muted for 1 min")
    await put(dsn, "one", "The urgent one", 1)
    await expect(page.locator("article")).to_have_count(1)
    await passes(page, 1500)
    assert await bursts(page) == []
    await page.evaluate(
        "key => localStorage.setItem(key, String(Date.now() - 1000))", "liaison-muted-until"
    )
    await sounded(page, 1)


async def test_a_locked_screen_sounds_and_shows_nothing_of_anybody(
    console: Console, page: Page, dsn: str
) -> None:
    await armed(page, console)
    await page.get_by_role("button", name="Lock screen").click()
    await expect(page.get_by_role("heading", name="Screen locked")).to_be_visible()
    await page.locator("body").click()
    await put(dsn, "one", "Police on scene with her", 1)
    await expect(page.locator("li[data-urgency='1'] .count")).to_have_text("1")
    await sounded(page, 1)
    assert "Police on scene with her" not in await page.content()
    assert story.AMBULANCE not in await page.locator("main").inner_text()


TICKS = """(async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 100);
  await new Promise((done) => setTimeout(done, 2500));
  clearInterval(timer);
  return ticks;
})()"""


async def test_a_tab_that_the_browser_hides_and_slows_down_still_sounds_until_somebody_answers(
    console: Console, dsn: str, tmp_path: Path
) -> None:
    async with tab_of(tmp_path) as tab:
        await tab.open(console.url)
        await tab.until("document.querySelector('[name=initials]') !== null")
        await tab.says("document.querySelector('[name=initials]').value = 'ab'")
        await tab.says(f"document.querySelector('[name=desk]').value = '{story.AMBULANCE}'")
        await tab.says("document.querySelector('main form').requestSubmit()")
        await tab.until(
            "document.querySelector('#live-text')?.textContent.includes('Live. Last heard')"
        )
        await tab.says(LISTEN)
        await tab.says("document.querySelector('#sound-test').click()")
        await tab.until("window.bursts.length === 1")
        await tab.says("document.querySelector('#sound-heard').click()")
        async with asyncio.timeout(patience.SECONDS):
            while await tab.says(TICKS) <= 15:
                pass
        await tab.hide()
        # it is not slowed down while it was heard a moment ago
        async with asyncio.timeout(patience.SECONDS):
            while await tab.says(TICKS) > 6:
                pass
        await tab.says("window.bursts.length = 0")
        await put(dsn, "one", "The urgent one", 1)
        await tab.until("window.bursts.length >= 1")
        await tab.until("window.bursts.length >= 3")
        assert await tab.says("document.visibilityState") == "hidden"
        assert await tab.says("new Set(window.bursts).size") == 1


async def test_at_twice_and_four_times_the_size_nothing_is_cut_off(
    console: Console, page: Page, dsn: str
) -> None:
    await put(
        dsn, "one", "A title that is long enough to need more than one line of a narrow screen", 1
    )
    await sit(page, console.url)
    await nothing_cut_off(page)
    # the proof that it would be seen
    await page.evaluate("document.querySelector('h2').style.width = '700px'")
    with pytest.raises(AssertionError, match="at twice the size"):
        await nothing_cut_off(page)
