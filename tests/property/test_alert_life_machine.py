"""The life of an alert under any sequence of people, rules and time, against an independent table.

The oracle is written from ISA-18.2 and from the states that Alerta names (NORM, UNACK, ACKED, RTNUN, SHLVD), in words of
its own; it shares no code with services.liaison.alert.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.liaison import alert as life
from services.liaison.alert import (
    Accept,
    Acknowledge,
    Addressed,
    Alert,
    AlertChange,
    Claim,
    Command,
    CommandRefused,
    Decline,
    Ladder,
    NotOurs,
    Rung,
    Shelve,
    TakeOver,
    Terms,
    Transition,
    Unshelve,
)
from services.liaison.finding import Finding, Standing

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
WITHIN, LASTS, SUPERVISOR, TACTICAL, GRACE, SHELF = 120, 600, 120, 300, 20, 900
LADDER = Ladder(
    2,
    timedelta(seconds=WITHIN),
    timedelta(seconds=LASTS),
    (
        Rung("supervisor", timedelta(seconds=SUPERVISOR), ("boss",)),
        Rung("tactical", timedelta(seconds=TACTICAL), ("manager",)),
    ),
    ("boss",),
)
ABOVE = Ladder(2, timedelta(seconds=WITHIN), timedelta(seconds=LASTS))
TERMS = Terms(timedelta(seconds=GRACE), {u: timedelta(seconds=SHELF) for u in (1, 2, 3)})
"""With an entry for P1, which must not help."""

ISA = {
    "raised": "UNACK",
    "delivered": "UNACK",
    "acknowledged": "ACKED",
    "claimed": "ACKED",
    "answered": "ACKED",
    "shelved": "SHLVD",
    "returned": "RTNUN",
    "cleared": "NORM",
    "closed": "NORM",
}


@dataclass
class Oracle:
    """What a desk's display must show, in the words of the standard, by whole seconds."""

    now: int = 0
    active: bool = False
    shown: str = "NORM"
    acknowledged_once: bool = False
    outcome: str | None = None
    holder: str | None = None
    held_since: int = 0
    unacked_since: int = 0
    shelf_ends: int = 0
    closed: bool = True
    told: set[str] = field(default_factory=set)
    """Levels above that have been told in this spell without an acknowledgement."""

    def annunciate(self) -> None:
        self.shown, self.unacked_since, self.told = "UNACK", self.now, set()
        self.acknowledged_once, self.outcome, self.holder, self.closed = False, None, None, False

    def back_to_normal(self) -> None:
        self.active = False
        if self.acknowledged_once:
            self.shown, self.closed = "NORM", self.outcome is not None
        else:
            self.shown = "RTNUN"
        self.holder = None

    def pass_second(self) -> None:
        self.now += 1
        if not self.active:
            return
        if (self.shown == "SHLVD" and self.now >= self.shelf_ends) or (
            self.shown == "ACKED" and self.outcome is None and self.now >= self.held_since + LASTS
        ):
            self.annunciate()
        if self.shown == "UNACK":
            waited = self.now - self.unacked_since
            self.told |= {
                n for n, s in (("boss", SUPERVISOR), ("manager", TACTICAL)) if waited >= s
            }


