"""Which of a desk's alerts are on the screen: in the URL, so that a list can be kept and passed on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never
from urllib.parse import urlencode

from services.ledger.alerts.desk import SHOWS, AlertState, Show
from services.liaison.alert.states import HELD, State

URGENCIES = (1, 2, 3, 4, 5)
PAGES_MAX = 1000
# What is listed as ended: what returned unseen stays among the open ones until somebody
# acknowledges it.
ENDED: frozenset[State] = frozenset({"cleared", "closed"})


@dataclass(frozen=True, slots=True)
class ListFilter:
    """A choice of alerts. What the URL does not say, or says badly, is everything that is open."""

    actor: str
    show: Show = "open"
    urgencies: tuple[int, ...] = URGENCIES
    page: int = 1

    @classmethod
    def of(cls, actor: str, show: str, urgencies: list[str], page: str) -> ListFilter:
        """From the URL."""
        listed = tuple(urgency for urgency in URGENCIES if str(urgency) in urgencies)
        listing: Show = next((name for name in SHOWS if name == show), "open")
        return cls(actor, listing, listed or URGENCIES, _page_number(page))

    @property
    def arguments(self) -> tuple[Show, list[int], str]:
        """For the statement."""
        return (self.show, list(self.urgencies), self.actor)

    @property
    def live(self) -> bool:
        """Whether changes are shown as they come: on the first page of what is open."""
        return self.page == 1 and self.show != "ended"

    def matches(self, state: AlertState) -> bool:
        """The same choice as the statement makes, for one alert that changed."""
        if state.urgency not in self.urgencies:
            return False
        match self.show:
            case "open":
                return state.state not in ENDED
            case "waiting":
                return state.waiting
            case "mine":
                holder = state.claimed_by or state.acknowledged_by
                return state.state in HELD and holder == self.actor
            case "shelved":
                return state.state == "shelved"
            case "ended":
                return state.state in ENDED
            case _:
                assert_never(self.show)

    def query(self, **change: object) -> str:
        """As it stands in a URL, with something changed."""
        new = replace(self, **change)  # type: ignore[arg-type]  # names of own fields
        pairs: list[tuple[str, str]] = []
        if new.show != "open":
            pairs.append(("show", new.show))
        if new.urgencies != URGENCIES:
            pairs += [("urgency", str(urgency)) for urgency in new.urgencies]
        if new.page > 1:
            pairs.append(("page", str(new.page)))
        if pairs:
            return f"?{urlencode(pairs)}"
        return ""


def _page_number(text: str) -> int:
    """The number that was written, the first page for what is none."""
    if not (text.isascii() and text.isdigit()):
        return 1
    # a number of a million digits is not worth reading
    number = int(text[:6])
    if 1 <= number <= PAGES_MAX:
        return number
    return 1
