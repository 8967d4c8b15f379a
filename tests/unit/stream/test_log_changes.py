"""When a log is another one than the one that was read, and from where it is read anew."""

from __future__ import annotations

import pytest

from services.ledger.events.logs import Cursor
from services.runtime.log_identity import LogIdentity
from services.stream.log_changes import LOOKS_BEYOND, change_of, epoch_to_ask_for

HERE = LogIdentity("cluster", "topic", 4)
ELECTED = LogIdentity("cluster", "topic", 5)
READ = Cursor(100, HERE, seen_offset=90)


def kind_and_offset(
    cursor: Cursor, identity: LogIdentity, end: int, epoch_end: int | None = None, beyond: int = 0
) -> tuple[str, int] | None:
    change = change_of(cursor, identity, end, epoch_end, beyond)
    return None if change is None else (change.kind, change.next_offset)


@pytest.mark.parametrize("end", [0, 3, 100, 5000])
@pytest.mark.parametrize(
    "identity", [LogIdentity("cluster", "another", 0), LogIdentity("another", "topic", 4)]
)
def test_another_topic_or_cluster_is_read_from_its_beginning_however_long_it_is(
    identity: LogIdentity, end: int
) -> None:
    assert kind_and_offset(READ, identity, end) == ("recreated", 0)


def test_the_same_log_goes_on() -> None:
    assert kind_and_offset(READ, HERE, 100) is None
    assert kind_and_offset(READ, HERE, 5000) is None


def test_what_was_not_known_is_no_difference() -> None:
    assert kind_and_offset(Cursor(100), HERE, 100) is None
    assert kind_and_offset(READ, LogIdentity(), 100) is None


def test_a_leader_that_has_less_than_was_seen_lost_the_end_also_where_it_has_more_by_now() -> None:
    assert kind_and_offset(READ, ELECTED, 500, epoch_end=80) == ("truncated", 80)


def test_an_election_while_records_came_is_no_loss_and_is_read_over_again() -> None:
    assert kind_and_offset(READ, ELECTED, 500, epoch_end=95) == ("elected", 95)


def test_an_election_after_all_that_was_read_changes_nothing() -> None:
    assert kind_and_offset(READ, ELECTED, 500, epoch_end=100) is None


def test_an_end_before_the_cursor_must_be_found_twice() -> None:
    assert kind_and_offset(READ, HERE, 40, beyond=LOOKS_BEYOND - 1) is None
    assert kind_and_offset(READ, HERE, 40, beyond=LOOKS_BEYOND) == ("shorter", 0)


def test_the_former_leader_is_asked_for_only_where_another_leads_the_same_topic() -> None:
    assert epoch_to_ask_for(READ, ELECTED) == 4
    assert epoch_to_ask_for(READ, HERE) is None
    assert epoch_to_ask_for(READ, LogIdentity("cluster", "another", 5)) is None
    assert epoch_to_ask_for(Cursor(100), ELECTED) is None
