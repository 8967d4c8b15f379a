"""What staff see and when: the console measured in a real Chromium, from the commit in the ledger
to the painted row.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil

from services.command_line.measuring.load import Message, crisis
from services.command_line.measuring.measure import DESK, MEGABYTE, percentiles
from services.command_line.running.stack import Stack
from services.ledger.alerts.raised import waiting_at
from services.ledger.transaction import PostgresLedger
from services.liaison.alert import Acknowledge
from services.liaison.alert.record import alert_id
from services.liaison.policy import load_policy
from services.liaison.rules.r01_emergency import RULE as EMERGENCY
from services.orchestration.batch import Record
from services.orchestration.decisions import alert_commands as commands
from services.orchestration.settling import Settling
from services.runtime.postgres import create_pool
from services.stream.batches import Batches

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
]
ROWS, PER_SECOND, BURST, STREAMS, SOUNDS = 200, 20, 100, 200, 20
# One new alert a minute, each acknowledged: five times what a position can manage (EEMUA 191).
SHIFT_HOURS, ALERTS_AN_HOUR = 12, 60
GIVE_UP_SECONDS = 60.0
# The instant after the frame in which the row was drawn: an animation frame, and the task after
# it. A row that fell off the end of the list before that was not drawn.
_WATCH = """
window.painted = {};
window.sounded = [];
addEventListener("liaison-burst", (event) => window.sounded.push(event.detail.at));
addEventListener("DOMContentLoaded", () => {
  const list = document.getElementById("alerts");
  if (!list) return;
  const alerts = (row) => row.dataset.alerts.split(" ");
  const drawn = (rows) => {
    for (const row of rows.filter((r) => r.isConnected)) for (const alert of alerts(row)) window.painted[alert] ??= Date.now();
  };
  new MutationObserver((changes) => {
    const added = changes.flatMap((c) => [...c.addedNodes]);
    const rows = added.filter((n) => n.dataset?.alerts && alerts(n).some((alert) => !(alert in window.painted)));
    if (rows.length) requestAnimationFrame(() => setTimeout(() => drawn(rows)));
  }).observe(list, { childList: true, subtree: true });
});
"""


class ConsoleBench:
    """Writes alerts into the ledger by the stream's own step and watches them appear."""

    def __init__(self, stack: Stack, seconds: float, progress: Callable[[str], None]) -> None:
        self.stack, self.seconds, self._progress = stack, seconds, progress
        self._offsets: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._chance = random.Random(7)  # noqa: S311  # a load to measure with, the same every time
        self.committed: dict[str, float] = {}
        self._policy = load_policy()

    async def run(self) -> dict[str, Any]:
        """All figures, one after the other on one page."""
        from playwright.async_api import async_playwright

        self._pool = await create_pool(self.stack.postgres_dsn, max_size=4)
        ledger = PostgresLedger(self._pool, self.stack.registry)
        settling = Settling(self.stack.registry, self._policy)
        self._batches = Batches(ledger, settling, lambda _: None)
        try:
            async with async_playwright() as playwright:
                chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                page = await (
                    await chromium.new_context(viewport={"width": 1280, "height": 900})
                ).new_page()
                await page.add_init_script(_WATCH)
                await page.goto(self.stack.console)
                await page.get_by_label("initials").fill("bn")
                await page.get_by_label("Desk", exact=True).fill(DESK)
                await page.get_by_role("button", name="Open the desk").click()
                await self._live(page)
                figures = await self._figures(page)
                await chromium.close()
                return figures
        finally:
            await self._pool.close()

    async def _figures(self, page: Any) -> dict[str, Any]:
        self._progress(f"{ROWS} rows")
        await self._painted(page, await self._raise(ROWS))
        await self._acknowledge()
        self._progress(f"{PER_SECOND} alerts a second for {self.seconds:g} s")
        steady = await self._steadily()
        steady_ms = await self._latencies(page, steady)
        await self._acknowledge()
        self._progress(f"a burst of {BURST}")
        burst = await self._raise(BURST)
        burst_ms = await self._latencies(page, burst)
        # what waits stands above what was acknowledged, so that a new row is always one of those
        # that the page holds
        order = await page.locator("#alerts li[data-row]").evaluate_all(
            "rows => rows.map((r) => r.dataset.order)"
        )
        self._progress(f"{SOUNDS} critical alerts, one after the other, and when each is heard")
        sound = await self._sounds(page)
        self._progress(f"{STREAMS} open streams")
        streams = await self._streams()
        self._progress("reconnecting after the console was killed")
        reconnect = await self._reconnect(page)
        memory = await self._shift(page)
        return {
            "rows": ROWS,
            "alerts_per_second": PER_SECOND,
            "commit_to_painted_ms": steady_ms,
            "burst": BURST,
            "burst_commit_to_painted_ms": burst_ms,
            "burst_in_order_most_urgent_first": order == sorted(order) and len(order) > 0,
            "commit_to_sound_ms": sound,
            "streams": STREAMS,
            "commit_to_every_stream_ms": streams,
            "reconnect_seconds": reconnect,
            "memory_mb": memory,
        }

    async def _raise(self, count: int) -> list[str]:
        """So many crises in one transaction; each raises one alert at the desk. The instant of the
        commit is kept.
        """
        now = datetime.now(UTC)
        return await self._apply(
            [crisis(next(self._numbers), now, self._chance) for _ in range(count)], now
        )

    async def _acknowledge(self) -> None:
        """Everything that waits, and give the page time to show it."""
        async with self._pool.acquire() as connection:
            waiting = await waiting_at(connection, DESK)
        for alert in waiting:
            async with self._batches.ledger.transaction() as transaction:
                await commands.run(
                    transaction,
                    self.stack.registry,
                    self._policy,
                    Acknowledge(),
                    desk=DESK,
                    alert=str(alert),
                    actor=f"BN@{DESK}",
                    now=datetime.now(UTC),
                )
        await asyncio.sleep(2)

    async def _apply(self, crises: Sequence[Sequence[Message]], now: datetime) -> list[str]:
        topics = {feed.id: topic for topic, (_, feed) in self.stack.registry.feeds_by_topic.items()}
        records = []
        for feed, _, event in itertools.chain.from_iterable(crises):
            offset = self._offsets.get(topics[feed], 0)
            self._offsets[topics[feed]] = offset + 1
            headers = [("content-type", b"application/cloudevents+json")]
            records.append(Record(topics[feed], 0, offset, json.dumps(event).encode(), headers))
        await self._batches.apply(records, now)
        alerts = [_alert_of(messages) for messages in crises]
        self.committed.update(dict.fromkeys(alerts, time.time()))
        return alerts

    async def _steadily(self) -> list[str]:
        painted: list[str] = []
        start = time.monotonic()
        for number in range(int(self.seconds * PER_SECOND)):
            if (wait := start + number / PER_SECOND - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            painted += await self._raise(1)
        return painted

    async def _painted(self, page: Any, alerts: Sequence[str]) -> dict[str, float]:
        """When each was painted, as far as they were before it is given up."""
        give_up = time.monotonic() + GIVE_UP_SECONDS
        painted: dict[str, float] = {}
        while time.monotonic() < give_up:
            painted = await page.evaluate("window.painted")
            if all(alert in painted for alert in alerts):
                break
            await asyncio.sleep(0.1)
        return {alert: painted[alert] / 1000 for alert in alerts if alert in painted}

    async def _latencies(self, page: Any, alerts: Sequence[str]) -> dict[str, float]:
        await asyncio.sleep(1)
        painted = await self._painted(page, alerts)
        figures = percentiles(
            [max(0.0, at - self.committed[alert]) for alert, at in painted.items()]
        )
        return figures | {"painted": len(painted), "of": len(alerts)}

    async def _sounds(self, page: Any) -> dict[str, float]:
        """From the commit of a critical alert, when nothing else waits, to the start of its burst."""
        await page.mouse.click(2, 2)  # a browser lets a page sound after a click
        waits: list[float] = []
        for _ in range(SOUNDS):
            await self._acknowledge()
            (alert,) = await self._raise(1)
            committed = self.committed[alert] * 1000
            give_up = time.monotonic() + GIVE_UP_SECONDS / 10
            while time.monotonic() < give_up:
                sounds = [
                    at for at in await page.evaluate("window.sounded") if at >= committed - 50
                ]
                if sounds:
                    waits.append(max(0.0, sounds[0] - committed) / 1000)
                    break
                await asyncio.sleep(0.05)
        return percentiles(waits) | {"heard": len(waits), "of": SOUNDS}

    async def _streams(self) -> dict[str, float]:
        """One alert, and how long until each of many open streams has it."""
        waits: list[float] = []
        alerts: list[str] = []
        ready = asyncio.Semaphore(0)

        async def sit(client: httpx.AsyncClient) -> None:
            async with client.stream("GET", f"/desks/{DESK}/stream") as stream:
                ready.release()
                async for line in stream.aiter_lines():
                    if alerts and alerts[0] in line:
                        waits.append(time.time() - self.committed.get(alerts[0], time.time()))
                        return

        limits = httpx.Limits(max_connections=STREAMS + 10)
        async with httpx.AsyncClient(
            base_url=self.stack.console,
            timeout=httpx.Timeout(30),
            limits=limits,
            follow_redirects=True,
        ) as client:
            (
                await client.post("/sign-in", data={"desk": DESK, "initials": "st"})
            ).raise_for_status()
            sitting = [asyncio.create_task(sit(client)) for _ in range(STREAMS)]
            for _ in sitting:
                await asyncio.wait_for(ready.acquire(), 60)
            await asyncio.sleep(2)
            now = datetime.now(UTC)
            messages = crisis(next(self._numbers), now, self._chance)
            alerts.append(_alert_of(messages))
            await self._apply([messages], now)
            await asyncio.wait(sitting, timeout=30)
            for task in sitting:
                task.cancel()
            await asyncio.gather(*sitting, return_exceptions=True)
        return percentiles(waits) | {"reached": len(waits), "of": STREAMS}

    async def _reconnect(self, page: Any) -> float:
        """From the console's port answering again to the page saying that it is live."""
        self.stack.start("console")
        await asyncio.to_thread(self.stack.wait_until_ready)
        up = time.monotonic()
        await self._live(page)
        return round(time.monotonic() - up, 2)

    async def _live(self, page: Any) -> None:
        await page.wait_for_selector("#live-text")
        give_up = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < give_up:
            bad = await page.locator("#live.bad").count()
            if not bad and "Live" in await page.locator("#live-text").inner_text():
                return
            await asyncio.sleep(0.05)
        raise TimeoutError(f"the page was not live after {GIVE_UP_SECONDS:g} s")

    async def _shift(self, page: Any) -> dict[str, float]:
        """Memory before and after a shift: the page's script heap after a collection, and the
        console's process. The page's clock is driven, so that each of its timers runs as often as
        in so many hours."""
        context = await page.context.browser.new_context(
            storage_state=await page.context.storage_state()
        )
        await context.clock.install()
        sitting = await context.new_page()
        await sitting.goto(page.url)
        await self._live(sitting)
        before = await self._memory(sitting)
        for hour in range(1, SHIFT_HOURS + 1):
            self._progress(
                f"hour {hour} of a shift of {SHIFT_HOURS}: {ALERTS_AN_HOUR} alerts, each acknowledged"
            )
            await self._raise(ALERTS_AN_HOUR)
            await self._acknowledge()
            await context.clock.run_for(3_600_000)
        after = await self._memory(sitting)
        await context.close()
        figures = {f"{name}_before": before[name] for name in before} | {
            f"{name}_after": after[name] for name in after
        }
        return figures | {"hours": SHIFT_HOURS}

    async def _memory(self, page: Any) -> dict[str, float]:
        session = await page.context.new_cdp_session(page)
        await session.send("HeapProfiler.collectGarbage")
        await session.send("Performance.enable")
        metrics = {
            metric["name"]: metric["value"]
            for metric in (await session.send("Performance.getMetrics"))["metrics"]
        }
        await session.detach()
        console = psutil.Process(self.stack.processes["console"].pid).memory_info().rss
        return {
            "page_heap": round(metrics["JSHeapUsedSize"] / MEGABYTE, 1),
            "page_nodes": metrics["Nodes"],
            "console": round(console / MEGABYTE, 1),
        }


def _alert_of(messages: Sequence[Message]) -> str:
    """The alert that the last event of a crisis raises."""
    _, _, last = messages[-1]
    return alert_id(f"{EMERGENCY.id}|{last['source']}|{last['id']}")
