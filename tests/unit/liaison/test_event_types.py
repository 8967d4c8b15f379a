"""Every type of event is taken by somebody: a new one is red until it is decided by whom."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.envelope import decode
from schemas.events import DATA_MODELS, care, detention, incident, keeping, response
from schemas.generate import FOLDER
from schemas.model import Closed
from schemas.received import Received
from services.liaison.crisis import state
from services.liaison.crisis.other_records import RECORDED
from services.liaison.linking.sighting import TELLING, Traces

OF_A_CRISIS = frozenset(state._HANDLERS) | RECORDED
OF_THE_REGISTER = frozenset(
    {
        care.PersonRegistered,
        care.PersonUpdated,
        care.PersonMerged,
        care.PersonSplit,
        care.PersonDied,
        care.PathwayOpened,
        care.PathwayUpdated,
        care.PathwayClosed,
    }
)
"""services.identity.register folds them into a local record."""
OF_A_PLACE_OF_SAFETY = frozenset({detention.PlaceOfSafetyCapacity})
"""services.liaison.crisis.subjects reads them beside each crisis."""
OF_THE_STREAM = frozenset({keeping.FeedHeartbeat, keeping.EventCorrected, keeping.EventRetracted})
"""services.liaison.feeds and services.liaison.crisis.corrections."""


def untaken(models: Iterable[type[Closed]]) -> list[str]:
    folded = OF_A_CRISIS | OF_THE_REGISTER | OF_A_PLACE_OF_SAFETY | OF_THE_STREAM
    return [
        f"{model.__name__} is folded nowhere: give it a handler in services/liaison/crisis/state.py or other_records.py,"
        " or decide here who takes it"
        for model in models
        if model not in folded
    ]


def test_every_type_of_event_is_taken_by_somebody() -> None:
    assert untaken(DATA_MODELS.values()) == []


def test_a_type_that_nobody_takes_is_named_with_where_to_decide() -> None:
    class WelfarePostponed(Closed):
        """A type that was added to the contract only."""

    (sentence,) = untaken([WelfarePostponed])
    assert sentence.startswith("WelfarePostponed is folded nowhere: give it a handler in services/")


def test_who_takes_a_type_is_said_once() -> None:
    groups = (OF_A_CRISIS, OF_THE_REGISTER, OF_A_PLACE_OF_SAFETY, OF_THE_STREAM)
    assert sum(map(len, groups)) == len(frozenset().union(*groups))


def statements() -> Iterable[Received]:
    """Every valid example of the contract, received when it happened."""
    for path in sorted((FOLDER / "examples").glob("*/valid*.json")):
        event = decode(path.read_bytes())
        yield Received(event, "met", "police", "met-cad", event.time)


def unread_for_linking(telling: frozenset[type]) -> set[str]:
    """Kinds of statements that say something for linking, and are not asked for it."""
    unread = set()
    for statement in statements():
        traces = Traces()
        traces.take(statement)
        if traces != Traces() and type(statement.event.data) not in telling:
            unread.add(type(statement.event.data).__name__)
    return unread


def test_whatever_says_something_for_linking_is_asked_for_it() -> None:
    assert unread_for_linking(TELLING) == set()


def test_a_kind_that_is_no_longer_asked_is_noticed() -> None:
    for kind in (response.AssistanceRequested, incident.IncidentReported, care.AbsenceEnded):
        assert unread_for_linking(TELLING - {kind}) == {kind.__name__}
