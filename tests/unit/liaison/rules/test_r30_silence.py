"""R30: a feed falls silent; and what rests on its silence cannot be verified."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.received import Received
from services.liaison.alert_changes import settle_feed
from services.liaison.feeds import FeedHealth, Timing, evaluate_feed, timing, troubled_again_at
from services.liaison.finding import Finding
from services.simulation.feeds_heard import HEARTBEAT
from services.simulation.simulation import Simulation
from tests.unit.liaison.script import POLICY, REGISTRY, SECOND, Script, event, minute

AFTER = timedelta(seconds=REGISTRY.feeds_by_id["las-cad"][1].silent_after_seconds)


def found(health: FeedHealth, at: float) -> Finding | None:
    standing = evaluate_feed(health, minute(at), POLICY).standing
    return standing[0].finding if standing else None


def health(last_heard: float | None, stopped: str | None = None) -> FeedHealth:
    last = None if last_heard is None else minute(last_heard)
    return FeedHealth("las-cad", "las", "ambulance", last, AFTER, stopped)


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


def left_alone() -> Script:
    """Police left in the tenth minute; the ambulance service has no incident."""
    crisis = Script().police(
        "incident.reported", 0, nature="suicidal", indicators=["behaviour-concern"]
    )
    crisis.police("resource.on-scene", 5, resource="MX21", kind="police-unit")
    return crisis


def held() -> Script:
    return left_alone().police("force.started", 5, force="F-1", kinds=["physical-restraint"])


def gone() -> Script:
    return left_alone().police("resource.left", 8, resource="MX21", kind="police-unit")


def detained() -> Script:
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
def test_what_rests_on_a_silent_service_cannot_be_verified(
    rule: str, crisis: Script, silent: str
) -> None:
    services = {"ambulance": ("las",), "mental-health-trust": ("slam",)}
    last_heard = dict.fromkeys(("met", "las", "slam"), minute(30))
    for last, expected in ((30, "verified"), (29 + SECOND, "verified"), (29, "cannot-be-verified")):
        evaluation = crisis.evaluation(30, last_heard | {silent: minute(last)}, services)  # type: ignore[arg-type]
        assert {
            standing.verification
            for standing in evaluation.standing
            if standing.finding.rule == rule
        } == {expected}


def test_what_happened_is_verified_whoever_is_silent() -> None:
    crisis = detained().police("detention.conveyed", 9, detention="D-1", by="police-unit")
    evaluation = crisis.evaluation(30, {"met": minute(0)}, {"ambulance": ("las",)})
    assert [
        standing.verification for standing in evaluation.standing if standing.finding.rule == "R04"
    ] == ["verified"]


def test_an_alert_that_rests_on_silence_is_looked_at_again_when_the_silence_grows_too_long() -> (
    None
):
    last_heard = {"met": minute(30), "las": minute(29.5)}
    evaluation = left_alone().evaluation(30, last_heard, {"ambulance": ("las",)})
    assert evaluation.look_again_at == minute(29.5) + POLICY.feed_silent_after


def test_and_once_it_cannot_be_believed_whether_it_can_be_again() -> None:
    evaluation = left_alone().evaluation(
        30, {"met": minute(30), "las": minute(20)}, {"ambulance": ("las",)}
    )
    assert evaluation.look_again_at == minute(30) + POLICY.feed_silent_after


def test_where_nothing_stands_nothing_is_looked_at_again_for_silence() -> None:
    quiet = Script().police("incident.reported", 0, nature="crime")
    assert quiet.evaluation(30).look_again_at is None


LATE, BACKLOG, AHEAD, LASTS, MANY_IN = (
    timedelta(seconds=POLICY.number("R30", name))
    for name in ("late_from", "backlog_from", "ahead_from", "trouble_lasts", "rejected_within")
)
ENOUGH = POLICY.number("R30", "rejected_from")


def troubled(**fields: Any) -> FeedHealth:
    """A feed that was heard just now and about which something else is wrong."""
    return replace(FeedHealth("las-cad", "las", "ambulance", minute(9.9), AFTER), **fields)


def titles(health: FeedHealth, at: float = 10) -> list[str]:
    return [
        standing.finding.title for standing in evaluate_feed(health, minute(at), POLICY).standing
    ]


def test_a_late_feed_is_told_of_once_it_has_been_late_for_some_time() -> None:
    late = troubled(late_since=minute(9.6), late_by=LATE * 2)
    lasts = LASTS / timedelta(minutes=1)
    assert titles(late, 9.6 + lasts - SECOND) == []
    assert evaluate_feed(late, minute(9.9), POLICY).look_again_at == minute(9.6) + LASTS
    assert titles(late, 9.6 + lasts) == ["A feed is late"]


def test_more_than_five_minutes_behind_is_worse() -> None:
    stages = [
        evaluate_feed(troubled(late_since=minute(1), late_by=by), minute(10), POLICY)
        .standing[0]
        .finding.stage
        for by in (BACKLOG - timedelta(seconds=1), BACKLOG)
    ]
    assert stages == ["", "backlog"]


def test_a_clock_that_is_ahead_is_told_of() -> None:
    (found_,) = evaluate_feed(
        troubled(ahead_since=minute(5), ahead_by=AHEAD * 2), minute(10), POLICY
    ).standing
    assert (found_.finding.title, found_.finding.urgency) == ("A feed's clock is wrong", 2)


def told_of_a_wrong_clock(feed: str) -> dict[str, str]:
    """What each desk reads that is told that this feed's events come from the future."""
    agency, _ = REGISTRY.feeds_by_id[feed]
    wrong = FeedHealth(
        feed, agency.id, agency.kind, minute(9.9), AFTER, ahead_since=minute(5), ahead_by=AHEAD * 2
    )
    changes, _ = settle_feed(wrong, (), minute(10), policy=POLICY, registry=REGISTRY)
    return {desk.desk: desk.view["next_step"] for c in changes for desk in c.alert.desks}


