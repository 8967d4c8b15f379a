"""Is this event well formed, plausible, and from whom it says? Accepted, or rejected with a reason.

What is accepted can be held by the ledger and settled by every rule. The core of an event is
strict; an optional part that cannot be read is left out with a note, and the event counts. Stream,
gateway and command line ask here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.envelope import MAX_EVENT_BYTES, AnyEvent, encode, structured
from schemas.place import Box
from schemas.received import Received
from schemas.registry import Agency, Feed
from services.intake.examine import Examined, examine, refused, unreadable
from services.intake.faults import Fault
from services.intake.plausible import Circumstances


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event of the feed."""

    received: Received
    document: bytes | None = None
    """Its structured-mode form, without what was left out; None where it was read before and its
    document is made anew when somebody asks.
    """
    notes: tuple[Fault, ...] = ()
    """What was left out, and why."""
    left_out: tuple[str, ...] = field(default=(), compare=False)
    """The fields that the notes are about, in the contract's own words."""

    @property
    def body(self) -> bytes:
        """Its structured-mode form."""
        if self.document is None:
            return encode(self.received.as_sent)
        return self.document

    @property
    def content_hash(self) -> bytes:
        """Tells a repeat from a reuse of its id."""
        return content_hash(self.received.as_sent)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Goes to quarantine with the first of its faults."""

    fault: Fault
    body: bytes
    faults: tuple[Fault, ...] = field(default=(), compare=False)
    """All of them, that one among them."""
    notes: tuple[Fault, ...] = field(default=(), compare=False)
    """What would have been left out beside."""


def content_hash(event: AnyEvent) -> bytes:
    """SHA-256 over what the event says, without what the road adds."""
    statement = event.model_dump_json(exclude={"traceparent", "partitionkey"}, exclude_none=True)
    return hashlib.sha256(statement.encode()).digest()


def accept(
    body: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    agency: Agency,
    feed: Feed,
    received_at: datetime,
    box: Box | None = None,
) -> Accepted | Rejected:
    """Pure; never raises. `box` is the zone's, for its coordinates."""
    if body is None:
        fault = Fault(
            "",
            "body-missing",
            "the message has no body",
            "send the event; tombstones have no meaning here",
        )
        return Rejected(fault, b"", (fault,))
    examined = _examined(body, headers, Circumstances(received_at, agency.kind, box, feed))
    if examined.event is None:
        return Rejected(examined.faults[0], body[:MAX_EVENT_BYTES], examined.faults, examined.notes)
    event = examined.event
    return Accepted(
        Received(event, agency.id, agency.kind, feed.id, received_at),
        examined.document,
        examined.notes,
        examined.left_out,
    )


def _examined(
    body: bytes, headers: Sequence[tuple[str, bytes]], circumstances: Circumstances
) -> Examined:
    too_large = oversize(body)
    if too_large is not None:
        return refused(too_large)
    try:
        document = structured(body, headers)
    except (ValueError, RecursionError) as error:
        return refused(unreadable(error))
    return examine(document, circumstances)


def oversize(body: bytes) -> Fault | None:
    """The fault of an event that is too large."""
    if len(body) <= MAX_EVENT_BYTES:
        return None
    return Fault(
        "",
        "event-too-large",
        f"the event has {len(body)} bytes, the limit is {MAX_EVENT_BYTES}",
        "send structured facts, not documents or narrative",
    )


def checked(document: bytes, circumstances: Circumstances | None = None) -> Examined:
    """What becomes of one event in structured-mode JSON, without asking whose feed it comes from."""
    return _examined(document, (), circumstances or Circumstances())


def check(document: bytes) -> list[Fault]:
    """The faults of one event in structured-mode JSON; none when it would be accepted."""
    return list(checked(document).faults)
