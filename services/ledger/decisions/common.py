"""What all decisions of people have in common: refused with a code, shown before they are done, and the alerts they moved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.liaison.alert import AlertChange
from services.runtime.postgres import Connection

Changed = TypeVar("Changed")
Act = Callable[[Connection], Awaitable[Changed]]
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
    found = []
    for change in changes:
        kinds = {t.kind for t in change.transitions}
        if kinds & {"raised", "worsened"} or not change.alert.stands:
            desks = tuple(d.desk for d in change.alert.desks)
            found.append(AlertMoved(change.alert.rule, change.alert.stands, desks))
    return tuple(sorted(found, key=lambda m: (m.rule, m.raised, m.desks)))


def reasoned(reason: str) -> str:
    """The reason that is kept with a decision. Raises DecisionRefused where none is given."""
    if not reason.strip():
        raise DecisionRefused("reason-needed", "Say why: the reason is kept with the decision.")
    return reason.strip()


async def preview(connection: Connection, act: Act[Changed]) -> Changed:
    """What the act would change. It is done and taken back within the caller's transaction: nothing of it stays."""
    point = connection.transaction()
    await point.start()
    try:
        return await act(connection)
    finally:
        await point.rollback()
