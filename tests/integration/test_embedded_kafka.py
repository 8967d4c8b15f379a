"""The embedded broker does what the product asks of Kafka."""

from __future__ import annotations

from aiokafka import TopicPartition

from services.runtime import kafka
from services.runtime.embedded.kafka import EmbeddedKafka


async def test_records_come_back_in_order_from_any_offset(embedded_kafka: EmbeddedKafka) -> None:
    await kafka.create_topics(embedded_kafka.bootstrap, {"feed.order": 1})
    await kafka.create_topics(embedded_kafka.bootstrap, {"feed.order": 1})
    producer = kafka.producer(embedded_kafka.bootstrap, idempotent=False)
    await producer.start()
    for number in range(5):
        await producer.send_and_wait("feed.order", str(number).encode())
    await producer.stop()
    place = TopicPartition("feed.order", 0)
    reader = kafka.reader(embedded_kafka.bootstrap)
    await reader.start()
    try:
        reader.assign([place])
        reader.seek(place, 2)
        seen: list[tuple[int, bytes]] = []
        while len(seen) < 3:
            for records in (await reader.getmany(place, timeout_ms=1000)).values():
                seen += [(record.offset, record.value) for record in records]
        assert seen == [(2, b"2"), (3, b"3"), (4, b"4")]
    finally:
        await reader.stop()
