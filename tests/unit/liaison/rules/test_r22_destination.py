"""R22: a physical red flag belongs in an emergency department; and a move does not make a new detention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.liaison.rules.shared.worsening import RED_FLAGS
from tests.unit.liaison.script import REGISTRY, SECOND, TRUST, Script, minute

HBPOS = {"site": "maudsley", "kind": "health-based-place-of-safety"}
ED = {"site": "st-thomas", "kind": "emergency-department"}


def detained(signs: list[str] | None = None, at: float = 8) -> Script:
    """Detained in the fifth minute; signs were told of in the eighth."""
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("detention.detained", 5, detention="D-1", power="s136")
    return (
        crisis
        if signs is None
        else crisis.police("incident.updated", at, event_id="sign", signs=signs)
    )


def conveyed(crisis: Script, at: float = 15, to: dict[str, str] = HBPOS, **more: Any) -> Script:
    """On the way."""
    return crisis.police("detention.conveyed", at, detention="D-1", by="ambulance", to=to, **more)


@pytest.mark.parametrize("sign", sorted(sign.value for sign in RED_FLAGS))
def test_each_red_flag_on_the_way_to_a_health_based_place_of_safety(sign: str) -> None:
    crisis = conveyed(detained([sign]))
    assert not crisis.stands("R22", 15 - SECOND)
    assert crisis.stands("R22", 15)


def test_signs_that_are_no_red_flags_and_other_destinations_prompt_nothing() -> None:
    assert not conveyed(detained(["sweating", "extreme-agitation"])).stands("R22", 20)
    assert not conveyed(detained(["overdose"]), to=ED).stands("R22", 20)
    assert not conveyed(detained()).stands("R22", 20)
    assert not detained(["overdose"]).stands("R22", 200)


def test_a_sign_seen_on_the_way_or_during_restraint_counts() -> None:
    assert conveyed(detained(), signs=["overdose"]).stands("R22", 15)
    restrained = detained().police(
        "force.started", 6, force="F", kinds=["physical-restraint"], signs=["head-injury"]
    )
    assert conveyed(restrained).stands("R22", 15)
    later = conveyed(detained(["ingestion"], at=20))
    assert not later.stands("R22", 20 - SECOND)
    assert later.stands("R22", 20)


ENDS: dict[str, Callable[[Script], Script]] = {
    "the destination changes": lambda crisis: conveyed(crisis, 20, ED),
    "an emergency department has the person": lambda crisis: crisis.police(
        "detention.arrived", 20, detention="D-1", at=ED
    ),
    "a clinician has assessed": lambda crisis: crisis.ambulance(
        "incident.reported", 16, nature="medical"
    ).ambulance("incident.graded", 20, assessed_by_clinician=True),
    "the site has taken over": lambda crisis: crisis.police(
        "detention.arrived", 18, detention="D-1", at=HBPOS
    ).police("detention.handed-over", 20, detention="D-1", at=HBPOS),
    "the detention has ended": lambda crisis: crisis.police(
        "detention.ended", 20, detention="D-1", outcome="released"
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_it_ends_with_that(name: str) -> None:
    crisis = ENDS[name](conveyed(detained(["overdose"])))
    assert crisis.stands("R22", 20 - SECOND)
    assert not crisis.stands("R22", 20)


def test_an_assessment_before_the_sign_says_nothing_of_it() -> None:
    crisis = detained(["overdose"]).ambulance("incident.reported", 6, nature="medical")
    crisis.ambulance("incident.graded", 7, assessed_by_clinician=True)
    assert conveyed(crisis).stands("R22", 16)


def test_it_goes_on_after_arrival_until_somebody_has_taken_over() -> None:
    crisis = conveyed(detained(["overdose"])).police(
        "detention.arrived", 30, detention="D-1", at=HBPOS
    )
    assert crisis.stands("R22", 45)


def test_a_sign_heard_late_counts_and_one_retracted_does_not() -> None:
    crisis = conveyed(detained())
    assert not crisis.stands("R22", 30)
    crisis.police("incident.updated", 8, event_id="late", signs=["overdose"])
    assert crisis.stands("R22", 30)
    crisis.police("event.retracted", 29, retracts="late", reason="wrong-person")
    assert not crisis.stands("R22", 30)


def at_the_department() -> Script:
    """At an emergency department in the fortieth minute."""
    return detained().police("detention.arrived", 40, detention="D-1", at=ED)


def test_a_site_that_records_a_detention_of_its_own_is_told_that_the_clock_runs() -> None:
    crisis = at_the_department().say(
        TRUST,
        "detention.detained",
        300,
        incident="T-1",
        detention="T-9",
        power="s136",
        kept_at=HBPOS,
    )
    assert not crisis.stands("R22", 300 - SECOND)
    finding = crisis.finding("R22", 300)
    assert finding.stage == "clock"
    assert finding.act_by == minute(40 + 24 * 60)
    crisis.say(TRUST, "detention.ended", 320, incident="T-1", detention="T-9", outcome="other")
    assert not crisis.stands("R22", 320)


def test_the_same_force_that_says_it_again_as_kept_is_told_too_until_the_move_is_recorded() -> None:
    crisis = at_the_department().police(
        "detention.detained", 300, detention="D-1", power="s136", kept_at=HBPOS
    )
    assert crisis.finding("R22", 300).stage == "clock"
    assert not crisis.police("detention.moved", 310, detention="D-1", to=HBPOS).stands("R22", 310)


def test_a_move_recorded_as_a_move_and_a_second_person_prompt_nothing() -> None:
    moved = at_the_department().police("detention.moved", 300, detention="D-1", to=HBPOS)
    second = at_the_department().police(
        "detention.detained", 60, detention="D-2", power="s136", kept_at=HBPOS
    )
    ended = at_the_department().police("detention.ended", 100, detention="D-1", outcome="released")
    ended.say(
        TRUST,
        "detention.detained",
        300,
        incident="T-1",
        detention="T-9",
        power="s136",
        kept_at=HBPOS,
    )
    assert not any(crisis.stands("R22", 300) for crisis in (moved, second, ended))


def test_while_the_ambulance_service_is_not_heard_it_cannot_be_verified() -> None:
    last_heard = dict.fromkeys(REGISTRY.agencies_by_id, minute(20))
    verifications = []
    for last in (20, 15):
        last_heard["las"] = minute(last)
        evaluation = conveyed(detained(["overdose"])).evaluation(
            20, last_heard, {"ambulance": ("las",)}
        )
        verifications += [
            standing.verification
            for standing in evaluation.standing
            if standing.finding.rule == "R22"
        ]
    assert verifications == ["verified", "cannot-be-verified"]


def test_it_goes_to_the_ambulance_service_the_trust_and_the_emergency_department() -> None:
    finding = conveyed(detained(["overdose"])).finding("R22", 16)
    assert finding.recipients == (
        "ambulance-control",
        "mental-health-crisis",
        "emergency-department",
    )
    assert finding.urgency == 2