@pytest.mark.parametrize(
    ("feed", "supervisor"),
    [("met-cad", "met-supervisor"), ("las-cad", "las-supervisor"), ("slam-ehr", "slam-supervisor")],
)
def test_a_wrong_clock_is_told_to_the_supervisor_of_the_agency_whose_it_is(
    feed: str, supervisor: str
) -> None:
    told = told_of_a_wrong_clock(feed)
    assert set(told) == {"operations", supervisor}
    assert "clock" in told[supervisor]
    assert told[supervisor] != told["operations"]


def test_of_other_troubles_operations_alone_are_told() -> None:
    wrong = (
        troubled(late_since=minute(1), late_by=BACKLOG),
        troubled(unknown_since=minute(1), unknown_at=minute(9)),
        troubled(stopped_reason="20 rejected in a row"),
        troubled(last_heard_at=minute(0)),
    )
    for health_ in wrong:
        changes, _ = settle_feed(health_, (), minute(10), policy=POLICY, registry=REGISTRY)
        assert [desk.desk for c in changes for desk in c.alert.desks] == ["operations"]


def test_so_many_rejections_in_so_long_and_not_one_less() -> None:
    step = (MANY_IN - timedelta(seconds=1)) / (ENOUGH - 1)
    at = [minute(0) + step * number for number in range(ENOUGH)]
    end = (MANY_IN - timedelta(seconds=1)) / timedelta(minutes=1)

    def rejected(instants: list[datetime]) -> list[str]:
        return titles(troubled(last_heard_at=minute(end), rejected=tuple(instants)), end)

    assert rejected(at) == ["A feed sends what cannot be read"]
    assert rejected(at[1:]) == []
    assert rejected([at[0] - timedelta(seconds=1), *at[1:]]) == []


def test_rejections_are_over_when_no_run_of_them_lies_within_the_time() -> None:
    bad = tuple(minute(0) + timedelta(seconds=number) for number in range(ENOUGH))
    health_ = troubled(last_heard_at=bad[0] + MANY_IN, rejected=bad)
    until = bad[0] + MANY_IN
    assert evaluate_feed(health_, until - timedelta(seconds=1), POLICY).look_again_at == until
    assert not evaluate_feed(health_, until, POLICY).standing
    assert troubled_again_at(health_, until - timedelta(seconds=1), POLICY) == until


def test_of_a_silent_or_stopped_feed_nothing_else_is_said() -> None:
    wrong: dict[str, Any] = {"late_since": minute(1), "late_by": BACKLOG, "ahead_since": minute(1)}
    assert len(titles(troubled(**wrong))) == 2
    assert titles(troubled(**wrong), 20) == ["A feed is silent"]
    assert titles(troubled(**wrong, stopped_reason="20 rejected in a row")) == ["A feed is silent"]


def test_what_a_late_feed_has_not_said_yet_is_no_absence() -> None:
    assert troubled().heard_up_to() == minute(9.9)
    assert troubled(late_since=minute(5), late_by=timedelta(minutes=4)).heard_up_to() == minute(5.9)


def said(at: float, recorded: float | None = None, heartbeat: bool = False) -> Received:
    """An event of an instant, recorded at another, in minutes."""
    kind, data = (
        ("feed.heartbeat", {}) if heartbeat else ("incident.updated", {"incident": "LAS-1"})
    )
    received = event("las-cad", kind, minute(at), f"t{at}", data)
    when = None if recorded is None else minute(recorded)
    return replace(received, event=received.event.model_copy(update={"recordedtime": when}))


def test_the_newest_event_of_a_batch_says_how_late_the_feed_is() -> None:
    assert timing([said(0, 1), said(2, 8)], minute(10)) == Timing(120.0, 0.0)
    assert timing([said(0), said(9, heartbeat=True)], minute(10)) == Timing(60.0, 0.0)


def test_an_event_that_does_not_say_when_it_was_recorded_says_nothing_of_lateness() -> None:
    assert timing([said(0)], minute(10)) == Timing(None, 0.0)


def test_an_event_from_the_future_says_how_far() -> None:
    assert timing([said(12, heartbeat=True)], minute(10)) == Timing(0.0, 120.0)


def test_a_feed_whose_heartbeats_come_late_is_told_of_and_is_believed_again_when_they_do_not() -> (
    None
):
    ledger = Simulation(REGISTRY, POLICY)
    for seconds in range(0, 61, 15):
        now = minute(10) + timedelta(seconds=seconds)
        ledger.tick(now)
        beat = event("las-cad", "feed.heartbeat", now - LATE * 2, f"h{seconds}", {})
        ledger.receive([replace(beat, received_at=now)], now)
    ledger.tick(now)
    assert [alert.detail["title"] for alert in ledger.alerts.values() if alert.stands] == [
        "A feed is late"
    ]
    later = now + timedelta(seconds=15)
    ledger.receive([event("las-cad", "feed.heartbeat", later, "well", {})], later)
    ledger.tick(later)
    assert not [alert for alert in ledger.alerts.values() if alert.stands]
