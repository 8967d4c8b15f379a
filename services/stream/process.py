"""The worker's process: it waits for Kafka before it starts, and ends in time whoever is away."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import threading
from contextlib import suppress

import faust
from aiokafka.errors import KafkaError

from services.runtime import kafka
from services.runtime.health import HealthServer
from services.runtime.kafka_security import security
from services.runtime.logging import logger
from services.runtime.settings import Settings
from services.stream.app import StreamWorker
from services.stream.decompression import bound_decompression

RETRY_SECONDS = 1.0
STOP_SECONDS = 8.0
"""Service managers kill after ten. Nothing is lost by an end in the middle: what counts is in a
transaction of the ledger or is read again.
"""


class _Worker(faust.Worker):
    def __init__(self, app: faust.App) -> None:
        super().__init__(app, loglevel="WARN", override_logging=False, console_port=0, quiet=True)
        self._scratch = str(app.conf.datadir)

    def _schedule_shutdown(self, number: signal.Signals) -> None:
        timer = threading.Timer(STOP_SECONDS, self._end_now)
        timer.daemon = True
        timer.start()
        super()._schedule_shutdown(number)

    def _end_now(self) -> None:
        """The consumer says goodbye to a group that does not answer: go without."""
        logger().warning("stream.ended_at_once")
        shutil.rmtree(self._scratch, ignore_errors=True)
        os._exit(0)


def run_worker(settings: Settings) -> None:
    """Run until a signal ends it. Never returns."""
    bound_decompression(settings.batch_bytes_max)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    if not loop.run_until_complete(_kafka_answers(settings)):
        logger().info("stream.stopped")
        sys.exit(0)
    sys.exit(_Worker(StreamWorker(settings).app).execute_from_commandline())


async def _kafka_answers(settings: Settings) -> bool:
    """Wait for a broker, and say meanwhile that this is what is waited for. False: a signal came."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    health = HealthServer("stream", settings.metrics_host, settings.metrics_port, {"kafka": _away})
    await health.start()
    waits = False
    try:
        while not stop.is_set():
            try:
                await kafka.ask(settings.kafka_bootstrap, security(settings))
                return True
            except (KafkaError, OSError) as error:
                if not waits:
                    logger().error("kafka.away", error=type(error).__name__)
                waits = True
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RETRY_SECONDS)
        return False
    finally:
        await health.stop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _away() -> str | None:
    return "no Kafka broker answers"
