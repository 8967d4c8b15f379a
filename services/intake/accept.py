"""Is this event well formed, and does it come from whom it says? Accepted, or rejected with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from schemas.envelope import MAX_EVENT_BYTES, AnyEvent, decode, encode, structured
from schemas.received import Received
from schemas.registry import Agency, Feed
from services.intake.faults import Fault, faults


@dataclass(frozen=True, slots=True)
class Accepted:
    """A well-formed event of the feed."""

    received: Received
    document: bytes | None = None
    """As it came; None where it was read before and its document is made anew when somebody asks."""

    @property
    def body(self) -> bytes:
        """Its structured-mode form."""
        return encode(self.received.event) if self.document is None else self.document

    @property
    def content_hash(self) -> bytes:
        """Tells a repeat from a reuse of its id."""
        return content_hash(self.received.event)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Goes to quarantine with the first of its faults."""

    fault: Fault
    body: bytes


def content_hash(event: AnyEvent) -> bytes:
    """SHA-256 over what the event says, without what the road adds."""
    said = event.model_dump_json(exclude={"traceparent", "partitionkey"}, exclude_none=True)
    return hashlib.sha256(said.encode()).digest()


def accept(
    body: bytes | None,
    headers: Sequence[tuple[str, bytes]],
    agency: Agency,
    feed: Feed,
    received_at: datetime,
) -> Accepted | Rejected:
    """Pure; never raises. An event from the future is accepted: its sender's clock is wrong, its content may matter."""
    if body is None:
        fault = Fault(
            "",
            "body-missing",
            "the message has no body",
            "send the event; tombstones have no meaning here",
        )
        return Rejected(fault, b"")
    if len(body) > MAX_EVENT_BYTES:
        said = f"the event has {len(body)} bytes, the limit is {MAX_EVENT_BYTES}"
        return Rejected(
            Fault("", "event-too-large", said, "send structured facts, not documents"),
            body[:MAX_EVENT_BYTES],
        )
    try:
        document = structured(body, headers)
        event = decode(document)
    except ValidationError as error:
        return Rejected(faults(error)[0], body)
    except (ValueError, RecursionError) as error:
        fault = Fault("", "json-invalid", type(error).__name__, "send one JSON object in UTF-8")
        return Rejected(fault, body)
    if event.source not in feed.sources:
        said = f"this source is not registered for feed {feed.id}"
        return Rejected(
            Fault(
                "/source", "source-not-registered", said, f"use one of {', '.join(feed.sources)}"
            ),
            body,
        )
    return Accepted(Received(event, agency.id, agency.kind, feed.id, received_at), document)
