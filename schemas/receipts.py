"""What this product tells besides alerts: to an agency what became of each of its events, and to
whoever keeps evidence where the audit ends.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from pydantic import Field, create_model

from schemas.alerts import RuleId
from schemas.envelope import AnyEvent, Event
from schemas.events import TYPE_PREFIX, EventData
from schemas.model import Closed, Slug

RECEIPTS_GIVEN = f"{TYPE_PREFIX}receipts.given.v1"
AUDIT_SEALED = f"{TYPE_PREFIX}audit.sealed.v1"
AUDIT_TOPIC = "audit.sealed"
NOTES_MAX = 10
# In one message; more make more messages, so that each stays well under 64 KiB.
RECEIPTS_MAX = 200


class Note(Closed):
    """Something of an event that was left out because it cannot be read, or does not count, or that would say more if more were
    sent. The rest of the event counts."""

    code: Slug
    """What is wrong."""
    pointer: str
    """Where, as a JSON pointer."""
    remedy: str
    """What to do."""


class Receipt(Closed):
    """One event of the agency. Nothing of what another agency said is in it."""

    feed: Slug
    outcome: Literal["accepted", "repeated", "rejected"]
    """`repeated`: the same event was received before; nothing is to be done."""
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    """Where the record stands in the feed's topic."""
    id: Annotated[str, Field(max_length=200)] | None = None
    """CloudEvents id; nothing where the record could not be read."""
    code: Slug | None = None
    """Of a rejection: what is wrong."""
    pointer: str | None = None
    """Of a rejection: where, as a JSON pointer."""
    remedy: str | None = None
    """Of a rejection: what to do."""
    notes: Annotated[tuple[Note, ...], Field(max_length=NOTES_MAX)] = ()
    """Of an accepted event: what of it was left out, that a correction does not fit what it corrects, or what would decide
    whom it is about."""
    crisis: str | None = None
    """Token of the crisis that the event belongs to: the same for all the agency's events of one
    crisis, and of no use to another agency. It may change when incidents are joined or parted.
    """
    alerts: dict[RuleId, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """How many of the agency's own desks were given a new alarm of that crisis in the same step,
    by rule.
    """


class ReceiptsGiven(EventData):
    """Receipts for events of the agency: received, repeated or rejected, and what became of
    them. Signs of life get none.
    """

    agency: Slug
    receipts: Annotated[tuple[Receipt, ...], Field(min_length=1, max_length=RECEIPTS_MAX)]


@cache
def receipts_model() -> type[AnyEvent]:
    """The whole outgoing event."""
    return create_model(
        "ReceiptsGivenEvent",
        __base__=Event[ReceiptsGiven],
        __doc__=ReceiptsGiven.__doc__,
        type=(Literal[RECEIPTS_GIVEN], Field(description="The type of this event.")),  # type: ignore[arg-type]  # made at run time
    )


class ChainHead(Closed):
    """The last record of one chain of the audit."""

    chain: Annotated[int, Field(ge=0)]
    place: Annotated[int, Field(ge=0)]
    """How many records the chain had."""
    hash: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
    """SHA-256 of the record at that place, which covers all before it; empty before the first."""


class AuditSealed(EventData):
    """Where the chains of the audit ended at this minute. Keep it where nobody who can write to the
    ledger can write: `liaison audit verify` compares.
    """

    number: Annotated[int, Field(ge=1)]
    """Number of the audit's record that says the same, and binds the chains into one."""
    heads: Annotated[tuple[ChainHead, ...], Field(min_length=1)]


@cache
def sealed_model() -> type[AnyEvent]:
    """The whole outgoing event."""
    return create_model(
        "AuditSealedEvent",
        __base__=Event[AuditSealed],
        __doc__=AuditSealed.__doc__,
        type=(Literal[AUDIT_SEALED], Field(description="The type of this event.")),  # type: ignore[arg-type]  # made at run time
    )
