"""An instant later than its receipt counts as the receipt's, and what the sender said is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.intake.accept import Accepted
from services.liaison.feeds import timing
from tests.unit.liaison.script import AMBULANCE, event

CAME = datetime(2026, 7, 23, 13, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FACTS = {"incident": "LAS-1", "nature": "medical"}


def test_summer_time_labelled_as_utc_counts_from_when_it_came() -> None:
    received = event(AMBULANCE, "incident.reported", CAME + HOUR, "e1", FACTS, received_at=CAME)
    assert received.event.time == received.order.at == CAME
    assert (received.as_sent.time, received.ahead) == (CAME + HOUR, HOUR)


def test_what_came_after_it_happened_stays_as_it_is() -> None:
    received = event(AMBULANCE, "incident.reported", CAME - HOUR, "e1", FACTS, received_at=CAME)
    assert received.event.time == CAME - HOUR
    assert received.event is received.as_sent
    assert received.ahead == timedelta(0)


def test_a_repeat_that_comes_later_says_the_same_and_is_no_reuse_of_the_id() -> None:
    first, again = (
        Accepted(event(AMBULANCE, "incident.reported", CAME + HOUR, "e1", FACTS, received_at=at))
        for at in (CAME, CAME + timedelta(minutes=5))
    )
    assert first.received.event.time != again.received.event.time, (
        "so the hash has to be of what was sent"
    )
    assert (first.content_hash, first.body) == (again.content_hash, again.body)


def test_the_feeds_clock_is_judged_by_what_it_said() -> None:
    received = event(AMBULANCE, "incident.reported", CAME + HOUR, "e1", FACTS, received_at=CAME)
    assert timing([received], CAME).ahead == HOUR.total_seconds()
