"""What replay makes of a scenario beside its events: refusals, late feeds, wrong clocks, and what was known before."""

from __future__ import annotations

from typing import Any

import yaml

from schemas.scenario import Scenario
from services.liaison.policy import load_policy
from services.simulation.replay import run
from tests.own_registry import own_registry

REGISTRY, POLICY = own_registry(), load_policy()


def raised(**said: Any) -> list[tuple[str, str]]:
    """(rule, title) of every alert of a night."""
    document = {"title": "A night", "story": "As told.", "start": "2026-11-24T02:00:00Z"}
    scenario = Scenario.model_validate(yaml.safe_load(yaml.safe_dump(document | said)))
    return [(a.rule, a.detail["title"]) for a in run(scenario, REGISTRY, POLICY).alerts]


def refused(number: int) -> dict[str, Any]:
    return {
        "at": f"02:0{number}:00",
        "feed": "las-cad",
        "type": "incident.reported",
        "refused": "value-not-in-set",
        "data": {"incident": f"LAS-{number}", "nature": "psychiatric"},
    }


def beat(seconds: int, late: int) -> dict[str, Any]:
    return {
        "at": f"+{600 + seconds}s",
        "arrives": f"+{600 + seconds + late}s",
        "feed": "las-cad",
        "type": "feed.heartbeat",
        "data": {},
    }


ENOUGH = POLICY.number("R30", "rejected_from")
CALL = {
    "at": "02:00:30",
    "feed": "las-cad",
    "type": "incident.reported",
    "data": {"incident": "LAS-0", "nature": "medical"},
}


def test_what_a_feed_sends_and_cannot_be_read_is_told_of_and_one_less_is_not() -> None:
    many = [CALL, *(refused(n) for n in range(1, ENOUGH + 1))]
    assert raised(events=many, until="02:40") == [("R30", "A feed sends what cannot be read")]
    assert raised(events=many[:-1], until="02:40") == []


def test_heartbeats_that_come_late_are_told_of_and_a_single_one_is_not() -> None:
    late = [beat(15 * n, 120) for n in range(5)]
    assert raised(events=late, until="02:40") == [("R30", "A feed is late")]
    assert raised(events=late[:1], until="02:40") == []


def test_heartbeats_from_the_future_are_told_of() -> None:
    ahead = [beat(15 * n, -120) for n in range(5)]
    assert raised(events=ahead, until="02:40") == [("R30", "A feed's clock is wrong")]


def _detained(known: bool) -> list[tuple[str, str]]:
    """Police have detained and asked for an ambulance, which came; all of it hours before we look."""

    def said(minute: int, feed: str, event: str, incident: str, **data: Any) -> dict[str, Any]:
        at = f"2026-11-24T00:{minute:02}:00Z"
        late = {} if known else {"arrives": f"2026-11-24T02:00:{minute:02}Z"}
        return {"at": at, "feed": feed, "type": event, "data": {"incident": incident} | data} | late

    police, ambulance = ("met-cad", "CAD-1"), ("las-cad", "LAS-1")
    story = [
        said(0, police[0], "incident.reported", police[1], nature="mental-health-crisis"),
        said(2, police[0], "detention.detained", police[1], detention="D-1", power="s136"),
        said(
            3,
            ambulance[0],
            "incident.reported",
            ambulance[1],
            nature="mental-health-crisis",
            ambulance_category="C2",
            linked=[{"agency": "met", "reference": "CAD-1"}],
        ),
        said(8, ambulance[0], "resource.on-scene", ambulance[1], resource="A1", kind="ambulance"),
        said(9, police[0], "detention.ended", police[1], detention="D-1", outcome="released"),
    ]
    return raised(**{"known" if known else "events": story}, until="02:10")


def test_what_is_known_is_there_at_once_and_nobody_is_told_of_what_was_between() -> None:
    assert ("R04", "Detained under s136 without an ambulance") not in _detained(known=True)
    # the control: told one by one, the moment before the ambulance is heard of is a moment without one
    assert ("R04", "Detained under s136 without an ambulance") in _detained(known=False)
