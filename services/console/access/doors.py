"""Every way into the console: each handler names the door it stands behind, and a test enumerates
all routes.

A door reads the session anew from the ledger at each request, so that a role that was taken away
counts at once; it checks the CSRF token of everything that changes something, and writes a refusal
of a signed-in person into the audit.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from services.console.access import sessions
from services.console.access.refusal import Locked, Refused
from services.console.access.rights import Operator, Permission
from services.console.metrics import REFUSED
from services.console.view.desks import Desk
from services.ledger import audit
from services.runtime.logging import logger

_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Here:
    """An authorised person at a desk, at this instant."""

    operator: Operator
    desk: Desk
    now: datetime

    @property
    def actor(self) -> str:
        """As the record names them."""
        return self.operator.actor(self.desk.desk)


@dataclass(frozen=True, slots=True)
class At:
    """An authorised person for a whole agency, at this instant."""

    operator: Operator
    agency: str
    agency_name: str
    now: datetime


async def operator_of(request: Request) -> Operator | None:
    """Who this is, if they are signed in."""
    cookie = request.cookies.get(request.app.state.session_cookie)
    if not cookie:
        return None
    return await sessions.load(
        request.app.state.pool, sessions.hash_of(cookie), request.app.state.clock.now()
    )


async def check_csrf(request: Request, operator: Operator) -> None:
    """Raises Refused for a form that is not ours."""
    token = request.headers.get("x-csrf-token")
    if token is None:
        field = (await request.form()).get("csrf")
        # a file may be sent under that name too
        token = ""
        if isinstance(field, str):
            token = field
    # compared in constant time, so that nobody finds the token letter by letter
    if not hmac.compare_digest(token.encode(), operator.csrf.encode()):
        raise Refused(403, "forged")


class Door:
    """What is common to all doors. `locked` lets a locked session through; `quietly` does not count
    as being there."""

    permission: Permission | None = None

    def __init__(self, *, locked: bool = False, quietly: bool = False) -> None:
        self._locked, self._quietly = locked, quietly

    async def signed_in(self, request: Request, desk: str | None = None) -> Operator:
        """Raises Refused, or Locked."""
        operator = await operator_of(request)
        if operator is None:
            raise Refused(401, "signed_out")
        if operator.locked_at is not None and not self._locked:
            raise Locked(desk)
        if request.method not in _SAFE:
            await check_csrf(request, operator)
        return operator

    async def enter(self, request: Request, operator: Operator) -> datetime:
        """The instant at which they came in."""
        now: datetime = request.app.state.clock.now()
        if not self._quietly and operator.locked_at is None:
            await sessions.touch(request.app.state.pool, operator.session, now)
        return now

    async def refuse(
        self, request: Request, operator: Operator, status: int, reason: str, place: str
    ) -> Refused:
        """Keep what was tried and refused."""
        REFUSED.labels(reason).inc()
        logger().warning(
            "console.refused", reason=reason, route=getattr(request.scope.get("route"), "path", "")
        )
        detail = {"reason": reason, "method": request.method, "permission": self.permission}
        state = request.app.state
        await audit.write(
            state.pool, "access.refused", operator.handle, place, detail, state.clock.now()
        )
        return Refused(status, reason)


class AnybodyDoor:
    """A page that shows nothing of anybody: the sign-in, and the health of the service."""

    permission = None

    async def __call__(self) -> None:
        """Everybody may."""


class SignedInDoor(Door):
    """Anybody who is signed in."""

    async def __call__(self, request: Request) -> Operator:
        """The person. Raises Refused."""
        operator = await self.signed_in(request)
        await self.enter(request, operator)
        return operator


class DeskDoor(Door):
    """Those who may do this at the desk named in the path."""

    def __init__(
        self, permission: Permission, *, locked: bool = False, quietly: bool = False
    ) -> None:
        super().__init__(locked=locked, quietly=quietly)
        self.permission = permission

    async def __call__(self, request: Request, desk: str) -> Here:
        """The person at the desk. Raises Refused, or Locked."""
        operator = await self.signed_in(request, desk)
        place = request.app.state.desks.desks.get(desk)
        if place is None:
            raise Refused(404, "unknown_desk")
        assert self.permission is not None
        if not operator.may(self.permission, place):
            reason = "other_desk"
            if _works_at(operator, place):
                reason = "not_your_role"
            raise await self.refuse(request, operator, 403, reason, desk)
        return Here(operator, place, await self.enter(request, operator))


def _works_at(operator: Operator, desk: Desk) -> bool:
    permissions: tuple[Permission, ...] = ("see", "review", "supervise")
    return any(operator.may(permission, desk) for permission in permissions)


class AgencyDoor(Door):
    """Those who may do this for the agency named in the path."""

    def __init__(self, permission: Permission) -> None:
        super().__init__()
        self.permission = permission

    async def __call__(self, request: Request, agency: str) -> At:
        """The person and the agency. Raises Refused, or Locked."""
        operator = await self.signed_in(request)
        name = request.app.state.desks.agencies.get(agency)
        if name is None:
            raise Refused(404, "unknown_agency")
        assert self.permission is not None
        if not operator.may_at(self.permission, agency):
            raise await self.refuse(request, operator, 403, "not_your_role", agency)
        return At(operator, agency, name, await self.enter(request, operator))


def still(
    request: Request, operator: Operator, desk: Desk, permission: Permission
) -> Callable[[], Awaitable[str | None]]:
    """For a stream that is open: None while the person may go on, else `ended`, `locked` or
    `refused`."""

    async def look() -> str | None:
        current = await sessions.load(
            request.app.state.pool, operator.session, request.app.state.clock.now()
        )
        if current is None:
            return "ended"
        if not current.may(permission, desk):
            return "refused"
        if current.locked_at is not None:
            return "locked"
        return None

    return look


Anybody = Depends(AnybodyDoor())
SignedIn = Annotated[Operator, Depends(SignedInDoor())]
Seeing = Annotated[Here, Depends(DeskDoor("see"))]
# A stream: that it is open does not say that anybody is there.
Watching = Annotated[Here, Depends(DeskDoor("see", quietly=True))]
# The locked view: how many, how urgent, nothing else.
Counting = Annotated[Here, Depends(DeskDoor("see", locked=True, quietly=True))]
Answering = Annotated[Here, Depends(DeskDoor("answer"))]
Reviewing = Annotated[Here, Depends(DeskDoor("review"))]
Supervising = Annotated[Here, Depends(DeskDoor("supervise"))]
Breaking = Annotated[Here, Depends(DeskDoor("break-glass"))]
Governing = Annotated[At, Depends(AgencyDoor("govern"))]
Guarding = Annotated[At, Depends(AgencyDoor("privacy"))]
