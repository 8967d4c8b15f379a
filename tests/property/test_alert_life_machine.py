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
TERMS = Terms(
    timedelta(seconds=GRACE), {urgency: timedelta(seconds=SHELF) for urgency in (1, 2, 3)}
)
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
                name
                for name, desk in (("boss", SUPERVISOR), ("manager", TACTICAL))
                if waited >= desk
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
            refusal = error
        else:
            return None
        assert str(refusal)
        return refusal.code

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
        above = [self.desk(desk.desk) for desk in self.alert.desks if desk.origin != "rule"]
        assert (
            life.update(self.alert, self.standing(), [self.desk("las")], self.now, "one", above)
            is None
        )

    @precondition(lambda self: self.oracle.active)
    @rule()
    def condition_worsens(self) -> None:
        assert self.alert is not None
        self.stage += 1
        desks_told = self.oracle.told
        self.oracle.annunciate()
        self.oracle.told = desks_told
        above = [self.desk(desk.desk) for desk in self.alert.desks if desk.origin != "rule"]
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
        oracle = self.oracle
        code = self.command(Acknowledge(), actor)
        if oracle.shown == "UNACK":
            (
                oracle.shown,
                oracle.holder,
                oracle.held_since,
                oracle.acknowledged_once,
                oracle.told,
            ) = ("ACKED", actor, oracle.now, True, set())
            assert code is None
        elif oracle.shown == "RTNUN":
            oracle.shown, oracle.acknowledged_once = "NORM", True
            assert code is None
        else:
            assert code is not None

    @precondition(lambda self: self.alert is not None)
    @rule(actor=st.sampled_from("AB"))
    def claim(self, actor: str) -> None:
        oracle = self.oracle
        part = self.alert.at("las") if self.alert else None
        is_claimed = part is not None and part.state == "claimed"
        code = self.command(Claim(), actor)
        if (
            oracle.active
            and oracle.shown in {"UNACK", "ACKED"}
            and oracle.outcome is None
            and not is_claimed
        ):
            if oracle.shown == "UNACK":
                oracle.acknowledged_once = True
            oracle.shown, oracle.holder, oracle.held_since, oracle.told = (
                "ACKED",
                actor,
                oracle.now,
                set(),
            )
            assert code is None
        else:
            assert code is not None

    @precondition(lambda self: self.alert is not None)
    @rule(actor=st.sampled_from("AB"), reason=st.sampled_from(["they are at another crisis", ""]))
    def take_over(self, actor: str, reason: str) -> None:
        oracle = self.oracle
        part = self.alert.at("las") if self.alert else None
        claimed = part is not None and part.state == "claimed"
        code = self.command(TakeOver(reason), actor)
        if (
            claimed
            and actor != oracle.holder
            and reason
            and oracle.now >= oracle.held_since + GRACE
        ):
            oracle.holder, oracle.held_since = actor, oracle.now
            assert code is None
        else:
            assert code is not None

    @precondition(lambda self: self.alert is not None)
    @rule(command=st.sampled_from([Accept(), Decline("no-resource"), NotOurs("for another trust")]))
    def answer(self, command: Any) -> None:
        oracle = self.oracle
        outcome = {Accept: "accepted", Decline: "declined", NotOurs: "not-ours"}[type(command)]
        code = self.command(command, "A")
        second_thought = outcome == "accepted" and oracle.outcome in {"declined", "not-ours"}
        if (
            oracle.shown == "SHLVD"
            or oracle.closed
            or (oracle.outcome is not None and not second_thought)
        ):
            assert code is not None
            return
        assert code is None
        oracle.outcome, oracle.acknowledged_once, oracle.holder, oracle.told = (
            outcome,
            True,
            None,
            set(),
        )
        oracle.shown = "ACKED" if oracle.active else "NORM"
        oracle.closed = not oracle.active

    @precondition(lambda self: self.alert is not None)
    @rule(
        seconds=st.sampled_from([60, SHELF, SHELF + 1]),
        reason=st.sampled_from(["crew is with her", ""]),
    )
    def shelve(self, seconds: int, reason: str) -> None:
        oracle = self.oracle
        code = self.command(Shelve(timedelta(seconds=seconds), reason), "A")
        possible = oracle.active and oracle.shown in {"UNACK", "ACKED"} and oracle.outcome is None
        if possible and reason and seconds <= SHELF and self.urgency > 1:
            oracle.shown, oracle.shelf_ends, oracle.holder, oracle.told = (
                "SHLVD",
                oracle.now + seconds,
                None,
                set(),
            )
            assert code is None
        else:
            assert code is not None

    @precondition(lambda self: self.alert is not None)
    @rule()
    def unshelve(self) -> None:
        oracle = self.oracle
        code = self.command(Unshelve(), "A")
        assert (code is None) == (oracle.shown == "SHLVD")
        if oracle.shown == "SHLVD":
            oracle.annunciate()

    # -- what must hold at every moment --------------------------------------------------------------------------------

    @invariant()
    def it_shows_what_the_standard_says(self) -> None:
        part = self.alert.at("las") if self.alert else None
        if part is None:
            return
        assert ISA[part.state] == self.oracle.shown
        assert (part.state == "closed") == self.oracle.closed
        assert (
            part.outcome if part.state in {"answered", "closed"} else None
        ) == self.oracle.outcome

    @invariant()
    def it_closes_only_when_it_has_ended_was_seen_and_answered(self) -> None:
        part = self.alert.at("las") if self.alert else None
        if part is not None and part.state == "closed":
            assert part.cleared_at
            assert part.acknowledged_at
            assert part.outcome

    @invariant()
    def a_p1_is_never_on_the_shelf(self) -> None:
        assert self.urgency > 1 or all(transition.kind != "shelved" for transition in self.log)

    @invariant()
    def who_must_be_told_has_been_told_and_nothing_is_overdue(self) -> None:
        if self.alert is None:
            return
        due = life.alert_due(self.alert)
        assert (
            due is None
            or due > self.now
            or any(desk.dispute == "open" for desk in self.alert.desks)
        )
        disputed = {desk.desk for desk in self.alert.desks if desk.origin == "dispute"}
        have = {
            desk.desk for desk in self.alert.desks if desk.origin == "escalation" and not desk.ended
        }
        desks_told = self.oracle.told if self.oracle.active else set()
        assert have - disputed == desks_told - disputed

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
        state, active = "NORM", False
        for transition in (transition for transition in self.log if transition.desk == "las"):
            active = transition.kind not in {"returned", "cleared", "closed"} and (
                active or transition.kind == "raised"
            )
            to = moves.get(transition.kind, state)
            state = "NORM" if to == "ACKED" and not active else to
        if self.alert is not None:
            assert state == self.oracle.shown


class MostUrgent(AlertLife):
    """The same for a P1: no shelf is long enough."""

    urgency = 1


TestAlertLife = AlertLife.TestCase
TestMostUrgent = MostUrgent.TestCase
_SHORT = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestAlertLife.settings = _SHORT
TestMostUrgent.settings = _SHORT
