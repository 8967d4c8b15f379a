"""The Personal Demographics Service over HTTPS: at most five questions a second, with an end to
every wait.
"""

from __future__ import annotations

import logging
import uuid
from typing import Any

import httpx
from aiolimiter import AsyncLimiter
from tenacity import (
    AsyncRetrying,
    RetryError,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from schemas.person import PersonDescriptor
from services.identity.described import number_of
from services.runtime import metrics
from services.trace.port import (
    TraceResult,
    TraceUnavailable,
    agrees,
    decide,
    is_restricted,
    questions,
)

TIMEOUT_SECONDS = 10.0
ATTEMPTS = 3

# it writes the addresses that are asked for, and those hold names and NHS numbers
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)


class _Again(Exception):
    """Worth another attempt at once."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class PdsTracer:
    """Traces by number and date of birth where there is a number, else by an exact search."""

    def __init__(self, client: httpx.AsyncClient, per_second: float) -> None:
        # one in each slot, not five and then a refill: a leaky bucket of five would let nine go
        # within a second
        self._limiter = AsyncLimiter(1, 1 / per_second)
        self._client = client

    async def trace(self, descriptor: PersonDescriptor) -> TraceResult:
        """Ask whom the descriptor is about. Raises TraceUnavailable."""
        queries = questions(descriptor)
        number = number_of(descriptor)
        if number is not None and descriptor.date_of_birth is not None:
            answer = await self._get(f"/Patient/{number}", {})
            # the number alone proves nothing: it may be another's, one digit away
            if answer is not None and agrees(descriptor, answer):
                # a number that was superseded is answered with the one that took its place
                return TraceResult("verified", str(answer["id"]), is_restricted(answer))
        # without a name or a birthday nobody can be asked about
        if not queries:
            return TraceResult("insufficient")
        result = TraceResult("none")
        for query in queries:
            answer = await self._get("/Patient", query)
            if answer is None:
                return TraceResult("none")
            # PDS gives no list where several fit: which of them it is is not told to
            # us, and rightly
            if answer.get("resourceType") == "OperationOutcome":
                return TraceResult("many")
            result = decide(
                descriptor, [entry.get("resource", {}) for entry in answer.get("entry", [])]
            )
            if result.outcome != "none":
                return result
        return result

    async def _get(self, path: str, parameters: dict[str, str]) -> dict[str, Any] | None:
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(_Again),
                stop=stop_after_attempt(ATTEMPTS),
                wait=wait_exponential_jitter(multiplier=0.2, max=2),
            ):
                with attempt:
                    return await self._once(path, parameters)
        except RetryError as error:
            last = error.last_attempt.exception()
            raise TraceUnavailable(str(last), getattr(last, "after", None)) from last
        raise AssertionError("an attempt either returns or raises")

    async def _once(self, path: str, parameters: dict[str, str]) -> dict[str, Any] | None:
        async with self._limiter:
            with metrics.TRACE_SECONDS.time():
                try:
                    answer = await self._client.get(
                        path,
                        params=parameters,
                        # PDS asks for one of each call; it names no person
                        headers={"X-Request-ID": str(uuid.uuid4())},
                        timeout=TIMEOUT_SECONDS,
                    )
                except httpx.HTTPError as error:
                    metrics.TRACE_REQUESTS.labels("unreachable").inc()
                    raise _Again(type(error).__name__) from None
        metrics.TRACE_REQUESTS.labels(f"{answer.status_code // 100}xx").inc()
        # PDS does not know the number: that is an answer
        if answer.status_code == 404:
            return None
        if answer.status_code == 429 or answer.status_code >= 500:
            after = answer.headers.get("retry-after", "")
            seconds = None
            if after.isdigit():
                seconds = float(after)
            raise _Again(f"status {answer.status_code}", seconds)
        if answer.status_code != 200:
            # 400 is our fault and 401 or 403 our credentials: another attempt at once would not
            # help
            raise TraceUnavailable(f"status {answer.status_code}", 60.0)
        try:
            body: dict[str, Any] = answer.json()
        except ValueError as error:
            raise TraceUnavailable("the answer is not JSON") from error
        return body
