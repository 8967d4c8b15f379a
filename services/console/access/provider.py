"""The identity provider: OpenID Connect, Authorization Code with PKCE, `acr`, and logout over the
back channel.

CIS2, Keycloak or any other by its discovery document. Authlib keeps state and nonce and checks the
ID token (signature, issuer, audience, expiry, nonce). What we ask beyond it: the authentication
must be as strong as the settings demand.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from authlib.deprecate import AuthlibDeprecationWarning
from fastapi import Request
from fastapi.responses import Response
from httpx import HTTPError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.runtime.errors import LiaisonError
from services.runtime.settings import Settings

with warnings.catch_warnings():
    # it speaks of an httpx2 that it does not need, at every start of a console
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.starlette_client import OAuth

# How long the provider may take to answer.
SECONDS: Final = 5.0
_LOGOUT: Final = "http://schemas.openid.net/event/backchannel-logout"
_LOGOUT_AGE_SECONDS: Final = 300
# Never `none` and nothing symmetric.
ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]


class SignInRefused(LiaisonError):
    """The provider, or what it said, does not let this person in. `code` is a key of the words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Claims:
    """What the provider says of a person."""

    issuer: str
    subject: str
    handle: str
    name: str
    acr: str | None
    session: str | None
    roles: tuple[str, ...]
    authenticated_at: datetime | None
    """When the provider saw them show who they are (`auth_time`); None where it does not say."""


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """What the provider says has ended."""

    issuer: str
    subject: str | None
    session: str | None
    token_id: str


class Provider:
    """One identity provider, as the settings name it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._oauth = OAuth()
        self._client: Any = self._oauth.register(
            "provider",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": settings.oidc_scope,
                "code_challenge_method": "S256",
                "timeout": SECONDS,
            },
        )

    async def begin(self, request: Request, back: str, again: bool) -> Response:
        """Send the browser to the provider. `again`: the person must show who they are although a
        session is there."""
        more: dict[str, str] = {}
        # asked for, and checked when it comes back: the browser carries the asking
        if self._settings.oidc_acr:
            more["acr_values"] = self._settings.oidc_acr
        if again:
            # asked to prompt, a provider may not; asked for an age, it must say when
            more |= {"prompt": "login", "max_age": "0"}
        try:
            answer: Response = await self._client.authorize_redirect(request, back, **more)
        except (HTTPError, OAuthError) as error:
            raise SignInRefused("provider_away") from error
        return answer

    async def finish(self, request: Request) -> Claims:
        """What the provider says, once it has been checked. Raises SignInRefused."""
        try:
            token = await self._client.authorize_access_token(request)
        except HTTPError as error:
            raise SignInRefused("provider_away") from error
        except (OAuthError, JoseError, ValueError, KeyError) as error:
            raise SignInRefused("sign_in_failed") from error
        return self._claims_of(dict(token.get("userinfo") or {}))

    def _claims_of(self, user: dict[str, Any]) -> Claims:
        acr = user.get("acr")
        strong_enough = self._settings.oidc_acr.split()
        # the provider may have fallen back to a password: what it says it did is looked at,
        # not what was asked of it
        if strong_enough and acr not in strong_enough:
            raise SignInRefused("too_weak")
        if not user.get("sub"):
            raise SignInRefused("sign_in_failed")
        roles = user.get(self._settings.oidc_roles_claim) or ()
        if isinstance(roles, str):
            # some providers give a list of one as the text itself
            roles = [roles]
        # what stands before the @: an address in every record would be one more thing to
        # protect
        handle = str(user.get("preferred_username") or user["sub"]).split("@", maxsplit=1)[0]
        return Claims(
            issuer=str(user["iss"]),
            subject=str(user["sub"]),
            handle=handle[:40],
            name=str(user.get("name") or handle)[:80],
            acr=_text(acr),
            session=_text(user.get("sid")),
            roles=tuple(str(role) for role in roles),
            authenticated_at=_instant(user.get("auth_time")),
        )

    async def logged_out(self, token: str, now: datetime) -> LoggedOut:
        """What a logout token says (OpenID Connect Back-Channel Logout 1.0, 2.6). Raises
        SignInRefused."""
        try:
            metadata = await self._client.load_server_metadata()
            keys = KeySet.import_key_set(await self._client.fetch_jwk_set())
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        except HTTPError as error:
            raise SignInRefused("provider_away") from error
        except (JoseError, ValueError, KeyError) as error:
            raise SignInRefused("logout_token") from error
        good = (
            claims.get("iss") == metadata.get("issuer")
            and self._settings.oidc_client_id in _audience_of(claims)
            and _is_fresh(claims.get("iat"), now)
            and _tells_a_logout(claims)
        )
        if not good:
            raise SignInRefused("logout_token")
        return LoggedOut(claims["iss"], claims.get("sub"), claims.get("sid"), str(claims["jti"]))


def _text(value: object) -> str | None:
    if value:
        return str(value)
    return None


def _instant(seconds: object) -> datetime | None:
    """Seconds since 1970 as an instant; None for what is none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _audience_of(claims: Mapping[str, Any]) -> Sequence[Any]:
    audience = claims.get("aud")
    if isinstance(audience, list):
        return audience
    return [audience]


def _is_fresh(issued: object, now: datetime) -> bool:
    if not isinstance(issued, int | float):
        return False
    return abs(now.timestamp() - issued) <= _LOGOUT_AGE_SECONDS


def _tells_a_logout(claims: Mapping[str, Any]) -> bool:
    """An ID token must never pass for a logout token: the specification forbids a nonce in it."""
    events = claims.get("events")
    if not isinstance(events, dict) or _LOGOUT not in events or "nonce" in claims:
        return False
    return bool(claims.get("jti")) and bool(claims.get("sub") or claims.get("sid"))
