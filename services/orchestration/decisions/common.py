"""What all decisions of people have in common: refused with a code, shown before they are done, and
the alerts they moved.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.liaison.alert import AlertChange
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


@dataclass(frozen=True, slots=True)
class AlertMoved:
    """An alert that rose or ended because of the decision."""

    rule: str
    raised: bool
    desks: tuple[str, ...]


def moved_alerts(changes: Sequence[AlertChange]) -> tuple[AlertMoved, ...]:
    """Which alerts a settlement raised and ended, each once."""
    moved = []
    for change in changes:
        kinds = {transition.kind for transition in change.transitions}
        if kinds & {"raised", "worsened"} or not change.alert.stands:
            desks = tuple(part.desk for part in change.alert.desks)
            moved.append(AlertMoved(change.alert.rule, change.alert.stands, desks))
    return tuple(
        sorted(
            moved, key=lambda alert_moved: (alert_moved.rule, alert_moved.raised, alert_moved.desks)
        )
    )


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
