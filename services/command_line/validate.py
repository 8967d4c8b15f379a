"""`liaison validate`: check events offline, by the same code as the stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import click

from schemas.registry import Agency, Feed, RegistryError, load_registry
from services.command_line.event_lines import NotEvents, event_lines
from services.intake.accept import Rejected, accept
from services.intake.faults import Fault, check

FAULTY, UNUSABLE = 1, 2


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """A file, or standard input for `-`."""
    if name == "-":
        yield click.get_binary_stream("stdin")
        return
    with Path(name).open("rb") as stream:
        yield stream


def _feed(name: str | None, registry: Path | None) -> tuple[Agency, Feed] | None:
    if name is None:
        return None
    try:
        feeds = load_registry(registry).feeds_by_id
    except RegistryError as error:
        raise click.BadParameter(str(error), param_hint="--registry") from error
    if name not in feeds:
        raise click.BadParameter(
            f"{name} is not a feed of the agency registry", param_hint="--feed"
        )
    return feeds[name]


def _faults(body: bytes, feed: tuple[Agency, Feed] | None) -> list[Fault]:
    found = check(body)
    if found or feed is None:
        return found
    answer = accept(body, (), *feed, datetime.now(UTC))
    return [answer.fault] if isinstance(answer, Rejected) else []


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: one fault a line.",
)
@click.option(
    "--feed",
    help="Id of the feed they are for: also checks that their source is registered for it.",
)
@click.option(
    "--registry",
    type=click.Path(path_type=Path),
    help="Agency registry file; the shipped London without it.",
)
def validate(files: tuple[str, ...], form: str, feed: str | None, registry: Path | None) -> None:
    """Check events in FILES (JSON, a JSON list, JSON lines; `-` for standard input).

    Says for each fault where it is, its JSON pointer, its stable code and the remedy. Exit 0 when all is well, 1 with
    faults, 2 when a file cannot be read as events.
    """
    sender = _feed(feed, registry)
    events = faulty = 0
    for name in files:
        try:
            with opened(name) as stream:
                for line in event_lines(stream):
                    events += 1
                    found = _faults(line.body, sender)
                    faulty += bool(found)
                    for fault in found:
                        if form == "json":
                            click.echo(
                                json.dumps({"file": name, "line": line.number, **asdict(fault)})
                            )
                        else:
                            click.echo(
                                f"{name}:{line.number}: {fault.pointer or '/'} {fault.code}: {fault.message}"
                            )
                            click.echo(f"    remedy: {fault.remedy}")
        except OSError as error:
            click.echo(f"{name} cannot be read: {error.strerror}", err=True)
            raise SystemExit(UNUSABLE) from error
        except NotEvents as error:
            click.echo(f"{name}: {error}", err=True)
            raise SystemExit(UNUSABLE) from error
    if form == "text":
        click.echo(f"{events} events, {faulty} with faults")
    raise SystemExit(FAULTY if faulty else 0)
