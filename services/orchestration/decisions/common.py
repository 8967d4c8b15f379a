"""What all decisions of people have in common: refused with a code, shown before they are done, and
the alerts they moved.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from services.liaison.alert import AlertChange
from services.liaison.alert.states import TransitionKind
from services.orchestration.ledger import Transaction

Changed = TypeVar("Changed")
Within = TypeVar("Within", bound=Transaction)
Act = Callable[[Within], Awaitable[Changed]]
"""What somebody does; it can be done for a look and taken back (`preview`)."""


class DecisionRefused(ValueError):
    """Nothing was written. The text is one sentence for the person."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


Effect = Literal["raised", "ended", "changed"]

# An alert that stands is addressed, worded or quiet otherwise than before.
_OTHERWISE: frozenset[TransitionKind] = frozenset({"annotated", "inhibited", "released", "cleared"})


@dataclass(frozen=True, slots=True)
class AlertMoved:
    """An alert that rose, ended or says something else because of the decision."""

    rule: str
    effect: Effect
    desks: tuple[str, ...]
    crisis_id: str | None
    """The crisis that it is of afterwards."""


def moved_alerts(changes: Sequence[AlertChange]) -> tuple[AlertMoved, ...]:
    """Which alerts a settlement raised, ended and changed, each once."""
    moved = []
    for change in changes:
        effect = _effect(change)
        if effect is not None:
            alert = change.alert
            desks = tuple(part.desk for part in alert.desks)
            moved.append(AlertMoved(alert.rule, effect, desks, alert.crisis_id))
    return tuple(sorted(moved, key=lambda one: (one.rule, one.effect, one.desks)))


def _effect(change: AlertChange) -> Effect | None:
    """What somebody would call it; None for what time did, e.g. that it climbed."""
    kinds = {transition.kind for transition in change.transitions}
    if not change.alert.stands:
        return "ended"
    if kinds & {"raised", "worsened"}:
        return "raised"
    # without a step at any desk it is of another crisis, or says more of the same
    if not kinds or kinds & _OTHERWISE:
        return "changed"
    return None


def reasoned(reason: str) -> str:
    """The reason that is kept with a decision. Raises DecisionRefused where none is given."""
    if not reason.strip():
        raise DecisionRefused("reason-needed", "Say why: the reason is kept with the decision.")
    return reason.strip()


class _TakenBack(Exception):
    """Ends the savepoint of a look."""


async def preview(transaction: Within, act: Act[Within, Changed]) -> Changed:
    """What the act would change. It is done and taken back within the caller's transaction: nothing
    of it stays.
    """
    changed: list[Changed] = []
    try:
        async with transaction.savepoint():
            changed.append(await act(transaction))
            raise _TakenBack
    except _TakenBack:
        return changed[0]
