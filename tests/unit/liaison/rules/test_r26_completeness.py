"""R26: the record of a crisis is complete."""

from __future__ import annotations

from typing import Any

import pytest

from services.liaison.rules.r26_completeness import missing
from tests.unit.liaison.script import SECOND, Script, limit

WHO: dict[str, Any] = {
    "names": [{"given": "Ewa", "family": "Nowak"}],
    "date_of_birth": "1977-02-02",
    "ethnicity": "C",
}


def closed(person: dict[str, Any] | None, **more: Any) -> Script:
    crisis = Script().police(
        "incident.reported", 0, nature="suicidal", **({} if person is None else {"person": person})
    )
    crisis.police("resource.on-scene", 10, resource="MX1", kind="police-unit")
    crisis.police(
        "resource.left", 30, resource="MX1", kind="police-unit", **{"handover_to": "slam", **more}
    )
    return crisis.police("incident.closed", 31, attended=True, outcome="resolved")


WITHIN = limit("R26", "complete_within")


def gaps(script: Script) -> tuple[str, ...]:
    crisis = script.crisis()
    return missing(
        crisis, next(incident for incident in crisis.incidents if incident.key[0] == "met")
    )


def test_a_complete_record_prompts_nothing() -> None:
    assert gaps(closed(WHO)) == ()
    assert not closed(WHO).stands("R26", 31 + WITHIN)


def test_each_gap_is_named_by_its_field_and_by_nothing_else() -> None:
    assert gaps(closed(None)) == ("identity, or why it is not known",)
    assert gaps(closed({"certainty": "unknown", "apparent_age": 40})) == ()
    assert gaps(closed({**WHO, "ethnicity": None})) == ("ethnicity",)
    assert gaps(closed(WHO, handover_to=None)) == ("handover",)
    forced = closed(WHO).police("force.started", 12, force="F-1", kinds=["handcuffs"])
    assert gaps(forced) == ("end of the use of force",)
    attended_twice = closed(WHO).ambulance(
        "incident.reported", 5, nature="suicidal", ambulance_category="C2"
    )
    assert gaps(attended_twice) == ("reference of the other service",)
    later = closed(WHO).ambulance(
        "incident.reported", 40, nature="suicidal", ambulance_category="C2"
    )
    assert gaps(later) == (), "what began after it was closed could not be named in it"


def test_what_was_stated_once_stays_stated_when_a_later_update_leaves_it_out() -> None:
    assert gaps(closed(WHO).police("incident.updated", 20, person={"names": WHO["names"]})) == ()
    assert gaps(closed(WHO).police("incident.updated", 20, person={"apparent_age": 50})) == ()


@pytest.mark.parametrize(
    ("injury", "gap"), [({}, True), ({"injury": False}, False), ({"injury": True}, False)]
)
def test_the_end_of_a_use_of_force_says_whether_anybody_was_hurt(
    injury: dict[str, bool], gap: bool
) -> None:
    forced = closed(WHO).police("force.started", 12, force="F-1", kinds=["handcuffs"])
    forced.police("force.ended", 20, force="F-1", **injury)
    assert gaps(forced) == (("whether anybody was hurt by the use of force",) if gap else ())


def test_an_hour_is_given_to_complete_it_and_completing_it_ends_the_alert() -> None:
    crisis = closed(None)
    assert not crisis.stands("R26", 31 + WITHIN - SECOND)
    finding = crisis.finding("R26", 31 + WITHIN)
    assert (finding.urgency, finding.agencies) == (5, ("met",))
    assert not crisis.copy().police("incident.updated", 60, person=WHO).stands("R26", 31 + WITHIN)
    assert crisis.police("harm.reported", 40, harm="death").finding("R26", 31 + WITHIN).urgency == 3


def test_a_burglary_may_have_gaps() -> None:
    crisis = Script().police("incident.reported", 0, nature="crime")
    crisis.police("force.started", 5, force="F-1", kinds=["handcuffs"])
    crisis.police("incident.closed", 31, attended=True, outcome="arrested")
    assert not crisis.stands("R26", 31 + WITHIN)
