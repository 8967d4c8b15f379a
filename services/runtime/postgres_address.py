"""The address of PostgreSQL with what the settings say beside it: its password and its TLS."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit


def complete(address: str, password: str, tls: Mapping[str, str]) -> str:
    """The address with the password and the TLS parameters that it does not hold itself. The client
    reads the files that they name at each new connection, so one that was renewed counts."""
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    if password and ":" not in user:
        user, at = f"{user}:{quote(password, safe='')}", "@"
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    missing = {name: text for name, text in tls.items() if text and name not in query}
    if not missing:
        return urlunsplit(parts._replace(netloc=f"{user}{at}{host}"))
    return urlunsplit(
        parts._replace(netloc=f"{user}{at}{host}", query=urlencode({**query, **missing}, safe="/"))
    )
