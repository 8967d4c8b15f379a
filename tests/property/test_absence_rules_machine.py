"""Absence rules against an independent model: what should have happened and did not is told at that very instant, whatever
comes late, is taken back, or is forgotten by a restart; and never before.

The model knows nothing of folds, spans or findings: it looks at a list of what is known and says in plain words what is owed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas.received import Received
from services.liaison.memory import MemoryLedger
from tests.unit.liaison.crisis import POLICE, POLICY, REGISTRY, START, event

HOUR = timedelta(hours=1)
SITE = {"site": "maudsley-hbpos", "kind": "health-based-place-of-safety"}
RULES = ("R09", "R11", "R20")
SECOND = timedelta(seconds=1)


def owed(known: list[tuple[str, datetime]], now: datetime) -> set[tuple[str, str]]:
    """(rule, stage) of what stands at the instant, by what is known. Written from the Act and the domain reference: the 24
    hours run from arrival; the hour of handover too; the family is told within four hours of detention."""

    def first(kind: str, since: datetime | None = None) -> datetime | None:
        return min((at for k, at in known if k == kind and (since is None or at >= since)), default=None)

    found: set[tuple[str, str]] = set()
    detained = first("detention.detained")
    if detained is None:
        return found
    ended, arrived = first("detention.ended"), first("detention.arrived")
    over = ended is not None and ended <= now
    told = first("family.contacted", detained)
    due = detained + 4 * HOUR
    in_time = told is not None and told <= due
    let_go_before = ended is not None and ended <= due
    still = told is None or told > now
    if due <= now < due + timedelta(days=7) and not in_time and not let_go_before and still:
        found.add(("R20", ""))
    if arrived is None or over:
        return found
    handed = first("detention.handed-over", arrived)
    if handed is None or handed > now:
        for after, stage in ((2 * HOUR, "very-late"), (HOUR, "late"), (45 * timedelta(minutes=1), "soon")):
            if now >= arrived + after:
                found.add(("R11", stage))
                break
    assessed = first("detention.assessment-started", arrived)
    for after, stage in ((36 * HOUR, "no-longer-lawful"), (24 * HOUR, "period-ended"), (22 * HOUR, "second-warning"),
                         (20 * HOUR, "first-warning")):  # fmt: skip
        if now >= arrived + after:
            found.add(("R09", stage))
            return found
    if now >= arrived + 12 * HOUR and (assessed is None or assessed > now):
        found.add(("R09", "not-assessed"))
    return found


def fresh() -> MemoryLedger:
    """A ledger whose feeds are all well for as long as the test lasts: silence is another test's matter."""
    ledger = MemoryLedger(REGISTRY, POLICY)
    for feed in REGISTRY.feeds_by_id:
        ledger.hear(feed, START + timedelta(days=60))
    return ledger


