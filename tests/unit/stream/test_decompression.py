"""A batch of a few kilobytes that unfolds to very much more is refused before it does; every other one is read as before."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import cramjam
import pytest
from aiokafka import codec
from aiokafka.record._crecords import default_records
from aiokafka.record._crecords.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from services.stream.decompression import BatchTooLarge, BoundedCodecs, bound_decompression

MEGABYTE = 1024 * 1024
LIMIT = 2 * MEGABYTE
CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
DECODERS = ("gzip_decode", "snappy_decode", "lz4_decode", "zstd_decode")


@pytest.fixture(autouse=True)
def decoders(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they were, afterwards."""
    for name in DECODERS:
        monkeypatch.setattr(default_records, name, getattr(codec, name))


def batch(codec_id: int, size: int) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec_id, 0, -1, -1, 0, 1024 * MEGABYTE)
    builder.append(0, timestamp=1, key=None, value=b"x" * size, headers=[])
    return bytes(builder.build())


def read(raw: bytes) -> list[int]:
    return [len(record.value) for record in DefaultRecordBatch(raw)]


@pytest.mark.parametrize("name", CODECS)
def test_what_is_within_the_limit_is_read(name: str) -> None:
    bound_decompression(LIMIT)
    assert read(batch(CODECS[name], MEGABYTE)) == [MEGABYTE]


@pytest.mark.parametrize("name", CODECS)
def test_what_is_beyond_the_limit_is_refused_without_being_unfolded(name: str) -> None:
    raw = batch(CODECS[name], 64 * MEGABYTE)
    bound_decompression(LIMIT)
    tracemalloc.start()
    try:
        with pytest.raises(BatchTooLarge):
            read(raw)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 16 * MEGABYTE


@pytest.mark.parametrize("name", CODECS)
def test_without_a_limit_it_would_be_unfolded(name: str) -> None:
    """The control: this is what aiokafka does by itself."""
    assert read(batch(CODECS[name], 64 * MEGABYTE)) == [64 * MEGABYTE]


def test_several_members_and_blocks_are_one_batch() -> None:
    codecs = BoundedCodecs(LIMIT)
    assert codecs.gzip(gzip.compress(b"a") + gzip.compress(b"b")) == b"ab"
    written = codec.snappy_encode(b"c" * 100_000, xerial_compatible=True)
    assert codecs.snappy(written) == b"c" * 100_000
    with pytest.raises(BatchTooLarge):
        codecs.gzip(gzip.compress(b"a" * LIMIT) + gzip.compress(b"b"))
    with pytest.raises(BatchTooLarge):
        codecs.snappy(codec.snappy_encode(b"c" * (LIMIT + 1), xerial_compatible=True))


@pytest.mark.parametrize(
    ("decode", "encoded"),
    [
        (BoundedCodecs(LIMIT).gzip, gzip.compress(b"a" * 5000)),
        (BoundedCodecs(LIMIT).snappy, bytes(cramjam.snappy.compress_raw(b"a" * 5000))),
        (BoundedCodecs(LIMIT).lz4, codec.lz4_encode(b"a" * 5000)),
        (BoundedCodecs(LIMIT).zstd, codec.zstd_encode(b"a" * 5000)),
    ],
    ids=list(CODECS),
)
def test_what_is_broken_off_is_an_error_and_no_shorter_batch(
    decode: Callable[[bytes], bytes], encoded: bytes
) -> None:
    with pytest.raises((zlib.error, EOFError, cramjam.DecompressionError)) as refused:
        decode(encoded[:-8])
    assert not refused.errisinstance(BatchTooLarge)
