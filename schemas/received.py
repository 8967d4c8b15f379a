"""An event once a feed has delivered it: who sent it and when it came."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from schemas.codes import AgencyKind
from schemas.envelope import Event
from schemas.events import DATA_MODELS
from schemas.events.care import (
    AbsenceData,
    FollowUpData,
    PersonData,
    PersonMerged,
    PersonSplit,
    ReferralAcknowledged,
    ReferralData,
    ReferralOutcome,
)
from schemas.events.detention import CustodyData, PlaceOfSafetyCapacity
from schemas.events.incident import IncidentData
from schemas.events.keeping import EventCorrected, EventRetracted

# (agency, reference): the name of one agency's own record. An incident has its reference as the
# agency gives it; another record the kind before it (`custody#C-17`), which no reference can look
# like.
RecordKey = tuple[str, str]


# Begins the reference of what a place of safety says of its free places: it is of no crisis and
# concerns many.
SITE = "site#"


def models_of(*bases: type) -> frozenset[type]:
    """The kinds of statements that are one of these. To ask a model's class whether an object is of
    it costs thirty times as much as to look its own class up, and every event is asked often.
    """
    return frozenset(model for model in DATA_MODELS.values() if issubclass(model, bases))


_OF_INCIDENT = models_of(IncidentData)


def record_of(agency: str, data: Any) -> RecordKey | None:
    """The record that an agency's statement belongs to; None for one that belongs to none (the
    register, a heartbeat).

    What a receiving agency says of a referral belongs to the record of the agency that sent it.
    """
    if type(data) in _OF_INCIDENT:
        return (agency, data.incident)
    match data:
        case CustodyData():
            return (agency, f"custody#{data.custody}")
        case AbsenceData():
            return (agency, f"absence#{data.absence}")
        case ReferralAcknowledged() | ReferralOutcome():
            return (data.from_agency, f"referral#{data.referral}")
        case ReferralData():
            return (agency, f"referral#{data.referral}")
        case FollowUpData():
            return (agency, f"follow-up#{data.follow_up}")
        case PlaceOfSafetyCapacity():
            return (agency, f"{SITE}{data.site}")
    return None


def refers_to(received: Received) -> str | None:
    """Id of the event that this one corrects or retracts."""
    match received.event.data:
        case EventCorrected(corrects=target) | EventRetracted(retracts=target):
            return target
    return None


def local_people_of(received: Received) -> tuple[str, ...] | None:
    """Local identifiers that an event of the register is about; None for any other event."""
    data = received.event.data
    if not isinstance(data, PersonData):
        return None
    named = {data.local_person}
    if isinstance(data, PersonMerged):
        named.add(data.merged)
    if isinstance(data, PersonSplit):
        named.add(data.split_off)
    return tuple(sorted(named))


class Mark(NamedTuple):
    """When something happened and the event that says so. Sorts as the fold does: occurred,
    source, id.
    """

    at: datetime
    source: str
    id: str

    @property
    def event(self) -> tuple[str, str]:
        """CloudEvents (source, id)."""
        return (self.source, self.id)


@dataclass(frozen=True, slots=True)
class Received:
    """An accepted event with what the registry says of its sender. `received_at` is the clock of
    this product.

    What has been received has happened: an event that says it happened later than it came counts
    as happening when it came. That is decided by its own receipt alone, which no repeat changes,
    so that the order of arrival still cannot matter.
    """

    event: Event[Any]
    agency: str
    agency_kind: AgencyKind
    feed: str
    received_at: datetime
    as_sent: Event[Any] = field(init=False, compare=False, repr=False)
    """The event with the time that its sender gave it."""
    order: Mark = field(init=False, compare=False, repr=False)
    """The order of the fold: occurred, source, id. Total, so that arrival order cannot matter.
    Found once: an event is folded again with each one that follows it.
    """
    identity: tuple[str, str] = field(init=False, compare=False, repr=False)
    """CloudEvents (source, id)."""
    record_key: RecordKey | None = field(init=False, compare=False, repr=False)
    """The incident, custody record, absence, referral or follow-up the event belongs to, where
    it belongs to one.
    """

    def __post_init__(self) -> None:
        event = self.event
        object.__setattr__(self, "as_sent", event)
        if event.time > self.received_at:
            event = event.model_copy(update={"time": self.received_at})
            object.__setattr__(self, "event", event)
        object.__setattr__(self, "order", Mark(event.time, event.source, event.id))
        object.__setattr__(self, "identity", (event.source, event.id))
        object.__setattr__(self, "record_key", record_of(self.agency, event.data))

    @property
    def ahead(self) -> timedelta:
        """How far its sender's clock was ahead of ours, by this event; nought where it was not."""
        return max(timedelta(0), self.as_sent.time - self.received_at)


def models_with(*names: str) -> frozenset[type]:
    """The kinds of statements that have a field of one of these names. Most have none, so that
    whoever looks for one need not ask them each."""
    return frozenset(
        model for model in DATA_MODELS.values() if not model.model_fields.keys().isdisjoint(names)
    )


def stated(data: Any, name: str) -> Any:
    """What a statement says under this name; None where its type has no such field. `getattr` on a model costs ten times
    as much where the field is missing, which it mostly is."""
    return vars(data).get(name)


# Those that may describe a person.
DESCRIBING = models_with("person")
