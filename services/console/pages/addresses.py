"""Numbers and ids that stand in an address."""

from __future__ import annotations

from uuid import UUID

from services.console.access.refusal import Refused

# More do not fit into the ledger's numbers.
_DIGITS_MAX = 18


def whole_number(text: str) -> int | None:
    """The number; None for what is none of ours."""
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        return None
    return int(text)


def number_of(text: str, reason: str) -> int:
    """The same. Raises Refused for what is no number of ours."""
    number = whole_number(text)
    if number is None:
        raise Refused(404, reason)
    return number


def id_of(text: str, reason: str) -> UUID:
    """Raises Refused for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        raise Refused(404, reason) from None
