"""Where a batch goes on, and what is a hole."""

from __future__ import annotations

import pytest

from services.orchestration.batch import Place, Record
from services.stream.batches import Hole, following_cursor

PLACE: Place = ("feed.met-cad", 0)


def record(offset: int, preceding: int | None = None) -> Record:
    return Record(*PLACE, offset, b"{}", (), preceding=preceding)


def offsets(records: list[Record], cursor: int) -> list[int]:
    """Of those that are fresh."""
    return [each.offset for each in following_cursor(records, {PLACE: cursor})[0]]


def test_one_after_the_other_is_fresh_and_what_lies_below_is_a_repeat() -> None:
    records = [record(4), record(5), record(6)]
    fresh, repeated = following_cursor(records, {PLACE: 5})
    assert [each.offset for each in fresh] == [5, 6]
    assert [each.offset for each in repeated] == [4]


def test_markers_between_records_are_no_hole() -> None:
    """Three transactions of one event: the markers stand at 1, 3 and 5."""
    assert offsets([record(0, 0), record(2, 1), record(4, 3)], 0) == [0, 2, 4]


def test_a_stretch_that_was_seen_to_be_empty_may_begin_before_the_cursor() -> None:
    assert offsets([record(9, 2)], 5) == [9]


def test_a_record_of_which_nothing_is_known_must_follow_the_cursor() -> None:
    with pytest.raises(Hole) as caught:
        offsets([record(5), record(7)], 5)
    assert (caught.value.cursor, caught.value.following) == (5, 8)


def test_a_stretch_that_begins_after_the_cursor_is_a_hole() -> None:
    """What was between was given to somebody and did not come here."""
    with pytest.raises(Hole):
        offsets([record(9, 6)], 5)


def test_the_hole_reaches_to_the_last_record_of_its_partition_and_no_further() -> None:
    elsewhere = Record("feed.las-cad", 0, 99, b"{}", (), preceding=99)
    with pytest.raises(Hole) as caught:
        following_cursor([record(3), record(8), elsewhere], {PLACE: 0, elsewhere.place: 99})
    assert caught.value.following == 9
