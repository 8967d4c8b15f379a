"""R20: the family is not left without word."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.liaison.evaluate import findings
from tests.unit.liaison.script import POLICY, SECOND, Script, limit

SOON, BACK = limit("R20", "after_serious_within"), limit("R20", "called_back_within")


DAY = 24 * 60.0


def detained() -> Script:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    return crisis.police("detention.detained", 5, detention="D-1", power="s136")


def test_four_hours_after_a_detention_nobody_of_the_family_was_reached() -> None:
    assert not detained().stands("R20", 5 + SOON - SECOND)
    assert detained().finding("R20", 5 + SOON).recipients == ("family-liaison",)


@pytest.mark.parametrize("kind", ["family.contacted", "family.called-back"])
def test_reaching_the_family_in_time_or_later_ends_it(kind: str) -> None:
    assert (
        not detained().police(kind, 5 + SOON, relation="nearest-relative").stands("R20", 5 + SOON)
    )
    late = detained().police(kind, 5 + SOON + 1, relation="nearest-relative")
    assert late.stands("R20", 5 + SOON)
    assert not late.stands("R20", 5 + SOON + 1)


def test_an_attempt_reaches_nobody_and_is_shown() -> None:
    finding = (
        detained()
        .police("family.contact-attempted", 60, relation="family")
        .finding("R20", 5 + SOON)
    )
    assert "1 attempts are recorded" in finding.reason
    assert any("Contact tried at 15:00" in item.statement for item in finding.evidence)


def test_released_before_the_limit_nobody_is_owed_a_call() -> None:
    assert (
        not detained()
        .police("detention.ended", 60, detention="D-1", outcome="released")
        .stands("R20", 5 + SOON)
    )


def test_a_sister_who_asked_to_be_called_back_is_called_back_within_a_day() -> None:
    def rang(**caller: Any) -> Script:
        return Script().police("incident.reported", 0, nature="suicidal", caller=caller)

    assert not rang(relation="family", wants_call_back=True).stands("R20", BACK - SECOND)
    assert rang(relation="family", wants_call_back=True).stands("R20", BACK)
    assert not rang(relation="family").stands("R20", BACK)
    assert not rang(relation="neighbour", wants_call_back=True).stands("R20", BACK)


def test_a_detention_that_is_retracted_owes_nothing() -> None:
    crisis = detained()
    assert crisis.stands("R20", 5 + SOON)
    retracted = crisis.police("event.retracted", 50, retracts="e2", reason="entered-in-error")
    assert not retracted.stands("R20", 5 + SOON)


def test_what_was_owed_and_not_done_is_owed_after_the_detention_too_for_a_week() -> None:
    crisis = detained().police(
        "detention.ended", 5 + SOON + 60, detention="D-1", outcome="released"
    )
    assert crisis.stands("R20", 5 + SOON + 120)
    assert not crisis.stands("R20", 5 + SOON + 7 * DAY)


def test_once_the_regime_is_in_force_the_nominated_person_takes_the_place_of_the_nearest_relative() -> (
    None
):
    crisis = detained().crisis()

    def asked(since: date | None) -> str:
        policy = POLICY.model_copy(
            update={"regimes": {"mental-health-act-2025-nominated-person": since}}
        )
        return next(finding.reason for finding in findings(crisis, policy) if finding.rule == "R20")

    assert "nearest relative" in asked(None)
    assert "nearest relative" in asked(date(2026, 11, 24))
    assert "nominated person" in asked(date(2026, 11, 23))
