"""`liaison publish`: send events to a feed, from files or from a city's dispatch log."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.envelope import encode
from schemas.registry import Feed, Registry, load_registry
from services.command_line.sending.checking import Checker, opened
from services.command_line.sending.event_lines import NotEvents, event_lines
from services.command_line.sending.sources import columbia, documents, san_francisco
from services.intake.faults import Fault
from services.intake.ordering import key_of
from services.runtime import kafka
from services.runtime.clock import SystemClock
from services.runtime.settings import Settings

SOURCES = {"columbia": columbia.events, "san-francisco": san_francisco.events}
FAULTY, UNUSABLE = 1, 2
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event to send, when (seconds after the first), to which topic, under which key."""

    after: float
    topic: str
    key: bytes | None
    body: bytes


def feed_of(event: dict[str, Any], registry: Registry, name: str | None) -> Feed:
    """The feed to send to: the one named, or the one on which the event's source is registered.
    UsageError if none.
    """
    if name is not None:
        if name not in registry.feeds_by_id:
            raise click.UsageError(
                f"feed {name} is not in the agency registry; it has {', '.join(registry.feeds_by_id)}"
            )
        return registry.feeds_by_id[name][1]
    for _, feed in registry.feeds_by_id.values():
        if event.get("source") in feed.sources:
            return feed
    raise click.UsageError(
        f"source {event.get('source')} is registered for no feed: name one with --feed"
    )


def _from_file(name: str, registry: Registry, feed: str | None) -> list[Outgoing]:
    checker = Checker(registry)
    outgoing: list[Outgoing] = []
    faulty = 0
    with opened(name) as stream:
        for line in event_lines(stream):
            # by the code of the stream, so that what is sent here is not refused there
            examined = checker.examine(line.body)
            _tell(f"{name}:{line.number}", examined.faults, examined.notes)
            if examined.event is None:
                faulty += 1
                continue
            event = json.loads(examined.document)
            topic = feed_of(event, registry, feed).topic
            outgoing.append(Outgoing(0.0, topic, key_of(event), line.body))
    if faulty:
        click.echo(f"{faulty} events have faults: nothing was sent", err=True)
        raise SystemExit(FAULTY)
    return outgoing


def _tell(place: str, faults: Iterable[Fault], notes: Iterable[Fault]) -> None:
    for word, remarks in (("fault", faults), ("note", notes)):
        for remark in remarks:
            sentence = f"{word} {remark.pointer or '/'} {remark.code}: {remark.message}"
            click.echo(f"{place}: {sentence}", err=True)
            click.echo(f"    remedy: {remark.remedy}", err=True)


def _from_log(
    source: str, data: Path, registry: Registry, speed: float, limit: int
) -> list[Outgoing]:
    now = SystemClock().now()
    played = list(itertools.islice(SOURCES[source](data, now), limit))
    if not played:
        raise click.UsageError(f"{data} holds no incidents")
    first = played[0][0]
    return [
        Outgoing(
            (at - first).total_seconds() / speed,
            registry.feeds_by_id[feed][1].topic,
            key_of(event),
            json.dumps(event).encode(),
        )
        for at, feed, event in played
    ]


def _from_documents(
    kind: str, data: Path, registry: Registry, feed: str | None, key: str
) -> tuple[list[Outgoing], int]:
    """The events of FHIR or HL7 v2 documents, and in how many of these something was wrong; each
    fault is named.
    """
    if feed is None or feed not in registry.feeds_by_id:
        raise click.UsageError(
            f"--source {kind} needs --feed, one of {', '.join(registry.feeds_by_id)}"
        )
    topic = registry.feeds_by_id[feed][1].topic
    outgoing: list[Outgoing] = []
    faulty = 0
    for document in documents.translated(
        kind, data, *registry.feeds_by_id[feed], key.encode(), SystemClock().now()
    ):
        faulty += bool(document.translated.faults)
        _tell(document.place, document.translated.faults, document.translated.notes)
        for event in document.translated.events:
            body = encode(event)
            outgoing.append(Outgoing(0.0, topic, key_of(json.loads(body)), body))
    return outgoing, faulty


