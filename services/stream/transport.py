"""Faust's Kafka transport with the one thing its settings do not offer: how long a fetch may wait
at the broker.

Faust 0.15.3 fixes it at 1.5 s. A broker that answers a waiting fetch when a record comes (Apache
Kafka) is quick with any value; the embedded one lets some fetches over several topics wait to the
end (measured: up to the whole time).
"""

from __future__ import annotations

from typing import Any

import faust
from faust.transport.drivers import aiokafka as driver


def with_fetch_wait(app: faust.App, seconds: float) -> None:
    """Have the application's consumer let its fetches wait this long and no longer. Call before the
    app starts.
    """

    class Thread(driver.AIOKafkaConsumerThread):
        def _create_worker_consumer(self, transport: Any) -> Any:
            consumer = super()._create_worker_consumer(transport)
            consumer._fetch_max_wait_ms = round(seconds * 1000)
            return consumer

    class Consumer(driver.Consumer):
        def _new_consumer_thread(self) -> Any:
            return Thread(self, loop=self.loop, beacon=self.beacon)

    class Transport(driver.Transport):
        pass

    Transport.Consumer = Consumer
    app.transport = Transport(app.conf.broker_consumer, app)
