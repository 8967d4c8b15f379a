"""Running state of the fold: how the ambulance service responds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter

from schemas.codes import AmbulanceCategory, StandDownReason
from schemas.received import Mark
from services.liaison.crisis.facts import Stretch
from services.liaison.crisis.records import Key
from services.liaison.time.spans import FOREVER

# Reasons that leave a person in crisis with the police alone (LAS: more than half of police
# requests are cancelled).
NOT_SENT = frozenset({StandDownReason.POLICE_PRESENT, StandDownReason.NO_SEND})


_GRADE = itemgetter(0, 1)


@dataclass(slots=True)
class AmbulanceResponse:
    """How the ambulance service responds: one state at a time, over all its open incidents of the
    crisis.

    Stood down beats a grade given before it; an emergency grade beats a lower one of another
    incident. A new request, an emergency grade, or an ambulance response sent ends a stand-down.
    """

    low: list[Stretch] = field(default_factory=list)
    stood_down: list[Stretch] = field(default_factory=list)
    emergency: list[tuple[datetime, datetime]] = field(default_factory=list)
    category_1: list[tuple[datetime, datetime]] = field(default_factory=list)
    _grades: dict[Key, tuple[str, Mark, str]] = field(default_factory=dict)
    """By incident what its last grade makes of the response: `C1`, `C2` or `low`, since when, and
    the words for it.
    """
    _down: tuple[Mark, str] | None = None
    _state: tuple[str, Mark, str] | None = None

    def graded(self, incident: Key, category: AmbulanceCategory, mark: Mark, because: str) -> None:
        """The last grade of an incident by occurrence counts."""
        emergency = category.is_emergency
        grade = self._grades.get(incident)
        # the same grade again starts no time anew: the person has waited since the first
        if grade is None or not grade[2].startswith(category):
            name = "low"
            if emergency:
                name = str(category)
            self._grades[incident] = (name, mark, category + because)
        if emergency:
            self._down = None
        self._settle(mark)

    def not_sent(self, mark: Mark, reason: str) -> None:
        """Help was cancelled, declined or stood down."""
        if self._down is None:
            self._down = (mark, reason)
            self._settle(mark)

    def sent(self, mark: Mark) -> None:
        """Help was asked for anew or is on its way."""
        if self._down is not None:
            self._down = None
            self._settle(mark)

    def closed(self, incident: Key, mark: Mark) -> None:
        """The incident's grade counts no more."""
        if self._grades.pop(incident, None) is not None:
            self._settle(mark)

    def so_far(self) -> AmbulanceResponse:
        """The same with what still holds left open. This one goes on as it was."""
        end = AmbulanceResponse(
            list(self.low),
            list(self.stood_down),
            list(self.emergency),
            list(self.category_1),
            _state=self._state,
        )
        end._end(FOREVER)
        return end

    def _now(self) -> tuple[str, Mark, str] | None:
        if self._down is not None:
            return ("down", *self._down)
        # the first of equals by incident counts, as they were graded
        return min(self._grades.values(), key=_GRADE, default=None)

    def _settle(self, mark: Mark) -> None:
        state = self._now()
        if state != self._state:
            self._end(mark.at)
            self._state = state
            if state is not None:
                # an older grade that holds again holds from now
                self._state = (state[0], max(state[1], mark), state[2])

    def _end(self, until: datetime) -> None:
        if self._state is None:
            return
        name, mark, words = self._state
        if mark.at >= until:
            return
        if name == "down":
            self.stood_down.append(Stretch(mark, until, words))
        elif name == "low":
            self.low.append(Stretch(mark, until, words))
        else:
            self.emergency.append((mark.at, until))
            if name == "C1":
                self.category_1.append((mark.at, until))