class AbsenceMachine(RuleBasedStateMachine):
    """Somebody is detained; things happen, or do not, or are heard of late, or are taken back; time passes."""

    @initialize()
    def begin(self) -> None:
        self.now, self.count = START, 0
        self.heard: list[tuple[datetime, Received]] = []
        self.known: dict[str, tuple[str, datetime]] = {}
        self.waiting: list[tuple[datetime, Received, str]] = []
        self.ledger = fresh()
        self._say("incident.reported", START, {"nature": "crime"})
        self._say("detention.detained", START, {"power": "s136"})

    def _say(self, kind: str, at: datetime, data: dict[str, Any], late: timedelta = timedelta(0)) -> None:
        self.count += 1
        name = f"m{self.count}"
        named = {"incident": "CAD-1"} | ({"detention": "D-1"} if kind.startswith("detention.") else {}) | data
        said = event(POLICE, kind, at, name, named)
        if late:
            self.waiting.append((self.now + late, said, kind))
            self.waiting.sort(key=lambda w: (w[0], w[1].event.id))
        else:
            self._receive(said, kind)

    def _receive(self, said: Received, kind: str) -> None:
        self.heard.append((self.now, said))
        self.known[said.event.id] = (kind, said.event.time)
        self.ledger.receive([said], self.now)

    def _once(self, kind: str) -> bool:
        return kind not in {k for k, _ in self.known.values()} | {k for _, _, k in self.waiting}

    @rule(
        late=st.integers(0, 300),
        ago=st.integers(0, 40),
        kind=st.sampled_from(
            [
                "detention.arrived",
                "detention.handed-over",
                "detention.assessment-started",
                "detention.ended",
                "family.contacted",
            ]
        ),
    )
    def happens(self, kind: str, ago: int, late: int) -> None:
        """Something happened a while ago at most, and is heard at once or late."""
        at = max(START + SECOND, self.now - timedelta(minutes=ago))
        needs_arrival = kind in ("detention.handed-over", "detention.assessment-started")
        arrived = [t for k, t in self.known.values() if k == "detention.arrived"]
        if not self._once(kind) or (needs_arrival and (not arrived or at < arrived[0])):
            return
        ended = [t for k, t in self.known.values() if k == "detention.ended"]
        if kind.startswith("detention.") and ended:
            return
        if kind == "detention.ended" and self.waiting:
            return
        data: dict[str, Any] = {"at": SITE} if kind in ("detention.arrived", "detention.handed-over") else {}
        data |= {"outcome": "released"} if kind == "detention.ended" else {}
        data |= {"relation": "family"} if kind == "family.contacted" else {}
        self._say(kind, at, data, timedelta(minutes=late if late > 150 else 0))

    @precondition(lambda self: len(self.known) > 2)
    @rule(data=st.data())
    def is_taken_back(self, data: st.DataObject) -> None:
        """It was entered in error."""
        taken_back = ("detention.handed-over", "family.contacted", "detention.assessment-started")
        able = sorted(i for i, (k, _) in self.known.items() if k in taken_back)
        if not able:
            return
        gone = data.draw(st.sampled_from(able))
        self.count += 1
        said = event(
            POLICE, "event.retracted", self.now, f"m{self.count}", {"retracts": gone, "reason": "entered-in-error"}
        )
        self.heard.append((self.now, said))
        del self.known[gone]
        self.ledger.receive([said], self.now)

    @rule(minutes=st.integers(1, 900))
    def time_passes(self, minutes: int) -> None:
        """Every deadline is taken at its own instant; between two of them nothing may become owed."""
        end = self.now + timedelta(minutes=minutes)
        while True:
            due = self.ledger.next_due("episode")
            came = self.waiting[0][0] if self.waiting else None
            step = min(t for t in (due, came, end) if t is not None)
            if step > end:
                step = end
            if step > self.now + SECOND:
                self.now = step - SECOND
                self.says_what_is_owed()
            self.now = max(step, self.now)
            if came is not None and came <= self.now:
                _, said, kind = self.waiting.pop(0)
                self._receive(said, kind)
            self.ledger.tick(self.now)
            self.says_what_is_owed()
            if self.now >= end:
                return

    @rule()
    def restarts(self) -> None:
        """Another worker begins from what the ledger holds: the events, in the order in which they were heard."""
        ledger = fresh()
        for at, said in self.heard:
            ledger.receive([said], at)
        while (due := ledger.next_due("episode")) is not None and due <= self.now:
            ledger.tick(due)
        self.ledger = ledger

    @invariant()
    def says_what_is_owed(self) -> None:
        if not hasattr(self, "ledger"):
            return
        stands = {
            (a.rule, str(a.detail.get("stage", "")))
            for a in self.ledger.alerts.values()
            if a.stands and a.rule in RULES
        }
        expected = owed(sorted(self.known.values(), key=lambda k: k[1]), self.now)
        assert stands == expected, f"at {self.now - START}: known {self.known}"


AbsenceMachine.TestCase.settings = settings(
    max_examples=150, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAbsenceRules = AbsenceMachine.TestCase
