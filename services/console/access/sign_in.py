"""Signing in and out, choosing a desk, locking the screen."""

from __future__ import annotations

import re
from operator import itemgetter
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.console.access import sessions
from services.console.access.doors import Anybody, Counting, Seeing, SignedIn, operator_of
from services.console.access.provider import Claims, Provider, SignInRefused
from services.console.access.refusal import Refused
from services.console.access.rights import Operator, grant_of, role_named
from services.console.metrics import SIGN_INS
from services.console.view.desks import Desk
from services.console.view.rendering import page
from services.console.view.text import TEXT
from services.ledger.operators.grants import set_grants
from services.ledger.operators.roles import ROLES, Grant
from services.ledger.operators.sessions import end_session, first_use_of_logout_token

router = APIRouter()
_INITIALS = re.compile(r"[A-Z]{2,4}")
_DESK = "sign_in_desk"
_AGAIN = "sign_in_again"


def initials_of(typed: str) -> str | None:
    """Initials as they are kept, or None when they are none."""
    tidy = typed.strip().upper()
    # two to four letters: more would be a name in every record
    if not _INITIALS.fullmatch(tidy):
        return None
    return tidy


def _with_cookie(request: Request, answer: Response, cookie: str) -> Response:
    settings = request.app.state.settings
    answer.set_cookie(
        request.app.state.session_cookie,
        cookie,
        max_age=int(sessions.LONGEST.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings.environment == "live",
    )
    return answer


@router.get("/", dependencies=[Anybody])
async def start(
    request: Request,
    desk: Annotated[str, Query(max_length=120)] = "",
    initials: Annotated[str, Query(max_length=4)] = "",
) -> Response:
    """The person's desks; the sign-in where nobody is signed in, filled in as the address says."""
    operator = await operator_of(request)
    if operator is None:
        return _sign_in(request, initials=initials, picked=desk)
    return _places(request, operator)


def _places(request: Request, operator: Operator) -> Response:
    desks = request.app.state.desks
    groups: list[tuple[str, list[Desk]]] = []
    for agency_name, of_agency in desks.grouped():
        visible = [desk for desk in of_agency if operator.may("see", desk)]
        if visible:
            groups.append((agency_name, visible))
    agencies = []
    for agency, name in sorted(desks.agencies.items(), key=itemgetter(1)):
        governs, guards = operator.may_at("govern", agency), operator.may_at("privacy", agency)
        if governs or guards:
            agencies.append((agency, name, governs, guards))
    return page("places.html", operator=operator, groups=groups, agencies=agencies)


def _sign_in(request: Request, status: int = 200, **values: Any) -> Response:
    state = request.app.state
    fields = {"initials": "", "picked": "", "role": "operator", "wrong": "", "like": (), **values}
    return page(
        "sign_in.html",
        status,
        desk_names=sorted(state.desks.name(desk) for desk in state.desks.desks),
        live=state.settings.environment == "live",
        provider=state.provider is not None,
        roles=ROLES,
        **fields,
    )


@router.post("/sign-in", dependencies=[Anybody])
async def sign_in_for_trying(
    request: Request,
    desk: Annotated[str, Form()] = "",
    initials: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "operator",
) -> Response:
    """Sit down at a desk without a password: for trying, never in the live environment."""
    state = request.app.state
    # by the environment and not by whether a provider is there: a misspelt setting must not
    # open the door
    if state.settings.environment == "live":
        SIGN_INS.labels("refused").inc()
        return _sign_in(request, 403)
    tidy = initials_of(initials)
    place = state.desks.typed(desk)
    granted = role_named(role)
    if place is None or granted is None:
        like = [(each.desk, state.desks.name(each.desk)) for each in state.desks.like(desk)]
        return _sign_in(
            request,
            422,
            initials=initials,
            role=role,
            picked=desk,
            like=like,
            wrong="desk_unclear" if like else "desk_wrong",
        )
    if tidy is None:
        return _sign_in(
            request, 422, initials=initials, role=role, picked=desk, wrong="initials_wrong"
        )
    desk = place.desk
    now = state.clock.now()
    person = f"local:{tidy}@{desk}"
    # governance and privacy are of a whole agency: a desk would give them alerts to answer
    of_agency = granted in {"governance", "privacy-officer"}
    grant = Grant(granted, place.agency, None if of_agency else desk)
    async with state.pool.acquire() as connection, connection.transaction():
        await _end_former(request, connection, now)
        cookie = await sessions.start(connection, person, tidy, tidy, now)
        await set_grants(connection, person, [grant], "trying", person, now)
    SIGN_INS.labels("trying").inc()
    target = "/" if of_agency else f"/desks/{desk}"
    return _with_cookie(request, RedirectResponse(target, 303), cookie)


async def _end_former(request: Request, connection: Any, now: Any) -> None:
    cookie = request.cookies.get(request.app.state.session_cookie)
    if cookie:
        await end_session(connection, sessions.hash_of(cookie), "signed in anew", now)


def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise Refused(404, "not_found")
    return provider


@router.get("/sign-in/provider", dependencies=[Anybody])
async def to_the_provider(request: Request, desk: str = "", again: bool = False) -> Response:
    """To the identity provider, and back to the desk."""
    settings = request.app.state.settings
    # live has its address in the settings: a Host header is whatever somebody sends
    back = f"{(settings.console_url or str(request.base_url)).rstrip('/')}/sign-in/callback"
    request.session[_DESK] = desk if desk in request.app.state.desks.desks else ""
    request.session[_AGAIN] = again
    try:
        return await _provider(request).begin(request, back, again)
    except SignInRefused as refused:
        raise Refused(503, refused.code) from refused


@router.get("/sign-in/callback", dependencies=[Anybody])
async def from_the_provider(request: Request) -> Response:
    """Back from the identity provider: a fresh session, with the grants that it states."""
    state = request.app.state
    desk, again = request.session.pop(_DESK, ""), request.session.pop(_AGAIN, False)
    try:
        claims = await _provider(request).finish(request)
    except SignInRefused as refused:
        SIGN_INS.labels(refused.code).inc()
        request.session.clear()
        status = 403
        if refused.code == "provider_away":
            status = 503
        raise Refused(status, refused.code) from refused
    request.session.clear()
    try:
        cookie = await _begin(request, claims)
    except SignInRefused as refused:
        if not again:
            shown_again = urlencode({"desk": desk, "again": True})
            return RedirectResponse(f"/sign-in/provider?{shown_again}", 303)
        SIGN_INS.labels(refused.code).inc()
        raise Refused(403, refused.code) from refused
    SIGN_INS.labels("provider").inc()
    target = "/"
    if desk in state.desks.desks:
        target = f"/desks/{desk}"
    return _with_cookie(request, RedirectResponse(target, 303), cookie)


async def _begin(request: Request, claims: Claims) -> str:
    """What the cookie of the new session holds. Raises SignInRefused where they have to show again who
    they are."""
    state = request.app.state
    now = state.clock.now()
    person = sessions.operator_id_of(claims.issuer, claims.subject)
    # a provider states roles of other systems too
    candidates = [grant_of(text, state.desks.agency_of) for text in claims.roles]
    grants = [grant for grant in candidates if grant is not None]
    async with state.pool.acquire() as connection, connection.transaction():
        # the provider remembers a browser: by its plain link alone whoever walks up to a locked
        # screen would be let in
        if await sessions.must_show_again(connection, person, claims.authenticated_at, now):
            raise SignInRefused("not_shown_again")
        await _end_former(request, connection, now)
        cookie = await sessions.start(
            connection,
            person,
            claims.handle,
            claims.name,
            now,
            issuer=claims.issuer,
            provider_session=claims.session,
            acr=claims.acr,
        )
        await set_grants(connection, person, grants, "provider", claims.issuer, now)
    return cookie


@router.post("/sign-out")
async def sign_out(request: Request, operator: SignedIn) -> Response:
    """End the session; its streams end too."""
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await end_session(connection, operator.session, "signed out", request.app.state.clock.now())
    answer = RedirectResponse("/", 303)
    state = request.app.state
    live = state.settings.environment == "live"
    answer.delete_cookie(state.session_cookie, path="/", secure=live, httponly=True)
    # not "cookies": that would sign out of every other system of the same domain
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@router.post("/sign-out/provider", dependencies=[Anybody])
async def signed_out_by_provider(
    request: Request, logout_token: Annotated[str, Form()] = ""
) -> Response:
    """The identity provider says that a session has ended (back channel). The token proves that it
    is the provider."""
    state = request.app.state
    now = state.clock.now()
    try:
        logout = await _provider(request).logged_out(logout_token, now)
    except SignInRefused as refused:
        return JSONResponse(
            {"error": "invalid_request", "error_description": TEXT[refused.code]}, 400
        )
    async with state.pool.acquire() as connection, connection.transaction():
        first_use = await first_use_of_logout_token(connection, logout.issuer, logout.token_id, now)
        if not first_use:
            return JSONResponse(
                {"error": "invalid_request", "error_description": TEXT["logout_token"]}, 400
            )
        await sessions.end_of_provider(
            connection, logout.issuer, logout.subject, logout.session, now
        )
    return JSONResponse({})


@router.post("/desks/{desk}/lock")
async def lock(request: Request, here: Seeing) -> Response:
    """Lock the screen: it goes on to count and to sound, and shows nothing personal."""
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        await sessions.lock(connection, here.operator, here.now)
    return RedirectResponse(f"/desks/{here.desk.desk}/locked", 303)


@router.get("/desks/{desk}/locked")
async def locked(request: Request, here: Counting) -> Response:
    """The locked view."""
    if here.operator.locked_at is None:
        return RedirectResponse(f"/desks/{here.desk.desk}", 303)
    return _locked_page(here)


def _locked_page(here: Counting, status: int = 200, wrong: str = "") -> Response:
    local = here.operator.operator_id.startswith("local:")
    return page("locked.html", status, here=here, local=local, wrong=wrong)


@router.post("/desks/{desk}/unlock")
async def unlock(
    request: Request, here: Counting, initials: Annotated[str, Form()] = ""
) -> Response:
    """Show again who you are: at the provider, or by the initials of the sign-in for trying."""
    state, operator = request.app.state, here.operator
    if not operator.operator_id.startswith("local:"):
        return RedirectResponse(f"/sign-in/provider?desk={here.desk.desk}&again=true", 303)
    if initials_of(initials) != operator.handle:
        return _locked_page(here, 422, "unlock_wrong")
    async with state.pool.acquire() as connection, connection.transaction():
        await end_session(connection, operator.session, "unlocked", here.now)
        cookie = await sessions.start(
            connection, operator.operator_id, operator.handle, operator.name, here.now
        )
    return _with_cookie(request, RedirectResponse(f"/desks/{here.desk.desk}", 303), cookie)
