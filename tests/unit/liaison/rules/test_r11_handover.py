"""R11: a place of safety takes the person over from the police within the hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.liaison.evaluate import findings
from tests.unit.liaison.script import POLICY, REGISTRY, SECOND, Script, limit, minute

WITHIN, BEFORE, AGAIN = (
    limit("R11", name) for name in ("handover_within", "warning_before", "again_after")
)
HBPOS = {"site": "maudsley", "kind": "health-based-place-of-safety"}
ED = {"site": "st-thomas", "kind": "emergency-department"}
CAME = 30.0


def arrived(at: dict[str, str] = HBPOS, power: str = "s136") -> Script:
    """At a place of safety in the thirtieth minute."""
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("detention.detained", 5, detention="D-1", power=power)
    return crisis.police("detention.arrived", CAME, event_id="came", detention="D-1", at=at)


def stage(crisis: Script, at: float) -> str | None:
    """What the alert says at that minute; None where none stands."""
    finding = crisis.standing("R11", at)
    return finding[0].finding.stage if finding else None


def test_forty_five_sixty_and_a_hundred_and_twenty_minutes() -> None:
    assert (WITHIN - BEFORE, WITHIN, WITHIN + AGAIN) == (45, 60, 120)


@pytest.mark.parametrize("where", [HBPOS, ED])
@pytest.mark.parametrize(
    ("after", "name", "urgency"),
    [(WITHIN - BEFORE, "soon", 3), (WITHIN, "late", 2), (WITHIN + AGAIN, "very-late", 2)],
)
def test_each_stage_begins_at_its_limit(
    where: dict[str, str], after: float, name: str, urgency: int
) -> None:
    assert stage(arrived(where), CAME + after - SECOND) != name
    assert stage(arrived(where), CAME + after) == name
    assert arrived(where).finding("R11", CAME + after).urgency == urgency


def test_at_an_emergency_department_the_limit_is_its_own() -> None:
    policy = POLICY.model_copy(update={"limits": {"R11": {"emergency_department_within": 7200}}})

    def late(where: dict[str, str]) -> set[float]:
        result = findings(arrived(where).crisis(), policy)
        return {
            (finding.holds_from - minute(CAME)) / timedelta(minutes=1)
            for finding in result
            if finding.stage == "late"
        }

    assert (late(HBPOS), late(ED)) == ({60}, {120})


ENDS: dict[str, Callable[[Script, float], Script]] = {
    "handed over": lambda crisis, at: crisis.police(
        "detention.handed-over", at, detention="D-1", at=HBPOS
    ),
    "moved on": lambda crisis, at: crisis.police("detention.moved", at, detention="D-1", to=ED),
    "ended": lambda crisis, at: crisis.police(
        "detention.ended", at, detention="D-1", outcome="released"
    ),
    "escaped": lambda crisis, at: crisis.police("detention.escaped", at, detention="D-1"),
    "police incident closed": lambda crisis, at: crisis.police(
        "incident.closed", at, attended=True, outcome="resolved"
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_it_ends_with_that_and_what_comes_at_the_limit_is_in_time(name: str) -> None:
    first = CAME + WITHIN - BEFORE
    assert stage(ENDS[name](arrived(), first), first) is None
    late = ENDS[name](arrived(), first + SECOND)
    assert stage(late, first) == "soon"
    assert stage(late, first + SECOND) is None


def test_after_a_move_the_next_site_has_its_own_hour() -> None:
    crisis = ENDS["moved on"](arrived(), 60)
    assert stage(crisis, 60 + WITHIN - SECOND) == "soon"
    assert stage(crisis, 60 + WITHIN) == "late"


def test_officers_who_leave_and_document_the_handover_end_it_and_officers_who_only_leave_do_not() -> (
    None
):
    def left(**more: Any) -> Script:
        crisis = arrived().police("resource.on-scene", 31, resource="MX21", kind="police-unit")
        return crisis.police("resource.left", 50, resource="MX21", kind="police-unit", **more)

    assert stage(left(handover_to="slam"), CAME + WITHIN) is None
    assert stage(left(), CAME + WITHIN) == "late"


@pytest.mark.parametrize("kind", ["police-station", "home"])
def test_where_nobody_takes_over_nothing_is_asked(kind: str) -> None:
    assert stage(arrived({"site": "here", "kind": kind}), 300) is None


def test_a_handover_heard_late_ends_it_and_one_retracted_brings_it_back() -> None:
    crisis = arrived()
    assert stage(crisis, 120) == "late"
    crisis.police("detention.handed-over", 40, event_id="h", detention="D-1", at=HBPOS)
    assert stage(crisis, 120) is None
    crisis.police("event.retracted", 110, retracts="h", reason="entered-in-error")
    assert stage(crisis, 120) == "late"


def test_a_site_that_is_corrected_is_another_desk() -> None:
    crisis = arrived()
    assert crisis.finding("R11", 120).recipients == ("mental-health-crisis", "police-control")
    crisis.police(
        "event.corrected",
        60,
        corrects="came",
        data={"incident": "CAD-1", "detention": "D-1", "at": ED},
    )
    assert crisis.finding("R11", 120).recipients == ("emergency-department", "police-control")


def test_while_the_trust_is_not_heard_it_cannot_be_verified() -> None:
    now = CAME + WITHIN
    last_heard = dict.fromkeys(REGISTRY.agencies_by_id, minute(now))
    verifications = []
    for last in (now, now - 5):
        last_heard["slam"] = minute(last)
        evaluation = arrived().evaluation(now, last_heard, {"mental-health-trust": ("slam",)})
        verifications += [
            standing.verification
            for standing in evaluation.standing
            if standing.finding.rule == "R11"
        ]
    assert verifications == ["verified", "cannot-be-verified"]
