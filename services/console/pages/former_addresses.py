"""Addresses of before: a crisis was once called an episode, and bookmarks and printed records carry
that address.

Each answers with where the page is now, to whoever asks: it shows nothing and says of no crisis
whether it exists. To be taken away with the release after the one in which the word changed.
"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from services.console.access.doors import Anybody

router = APIRouter()


@router.get("/desks/{desk}/episodes/{rest:path}", dependencies=[Anybody])
@router.post("/desks/{desk}/episodes/{rest:path}", dependencies=[Anybody])
async def of_an_episode(request: Request, desk: str, rest: str) -> Response:
    """The same below `/crises`, for ever, and by the same method: a form may stand open while the
    console is renewed."""
    address = f"/desks/{quote(desk, safe='')}/crises/{quote(rest)}"
    if request.url.query:
        address += f"?{request.url.query}"
    return RedirectResponse(address, 308)
