"""Absence rules against independent models: what should have happened and did not is told at that very instant, whatever comes
late, is taken back, or is forgotten by a restart; and never before.

Each model is written from the Act and the domain reference, in plain words, and shares no code with the rules.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from services.liaison.catalogue import CATALOGUE
from tests.property.absence_machine import (
    DAY,
    HOUR,
    MINUTE,
    NEVER,
    QUICK,
    AbsenceMachine,
    Happening,
    Known,
)
from tests.unit.liaison.script import AMBULANCE, POLICE, POLICY, START, TRUST

CAD: dict[str, Any] = {"incident": "CAD-1"}
LAS: dict[str, Any] = {"incident": "LAS-1"}
LINKED = {"linked": [{"agency": "met", "reference": "CAD-1"}]}
DETENTION = CAD | {"detention": "D-1"}
SITE = {"site": "maudsley-hbpos", "kind": "health-based-place-of-safety"}
PERSON = {
    "person": {"names": [{"given": "Amara", "family": "Okafor"}], "date_of_birth": "1988-04-12"}
}


class AfterArrival(AbsenceMachine):
    """Somebody is detained and brought to a place of safety. The 24 hours run from arrival, the hour of handover too; the
    family is told within four hours of detention."""

    about = ("R09", "R11", "R20")
    longest_wait = 15 * HOUR
    longest_delay = 5 * HOUR
    begins: ClassVar = {
        "call": Happening(POLICE, "incident.reported", CAD | {"nature": "crime"}),
        "detained": Happening(POLICE, "detention.detained", DETENTION | {"power": "s136"}),
    }
    may_happen: ClassVar = {
        "arrived": Happening(
            POLICE, "detention.arrived", DETENTION | {"at": SITE}, before=("ended",), lasting=True
        ),
        "handed over": Happening(
            POLICE,
            "detention.handed-over",
            DETENTION | {"at": SITE},
            ("arrived",),
            before=("ended",),
        ),
        "assessment": Happening(
            POLICE, "detention.assessment-started", DETENTION, ("arrived",), before=("ended",)
        ),
        "ended": Happening(
            POLICE, "detention.ended", DETENTION | {"outcome": "released"}, lasting=True
        ),
        "family told": Happening(POLICE, "family.contacted", CAD | {"relation": "family"}),
    }

    def owed(self, story: Known, now: datetime) -> Collection[tuple[str, str]]:
        """Who has been kept too long, and whose family does not know."""
        findings: set[tuple[str, str]] = set()
        told_at, ended, due = story.first("family told"), story.first("ended"), START + 4 * HOUR
        if due <= now < due + 7 * DAY and told_at > now and ended > due:
            findings.add(("R20", ""))
        arrived = story.at("arrived")
        if arrived is None or ended <= now:
            return findings
        stay = now - arrived
        if story.first("handed over") > now:
            findings |= {
                ("R11", stage)
                for stage in self._stage(
                    stay, (45 * MINUTE, "soon"), (HOUR, "late"), (2 * HOUR, "very-late")
                )
            }
        unassessed = [(12 * HOUR, "not-assessed")] if story.first("assessment") > now else []
        findings |= {
            ("R09", stage)
            for stage in self._stage(
                stay,
                *unassessed,
                (20 * HOUR, "first-warning"),
                (22 * HOUR, "second-warning"),
                (24 * HOUR, "period-ended"),
                (36 * HOUR, "no-longer-lawful"),
            )
        }
        return findings

    @staticmethod
    def _stage(stay: timedelta, *stages: tuple[timedelta, str]) -> list[str]:
        reached = [name for after, name in stages if stay >= after]
        return reached[-1:]


class OnTheStreet(AbsenceMachine):
    """Somebody is detained where they were found: an ambulance is asked for within five minutes and there within thirty, a
    clinician was consulted, and a place of safety accepts within half an hour."""

    about = ("R04", "R10", "R21")
    begins: ClassVar = {
        "call": Happening(POLICE, "incident.reported", CAD | {"nature": "crime"}),
        "detained": Happening(POLICE, "detention.detained", DETENTION | {"power": "s136"}),
    }
    may_happen: ClassVar = {
        "ambulance asked": Happening(
            POLICE, "assistance.requested", CAD | {"of": "ambulance", "request": "REQ-1"}
        ),
        "ambulance there": Happening(
            POLICE, "resource.on-scene", CAD | {"resource": "A1", "kind": "ambulance"}
        ),
        "consulted": Happening(POLICE, "detention.consulted", DETENTION | {"role": "nurse"}),
        "accepted": Happening(
            POLICE, "place-of-safety.accepted", CAD | {"request": "Q-1", "site": "maudsley-hbpos"}
        ),
        "first refusal": Happening(
            POLICE,
            "place-of-safety.refused",
            CAD | {"request": "Q-2", "site": "ladywell-hbpos", "reason": "full"},
        ),
        "second refusal": Happening(
            POLICE,
            "place-of-safety.refused",
            CAD | {"request": "Q-3", "site": "lambeth-hbpos", "reason": "staffing"},
        ),
        "police van": Happening(
            POLICE,
            "detention.conveyed",
            DETENTION | {"by": "police-unit"},
            before=("ended", "arrived"),
        ),
        "arrived": Happening(
            POLICE, "detention.arrived", DETENTION | {"at": SITE}, before=("ended",)
        ),
        "ended": Happening(POLICE, "detention.ended", DETENTION | {"outcome": "released"}),
    }

    def owed(self, story: Known, now: datetime) -> Collection[tuple[str, str]]:
        """What the officers on the street still wait for, and what they have not recorded."""
        findings: set[tuple[str, str]] = set()
        over = story.first("arrived", "ended")
        asked_at, van = story.first("ambulance asked"), story.first("police van")
        waits_until = min(over, van, story.first("ambulance there"))
        if now < waits_until:
            if now >= START + 5 * MINUTE and asked_at > now:
                findings.add(("R04", "not-requested"))
            if now >= asked_at + 30 * MINUTE:
                findings.add(("R04", "not-arrived"))
        if van <= now < over and van < over:
            findings.add(("R04", "police-vehicle"))
        if START + 5 * MINUTE <= now < min(over, story.first("consulted")):
            findings.add(("R21", ""))
        if now < min(over, story.first("accepted")):
            stage = [
                stage
                for after, stage in ((60, "60-minutes"), (30, "late"))
                if now >= START + after * MINUTE
            ][:1]
            if max(story.first("first refusal"), story.first("second refusal")) <= now:
                stage.append("refused")
            if stage:
                findings.add(("R10", ", ".join(stage)))
        return findings


class NobodyGoes(AbsenceMachine):
    """A caller fears for somebody's life. The police may decline and pass the caller on, look in and leave, or close the call;
    the ambulance service may have a call, send a crew, and be there."""

    about = ("R17", "R18", "R19")
    longest_wait = 2 * HOUR
    begins: ClassVar = {
        "call": Happening(POLICE, "incident.reported", CAD | {"nature": "suicidal"})
    }
    may_happen: ClassVar = {
        "concern": Happening(
            POLICE, "welfare.concern-raised", CAD | {"risk": "high"}, before=("closed",)
        ),
        "declined": Happening(
            POLICE,
            "incident.declined",
            CAD | {"reason": "threshold-not-met", "referred_to": "las"},
            before=("closed",),
        ),
        "checked": Happening(POLICE, "welfare.checked", CAD | {"seen": False}, before=("closed",)),
        "police there": Happening(
            POLICE,
            "resource.on-scene",
            CAD | {"resource": "P1", "kind": "police-unit"},
            before=("closed",),
            lasting=True,
        ),
        "police left": Happening(
            POLICE,
            "resource.left",
            CAD | {"resource": "P1", "kind": "police-unit"},
            ("police there",),
            before=("closed",),
        ),
        "closed": Happening(
            POLICE, "incident.closed", CAD | {"attended": False, "outcome": "no-further-action"}
        ),
        "ambulance call": Happening(
            AMBULANCE,
            "incident.reported",
            LAS | LINKED | {"nature": "medical", "ambulance_category": "C3"},
            lasting=True,
        ),
        "crew sent": Happening(
            AMBULANCE,
            "resource.assigned",
            LAS | {"resource": "A1", "kind": "ambulance"},
            ("ambulance call",),
        ),
        "crew there": Happening(
            AMBULANCE,
            "resource.on-scene",
            LAS | {"resource": "A1", "kind": "ambulance"},
            ("ambulance call",),
        ),
    }

    def owed(self, story: Known, now: datetime) -> Collection[tuple[str, str]]:
        """Who waits, and nobody comes."""
        # that a call was closed with nobody there, and that a concern logged since is not seen to, are two things
        passed_on = self._passed_on(story, now)
        return [
            *passed_on,
            *self._waiting(story, now, bool(passed_on)),
            *self._closed(story, now),
            *self._left(story, now),
        ]

    def _police(self, story: Known) -> tuple[datetime, datetime]:
        """From when until when police are at the scene: their call being closed they are there no longer."""
        there = story.first("police there")
        return there, story.first("police left", "closed", since=there)

    def _somebody_there(self, story: Known, since: datetime) -> datetime:
        """The first instant from then on at which police or a crew are with the person."""
        there, left = self._police(story)
        police = max(there, since) if left > since else NEVER
        return min(police, max(story.first("crew there"), since))

    def _passed_on(self, story: Known, now: datetime) -> set[tuple[str, str]]:
        declined, call = story.first("declined"), story.first("ambulance call")
        sent = min(story.first("crew sent"), story.first("crew there"))
        over = min(
            self._somebody_there(story, declined), story.first("checked", since=declined), sent
        )
        if not declined <= now < over:
            return set()
        if call > now:
            return {("R17", "no-call")} if now >= declined + 5 * MINUTE else set()
        nobody_sent = max(declined + 30 * MINUTE, call + 5 * MINUTE)
        return {("R17", "nobody-sent")} if now >= nobody_sent else set()

    def _waiting(self, story: Known, now: datetime, passed_on: bool) -> set[tuple[str, str]]:
        """A caller is suicidal: the police send somebody within the hour, the ambulance service, at category 3, within two;
        worse when it has waited as long again. What stands for having been passed on is not told twice. One alert."""
        sent = min(story.first("crew sent"), story.first("crew there"))
        ambulance = story.first("ambulance call")
        calls = ((START, HOUR, story.first("checked", "closed")), (ambulance, 2 * HOUR, NEVER))
        for opened, within, answered in () if passed_on else calls:
            over = min(answered, sent, self._somebody_there(story, opened))
            if opened != NEVER and opened + within <= now < over:
                return {("R18", "still-waiting" if now >= opened + 2 * within else "")}
        return self._unseen(story, now)

    def _unseen(self, story: Known, now: datetime) -> set[tuple[str, str]]:
        concern = story.first("concern")
        over = min(
            story.first("checked", "closed", since=concern), self._somebody_there(story, concern)
        )
        return {("R18", "")} if concern + HOUR <= now < over else set()

    def _closed(self, story: Known, now: datetime) -> set[tuple[str, str]]:
        closed = story.first("closed")
        passed_on = story.at("declined") is not None
        if (
            passed_on
            or self._somebody_there(story, START) <= closed
            or story.first("ambulance call") <= closed
        ):
            return set()
        over = min(story.first("ambulance call"), self._somebody_there(story, closed))
        return {("R18", "")} if closed <= now < over else set()

    def _left(self, story: Known, now: datetime) -> set[tuple[str, str]]:
        _, left = self._police(story)
        closed, call, crew = (
            story.first("closed"),
            story.first("ambulance call"),
            story.first("crew there"),
        )
        open_then = closed > left or call <= left
        if left == NEVER or crew <= left or not open_then:
            return set()
        all_closed = NEVER if call <= closed else closed
        return {("R19", "")} if left <= now < min(crew, all_closed) else set()


class Referred(AbsenceMachine):
    """The police refer somebody in a crisis to the trust: very urgent is seen in four hours, something comes of it in five
    working days; and where emergency services are notified, a call comes within ten minutes."""

    about = ("R25", "R29")
    longest_wait = 40 * HOUR
    longest_delay = 10 * HOUR
    begins: ClassVar = {
        "call": Happening(
            POLICE, "incident.reported", CAD | {"nature": "mental-health-crisis"} | PERSON
        ),
        "over": Happening(
            POLICE, "incident.closed", CAD | {"attended": True, "outcome": "referred"}
        ),
        "very urgent": Happening(
            POLICE,
            "referral.sent",
            CAD | PERSON | {"referral": "M-1", "to_agency": "slam", "priority": "4"},
        ),
        "routine": Happening(
            POLICE,
            "referral.sent",
            CAD | PERSON | {"referral": "M-2", "to_agency": "slam", "priority": "3"},
        ),
    }
    may_happen: ClassVar = {
        f"{priority}: {outcome}": Happening(
            TRUST,
            f"referral.{kind}",
            {"referral": referral, "from_agency": "met"}
            | ({"outcome": outcome} if kind == "outcome" else {}),
        )
        for priority, referral in (("very urgent", "M-1"), ("routine", "M-2"))
        for kind, outcome in (
            ("acknowledged", "acknowledged"),
            ("outcome", "accepted"),
            ("outcome", "seen"),
            ("outcome", "emergency-services-notified"),
        )
    } | {
        "ambulance call": Happening(
            AMBULANCE, "incident.reported", LAS | LINKED | {"nature": "suicidal"}, lasting=True
        )
    }

    def owed(self, story: Known, now: datetime) -> Collection[tuple[str, str]]:
        """Who is not seen, and which referral nobody answers. 23 November 2026 is a Monday: the fifth working day after it
        is the next one, and London keeps Greenwich time."""
        findings: list[tuple[str, str]] = []
        last = datetime(2026, 12, 1, tzinfo=START.tzinfo)
        for urgency in ("very urgent", "routine"):
            outcome = story.first(
                *(
                    f"{urgency}: {outcome}"
                    for outcome in ("accepted", "seen", "emergency-services-notified")
                )
            )
            if urgency == "routine" and START + DAY <= now < min(
                outcome, last, story.first("routine: acknowledged")
            ):
                findings.append(("R25", "not-acknowledged"))
            if last <= now < outcome:
                findings.append(("R25", "no-outcome"))
            notified = story.first(f"{urgency}: emergency-services-notified")
            if notified + 10 * MINUTE <= now < story.first("ambulance call"):
                findings.append(("R29", ""))
        seen_at = story.first("very urgent: seen", "very urgent: emergency-services-notified")
        if START + 4 * HOUR <= now < seen_at:
            findings.append(("R29", ""))
        return findings


class LeftAtHome(AbsenceMachine):
    """Somebody who harmed themself was attended and stayed at home: a mental-health service is in contact in 48 hours."""

    about = ("R28",)
    longest_wait = 30 * HOUR
    longest_delay = 10 * HOUR
    begins: ClassVar = {
        "call": Happening(AMBULANCE, "incident.reported", LAS | {"nature": "self-harm"} | PERSON),
        "crew there": Happening(
            AMBULANCE, "resource.on-scene", LAS | {"resource": "A1", "kind": "ambulance"}
        ),
    }
    may_happen: ClassVar = {
        "closed": Happening(
            AMBULANCE,
            "incident.closed",
            LAS | {"attended": True, "outcome": "referred"},
            lasting=True,
        ),
        "referred": Happening(
            AMBULANCE,
            "referral.sent",
            LAS | PERSON | {"referral": "M-1", "to_agency": "slam", "priority": "3"},
            ("closed",),
            lasting=True,
        ),
        "seen": Happening(
            TRUST,
            "referral.outcome",
            {"referral": "M-1", "from_agency": "las", "outcome": "seen"},
            ("referred",),
        ),
    }

    def owed(self, story: Known, now: datetime) -> Collection[tuple[str, str]]:
        """Whom nobody has rung: a reminder after a day, the limit after two; after a week more it is for the records."""
        closed = story.first("closed")
        over = story.first("seen", since=closed)
        if closed + 2 * DAY <= now < min(over, closed + 9 * DAY):
            return {("R28", "overdue")}
        return {("R28", "reminder")} if closed + DAY <= now < min(over, closed + 2 * DAY) else set()


MACHINES = (AfterArrival, OnTheStreet, NobodyGoes, Referred, LeftAtHome)
for machine in MACHINES:
    machine.TestCase.settings = QUICK

TestAfterArrival = AfterArrival.TestCase
TestOnTheStreet = OnTheStreet.TestCase
TestNobodyGoes = NobodyGoes.TestCase
TestReferred = Referred.TestCase
TestLeftAtHome = LeftAtHome.TestCase

EVERY_RULE = [(machine, rule) for machine in MACHINES for rule in machine.about]


def _finds_fault_with(machine: type[AbsenceMachine], change: dict[str, Any]) -> bool:
    changed = type(machine.__name__, (machine,), {"policy": POLICY.model_copy(update=change)})
    search = settings(
        QUICK, max_examples=1500, phases=[Phase.generate], database=None, derandomize=True
    )
    try:
        run_state_machine_as_test(changed, settings=search)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize(("machine", "rule"), EVERY_RULE)
def test_a_rule_that_is_silent_is_found_out(machine: type[AbsenceMachine], rule: str) -> None:
    assert _finds_fault_with(machine, {"switched_off": {rule: "to see whether it is missed"}})


@pytest.mark.parametrize(
    ("machine", "rule"), [rule for rule in EVERY_RULE if rule[1] != "R19"]
)  # which has no time limit
def test_a_rule_that_speaks_too_soon_is_found_out(machine: type[AbsenceMachine], rule: str) -> None:
    sooner = {name: max(1, limit.value // 2) for name, limit in CATALOGUE[rule].limits.items()}
    assert _finds_fault_with(machine, {"limits": {rule: sooner}})
