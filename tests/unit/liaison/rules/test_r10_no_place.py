"""R10: a person is detained under section 136 and no place of safety takes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from schemas.codes import AgencyKind
from schemas.received import Mark
from services.liaison.crisis.records import SiteReport
from services.liaison.evaluate import findings
from tests.unit.liaison.script import POLICY, REGISTRY, SECOND, Script, limit, minute

WITHIN, STRATEGIC = limit("R10", "accepted_within"), limit("R10", "strategic_after")
HBPOS = {"site": "maudsley", "kind": "health-based-place-of-safety"}


def detained(power: str = "s136") -> Script:
    """Detained in the fifth minute."""
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    return crisis.police("detention.detained", 5, detention="D-1", power=power)


def asked(
    crisis: Script, kind: str, at: float, /, request: str = "Q-1", site: str = "maudsley"
) -> Script:
    """Something is said of a request for a place."""
    more = {"reason": "full"} if kind == "refused" else {}
    return crisis.police(f"place-of-safety.{kind}", at, request=request, site=site, **more)


def stage(crisis: Script, at: float) -> str | None:
    """What the alert says at that minute; None where none stands."""
    finding = crisis.standing("R10", at)
    return finding[0].finding.stage if finding else None


def test_nobody_accepts_within_the_limit_and_then_within_the_hour() -> None:
    assert stage(detained(), 5 + WITHIN - SECOND) is None
    assert stage(detained(), 5 + WITHIN) == "late"
    assert stage(detained(), 5 + STRATEGIC - SECOND) == "late"
    assert stage(detained(), 5 + STRATEGIC) == "60-minutes"
    assert "strategic manager" in detained().finding("R10", 5 + STRATEGIC).reason


ENDS: dict[str, Callable[[Script, float], Script]] = {
    "accepted": lambda crisis, at: asked(crisis, "accepted", at),
    "on the way to a named site": lambda crisis, at: crisis.police(
        "detention.conveyed", at, detention="D-1", by="ambulance", to=HBPOS
    ),
    "arrived": lambda crisis, at: crisis.police("detention.arrived", at, detention="D-1", at=HBPOS),
    "handed over": lambda crisis, at: crisis.police(
        "detention.handed-over", at, detention="D-1", at=HBPOS
    ),
    "ended": lambda crisis, at: crisis.police(
        "detention.ended", at, detention="D-1", outcome="released"
    ),
    "escaped": lambda crisis, at: crisis.police("detention.escaped", at, detention="D-1"),
}


@pytest.mark.parametrize("name", ENDS)
def test_it_ends_with_that_and_what_comes_at_the_limit_is_in_time(name: str) -> None:
    assert stage(ENDS[name](detained(), 5 + WITHIN), 5 + WITHIN) is None
    late = ENDS[name](detained(), 5 + WITHIN + SECOND)
    assert stage(late, 5 + WITHIN) == "late"
    assert stage(late, 5 + WITHIN + SECOND) is None


def test_accepted_before_the_detention_counts_and_an_acceptance_taken_back_does_not() -> None:
    crisis = asked(detained(), "accepted", 2)
    assert stage(crisis, 200) is None
    asked(crisis, "refused", 40)
    assert stage(crisis, 40) == "late"


def test_a_journey_to_a_site_that_refused_is_none() -> None:
    crisis = asked(detained(), "refused", 10)
    crisis.police("detention.conveyed", 12, detention="D-1", by="ambulance", to=HBPOS)
    assert stage(crisis, 5 + WITHIN) == "late"


def test_two_sites_refuse() -> None:
    crisis = asked(detained(), "refused", 10)
    assert stage(crisis, 12) is None
    assert stage(asked(crisis.copy(), "refused", 12, "Q-2", "maudsley"), 12) is None, (
        "the same site twice is one"
    )
    asked(crisis, "refused", 12, "Q-2", "ladywell")
    assert stage(crisis, 12 - SECOND) is None
    assert stage(crisis, 12) == "refused"
    assert stage(crisis, 5 + WITHIN) == "late, refused"


def with_reports(
    script: Script, *reports: tuple[float, str, int, bool]
) -> Callable[[float], str | None]:
    """What stands, where places of safety have reported their free places."""
    crisis = replace(
        script.crisis(),
        site_reports=tuple(
            SiteReport(Mark(minute(at), "/slam/ehr", f"{site}{at}"), "slam", site, 2, free, young)
            for at, site, free, young in reports
        ),
    )
    result = [finding for finding in findings(crisis, POLICY) if finding.rule == "R10"]

    def at(minutes: float) -> str | None:
        now = minute(minutes)
        return next(
            (
                finding.stage
                for finding in result
                if finding.holds_from <= now and (finding.until is None or now < finding.until)
            ),
            None,
        )

    return at


def test_every_site_that_reports_is_full() -> None:
    at = with_reports(
        detained(),
        (-60, "maudsley", 0, False),
        (-30, "ladywell", 1, False),
        (10, "ladywell", 0, False),
        (20, "maudsley", 1, False),
    )
    assert [at(10 - SECOND), at(10), at(20 - SECOND), at(20)] == [None, "full", "full", None]


def test_a_place_for_children_is_none_for_an_adult_and_no_report_is_no_full_site() -> None:
    assert with_reports(detained(), (-9, "maudsley", 0, False), (-9, "camhs", 1, True))(6) == "full"
    assert with_reports(detained())(6) is None


def test_of_a_child_only_the_places_for_children_count() -> None:
    child = Script().police(
        "incident.reported", 0, nature="suicidal", person={"date_of_birth": "2011-03-04"}
    )
    child.police("detention.detained", 5, detention="D-1", power="s136")
    assert with_reports(child, (-9, "maudsley", 1, False), (-9, "camhs", 0, True))(6) == "full"


@pytest.mark.parametrize("power", ["s135-1", "s135-2"])
def test_only_section_136(power: str) -> None:
    assert stage(detained(power), 200) is None


def test_kept_where_they_are_a_place_has_been_found() -> None:
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("detention.detained", 5, detention="D-1", power="s136", kept_at=HBPOS)
    assert stage(crisis, 200) is None


def test_an_acceptance_heard_late_ends_it_and_one_retracted_brings_it_back() -> None:
    crisis = detained()
    assert stage(crisis, 50) == "late"
    crisis.police("place-of-safety.accepted", 20, event_id="ok", request="Q-1", site="maudsley")
    assert stage(crisis, 50) is None
    crisis.police("event.retracted", 49, retracts="ok", reason="entered-in-error")
    assert stage(crisis, 50) == "late"


def test_two_people_detained_wait_for_a_place_each() -> None:
    crisis = detained().say("met-cad", "incident.reported", 1, incident="CAD-2", nature="suicidal")
    crisis.say("met-cad", "detention.detained", 5, incident="CAD-2", detention="D-2", power="s136")
    asked(crisis, "accepted", 10)
    assert len(crisis.standing("R10", 5 + WITHIN)) == 1


def test_while_the_trust_is_not_heard_it_cannot_be_verified() -> None:
    now = 5 + WITHIN
    last_heard = dict.fromkeys(REGISTRY.agencies_by_id, minute(now))
    services: dict[AgencyKind, tuple[str, ...]] = {"mental-health-trust": ("slam",)}
    expected: list[str] = []
    for silent in (now, now - 5):
        last_heard["slam"] = minute(silent)
        (finding,) = [
            standing
            for standing in detained().evaluation(now, last_heard, services).standing
            if standing.finding.rule == "R10"
        ]
        expected.append(finding.verification)
    assert expected == ["verified", "cannot-be-verified"]


def test_it_goes_to_trust_emergency_department_and_police() -> None:
    finding = detained().finding("R10", 5 + WITHIN)
    assert finding.recipients == ("mental-health-crisis", "emergency-department", "police-control")
    assert finding.urgency == 2


def test_a_site_that_accepts_the_number_under_a_reference_of_its_own_has_accepted() -> None:
    crisis = detained().police(
        "detention.detained", 6, incident="CAD-2", detention="D-2", power="s136"
    )
    asked(crisis, "requested", 7, request="PR-33")
    accepted = crisis.copy().say(
        "slam-ehr",
        "place-of-safety.accepted",
        15,
        incident="SUITE-33",
        request="PR-33",
        site="maudsley",
    )
    anothers = crisis.copy().say(
        "slam-ehr",
        "place-of-safety.accepted",
        15,
        incident="SUITE-33",
        request="PR-34",
        site="maudsley",
    )

    def waiting(script: Script) -> set[str]:
        return {standing.finding.anchor[1] for standing in script.standing("R10", 6 + WITHIN)}

    assert len(waiting(crisis)) == 2
    assert waiting(accepted) == waiting(crisis) - {crisis.events[1].event.id}
    assert waiting(anothers) == waiting(crisis), "the number of somebody else's request"
