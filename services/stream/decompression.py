"""How much a compressed batch may become: a few kilobytes that unfold to gigabytes end nobody's worker.

aiokafka 0.14 unfolds a batch at once and without a limit, by the functions that are replaced here. A
batch beyond the limit cannot be read: its feed is stopped like that of any other unreadable batch.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from types import ModuleType

import cramjam
from aiokafka.errors import KafkaError
from aiokafka.record import default_records as plain_records
from aiokafka.record import legacy_records as plain_legacy_records
from aiokafka.record._crecords import default_records, legacy_records

# Room for what is unfolded, which is made larger until it is enough or is the limit.
FIRST_ROOM, FIRST_TIMES = 64 * 1024, 8
NO_ROOM = ("failed to write whole buffer", "Destination buffer is too small")
# Of zlib: with the header of gzip.
GZIP_WINDOW = 31
XERIAL = struct.Struct("!bccccccbii")
XERIAL_NAME = (-126, b"S", b"N", b"A", b"P", b"P", b"Y", 0)
BLOCK_SIZE = struct.Struct("!i")

Payload = bytes | memoryview
Decode = Callable[[Payload], bytes]


class BatchTooLarge(KafkaError):  # type: ignore[misc]  # aiokafka is not typed
    """A batch that would be larger than the limit once it is unfolded."""


class BoundedCodecs:
    """Decoders that end at the limit. Each raises BatchTooLarge."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def gzip(self, payload: Payload) -> bytes:
        """Also of several members."""
        parts: list[bytes] = []
        rest = bytes(payload)
        room = self._limit
        while rest:
            unfolding = zlib.decompressobj(wbits=GZIP_WINDOW)
            part = unfolding.decompress(rest, room + 1)
            room -= len(part)
            self._check(self._limit - room)
            if not unfolding.eof:
                raise zlib.error("the stream has no end")
            parts.append(part)
            rest = unfolding.unused_data
        return b"".join(parts)

    def snappy(self, payload: Payload) -> bytes:
        """One block, or blocks as Java's library writes them."""
        data = bytes(payload)
        blocks = [data]
        if _is_xerial(data):
            blocks = list(_xerial_blocks(data))
        # each block says first how long it will be
        self._check(sum(cramjam.snappy.decompress_raw_len(block) for block in blocks))
        return b"".join(bytes(cramjam.snappy.decompress_raw(block)) for block in blocks)

    def lz4(self, payload: Payload) -> bytes:
        """Frames."""
        return self._into_room(cramjam.lz4.decompress_into, bytes(payload))

    def zstd(self, payload: Payload) -> bytes:
        """Frames."""
        return self._into_room(cramjam.zstd.decompress_into, bytes(payload))

    def _into_room(self, unfold: Callable[[bytes, bytearray], int], data: bytes) -> bytes:
        size = min(self._limit, max(FIRST_ROOM, FIRST_TIMES * len(data)))
        while True:
            room = bytearray(size)
            try:
                return bytes(room[: unfold(data, room)])
            except cramjam.DecompressionError as error:
                if not any(words in str(error) for words in NO_ROOM):
                    raise
            if size == self._limit:
                raise BatchTooLarge(f"more than {self._limit} bytes once unfolded")
            size = min(self._limit, size * FIRST_TIMES)

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise BatchTooLarge(f"more than {self._limit} bytes once unfolded")


def _is_xerial(data: bytes) -> bool:
    if len(data) < XERIAL.size:
        return False
    return XERIAL.unpack_from(data)[:8] == XERIAL_NAME


def _xerial_blocks(data: bytes) -> Iterator[bytes]:
    start = XERIAL.size
    while start < len(data):
        (length,) = BLOCK_SIZE.unpack_from(data, start)
        start += BLOCK_SIZE.size
        if length <= 0:
            raise ValueError("a block of no length")
        yield data[start : start + length]
        start += length


def bound_decompression(limit: int) -> None:
    """From now on no batch that this process reads from Kafka becomes larger than that."""
    codecs = BoundedCodecs(limit)
    decoders: dict[str, Decode] = {
        "gzip_decode": codecs.gzip,
        "snappy_decode": codecs.snappy,
        "lz4_decode": codecs.lz4,
        "zstd_decode": codecs.zstd,
    }
    modules: tuple[ModuleType, ...] = (
        default_records,
        legacy_records,
        plain_records,
        plain_legacy_records,
    )
    for module in modules:
        for name, decode in decoders.items():
            if hasattr(module, name):
                setattr(module, name, decode)
