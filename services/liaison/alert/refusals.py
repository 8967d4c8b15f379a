"""Why a command at a desk was not done: each refusal with its code, and a sentence for the person
who gave it.
"""

from __future__ import annotations

from datetime import datetime


class CommandRefused(ValueError):
    """The command was not done. Its text is one sentence for the person who gave it."""

    code = "refused"


class UnknownAlert(CommandRefused):
    """The desk has no such alert."""

    code = "unknown-alert"


class First(CommandRefused):
    """Somebody at this desk was first: `who`, `when`."""

    done = "did it"

    def __init__(self, person: str | None, when: datetime | None) -> None:
        at = ""
        if when:
            at = f" at {when:%H:%M:%S} UTC"
        super().__init__(f"{person or 'somebody'} {self.done}{at}")
        self.who, self.when = person, when


class AlreadyAcknowledged(First):
    """It was acknowledged."""

    code, done = "already-acknowledged", "acknowledged it"


class AlreadyClaimed(First):
    """One person works on it."""

    code, done = "already-claimed", "claimed it"


class AlreadyAnswered(First):
    """It was answered."""

    code, done = "already-answered", "answered it"


class TooEarly(CommandRefused):
    """The claim is still within its grace."""

    code = "too-early"


class NotPossible(CommandRefused):
    """The alert is in a state from which this cannot be done."""

    code = "not-possible"


class NotShelvable(CommandRefused):
    """The most urgent are never shelved, and no shelf is longer than its urgency allows."""

    code = "not-shelvable"


class ReasonNeeded(CommandRefused):
    """A reason or an outcome code is missing or not one of those there are."""

    code = "reason-needed"
