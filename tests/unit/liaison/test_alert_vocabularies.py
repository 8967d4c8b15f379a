"""Every state and every transition of an alert is decided for: a new one is red until it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from schemas.alerts import Transition as PublishedTransition
from services.liaison.alert.commands import DECLINE_REASONS, DeclineReason
from services.liaison.alert.states import (
    ANSWERS,
    ENDED,
    HELD,
    KINDS,
    NEW_ALARM,
    SOUNDING,
    STATES,
    TABLE,
    UNACKNOWLEDGED,
    Answer,
    State,
    TransitionKind,
)

STANDING_AND_QUIET: frozenset[State] = frozenset({"answered", "shelved"})


def groups_of(state: str) -> list[str]:
    groups = {
        "UNACKNOWLEDGED": UNACKNOWLEDGED,
        "HELD": HELD,
        "STANDING_AND_QUIET": STANDING_AND_QUIET,
        "ENDED": ENDED,
    }
    return [name for name, states in groups.items() if state in states]


def misplaced(states: Iterable[str]) -> list[str]:
    return [
        f"{state} is in {groups_of(state) or 'no group of states'}: decide whether it sounds, is held, is quiet or has"
        " ended (services/liaison/alert/states.py)"
        for state in states
        if len(groups_of(state)) != 1
    ]


def test_every_state_is_in_exactly_one_group() -> None:
    assert misplaced(get_args(State)) == []


def test_a_state_that_nobody_placed_is_named_with_what_to_decide() -> None:
    (sentence,) = misplaced(["delivered", "escorted"])
    assert sentence.startswith("escorted is in no group of states: decide whether it sounds")


def test_every_state_can_be_reached_and_every_transition_happens() -> None:
    assert set(TABLE.values()) == set(STATES)
    assert {kind for kind, _ in TABLE} == set(KINDS)


def test_every_state_has_a_way_on() -> None:
    left = {state for _, state in TABLE}
    assert left == {None, *STATES}


def test_every_transition_is_one_that_agencies_are_told_of() -> None:
    """But for `delivered`, which says that they have been told."""
    assert set(get_args(TransitionKind)) - {"delivered"} == set(get_args(PublishedTransition))


def test_answers_and_reasons_to_decline_are_the_whole_vocabulary() -> None:
    assert get_args(Answer) == ANSWERS
    assert set(ANSWERS) <= set(KINDS)
    assert get_args(DeclineReason) == DECLINE_REASONS


NO_ALARM: frozenset[TransitionKind] = frozenset(
    {
        "annotated",
        "delivered",
        "escalated",
        "inhibited",
        "acknowledged",
        "claimed",
        "taken-over",
        "handed-over",
        *ANSWERS,
        "noted",
        "message-waits",
        "shelved",
        "returned",
        "cleared",
        "closed",
    }
)


def test_every_transition_is_to_be_heard_or_not() -> None:
    assert set(KINDS) == SOUNDING | NO_ALARM, "decide whether a desk hears it: SOUNDING or NO_ALARM"
    assert SOUNDING.isdisjoint(NO_ALARM)


def test_what_makes_a_desk_sound_is_what_is_to_be_heard() -> None:
    """From the table: what leads to `raised` from elsewhere sounds; `released` ends a silence without a step of its own."""
    leads_there = {
        kind for (kind, before), state in TABLE.items() if state == "raised" and before != "raised"
    }
    assert leads_there | {"released"} == SOUNDING
    assert {"sounded-again"} == SOUNDING - NEW_ALARM
