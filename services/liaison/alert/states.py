"""The states of an alert at one desk and every transition between them (after ISA-18.2).

| here | ISA-18.2 | meaning |
|---|---|---|
| raised, delivered | UNACK | it sounds until somebody at the desk acknowledges; delivered: the
agency's topic has it | | acknowledged | ACKED | somebody has seen it; the acknowledgement runs out
| | claimed | ACKED | one person works on it | | answered | ACKED | accepted, declined or not ours;
its condition still holds | | shelved | SHLVD | quiet for a stated time, with a reason | | returned
| RTNUN | its condition ended before anybody acknowledged it: it stays to be seen |
| cleared | NORM, not closed | its condition ended, it was acknowledged, no outcome was given yet |
| closed | NORM | its condition ended, it was acknowledged and answered |

DSUPR (suppressed by design) is no state here: a less urgent alert of the same crisis may be
*inhibited*, which is a mark on a standing alert. OOSRV (out of service) is a rule that the policy
switches off: it raises nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

State = Literal[
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
TransitionKind = Literal[
    "raised",
    "worsened",
    "annotated",
    "delivered",
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

STATES: tuple[State, ...] = get_args(State)
KINDS: tuple[TransitionKind, ...] = get_args(TransitionKind)

UNACKNOWLEDGED: frozenset[State] = frozenset({"raised", "delivered"})
# Somebody has it; the acknowledgement runs out.
HELD: frozenset[State] = frozenset({"acknowledged", "claimed"})
ENDED: frozenset[State] = frozenset({"returned", "cleared", "closed"})
# What is a new alarm to the desk. A dispute is none where the desk has answered: it is told and
# not disturbed.
NEW_ALARM: frozenset[TransitionKind] = frozenset(
    {"raised", "worsened", "disputed", "unshelved", "released"}
)
# What sounds at the desk; a repetition is no new alarm.
SOUNDING: frozenset[TransitionKind] = NEW_ALARM | {"sounded-again"}
Answer = Literal["accepted", "declined", "not-ours"]
ANSWERS: tuple[Answer, ...] = get_args(Answer)


def _table() -> dict[tuple[TransitionKind, State | None], State]:
    table: dict[tuple[TransitionKind, State | None], State] = {("raised", None): "raised"}
    for state in STATES:
        table["noted", state] = state
        table["message-waits", state] = state
        if state in ENDED:
            table["raised", state] = "raised"
        else:
            table["worsened", state] = "raised"
            table["annotated", state] = state
            table["inhibited", state] = state
            table["released", state] = state
            table["disputed", state] = "raised"
        if state in UNACKNOWLEDGED:
            table["acknowledged", state] = "acknowledged"
            table["returned", state] = "returned"
            table["escalated", state] = state
        if state in UNACKNOWLEDGED | HELD:
            table["sounded-again", state] = "raised"
            table["shelved", state] = "shelved"
        if state in HELD:
            table["cleared", state] = "cleared"
            table["handed-over", state] = state
        if state in HELD | {"answered", "cleared"}:
            table |= {(kind, state): "answered" for kind in ANSWERS}
    table["delivered", "raised"] = "delivered"
    table["claimed", "acknowledged"] = "claimed"
    table["taken-over", "claimed"] = "claimed"
    table["disputed", "answered"] = "answered"
    table["closed", "answered"] = "closed"
    table["closed", "cleared"] = "closed"
    table["unshelved", "shelved"] = "raised"
    table["returned", "shelved"] = "returned"
    table["cleared", "shelved"] = "cleared"
    table["acknowledged", "returned"] = "cleared"
    return table


# (transition, state before) to the state after; None: the desk does not have the alert yet. What
# is not here cannot be.
TABLE: Mapping[tuple[TransitionKind, State | None], State] = _table()


class TransitionNotAllowed(ValueError):
    """The alert is in a state from which this cannot happen."""


def after(kind: TransitionKind, state: State | None) -> State:
    """The state after the transition. Raises TransitionNotAllowed."""
    state_after = TABLE.get((kind, state))
    if state_after is None:
        raise TransitionNotAllowed(f"an alert that is {state or 'not there'} cannot be {kind}")
    return state_after
