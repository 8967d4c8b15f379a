"""`liaison demo`: everything on this machine, and the worked example plays on a control-room
screen.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import click
from aiokafka import AIOKafkaProducer

from schemas.envelope import encode
from schemas.events import TYPE_PREFIX
from schemas.london_time import LONDON
from schemas.registry import Registry
from schemas.scenario import Scenario, load_scenario
from services.command_line.measuring.load import ordinary
from services.command_line.running.stack import Stack
from services.ledger.events.store import cursors
from services.runtime import kafka
from services.runtime.settings import Settings
from services.simulation.replay import arrivals

# One man's afternoon among fifteen crises: what a desk has before it, not one case by itself.
PLAYED = Path(__file__).parents[3] / "tests" / "scenarios" / "demo" / "fifteen-crises.yaml"
# The desk that the printed address opens; who sits there is nobody.
DESK, INITIALS = "las-mental-health", "AB"
# Of wall clock.
HEARTBEAT_SECONDS = 3.0
# Of wall clock: between the address and the beginning of the story.
TIME_TO_OPEN = timedelta(seconds=8)
# An ordinary incident each so many minutes of the played day.
ORDINARY_EVERY = timedelta(minutes=2)


@click.command()
@click.option(
    "--speed",
    type=click.FloatRange(1, 60),
    default=20,
    show_default=True,
    help="Played minutes a minute.",
)
@click.option(
    "--scenario",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another scenario file.",
)
@click.option(
    "--once", is_flag=True, help="End when the story has ended, instead of waiting for Ctrl-C."
)
def demo(speed: float, scenario: Path | None, once: bool) -> None:
    """Play an afternoon of London: one man's crisis in three agencies' systems, among fourteen
    others and ordinary incidents.

    Everything runs on this machine with embedded servers; nothing is kept. People are synthetic.
    """
    path = scenario or PLAYED
    if not path.exists():
        raise click.UsageError(
            "the story is in the checkout: give another one with --scenario FILE"
        )
    played = load_scenario(path)
    click.echo("Starting PostgreSQL, Kafka and the services …")
    environment = {"LIAISON_LOG_LEVEL": "error"}
    with TemporaryDirectory() as folder:
        begins = Path(folder) / "begins"
        clock = f"started|{played.start.isoformat()}|{speed}|{begins}"
        with Stack(Settings(), played.start, clock, environment=environment) as stack:
            stack.wait_until_ready()
            address = f"{stack.console}/?desk={DESK}&initials={INITIALS}"
            click.echo(f"Open {address} and press Open the desk: the ambulance service's board.")
            click.echo(f"{played.title}. {speed:g} minutes of it pass in one. Ctrl-C ends it.")
            try:
                anchor = _begin(begins)
                asyncio.run(_play(stack, path, speed, anchor))
                click.echo("The story has ended; the screen stays until Ctrl-C.")
                # the story is over, and the feeds go on living: otherwise every
                # screen would turn to a feed that is silent
                while not once:
                    asyncio.run(_hold(stack, played, speed, anchor))
            except KeyboardInterrupt:
                click.echo("Stopping …")


def _begin(file: Path) -> datetime:
    """Let the services' clocks run, all from one instant: a story begins when everything is ready
    for it.
    """
    anchor = datetime.now(UTC) + TIME_TO_OPEN
    whole = file.with_suffix(".new")
    whole.write_text(anchor.isoformat())
    # a service that looks at it meanwhile must not read half of it
    whole.rename(file)
    return anchor


def _heartbeat(registry: Registry, feed: str, at: datetime) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(uuid.uuid4()),
            "source": registry.feeds_by_id[feed][1].sources[0],
            "type": f"{TYPE_PREFIX}feed.heartbeat.v1",
            "time": at.isoformat(),
            "data": {},
        }
    ).encode()


async def _hold(stack: Stack, played: Scenario, speed: float, anchor: datetime) -> None:
    """Keep the feeds alive, during the story and after it: each says that it lives, at its time. The
    services count a silence by the story's clock: the faster it runs, the sooner the next sign."""
    statements = (*played.known, *played.events)
    feeds = tuple(sorted({"met-cad", "las-cad", *(statement.feed for statement in statements)}))
    producer = kafka.producer(stack.kafka_bootstrap, idempotent=not stack.embedded_kafka)
    await producer.start()
    try:
        while stack.ended() is None:
            at = played.start + (datetime.now(UTC) - anchor) * speed
            await _beat(producer, stack.registry, feeds, at)
            await asyncio.sleep(min(HEARTBEAT_SECONDS, 30 / speed))
    finally:
        await producer.stop()


async def _beat(
    producer: AIOKafkaProducer, registry: Registry, feeds: tuple[str, ...], at: datetime
) -> None:
    for feed in feeds:
        await producer.send_and_wait(
            registry.feeds_by_id[feed][1].topic, _heartbeat(registry, feed, at)
        )


async def _play(stack: Stack, path: Path, speed: float, anchor: datetime) -> None:
    """Send everything at its time, and return when the worker has taken it all, however slow the
    machine is.
    """
    scenario = load_scenario(path)
    registry = stack.registry
    end = scenario.instant(scenario.until)
    chance = random.Random(7)  # noqa: S311  # a background to look at, the same every time
    steps: list[tuple[datetime, str, bytes, str]] = [
        (
            arrival.at,
            arrival.feed,
            encode(arrival.event),
            arrival.event.type.removeprefix(TYPE_PREFIX),
        )
        for arrival in arrivals(scenario, registry)
    ]
    for number in itertools.count():
        begun = scenario.start + number * ORDINARY_EVERY
        if begun >= end:
            break
        # a night has other calls too: what raises nothing is part of the picture
        for minute, (feed, _, event) in enumerate(ordinary(number, begun, chance)):
            at = begun + timedelta(seconds=40 * minute)
            event["time"] = at.isoformat()
            steps.append((at, feed, json.dumps(event).encode(), ""))
    producer = kafka.producer(stack.kafka_bootstrap, idempotent=not stack.embedded_kafka)
    await producer.start()
    # beside the events: however slow the machine is, the feeds live
    living = asyncio.create_task(_hold(stack, scenario, speed, anchor))
    ends: dict[tuple[str, int], int] = {}
    try:
        for at, feed, body, sentence in sorted(steps, key=lambda step: step[0]):
            due = anchor + (at - scenario.start) / speed
            await asyncio.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds()))
            sent = await producer.send_and_wait(registry.feeds_by_id[feed][1].topic, body)
            # what Kafka has is not yet taken: the story ends when the ledger has it
            ends[sent.topic, sent.partition] = sent.offset + 1
            if sentence:
                agency = registry.feeds_by_id[feed][0].name
                click.echo(
                    f"  {at.astimezone(LONDON):%H:%M:%S}  {agency}: {sentence.removesuffix('.v1')}"
                )
        await _taken(stack, ends)
    finally:
        living.cancel()
        await producer.stop()


async def _taken(stack: Stack, ends: dict[tuple[str, int], int]) -> None:
    """Wait until the ledger has every event before these ends. Raises ClickException where a
    service has ended.
    """
    connection = await asyncpg.connect(stack.postgres_dsn)
    try:
        while True:
            positions = await cursors(connection)
            if all(positions.get(place, 0) >= end for place, end in ends.items()):
                return
            ended = stack.ended()
            if ended is not None:
                raise click.ClickException(ended)
            await asyncio.sleep(0.1)
    finally:
        await connection.close()
