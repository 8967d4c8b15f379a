"""A tab that the browser itself holds to be hidden.

What drives the other browser tests pretends that every page has the focus, so that none is ever hidden. Here Chromium is
spoken to in its own protocol (Chrome DevTools Protocol) and another tab lies in front: `document.visibilityState` is
`hidden`, and when the tab has been quiet for half a minute its timers run once a second.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from tests import patience

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)


class Tab:
    """One tab and what it says when asked."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._number, self._session = socket, 0, ""

    async def call(
        self, method: str, /, *, of_browser: bool = False, **params: Any
    ) -> dict[str, Any]:
        """A command, and its answer within 20 seconds."""
        self._number += 1
        session = {} if of_browser or not self._session else {"sessionId": self._session}
        await self._socket.send_json(
            {"id": self._number, "method": method, "params": params} | session
        )
        async with asyncio.timeout(20):
            while (said := await self._socket.receive_json()).get("id") != self._number:
                pass
        if "error" in said:
            raise RuntimeError(f"{method}: {said['error']['message']}")
        result: dict[str, Any] = said["result"]
        return result

    async def open(self, url: str) -> None:
        """A page in a tab in front."""
        made = await self.call("Target.createTarget", of_browser=True, url=url)
        joined = await self.call(
            "Target.attachToTarget", of_browser=True, targetId=made["targetId"], flatten=True
        )
        self._session = joined["sessionId"]

    async def says(self, expression: str) -> Any:
        """What the page makes of it, as if a person had asked with a click."""
        answer = await self.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until it is true; on the way from one page to the next there is nobody to ask."""
        async with asyncio.timeout(patience.SECONDS):
            while True:
                with suppress(RuntimeError):
                    if await self.says(expression):
                        return
                await asyncio.sleep(0.1)

    async def hide(self) -> None:
        """Another tab in front of it."""
        other = await self.call("Target.createTarget", of_browser=True, url="about:blank")
        await self.call("Target.activateTarget", of_browser=True, targetId=other["targetId"])
        await self.until("document.visibilityState === 'hidden'")


@asynccontextmanager
async def tab_of(profile: Path) -> AsyncIterator[Tab]:
    """A Chromium of its own."""
    chromium = await asyncio.create_subprocess_exec(
        "/usr/bin/chromium",
        *FLAGS,
        f"--user-data-dir={profile}",
        "about:blank",
        stderr=asyncio.subprocess.PIPE,
    )
    assert chromium.stderr is not None
    try:
        async with asyncio.timeout(patience.SECONDS):
            while (found := re.search(rb"ws://\S+", await chromium.stderr.readline())) is None:
                pass
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(found[0].decode(), max_msg_size=0) as socket,
        ):
            yield Tab(socket)
            await socket.close()
    finally:
        chromium.terminate()
        await chromium.communicate()
