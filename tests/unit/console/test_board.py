"""What stands where on a desk's board."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.console.view.board import Danger, Group, Row, board, row_of
from services.ledger.alerts.desk import AlertState

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ME, COLLEAGUE = "AB@las-mental-health", "JK@las-mental-health"


def alert(name: str, crisis: str | None = "c1", **more: Any) -> AlertState:
    fields: dict[str, Any] = {
        "alert_id": name,
        "crisis_id": crisis,
        "sequence": 1,
        "urgency": 1,
        "raised_at": AT,
        "acknowledge_by": AT + timedelta(minutes=2),
        "acknowledged_at": None,
        "acknowledged_by": None,
        "cleared_at": None,
        "clear_reason": None,
        "view": {},
    }
    return AlertState(**{**fields, **more})


def shown(**words: str) -> dict[str, Any]:
    return {"shown": {label.replace("_", " "): text for label, text in words.items()}}


def due(minutes: int) -> dict[str, Any]:
    return {"act_by": (AT + timedelta(minutes=minutes)).isoformat()}


def keys(rows: tuple[Row, ...]) -> list[str]:
    return [row.key for row in rows]


def test_a_crisis_is_one_row_however_many_alerts_it_has() -> None:
    rows = board([alert("a", "c1"), alert("b", "c2"), alert("c", "c1", urgency=3)], ME)
    assert keys(rows) == ["c1", "c2"]
    assert [one.alert_id for one in rows[0].alerts] == ["a", "c"]


def test_an_alert_of_a_feed_is_of_no_crisis_and_has_a_row_of_its_own() -> None:
    rows = board([alert("feed-1", None), alert("feed-2", None), alert("a", "c1")], ME)
    assert sorted(keys(rows)) == ["c1", "feed-1", "feed-2"]
    assert {row.crisis_id for row in rows} == {None, "c1"}


HELD_BY_ME: dict[str, Any] = {"state": "acknowledged", "acknowledged_at": AT, "acknowledged_by": ME}
HELD_BY_COLLEAGUE: dict[str, Any] = {"state": "claimed", "claimed_at": AT, "claimed_by": COLLEAGUE}


@pytest.mark.parametrize(
    ("states", "group"),
    [
        ([{}], "needs"),
        ([{"state": "delivered"}], "needs"),
        ([HELD_BY_ME], "mine"),
        ([HELD_BY_COLLEAGUE], "colleague"),
        ([HELD_BY_COLLEAGUE, HELD_BY_ME], "mine"),
        # what a colleague has does not cover what has come since
        ([HELD_BY_COLLEAGUE, {}], "needs"),
        ([{"state": "answered"}], "watching"),
        ([{"state": "shelved"}], "watching"),
        ([{"state": "answered"}, HELD_BY_ME], "mine"),
        # it keeps quiet for a more urgent one that somebody has
        ([HELD_BY_ME, {"inhibited": True}], "mine"),
        ([{"state": "returned", "cleared_at": AT}], "ended"),
        (
            [{"state": "cleared", "cleared_at": AT}, {"state": "returned", "cleared_at": AT}],
            "ended",
        ),
        # one of them is over, the other is not
        ([{"state": "returned", "cleared_at": AT}, {}], "needs"),
        ([{"state": "returned", "cleared_at": AT}, {"state": "answered"}], "watching"),
    ],
)
def test_what_a_row_asks_of_the_person_at_the_desk(
    states: list[dict[str, Any]], group: Group
) -> None:
    alerts = [alert(f"a{number}", **state) for number, state in enumerate(states)]
    assert row_of(alerts, ME).group == group


def test_the_groups_stand_in_the_order_of_what_they_ask() -> None:
    rows = board(
        [
            alert("e", "over", state="returned", cleared_at=AT),
            alert("d", "answered", state="answered"),
            alert("c", "colleague", **HELD_BY_COLLEAGUE),
            alert("b", "mine", **HELD_BY_ME),
            alert("a", "low", urgency=5),
        ],
        ME,
    )
    assert keys(rows) == ["low", "mine", "colleague", "answered", "over"]


@pytest.mark.parametrize(
    ("view", "danger"),
    [
        (shown(Restraint="held on the front since 03:09"), "restraint"),
        (shown(Restraint="not reported", Physical_signs="breathless (03:09)"), "signs"),
        (shown(Restraint="not reported", Physical_signs="not stated"), "none"),
        (shown(Risk_to_self="high"), "attempt"),
        (shown(Risk_to_self="low"), "none"),
        (shown(Why_the_police_are_there="suicidal"), "attempt"),
        (shown(Why_the_police_are_there="concern for welfare"), "none"),
        ({}, "none"),
    ],
)
def test_danger_is_what_the_desk_was_told_of_it(view: dict[str, Any], danger: Danger) -> None:
    assert row_of([alert("a", view=view)], ME).danger == danger


def test_danger_stands_before_the_limit_and_the_limit_before_age() -> None:
    rows = board(
        [
            alert("a", "sooner", view=due(1)),
            alert("b", "later", view=due(9)),
            alert("c", "attempt", view=shown(Risk_to_self="high") | due(30)),
            alert("d", "signs", view=shown(Physical_signs="breathless (03:09)") | due(30)),
            alert("e", "held", view=shown(Restraint="held since 03:09") | due(30)),
            alert("f", "high", urgency=2, view=due(0)),
        ],
        ME,
    )
    assert keys(rows) == ["held", "signs", "attempt", "sooner", "later", "high"]


def test_of_what_is_alike_the_oldest_stands_first() -> None:
    rows = board(
        [
            alert("a", "newer", raised_at=AT + timedelta(minutes=1), view=due(9)),
            alert("b", "older", view=due(9)),
        ],
        ME,
    )
    assert keys(rows) == ["older", "newer"]


def test_what_has_ended_stands_below_the_least_that_has_not() -> None:
    ended = alert("a", "over", cleared_at=AT, state="returned", urgency=1)
    advice = alert("b", "advice", urgency=5, state="answered")
    assert keys(board([ended, advice], ME)) == ["advice", "over"]
    again = alert("a", "over", urgency=1)
    assert keys(board([again, advice], ME)) == ["over", "advice"], "the control: it has not ended"


def test_a_danger_that_only_a_follow_up_waits_on_lifts_nothing_above_what_is_critical_now() -> None:
    restrained = shown(Restraint="held since 03:09")
    rows = board([alert("a", "follow-up", urgency=3, view=restrained), alert("b", "now")], ME)
    assert keys(rows) == ["now", "follow-up"]


def test_a_row_speaks_by_the_worst_that_nobody_has_answered() -> None:
    row = row_of(
        [
            alert("worse-but-answered", state="answered"),
            alert("worse-but-over", state="returned", cleared_at=AT),
            alert("waits", urgency=2, view=due(7)),
            alert("waits-longer", urgency=3, view=due(4)),
        ],
        ME,
    )
    assert row.lead.alert_id == "waits"
    assert row.due == AT + timedelta(minutes=4), "the earliest limit of what waits"


def test_where_the_rule_names_no_limit_it_is_the_limit_to_acknowledge() -> None:
    assert row_of([alert("a")], ME).due == AT + timedelta(minutes=2)
    assert row_of([alert("a", state="answered")], ME).due is None


def test_of_what_has_ended_the_newest_stands_first() -> None:
    over = {"state": "returned"}
    rows = board(
        [
            alert("a", "long-ago", cleared_at=AT - timedelta(hours=1), **over),
            alert("b", "just-now", urgency=4, cleared_at=AT, **over),
        ],
        ME,
    )
    assert keys(rows) == ["just-now", "long-ago"]