class AlertLife(RuleBasedStateMachine):
    """One alert at one desk with two levels above it."""

    urgency = 2

    def __init__(self) -> None:
        super().__init__()
        self.oracle = Oracle()
        self.alert: Alert | None = None
        self.log: list[Transition] = []
        self.stage = 0

    # -- the shells' part: keep what is said ---------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.oracle.now)

    def keep(self, change: AlertChange | None) -> None:
        if change is not None:
            self.alert = change.alert
            self.log += change.transitions

    def standing(self) -> Standing:
        finding = Finding(
            rule="R16",
            anchor=("/met/cad", "e1"),
            holds_from=START,
            urgency=self.urgency,
            title="A plan exists",
            reason="It is on file.",
            next_step="Open it.",
            recipients=("ambulance-control",),
            evidence=(),
            acknowledge_within=timedelta(seconds=WITHIN),
            stage=f"stage-{self.stage}" if self.stage else "",
        )
        return Standing(finding, "verified")

    def desk(self, name: str) -> Addressed:
        return Addressed(
            name,
            "las",
            {"title": "A plan exists"},
            ("circumstances",),
            LADDER if name == "las" else ABOVE,
        )

    def command(self, command: Command, actor: str) -> str | None:
        assert self.alert is not None
        try:
            self.keep(life.answer(self.alert, "las", command, actor, self.now, TERMS))
        except CommandRefused as error:
            said = error
        else:
            return None
        assert str(said)
        return said.code

    # -- rules ---------------------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.oracle.active)
    @rule()
    def condition_begins(self) -> None:
        self.oracle.active = True
        self.oracle.annunciate()
        self.stage = 0
        self.keep(
            life.raise_alert(
                self.standing(),
                [self.desk("las")],
                self.now,
                rule_version=1,
                zone="london",
                area=None,
                crisis_id="one",
                before=self.alert,
            )
        )

    @precondition(lambda self: self.oracle.active)
    @rule()
    def condition_ends(self) -> None:
        assert self.alert is not None
        self.oracle.back_to_normal()
        self.keep(life.clear(self.alert, self.now, "over"))

    @precondition(lambda self: self.oracle.active)
    @rule()
    def condition_repeats(self) -> None:
        assert self.alert is not None
        above = [self.desk(d.desk) for d in self.alert.desks if d.origin != "rule"]
        assert (
            life.update(self.alert, self.standing(), [self.desk("las")], self.now, "one", above)
            is None
        )

    @precondition(lambda self: self.oracle.active)
    @rule()
    def condition_worsens(self) -> None:
        assert self.alert is not None
        self.stage += 1
        told = self.oracle.told
        self.oracle.annunciate()
        self.oracle.told = told
        above = [self.desk(d.desk) for d in self.alert.desks if d.origin != "rule"]
        self.keep(
            life.update(self.alert, self.standing(), [self.desk("las")], self.now, "one", above)
        )

    @rule(seconds=st.integers(1, 700))
    def time_passes(self, seconds: int) -> None:
        for _ in range(seconds):
            self.oracle.pass_second()
            while (
                self.alert is not None
                and (due := life.alert_due(self.alert)) is not None
                and due <= self.now
            ):
                before = self.alert
                self.keep(life.pass_time(self.alert, self.now, self.desk))
                assert self.alert != before, "what is due is done, or it would be due for ever"

    @precondition(lambda self: self.alert is not None)
    @rule(actor=st.sampled_from("AB"))
    def acknowledge(self, actor: str) -> None:
        o = self.oracle
        code = self.command(Acknowledge(), actor)
        if o.shown == "UNACK":
            o.shown, o.holder, o.held_since, o.acknowledged_once, o.told = (
                "ACKED",
                actor,
                o.now,
                True,
                set(),
            )
            assert code is None
        elif o.shown == "RTNUN":
            o.shown, o.acknowledged_once = "NORM", True
            assert code is None
        else:
            assert code is not None

    @precondition(lambda self: self.alert is not None)
    @rule(actor=st.sampled_from("AB"))
    def claim(self, actor: str) -> None:
        o = self.oracle
        mine = self.alert.at("las") if self.alert else None
        taken = mine is not None and mine.state == "claimed"
        code = self.command(Claim(), actor)
        if o.active and o.shown in {"UNACK", "ACKED"} and o.outcome is None and not taken:
            if o.shown == "UNACK":
                o.acknowledged_once = True
            o.shown, o.holder, o.held_since, o.told = "ACKED", actor, o.now, set()
            assert code is None
        else:
            assert code is not None

    @precondition(lambda self: self.alert is not None)
    @rule(actor=st.sampled_from("AB"), reason=st.sampled_from(["they are at another crisis", ""]))
    def take_over(self, actor: str, reason: str) -> None:
        o = self.oracle
        mine = self.alert.at("las") if self.alert else None
        claimed = mine is not None and mine.state == "claimed"
        code = self.command(TakeOver(reason), actor)
        if claimed and actor != o.holder and reason and o.now >= o.held_since + GRACE:
            o.holder, o.held_since = actor, o.now
            assert code is None
        else:
            assert code is not None

    @precondition(lambda self: self.alert is not None)
    @rule(command=st.sampled_from([Accept(), Decline("no-resource"), NotOurs("for another trust")]))
    def answer(self, command: Any) -> None:
        o = self.oracle
        said = {Accept: "accepted", Decline: "declined", NotOurs: "not-ours"}[type(command)]
        code = self.command(command, "A")
        second_thought = said == "accepted" and o.outcome in {"declined", "not-ours"}
        if o.shown == "SHLVD" or o.closed or (o.outcome is not None and not second_thought):
            assert code is not None
            return
        assert code is None
        o.outcome, o.acknowledged_once, o.holder, o.told = said, True, None, set()
        o.shown = "ACKED" if o.active else "NORM"
        o.closed = not o.active

    @precondition(lambda self: self.alert is not None)
    @rule(
        seconds=st.sampled_from([60, SHELF, SHELF + 1]),
        reason=st.sampled_from(["crew is with her", ""]),
    )
    def shelve(self, seconds: int, reason: str) -> None:
        o = self.oracle
        code = self.command(Shelve(timedelta(seconds=seconds), reason), "A")
        possible = o.active and o.shown in {"UNACK", "ACKED"} and o.outcome is None
        if possible and reason and seconds <= SHELF and self.urgency > 1:
            o.shown, o.shelf_ends, o.holder, o.told = "SHLVD", o.now + seconds, None, set()
            assert code is None
        else:
            assert code is not None

    @precondition(lambda self: self.alert is not None)
    @rule()
    def unshelve(self) -> None:
        o = self.oracle
        code = self.command(Unshelve(), "A")
        assert (code is None) == (o.shown == "SHLVD")
        if o.shown == "SHLVD":
            o.annunciate()

    # -- what must hold at every moment --------------------------------------------------------------------------------

    @invariant()
    def it_shows_what_the_standard_says(self) -> None:
        mine = self.alert.at("las") if self.alert else None
        if mine is None:
            return
        assert ISA[mine.state] == self.oracle.shown
        assert (mine.state == "closed") == self.oracle.closed
        assert (
            mine.outcome if mine.state in {"answered", "closed"} else None
        ) == self.oracle.outcome

    @invariant()
    def it_closes_only_when_it_has_ended_was_seen_and_answered(self) -> None:
        mine = self.alert.at("las") if self.alert else None
        if mine is not None and mine.state == "closed":
            assert mine.cleared_at
            assert mine.acknowledged_at
            assert mine.outcome

    @invariant()
    def a_p1_is_never_on_the_shelf(self) -> None:
        assert self.urgency > 1 or all(t.kind != "shelved" for t in self.log)

    @invariant()
    def who_must_be_told_has_been_told_and_nothing_is_overdue(self) -> None:
        if self.alert is None:
            return
        due = life.alert_due(self.alert)
        assert due is None or due > self.now or any(d.dispute == "open" for d in self.alert.desks)
        disputed = {d.desk for d in self.alert.desks if d.origin == "dispute"}
        have = {d.desk for d in self.alert.desks if d.origin == "escalation" and not d.ended}
        told = self.oracle.told if self.oracle.active else set()
        assert have - disputed == told - disputed

    @invariant()
    def the_log_alone_tells_the_state(self) -> None:
        """The record is complete: the last transition that moves anything is the state."""
        moves = {
            "raised": "UNACK",
            "worsened": "UNACK",
            "sounded-again": "UNACK",
            "unshelved": "UNACK",
            "acknowledged": "ACKED",
            "claimed": "ACKED",
            "accepted": "ACKED",
            "declined": "ACKED",
            "not-ours": "ACKED",
            "shelved": "SHLVD",
            "returned": "RTNUN",
            "cleared": "NORM",
            "closed": "NORM",
        }
        shown, active = "NORM", False
        for said in (t for t in self.log if t.desk == "las"):
            active = said.kind not in {"returned", "cleared", "closed"} and (
                active or said.kind == "raised"
            )
            to = moves.get(said.kind, shown)
            shown = "NORM" if to == "ACKED" and not active else to
        if self.alert is not None:
            assert shown == self.oracle.shown


class MostUrgent(AlertLife):
    """The same for a P1: no shelf is long enough."""

    urgency = 1


TestAlertLife = AlertLife.TestCase
TestMostUrgent = MostUrgent.TestCase
_SHORT = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestAlertLife.settings = _SHORT
TestMostUrgent.settings = _SHORT
