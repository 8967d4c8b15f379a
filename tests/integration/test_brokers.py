"""Either broker does what the product asks of Kafka."""

from __future__ import annotations

from aiokafka import TopicPartition

from services.runtime import kafka as clients
from services.runtime.embedded.apache_kafka import ApacheKafka
from services.runtime.embedded.kafka import EmbeddedKafka


async def test_records_come_back_in_order_from_any_offset(
    kafka: EmbeddedKafka | ApacheKafka,
) -> None:
    await clients.create_topics(kafka.bootstrap, {"feed.order": 1})
    await clients.create_topics(kafka.bootstrap, {"feed.order": 1})
    producer = clients.producer(kafka.bootstrap, idempotent=isinstance(kafka, ApacheKafka))
    await producer.start()
    for number in range(5):
        await producer.send_and_wait("feed.order", str(number).encode())
    await producer.stop()
    place = TopicPartition("feed.order", 0)
    reader = clients.reader(kafka.bootstrap)
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
