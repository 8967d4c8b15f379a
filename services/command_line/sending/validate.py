"""`liaison validate`: check events offline, by the same code as the stream."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from schemas.registry import RegistryError, load_registry
from services.command_line.sending.checking import Checker, opened
from services.command_line.sending.event_lines import NotEvents, event_lines
from services.intake.examine import Examined

FAULTY, UNUSABLE = 1, 2


def _checker(name: str | None, path: Path | None) -> Checker:
    try:
        registry = load_registry(path)
    except RegistryError as error:
        raise click.BadParameter(str(error), param_hint="--registry") from error
    if name is None:
        return Checker(registry)
    if name not in registry.feeds_by_id:
        raise click.BadParameter(
            f"{name} is not a feed of the agency registry", param_hint="--feed"
        )
    return Checker(registry, registry.feeds_by_id[name][1])


def _tell(place: str, number: int, examined: Examined, form: str) -> None:
    """Each fault, and each note of what would be left out."""
    for severity, remarks in (("fault", examined.faults), ("note", examined.notes)):
        for remark in remarks:
            if form == "json":
                line = {"file": place, "line": number, "severity": severity, **asdict(remark)}
                click.echo(json.dumps(line))
                continue
            sentence = f"{remark.pointer or '/'} {remark.code}: {remark.message}"
            if severity == "note":
                sentence = f"note: {sentence}; left out, the event counts"
            click.echo(f"{place}:{number}: {sentence}")
            click.echo(f"    remedy: {remark.remedy}")


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

    Says for each fault where it is, its JSON pointer, its stable code and the remedy; and for each
    note what would be left out of an event that counts. Exit 0 when all would be taken, 1 with
    faults, 2 when a file cannot be read as events.
    """
    checker = _checker(feed, registry)
    events = faulty = noted = 0
    for name in files:
        try:
            with opened(name) as stream:
                for line in event_lines(stream):
                    events += 1
                    examined = checker.examine(line.body)
                    faulty += bool(examined.faults)
                    noted += bool(examined.notes) and not examined.faults
                    _tell(name, line.number, examined, form)
        except OSError as error:
            click.echo(f"{name} cannot be read: {error.strerror}", err=True)
            raise SystemExit(UNUSABLE) from error
        except NotEvents as error:
            click.echo(f"{name}: {error}", err=True)
            raise SystemExit(UNUSABLE) from error
    if form == "text":
        click.echo(f"{events} events, {faulty} with faults, {noted} of which something is left out")
    if faulty:
        raise SystemExit(FAULTY)
