"""Who sits at which desk, and the headers that keep the page to itself."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.metrics import REQUESTS

SESSION_SECONDS = 12 * 3600
"""One shift."""
_INITIALS = re.compile(r"[A-Z]{2,4}")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Refused(Exception):
    """The request is refused; `reason` is a key of services.console.text.TEXT, beside `<reason>_remedy`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True, slots=True)
class Seat:
    """A signed-in person at a desk."""

    desk: str
    initials: str
    csrf: str

    @property
    def actor(self) -> str:
        """As the record names them."""
        return f"{self.initials}@{self.desk}"


def initials_of(typed: str) -> str | None:
    """Initials as they are kept, or None when they are none."""
    tidy = typed.strip().upper()
    return tidy if _INITIALS.fullmatch(tidy) else None


def sit(request: Request, desk: str, initials: str) -> None:
    """Start a fresh session at a desk."""
    request.session.clear()
    request.session.update(desk=desk, initials=initials, csrf=secrets.token_urlsafe(24))


def seat(request: Request) -> Seat | None:
    """Who this is, if they are signed in."""
    kept = request.session
    return Seat(kept["desk"], kept["initials"], kept["csrf"]) if {"desk", "initials", "csrf"} <= kept.keys() else None


def seat_at(request: Request, desk: str) -> Seat:
    """Who this is. A session sees its own desk and no other. Raises Refused."""
    found = seat(request)
    if found is None:
        raise Refused(401, "signed_out")
    if found.desk != desk:
        raise Refused(403, "other_desk")
    return found


def check_csrf(here: Seat, given: str | None) -> None:
    """Raises Refused for a form that is not ours."""
    if given is None or not hmac.compare_digest(given.encode(), here.csrf.encode()):
        raise Refused(403, "forged")


class SecurityHeaders:
    """Adds the headers to each answer and counts it. Plain ASGI, so that streams are not buffered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                if not scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-store"
                route = getattr(scope.get("route"), "path", "none")
                REQUESTS.labels(route, f"{message['status'] // 100}xx").inc()
            await send(message)

        await self._app(scope, receive, with_headers)
