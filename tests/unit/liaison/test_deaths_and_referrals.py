"""What a death changes: nobody asks to ring the dead, and a force that had a call, or has referred the case, is heard."""

from __future__ import annotations

import pytest

from tests.unit.liaison.script import SECOND, Script

DAY = 1440.0
PERSON = {"names": [{"given": "Adaeze", "family": "Nwosu"}]}


def at_home() -> Script:
    crisis = Script().police(
        "incident.reported", 0, nature="suicidal", indicators=["behaviour-concern"], person=PERSON
    )
    return crisis.police("incident.closed", 60, attended=True, outcome="resolved")


def test_nobody_is_asked_to_follow_up_somebody_who_has_died() -> None:
    assert at_home().stands("R28", 60 + 2 * DAY)
    assert not at_home().police("harm.reported", 300, harm="death").stands("R28", 60 + 2 * DAY)


def test_restraint_alone_owes_no_mental_health_follow_up() -> None:
    crisis = Script().police("incident.reported", 0, nature="violence", person=PERSON)
    crisis.police("force.started", 5, force="F-1", kinds=["physical-restraint"])
    crisis.police("incident.closed", 60, attended=True, outcome="resolved")
    assert not crisis.stands("R28", 60 + 2 * DAY)


def declined() -> Script:
    crisis = Script().police("incident.reported", 0, nature="disturbance")
    return crisis.police("incident.declined", 5, reason="threshold-not-met")


def test_a_death_after_a_call_that_the_police_declined_is_after_contact() -> None:
    crisis = declined().police("harm.reported", 60, harm="death")
    assert not crisis.stands("R23", 60 - SECOND)
    assert crisis.stands("R23", 60)


def test_where_the_police_say_it_was_not_after_contact_it_is_not_and_another_service_cannot_say() -> (
    None
):
    assert (
        not declined()
        .police("harm.reported", 60, harm="death", after_contact=False)
        .stands("R23", 60)
    )
    crisis = declined().ambulance("incident.reported", 50, nature="medical")
    assert crisis.ambulance("harm.reported", 60, harm="death", after_contact=False).stands(
        "R23", 60
    )


def test_a_call_that_was_only_opened_for_the_death_is_no_contact_before_it() -> None:
    crisis = (
        Script()
        .ambulance("incident.reported", 0, nature="medical")
        .ambulance("harm.reported", 60, harm="death")
    )
    assert not crisis.police("incident.reported", 61, nature="other").stands("R23", 62)


def test_a_referral_to_the_iopc_ends_it_and_one_to_a_trust_does_not() -> None:
    def referred(to: str) -> Script:
        crisis = declined().police("harm.reported", 60, harm="death")
        return crisis.say(
            "met-cad",
            "referral.sent",
            90,
            referral="M-1",
            to_agency=to,
            priority="1",
            incident="CAD-1",
        )

    assert referred("iopc").stands("R23", 90 - SECOND)
    assert not referred("iopc").stands("R23", 90)
    assert referred("slam").stands("R23", 90)


@pytest.mark.parametrize(("priority", "rule"), [("1", "R29"), ("3", "R25")])
def test_a_case_sent_to_the_iopc_is_no_referral_that_a_service_must_answer(
    priority: str, rule: str
) -> None:
    def sent(to: str) -> Script:
        return Script().say(
            "met-cad", "referral.sent", 0, referral="M-1", to_agency=to, priority=priority
        )

    assert sent("slam").stands(rule, 2 * DAY)
    assert not sent("iopc").stands(rule, 2 * DAY)
