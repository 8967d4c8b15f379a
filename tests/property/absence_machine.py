"""The life of a crisis in which things happen or do not, are heard at once or late, or are taken back, while time passes and
workers restart; what stands is compared at every instant with what an independent model says is owed.

A model knows nothing of folds, spans or findings: it looks at what is known and says in plain words what is owed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from schemas.received import Received
from services.liaison.policy import Policy
from services.simulation.simulation import Simulation
from tests.unit.liaison.script import POLICY, REGISTRY, START, event

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
QUICK = settings(
    max_examples=100, stateful_step_count=16, deadline=None, suppress_health_check=list(HealthCheck)
)


@dataclass(frozen=True)
class Happening:
    """Something that an agency may report once."""

    feed: str
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    """What must be known to have happened no later."""
    before: tuple[str, ...] = ()
    """What must not have happened yet."""
    lasting: bool = False
    """Never taken back: other events speak of it."""


class Known:
    """What is known to have happened, and when."""

    def __init__(self, when: Mapping[str, datetime]) -> None:
        self.when = dict(when)

    def at(self, name: str) -> datetime | None:
        """When it happened, as far as is known."""
        return self.when.get(name)

    def first(self, *names: str, since: datetime = START) -> datetime:
        """The first of them at or after an instant; the end of time if there is none."""
        found = [self.when[n] for n in names if n in self.when and self.when[n] >= since]
        return min(found, default=NEVER)


NEVER = START + timedelta(days=10_000)


def fresh(policy: Policy) -> Simulation:
    """A ledger whose feeds are all well for as long as the test lasts: silence is another test's matter."""
    ledger = Simulation(REGISTRY, policy)
    for feed in REGISTRY.feeds_by_id:
        ledger.hear(feed, START + timedelta(days=60))
    return ledger


class AbsenceMachine(RuleBasedStateMachine):
    """A kind of crisis names the rules it is about, how it begins, what may happen, and what is then owed."""

    about: ClassVar[tuple[str, ...]]
    begins: ClassVar[Mapping[str, Happening]]
    may_happen: ClassVar[Mapping[str, Happening]]
    policy: ClassVar[Policy] = POLICY
    longest_wait: ClassVar[timedelta] = timedelta(minutes=90)
    longest_delay: ClassVar[timedelta] = timedelta(minutes=60)

    def owed(self, known: Known, now: datetime) -> Collection[tuple[str, str]]:
        """(rule, stage) of what should stand at the instant, by what is known."""
        raise NotImplementedError

    @initialize()
    def begin(self) -> None:
        """It begins."""
        self.now, self.count = START, 0
        self.heard: list[tuple[datetime, Received]] = []
        self.known: dict[str, tuple[str, datetime]] = {}
        self.said: set[str] = set()
        self.waiting: list[tuple[datetime, Received, str]] = []
        self.ledger = fresh(self.policy)
        for name, each in self.begins.items():
            self._say(name, each, START, timedelta(0))

    def _say(self, name: str, what: Happening, at: datetime, late: timedelta) -> None:
        self.count += 1
        data = {
            k: (at + v).isoformat() if isinstance(v, timedelta) else v for k, v in what.data.items()
        }
        said = event(what.feed, what.kind, at, f"m{self.count}", data)
        self.said.add(name)
        if late:
            self.waiting.append((self.now + late, said, name))
            self.waiting.sort(key=lambda w: (w[0], w[1].event.id))
        else:
            self._receive(said, name)

    def _receive(self, said: Received, name: str) -> None:
        self.heard.append((self.now, said))
        self.known[name] = (said.event.id, said.event.time)
        self.ledger.receive([said], self.now)

    def _can(self, what: Happening, at: datetime) -> bool:
        """Known first what it comes after; and nothing said, even if not yet heard, that it cannot follow."""
        if any(n not in self.known or self.known[n][1] >= at for n in what.after):
            return False
        return not any(n in self.said for n in what.before)

    @rule(data=st.data(), ago=st.integers(0, 40), late=st.integers(0, 10))
    def happens(self, data: st.DataObject, ago: int, late: int) -> None:
        """Something happened a while ago at most, and is heard at once or late."""
        at = max(START + SECOND, self.now - ago * MINUTE)
        able = [n for n, w in self.may_happen.items() if n not in self.said and self._can(w, at)]
        # no two events at one instant, whose order nobody could know
        if (
            not able
            or any(at == t for _, t in self.known.values())
            or any(at == w[1].event.time for w in self.waiting)
        ):
            return
        name = data.draw(st.sampled_from(able))
        delay = self.longest_delay * (late - 5) / 5 if late > 5 else timedelta(0)
        self._say(name, self.may_happen[name], at, delay)

    @rule(data=st.data())
    def is_taken_back(self, data: st.DataObject) -> None:
        """It was entered in error."""
        able = sorted(
            n for n in self.known if n in self.may_happen and not self.may_happen[n].lasting
        )
        if not able:
            return
        gone = data.draw(st.sampled_from(able))
        self.count += 1
        said = event(
            self.may_happen[gone].feed,
            "event.retracted",
            self.now,
            f"m{self.count}",
            {"retracts": self.known[gone][0], "reason": "entered-in-error"},
        )
        self.heard.append((self.now, said))
        del self.known[gone]
        self.ledger.receive([said], self.now)

    @rule()
    def much_time_passes(self) -> None:
        """As long as it waits at all."""
        self.time_passes(90)

    @rule(share=st.integers(1, 90))
    def time_passes(self, share: int) -> None:
        """Every deadline is taken at its own instant; between two of them nothing may become owed."""
        end = self.now + self.longest_wait * share / 90
        while True:
            due = self.ledger.next_due("crisis")
            came = self.waiting[0][0] if self.waiting else None
            step = min(t for t in (due, came, end) if t is not None)
            if step > self.now + SECOND:
                self.now = step - SECOND
                self.says_what_is_owed()
            self.now = max(step, self.now)
            if came is not None and came <= self.now:
                _, said, name = self.waiting.pop(0)
                self._receive(said, name)
            self.ledger.tick(self.now)
            self.says_what_is_owed()
            if self.now >= end:
                return

    @rule()
    def restarts(self) -> None:
        """Another worker begins from what the ledger holds: the events, in the order in which they were heard."""
        ledger = fresh(self.policy)
        for at, said in self.heard:
            ledger.receive([said], at)
        while (due := ledger.next_due("crisis")) is not None and due <= self.now:
            ledger.tick(due)
        self.ledger = ledger

    @invariant()
    def says_what_is_owed(self) -> None:
        """Nothing that is owed is missing, and nothing else stands."""
        if not hasattr(self, "ledger"):
            return
        stands = sorted(
            (a.rule, str(a.detail.get("stage", "")))
            for a in self.ledger.alerts.values()
            if a.stands and a.rule in self.about
        )
        known = {name: at for name, (_, at) in self.known.items()}
        expected = sorted(self.owed(Known(known), self.now))
        told = {name: str(at - START) for name, at in known.items()}
        assert stands == expected, (
            f"at {self.now - START} {stands} stand, and {expected} is owed; known {told}"
        )
