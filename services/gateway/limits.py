"""Limits at the door: the rate of an agency, and the size of a request."""

from __future__ import annotations

from aiolimiter import AsyncLimiter
from fastapi import Request

from services.gateway.answers import Problem


class Rates:
    """Events a second an agency may send; it may save up one second's worth."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._of: dict[str, AsyncLimiter] = {}

    async def take(self, agency: str, count: int = 1) -> None:
        """Raises Problem (429) instead of keeping the sender waiting."""
        limiter = self._of.setdefault(agency, AsyncLimiter(max(1.0, self._per_second), 1))
        if count > limiter.max_rate:
            raise Problem(
                413,
                "SEND_BATCH_TOO_LARGE",
                f"{count} events, the limit is {limiter.max_rate:g}",
                "send smaller batches",
            )
        if not limiter.has_capacity(count):
            raise Problem(
                429,
                "SEND_TOO_MANY_REQUESTS",
                f"more than {self._per_second:g} events a second",
                "wait as long as Retry-After says, then send the same again",
                1,
            )
        await limiter.acquire(count)


async def body_of(request: Request, limit: int) -> bytes:
    """The body, of which no more is read than the limit. Raises Problem (413)."""
    problem = Problem(
        413, "SEND_TOO_LARGE", f"more than {limit} bytes", "send structured facts, not documents"
    )
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise problem
    body_so_far = bytearray()
    async for piece in request.stream():
        body_so_far += piece
        if len(body_so_far) > limit:
            raise problem
    return bytes(body_so_far)
