"""Events about the stream itself: a feed's heartbeat, and corrections of what was said before."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.events.catalogue import EventData, event_type
from schemas.model import ShortText


@event_type("feed.heartbeat")
class FeedHeartbeat(EventData):
    """The feed is alive. Send one every 15 seconds, also when nothing happens."""

    backlog: Annotated[int, Field(ge=0)] = 0
    """Events that wait on the sender's side."""


@event_type("event.corrected")
class EventCorrected(EventData):
    """An earlier event of the same source was wrong in parts: this replaces its data. The time
    it happened stays: where that was wrong, retract the event and send it anew.
    """

    corrects: Annotated[str, Field(min_length=1, max_length=200)]
    """CloudEvents id of the earlier event, of the same source."""
    data: dict[str, Any]
    """The whole corrected data, by the earlier event's own schema."""


@event_type("event.retracted")
class EventRetracted(EventData):
    """An earlier event of the same source was wrong, or about the wrong person: it counts no
    more.
    """

    retracts: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Literal["wrong-person", "entered-in-error", "duplicate", "test"]
    note_reference: ShortText | None = None
