"""What this product sends to the agencies: one CloudEvent for each change of an alert at one of
their desks.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from pydantic import Field, create_model

from schemas.codes import AccessHazard
from schemas.envelope import AnyEvent, Event
from schemas.events import TYPE_PREFIX, EventData
from schemas.model import Closed, Instant, Reference, ShortText, Slug
from schemas.place import Postcode

ALERT_CHANGED = f"{TYPE_PREFIX}alert.changed.v1"

RuleId = Annotated[str, Field(pattern=r"^R[0-9]{2}$")]


class Evidence(Closed):
    """One thing that was said, on which the alert rests."""

    statement: str
    at: Instant


class IncidentOfAgency(Closed):
    """An agency's own incident that belongs to the crisis."""

    agency: Slug
    reference: Reference


class PlaceOfIncident(Closed):
    """Where an agency says that its incident is, for the recipient's own map."""

    agency: Slug
    reference: Reference
    street: ShortText | None = None
    postcode: Postcode | None = None
    uprn: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    """WGS84 degrees."""
    precision_metres: float | None = None
    """How far from the coordinates it may be; absent: not stated."""
    access_hazards: tuple[AccessHazard, ...] = ()


# What of an incident's location an alert carries.
PLACE_FIELDS = frozenset(PlaceOfIncident.model_fields) - {"agency", "reference"}


class View(Closed):
    """What the desk may see, after disclosure. No alert holds a name or an NHS number."""

    title: str
    next_step: str
    verification: Literal["verified", "cannot-be-verified"]
    """`cannot-be-verified`: a feed that would have carried the missing event is silent."""
    act_by: Instant | None
    rule: RuleId
    headline: str | None = None
    """What is wrong, for this desk, in one short sentence; absent: the title says it."""
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()
    incidents: tuple[IncidentOfAgency, ...] = ()
    shown: dict[str, str] = Field(default_factory=dict)
    """Heading and text, to be shown to people, not to be interpreted."""
    places: tuple[PlaceOfIncident, ...] = ()
    """Where it is, the newest statement first. Empty: not stated, or not disclosed to this desk; of a
    person whose record is restricted it is disclosed to nobody.
    """


# What can happen. `raised`, `worsened`, `sounded-again`, `unshelved` and `released` are to be
# heard; so is `disputed` where the state is `raised`: another desk said no.
Transition = Literal[
    "raised",
    "worsened",
    "annotated",
    "sounded-again",
    "escalated",
    "disputed",
    "inhibited",
    "released",
    "acknowledged",
    "claimed",
    "taken-over",
    "handed-over",
    "accepted",
    "declined",
    "not-ours",
    "noted",
    "message-waits",
    "shelved",
    "unshelved",
    "returned",
    "cleared",
    "closed",
]


class AlertChanged(EventData):
    """Something happened to an alert at one of the agency's desks: `transition` says what,
    `state` what it is now.
    """

    alert: str
    """Id of the alert: the same in all its messages, and the key of the record."""
    rule: RuleId
    desk: Slug
    transition: Transition
    state: Literal[
        "raised",
        "delivered",
        "acknowledged",
        "claimed",
        "answered",
        "shelved",
        "returned",
        "cleared",
        "closed",
    ]
    """`returned`: its condition ended before anybody acknowledged it. `cleared`: ended,
    acknowledged, no outcome yet.
    """
    origin: Literal["rule", "escalation", "dispute"]
    """Why this desk has it: the rule names it, a desk below it did not answer, or a desk said
    no.
    """
    inhibited_by: str | None = None
    """The more urgent alert of the same crisis for which it keeps quiet at this desk."""
    sequence: Annotated[int, Field(ge=1)]
    """Grows with every change of any alert. A message with a lower sequence than one already
    seen is the older news.
    """
    urgency: Annotated[int, Field(ge=1)]
    """1 is the most urgent."""
    raised: Instant
    cleared: Instant | None
    """Nothing while the alert stands."""
    acknowledge_by: Instant
    """Until when the desk is to have acknowledged it."""
    view: View


@cache
def alert_model() -> type[AnyEvent]:
    """The whole outgoing event."""
    return create_model(
        "AlertChangedEvent",
        __base__=Event[AlertChanged],
        __doc__=AlertChanged.__doc__,
        type=(Literal[ALERT_CHANGED], Field(description="The type of this event.")),  # type: ignore[arg-type]  # made at run time
    )
