"""A fold that goes on from what it had gives what a fold of everything gives: late, repeated, taken back, in any batches."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.received import Received
from services.liaison.crisis.corrections import counted
from services.liaison.crisis.fold import Folds, fold
from tests.property.test_order_does_not_matter import SCENARIOS, told

EVENTS = {
    name: events
    for name, scenario in SCENARIOS.items()
    if (events := [received for received in told(scenario) if received.record_key is not None])
}


@st.composite
def histories(draw: st.DrawFn) -> list[list[Received]]:
    """What a crisis is known to be, from one look to the next: mostly one event more in order, now and then a late one, a
    repeat, or one fewer because an incident was taken out of it."""
    events = sorted(
        EVENTS[draw(st.sampled_from(sorted(EVENTS)))], key=lambda received: received.order
    )
    known: list[Received] = []
    waiting = list(events)
    looks = []
    while waiting:
        place = draw(st.integers(0, min(2, len(waiting) - 1)))
        known.append(waiting.pop(place))
        if draw(st.integers(0, 5)) == 0:
            known.append(draw(st.sampled_from(known)))
        if draw(st.integers(0, 7)) == 0:
            record = draw(st.sampled_from(known)).record_key
            looks.append([received for received in known if received.record_key != record])
        looks.append(list(known))
    return looks


@given(histories())
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_going_on_gives_what_beginning_anew_gives(looks: list[list[Received]]) -> None:
    folds = Folds()
    for events in looks:
        went_on = fold("e", "southwark", events, None, folds=folds)
        assert went_on == fold("e", "southwark", events, None)
        # saying what was taken so far changed nothing
        assert fold("e", "southwark", events, None, folds=folds) == went_on


def test_it_does_go_on_and_does_not_begin_anew() -> None:
    events = sorted(EVENTS["the-story"], key=lambda received: received.order)
    folds = Folds()
    first = folds.take("e", counted(events[:-1]))
    assert folds.take("e", counted(events)) is first
    late = folds.take("e", counted([*events[:3], *events[4:]]))
    assert late is not first


def test_only_so_many_are_held() -> None:
    folds = Folds(most=2)
    events = sorted(EVENTS["the-story"], key=lambda received: received.order)
    first = folds.take("a", counted(events[:1]))
    for name in ("b", "c"):
        folds.take(name, counted(events[:1]))
    assert folds.take("a", counted(events[:2])) is not first
