"""How far a batch reaches that nobody can read: its head says so."""

from __future__ import annotations

import struct

import pytest
from aiokafka.record._crecords.default_records import DefaultRecordBatchBuilder

from services.stream.batch_extent import CONTROL, HEAD, Extent, extent_of, following_of

GZIP = 1


def batch(records: int, first: int) -> bytes:
    """As Kafka's clients pack it, at the offset that a broker gave it."""
    builder = DefaultRecordBatchBuilder(2, GZIP, 0, -1, -1, 0, 1_000_000)
    for number in range(records):
        builder.append(number, timestamp=1, key=None, value=b"x", headers=[])
    raw = bytearray(builder.build())
    struct.pack_into("!q", raw, 0, first)
    return bytes(raw)


@pytest.mark.parametrize("records", [1, 2, 500])
def test_the_head_of_a_batch_says_where_the_next_one_begins(records: int) -> None:
    assert extent_of(batch(records, 7)) == Extent(7, 7 + records)


def test_what_is_packed_is_not_looked_at() -> None:
    raw = batch(3, 7)
    assert extent_of(raw[: HEAD.size] + b"\xff" * (len(raw) - HEAD.size)) == Extent(7, 10)


def test_the_marker_of_a_transaction_is_no_record() -> None:
    raw = bytearray(batch(1, 7))
    struct.pack_into("!h", raw, 21, CONTROL)
    assert extent_of(bytes(raw)) == Extent(7, 8, is_control=True)


def test_a_message_of_the_old_form_is_one_offset() -> None:
    raw = struct.pack("!qiIbb", 7, 14, 0, 1, GZIP) + bytes(20)
    assert extent_of(raw) == Extent(7, 8)


def test_of_a_head_that_is_not_whole_nothing_is_known() -> None:
    assert extent_of(batch(1, 7)[: HEAD.size - 1]) is None


def test_reading_goes_on_behind_the_whole_batch_also_from_its_middle() -> None:
    assert following_of(Extent(7, 10), offset=7, end=20) == 10
    assert following_of(Extent(7, 10), offset=8, end=20) == 10


@pytest.mark.parametrize("extent", [Extent(7, 2**31), Extent(7, 7), Extent(7, -3)])
def test_a_head_that_cannot_be_true_costs_one_offset(extent: Extent) -> None:
    assert following_of(extent, offset=7, end=20) == 8
