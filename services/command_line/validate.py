"""`liaison validate`: check events offline, by the same code as the stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

import click

from services.command_line.event_lines import NotEvents, event_lines
from services.intake.faults import check

FAULTY, UNUSABLE = 1, 2


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """A file, or standard input for `-`."""
    if name == "-":
        yield click.get_binary_stream("stdin")
        return
    with Path(name).open("rb") as stream:
        yield stream


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="json: one fault a line.")
def validate(files: tuple[str, ...], form: str) -> None:
    """Check events in FILES (JSON, a JSON list, JSON lines; `-` for standard input).

    Says for each fault where it is, its JSON pointer, its stable code and the remedy. Exit 0 when all is well, 1 with
    faults, 2 when a file cannot be read as events.
    """
    events = faulty = 0
    for name in files:
        try:
            with opened(name) as stream:
                for line in event_lines(stream):
                    events += 1
                    found = check(line.body)
                    faulty += bool(found)
                    for fault in found:
                        if form == "json":
                            click.echo(json.dumps({"file": name, "line": line.number, **asdict(fault)}))
                        else:
                            click.echo(f"{name}:{line.number}: {fault.pointer or '/'} {fault.code}: {fault.message}")
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
