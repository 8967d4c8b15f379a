"""What every page must pass: no accessibility fault in any theme, and nothing cut off at twice and four times the size."""

from __future__ import annotations

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

THEMES = ("dark", "contrast", "light")
SCREEN, HEIGHT = 1280, 900
WIDTHS = {"twice the size": 640, "four times the size": 320}
"""CSS pixels that are left of a screen of 1280 at 200 % (WCAG 1.4.4) and 400 % (WCAG 1.4.10)."""
CUT_OFF = """() => {
  const scrolls = (e) => e !== null && (['auto', 'scroll'].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  return [...document.querySelectorAll('button, a, h1, h2, h3, p, dd, td, label, input, select, textarea')].filter((e) => {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    // what is folded away is on no screen, and is laid out once it is opened
    if (!e.checkVisibility()) return false;
    const shown = box.width > 1 && style.position !== 'absolute' && style.display !== 'inline' && !scrolls(e);
    const overflows = !e.matches('input, select, textarea') && e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1;
    return shown && (box.right > innerWidth + 1 || overflows);
  }).map((e) => `${e.tagName} ${e.textContent.trim().slice(0, 40)}`);
}"""


async def no_fault(page: Page) -> None:
    """axe finds nothing, in each theme."""
    for theme in THEMES:
        await page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        findings = await Axe().run(page)
        assert findings.violations_count == 0, f"{page.url} {theme}: {findings.generate_report()}"
    await page.evaluate("delete document.documentElement.dataset.theme")


async def nothing_cut_off(page: Page) -> None:
    """No sideways scrolling of the page, and no text beyond its box. A table may scroll within its own frame, and what is
    written into a field within it."""
    for size, width in WIDTHS.items():
        await page.set_viewport_size({"width": width, "height": HEIGHT // 2})
        needed = await page.evaluate("document.documentElement.scrollWidth")
        assert needed <= width, f"{page.url} at {size} needs {needed} of {width} pixels"
        cut = await page.evaluate(CUT_OFF)
        assert cut == [], f"{page.url} at {size}: {cut}"
    await page.set_viewport_size({"width": SCREEN, "height": HEIGHT})


async def accessible(page: Page) -> None:
    """Both."""
    await no_fault(page)
    await nothing_cut_off(page)
