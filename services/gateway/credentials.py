"""Who is at the door: a bearer token, of which only the hash is kept, or the client certificate
that the proxy has checked.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, StringConstraints, ValidationError

from schemas.model import Closed, Instant, Slug
from schemas.registry import Agency, Registry
from services.runtime.errors import SettingsError

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


FOR_EVER = datetime.max.replace(tzinfo=UTC)


class Token(Closed):
    """A token that ends."""

    sha256: Hash
    until: Instant
    """From then on it is refused."""


class AgencyCredentials(Closed):
    """What an agency may show. Two tokens at once, so that one can be changed without a gap."""

    tokens: Annotated[tuple[Token, ...], Field(max_length=4)] = ()
    token_sha256: Annotated[tuple[Hash, ...], Field(max_length=4)] = ()
    """Tokens without an end, as there were before; each start names who still has one."""
    client_subjects: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    """Subjects of client certificates, as the proxy writes them."""


class Credentials(Closed):
    """The whole file."""

    agencies: dict[Slug, AgencyCredentials]


class Refusal(Exception):
    """Nobody is let in. `code` begins with whose fault it is."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code, self.message, self.remedy = code, message, remedy


def load(path: Path | None, registry: Registry) -> Credentials:
    """The credentials in the file. Raises SettingsError naming file, place and remedy."""
    if path is None:
        raise SettingsError(
            "LIAISON_GATEWAY_CREDENTIALS_PATH is empty: without credentials nobody could send anything"
        )
    try:
        credentials = Credentials.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValidationError) as error:
        # neither the message nor the input is repeated: it may hold a token that was written in
        # clear
        raise SettingsError(
            f"{path.name} is not a credentials file ({type(error).__name__}); see docs/gateway.md"
        ) from error
    unknown = sorted(set(credentials.agencies) - set(registry.agencies_by_id))
    if unknown:
        raise SettingsError(f"{path.name}: {', '.join(unknown)} are no agencies of the registry")
    proofs: list[str] = []
    for agency in credentials.agencies.values():
        proofs += [token.sha256 for token in agency.tokens]
        proofs += [*agency.token_sha256, *agency.client_subjects]
    if len(set(proofs)) < len(proofs):
        raise SettingsError(
            f"{path.name}: a token or a subject stands twice; each is one agency's alone"
        )
    return credentials


class Doorkeeper:
    """Tells which agency a request is from."""

    def __init__(self, credentials: Credentials, registry: Registry, client_header: str) -> None:
        self._agencies = {id_: registry.agencies_by_id[id_] for id_ in credentials.agencies}
        self._hashes: list[tuple[bytes, str, datetime]] = []
        self._subjects: dict[str, str] = {}
        self._header = client_header
        for agency, proofs in credentials.agencies.items():
            self._hashes += [
                (token.sha256.encode(), agency, token.until) for token in proofs.tokens
            ]
            self._hashes += [(token.encode(), agency, FOR_EVER) for token in proofs.token_sha256]
            self._subjects |= dict.fromkeys(proofs.client_subjects, agency)

    def agency(self, headers: Mapping[str, str], now: datetime) -> Agency:
        """The agency. Raises Refusal.

        Where the proxy identifies clients, it must have done so; a token, if one is shown too, must
        be the same agency's.
        """
        by_token = self._by_token(headers.get("authorization", ""), now)
        if self._header:
            subject = headers.get(self._header.lower(), "")
            by_subject = self._subjects.get(subject)
            if by_subject is None:
                raise Refusal(
                    "PROXY_CLIENT_NOT_IDENTIFIED",
                    "the client certificate is that of no agency",
                    "connect with the certificate that is registered",
                )
            if by_token not in (None, by_subject):
                raise Refusal(
                    "SEND_CREDENTIALS_DIFFER",
                    "certificate and token are those of two agencies",
                    "use those of one agency",
                )
            return self._agencies[by_subject]
        if by_token is None:
            raise Refusal(
                "SEND_NOT_AUTHENTICATED",
                "no token of an agency",
                "send Authorization: Bearer with the token that was issued",
            )
        return self._agencies[by_token]

    def _by_token(self, header: str, now: datetime) -> str | None:
        """Whose the token is; None for no token or nobody's. Raises Refusal for one that has ended."""
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            return None
        digest = hashlib.sha256(token.strip().encode()).hexdigest().encode()
        holder: str | None = None
        ends = FOR_EVER
        # all are compared, whichever it is, so that time tells nothing
        for registered, agency, until in self._hashes:
            if hmac.compare_digest(digest, registered):
                holder, ends = agency, until
        if ends <= now:
            raise Refusal(
                "SEND_TOKEN_ENDED",
                "the time of this token has ended",
                "use the one that was issued after it, or ask for a new one",
            )
        return holder
