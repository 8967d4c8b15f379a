"""The CloudEvents 1.0 envelope, and the way from bytes to a typed event and back.

Structured mode (`application/cloudevents+json`) and binary mode (`ce_*` headers) of the Kafka
binding are accepted; this product emits structured mode. Extension attributes: `recordedtime` (when
the agency recorded it), `partitionkey`, `traceparent`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Discriminator, Field, StringConstraints, TypeAdapter, create_model

from schemas.events import DATA_MODELS, EventData
from schemas.model import Closed, Instant
from schemas.strict_json import MemberTwice, loads

# CloudEvents intermediaries need forward no more than 64 KiB.
MAX_EVENT_BYTES = 65_536

STRUCTURED = "application/cloudevents+json"

Data = TypeVar("Data", bound=EventData)

Source = Annotated[str, StringConstraints(pattern=r"^/[a-z0-9-]+(/[a-z0-9-]+)*$", max_length=120)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


class Event(Closed, Generic[Data]):
    """One immutable statement by one agency: what happened, when it happened, when it was
    recorded.
    """

    specversion: Literal["1.0"]
    id: EventId
    """Unique within the source. Source and id together are the identity of the event: a repeat
    is harmless, the same identity with other content is an error that is reported.
    """
    source: Source
    """Who says it: `/agency/system`, as registered for the feed."""
    type: str
    time: Instant
    """When it happened."""
    recordedtime: Instant | None = None
    """When the agency recorded it; `time` where it is absent."""
    subject: Annotated[str, StringConstraints(max_length=120)] | None = None
    """Opaque; never a name or an NHS number."""
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Annotated[str, StringConstraints(max_length=300)] | None = None
    partitionkey: Annotated[str, StringConstraints(max_length=120)] | None = None
    traceparent: Annotated[str, StringConstraints(max_length=64)] | None = None
    data: Data

    @property
    def recorded_at(self) -> datetime:
        """When the agency recorded it."""
        return self.recordedtime or self.time

    @property
    def identity(self) -> tuple[str, str]:
        """CloudEvents identity (source, id)."""
        return (self.source, self.id)


AnyEvent = Event[Any]


def _class_name(type_name: str) -> str:
    stem = type_name.split(".", 2)[2]
    return "".join(part.capitalize() for part in stem.replace("-", ".").split("."))


@cache
def event_models() -> Mapping[str, type[AnyEvent]]:
    """The whole-event model of each type, made from its data model."""
    models: dict[str, type[AnyEvent]] = {}
    for name, data_model in DATA_MODELS.items():
        models[name] = create_model(
            _class_name(name),
            __base__=Event[data_model],  # type: ignore[valid-type]  # the parameter is only known at run time
            __doc__=data_model.__doc__,
            type=(Literal[name], Field(description="The type of this event.")),  # type: ignore[arg-type]  # as above
        )
    return models


@cache
def event_adapter() -> TypeAdapter[AnyEvent]:
    """Validates any event of the contract, told apart by `type`."""
    union: Any = reduce(or_, event_models().values())
    return TypeAdapter(Annotated[union, Discriminator("type")])


def decode(body: bytes) -> AnyEvent:
    """A typed event from structured-mode JSON. Raises pydantic.ValidationError.

    Strict, as the published schemas are: `"4"` is no integer, `1` no truth value, `1732371840` no
    instant.
    """
    return event_adapter().validate_json(body, strict=True)


def encode(event: AnyEvent) -> bytes:
    """Structured-mode JSON, without what is not set."""
    return event.model_dump_json(exclude_none=True).encode()


def media_type(content_type: str) -> tuple[str, str]:
    """(type, charset) of a content type, in lower case; the charset is empty where none is
    named.
    """
    kind, *parameters = content_type.lower().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return kind.strip(), value.strip().strip('"')
    return kind.strip(), ""


def _content_type(fields: Sequence[tuple[str, bytes]]) -> str:
    # each must be text, though the first decides: what cannot be read is refused, not passed over
    types = [value.decode() for name, value in fields if name.lower() == "content-type"]
    return next(iter(types), "application/json")


def structured(body: bytes, headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    """The structured-mode form of a Kafka message in either mode (CloudEvents Kafka binding §3).

    The content type tells the mode, whatever other headers there are; where it does not, a
    `ce_specversion` header tells binary mode. Raises ValueError when a binary message's header or
    body is not text or JSON, or names an attribute twice.
    """
    # Kafka allows a header without a value: it says nothing
    fields = [(name, value) for name, value in headers if value is not None]
    content_type = _content_type(fields)
    if media_type(content_type)[0] == STRUCTURED:
        return body
    attributes: dict[str, Any] = {}
    for name, value in fields:
        if not name.startswith("ce_"):
            continue
        # which of two counts would be a guess, as in JSON
        if name[3:] in attributes:
            raise MemberTwice(name[3:])
        attributes[name[3:]] = value.decode()
    if "specversion" not in attributes:
        return body
    return json.dumps({**attributes, "datacontenttype": content_type, "data": loads(body)}).encode()
