"""What `liaison demo` plays: a board that somebody has to work at, not one case by itself."""

from __future__ import annotations

from functools import lru_cache

from schemas.scenario import load_scenario
from services.command_line.running.demo import DESK, INITIALS, PLAYED
from services.console.access.sign_in import initials_of
from services.liaison.policy import load_policy
from services.simulation.replay import Outcome, run
from tests.own_registry import own_registry

STORY = PLAYED.parents[1] / "the-story.yaml"


@lru_cache(1)
def outcome() -> Outcome:
    return run(load_scenario(PLAYED), own_registry(), load_policy())


def test_fifteen_crises_come_to_the_ambulance_desk_and_the_man_of_the_story_is_one_of_them() -> (
    None
):
    at_desk = [alert for alert in outcome().alerts if alert.at(DESK) is not None]
    assert len({alert.crisis_id for alert in at_desk}) == 15
    told = {alert.rule for alert in at_desk}
    assert {"R01", "R02", "R03", "R04", "R07", "R16", "R19"} <= told
    played, story = load_scenario(PLAYED), load_scenario(STORY)
    assert [event for event in story.events if event not in played.events] == []


def test_no_feed_of_it_is_in_trouble() -> None:
    assert [alert.rule for alert in outcome().alerts if alert.rule == "R30"] == []


def test_the_address_that_it_prints_names_a_desk_and_initials_that_are_accepted() -> None:
    desks = [desk for agency in own_registry().agencies for desk in agency.desks]
    assert DESK in {desk.id for desk in desks}
    assert initials_of(INITIALS) == INITIALS
