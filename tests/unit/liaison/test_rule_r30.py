"""R30: a feed falls silent; and what rests on its silence cannot be verified."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.liaison.feeds import FeedHealth, evaluate_feed
from services.liaison.finding import Finding
from services.liaison.replay import HEARTBEAT
from tests.unit.liaison.crisis import POLICY, REGISTRY, SECOND, Crisis, minute

AFTER = timedelta(seconds=REGISTRY.feeds_by_id["las-cad"][1].silent_after_seconds)


def found(health: FeedHealth, at: float) -> Finding | None:
    standing = evaluate_feed(health, minute(at), POLICY).standing
    return standing[0].finding if standing else None


def health(heard: float | None, stopped: str | None = None) -> FeedHealth:
    last = None if heard is None else minute(heard)
    return FeedHealth("las-cad", "las", last, AFTER, stopped)


def test_silent_after_a_minute_and_not_a_second_before() -> None:
    limit = AFTER / timedelta(minutes=1)
    assert found(health(0), limit - SECOND) is None
    silent = found(health(0), limit)
    assert silent is not None
    assert (silent.recipients, silent.urgency) == (("operations",), 1)


def test_while_it_is_heard_it_is_looked_at_again_when_it_would_be_silent() -> None:
    assert evaluate_feed(health(0), minute(0), POLICY).look_again_at == minute(0) + AFTER


def test_three_heartbeats_may_be_lost() -> None:
    assert 3 * HEARTBEAT < AFTER


def test_a_feed_that_never_was_heard_is_not_connected_and_not_silent() -> None:
    assert found(health(None), 600) is None


def test_a_second_silence_is_another_alert() -> None:
    first, second = found(health(0), 5), found(health(10), 15)
    assert first is not None
    assert second is not None
    assert first.key != second.key


def test_a_feed_that_was_stopped_says_so_however_lately_it_was_heard() -> None:
    stopped = found(health(4.9, "20 rejected in a row"), 5)
    assert stopped is not None
    assert "20 rejected in a row" in stopped.reason


def left_alone() -> Crisis:
    """Police left in the tenth minute; the ambulance service has no incident."""
    crisis = Crisis().police("incident.reported", 0, nature="suicidal", indicators=["behaviour-concern"])
    crisis.police("resource.on-scene", 5, resource="MX21", kind="police-unit")
    return crisis


def held() -> Crisis:
    return left_alone().police("force.started", 5, force="F-1", kinds=["physical-restraint"])


def gone() -> Crisis:
    return left_alone().police("resource.left", 8, resource="MX21", kind="police-unit")


def detained() -> Crisis:
    return left_alone().police("detention.detained", 5, detention="D-1", power="s136")


@pytest.mark.parametrize(
    ("rule", "crisis", "silent"),
    [
        ("R01", left_alone(), "las"),
        ("R01", left_alone(), "met"),
        ("R02", held(), "las"),
        ("R03", held(), "met"),
        ("R04", detained(), "las"),
        ("R04", detained(), "met"),
        ("R19", gone(), "las"),
        ("R19", gone(), "met"),
        ("R19", gone(), "slam"),
    ],
)
def test_what_rests_on_a_silent_service_cannot_be_verified(rule: str, crisis: Crisis, silent: str) -> None:
    services = {"ambulance": ("las",), "mental-health-trust": ("slam",)}
    heard = dict.fromkeys(("met", "las", "slam"), minute(30))
    for last, expected in ((30, "verified"), (29 + SECOND, "verified"), (29, "cannot-be-verified")):
        evaluation = crisis.evaluation(30, heard | {silent: minute(last)}, services)  # type: ignore[arg-type]
        assert {s.verification for s in evaluation.standing if s.finding.rule == rule} == {expected}


def test_what_happened_is_verified_whoever_is_silent() -> None:
    crisis = detained().police("detention.conveyed", 9, detention="D-1", by="police-unit")
    evaluation = crisis.evaluation(30, {"met": minute(0)}, {"ambulance": ("las",)})
    assert [s.verification for s in evaluation.standing if s.finding.rule == "R04"] == ["verified"]


def test_an_alert_that_rests_on_silence_is_looked_at_again_when_the_silence_grows_too_long() -> None:
    heard = {"met": minute(30), "las": minute(29.5)}
    evaluation = left_alone().evaluation(30, heard, {"ambulance": ("las",)})
    assert evaluation.look_again_at == minute(29.5) + POLICY.feed_silent_after


def test_and_once_it_cannot_be_believed_whether_it_can_be_again() -> None:
    evaluation = left_alone().evaluation(30, {"met": minute(30), "las": minute(20)}, {"ambulance": ("las",)})
    assert evaluation.look_again_at == minute(30) + POLICY.feed_silent_after


def test_where_nothing_stands_nothing_is_looked_at_again_for_silence() -> None:
    quiet = Crisis().police("incident.reported", 0, nature="crime")
    assert quiet.evaluation(30).look_again_at is None