async def _send(settings: Settings, outgoing: Iterable[Outgoing], progress: Any) -> None:
    producer: AIOKafkaProducer = kafka.producer_of(settings)
    try:
        await asyncio.wait_for(producer.start(), TIMEOUT_SECONDS)
        start = time.monotonic()
        sends = []
        for message in outgoing:
            if (wait := start + message.after - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            # not one after the other: a night of events would wait for a night of
            # answers
            sends.append(await producer.send(message.topic, message.body, key=message.key))
            progress(1)
        await asyncio.wait_for(asyncio.gather(*sends), TIMEOUT_SECONDS)
    except (KafkaError, OSError, TimeoutError) as error:
        raise click.ClickException(
            f"Kafka at {settings.kafka_bootstrap} (LIAISON_KAFKA_BOOTSTRAP) does not take the events: {error}"
        ) from error
    finally:
        await producer.stop()


@click.command()
@click.argument("file", required=False, type=click.Path(allow_dash=True))
@click.option(
    "--feed", help="Id of the feed; without it, the one on which the source is registered."
)
@click.option(
    "--source",
    type=click.Choice(sorted({*SOURCES, *documents.KINDS})),
    help="A city's dispatch log, or documents of another standard, instead of a file of events.",
)
@click.option(
    "--data",
    type=click.Path(exists=True, path_type=Path),
    help="Folder of the log; file or folder of documents.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1),
    default=1.0,
    show_default=True,
    help="Seconds of the log a second.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=10_000, show_default=True, help="Events at the most."
)
def publish(
    file: str | None,
    feed: str | None,
    source: str | None,
    data: Path | None,
    speed: float,
    limit: int,
) -> None:
    """Send the events of FILE (JSON, a list, JSON lines; `-` for standard input) to their feeds.

    All are checked first: with one fault nothing is sent (exit 1). `--source columbia --data DIR`
    plays real incidents of one city's police and ambulance as events of met-cad and las-cad, their
    times moved to now; `san-francisco` the calls of another's. Incidents are real; no person is in
    them. `--source fhir --data PATH --feed FEED` sends what FHIR R4 resources and Bundles say of
    people and their care, `hl7v2` what ADT messages say: what is wrong in one document is named
    (exit 1) and stops no other.
    """
    if (file is None) == (source is None):
        raise click.UsageError("give either FILE or --source")
    if source is not None and data is None:
        raise click.UsageError(
            "--source needs --data DIR, the folder of the dispatch log (or file or folder of the documents)"
        )
    settings = Settings()
    registry = load_registry(settings.registry_path)
    faulty = 0
    try:
        if file is not None:
            outgoing = _from_file(file, registry, feed)
        elif source in documents.KINDS and data is not None:
            outgoing, faulty = _from_documents(
                str(source), data, registry, feed, settings.pseudonym_key
            )
        elif source is not None and data is not None:
            if not data.is_dir():
                raise click.UsageError(f"--source {source} needs a folder in --data")
            outgoing = _from_log(source, data, registry, speed, limit)
    except (OSError, NotEvents) as error:
        click.echo(str(error), err=True)
        raise SystemExit(UNUSABLE) from error
    with click.progressbar(
        length=len(outgoing), label="Sending", file=click.get_text_stream("stderr")
    ) as bar:
        asyncio.run(_send(settings, outgoing, bar.update))
    click.echo(f"{len(outgoing)} events sent")
    # nothing sent is no success, whatever was in the file
    if not outgoing:
        raise SystemExit(FAULTY)
    if faulty:
        click.echo(f"{faulty} documents have faults: what they name was not sent", err=True)
        raise SystemExit(FAULTY)
