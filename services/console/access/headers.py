"""The headers that keep a page to itself, and the count of what was answered."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.metrics import REQUESTS

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; "
    "form-action 'self'{provider}; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_LIVE = {"Strict-Transport-Security": "max-age=31536000"}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SecurityHeaders:
    """Adds the headers to each answer, counts it, and refuses a form that another site sends
    (beside the CSRF token).

    Plain ASGI, so that streams are not buffered. `provider` is the origin of the sign-in, to which
    a form may lead.
    """

    def __init__(self, app: ASGIApp, provider: str = "", live: bool = False) -> None:
        self._app = app
        origin = ""
        if provider:
            origin = f" {provider}"
        self._headers = {"Content-Security-Policy": POLICY.format(provider=origin), **_HEADERS}
        if live:
            self._headers |= _LIVE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if not scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-store"
                route = getattr(scope.get("route"), "path", "none")
                REQUESTS.labels(route, f"{message['status'] // 100}xx").inc()
            await send(message)

        site = Headers(scope=scope).get("sec-fetch-site", "")
        if scope["method"] not in _SAFE and site in {"cross-site", "same-site"}:
            await PlainTextResponse("This form came from another site. Nothing was changed.", 403)(
                scope, receive, with_headers
            )
            return
        await self._app(scope, receive, with_headers)
