"""`liaison backtest`: what a candidate policy would have made of history."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import click
from pydantic import ValidationError

from schemas.envelope import decode
from schemas.london_time import LONDON
from schemas.received import Received
from schemas.registry import Registry, RegistryError, load_registry
from schemas.scenario import ScenarioError, load_scenario
from services.command_line.sending.event_lines import NotEvents, event_lines
from services.ledger.events.store import history
from services.liaison.policy import PolicyError, load_policy
from services.runtime.settings import Settings
from services.simulation.backtest import Difference, Moved, Raised, Run, difference, run_history
from services.simulation.replay import arrivals, received

DIFFERENT, UNUSABLE = 1, 2
CONNECT_SECONDS, QUERY_SECONDS = 10.0, 300.0


class Unusable(click.ClickException):
    """History that cannot be read."""

    exit_code = UNUSABLE


def _scenario(path: Path, registry: Registry) -> list[Received]:
    try:
        return [received(arrival, registry) for arrival in arrivals(load_scenario(path), registry)]
    except ScenarioError as error:
        raise Unusable(f"{path}: {error}") from error


def _events(path: Path, registry: Registry) -> Iterator[Received]:
    """Events of a file, received at the instant they happened: the file does not say when."""
    by_source = {
        source: (agency, feed)
        for agency in registry.agencies
        for feed in agency.feeds
        for source in feed.sources
    }
    try:
        with closing(path.open("rb")) as stream:
            for line in event_lines(stream):
                try:
                    event = decode(line.body)
                except ValidationError as error:
                    raise Unusable(
                        f"{path}:{line.number}: not a valid event; see `liaison validate {path}`"
                    ) from error
                if event.source not in by_source:
                    raise Unusable(
                        f"{path}:{line.number}: source {event.source} is not in the agency registry"
                    )
                agency, feed = by_source[event.source]
                yield Received(event, agency.id, agency.kind, feed.id, event.time)
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}") from error
    except NotEvents as error:
        raise Unusable(f"{path}: {error}") from error


async def _from_ledger(
    registry: Registry, since: datetime | None, until: datetime | None
) -> list[Received]:
    connection = await asyncpg.connect(
        Settings().postgres_dsn, timeout=CONNECT_SECONDS, command_timeout=QUERY_SECONDS
    )
    try:
        return await history(connection, registry, since, until)
    finally:
        await connection.close(timeout=CONNECT_SECONDS)


def _instant(_: click.Context, __: click.Parameter, value: datetime | None) -> datetime | None:
    if value is None:
        return None
    return value.replace(tzinfo=LONDON).astimezone(UTC)


def _within(
    events: list[Received], since: datetime | None, until: datetime | None
) -> list[Received]:
    return [
        record
        for record in events
        if (since is None or record.received_at >= since)
        and (until is None or record.received_at < until)
    ]


@click.command()
@click.option(
    "--policy",
    "policy_file",
    required=True,
    type=click.Path(path_type=Path),
    help="The candidate policy.",
)
@click.option(
    "--live",
    "live_file",
    type=click.Path(path_type=Path),
    help="The live policy; the shipped one without.",
)
@click.option(
    "--events",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="File of events (JSON, a list, JSON lines) or a scenario (.yaml); may be given several times.",
)
@click.option("--ledger", is_flag=True, help="History from the PostgreSQL of the settings.")
@click.option(
    "--since", type=click.DateTime(), callback=_instant, help="From then on, by London's clock."
)
@click.option(
    "--until", type=click.DateTime(), callback=_instant, help="Before then, by London's clock."
)
@click.option(
    "--registry", "registry_file", type=click.Path(path_type=Path), help="Agency registry file."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document for machines.")
def backtest(
    policy_file: Path,
    live_file: Path | None,
    files: tuple[Path, ...],
    ledger: bool,
    since: datetime | None,
    until: datetime | None,
    registry_file: Path | None,
    as_json: bool,
) -> None:
    """Run history through the live and a candidate policy and print the difference.

    Alerts gained, lost, earlier and later, and the load per desk. Feeds are taken to be well
    throughout. Each scenario is a history of its own. Exit 0 where nothing differs, 1 where
    something does, 2 where history or policy cannot be used.
    """
    # one of the two, and neither both nor none
    if bool(files) == ledger:
        raise click.UsageError("give history: either --events FILE or --ledger")
    try:
        registry = load_registry(registry_file)
        live_policy, candidate_policy = load_policy(live_file), load_policy(policy_file)
    except (PolicyError, RegistryError) as error:
        raise Unusable(str(error)) from error
    if ledger:
        try:
            histories = {"ledger": asyncio.run(_from_ledger(registry, since, until))}
        except (OSError, asyncpg.PostgresError) as error:
            raise Unusable(
                f"the ledger cannot be read: {error}; check LIAISON_POSTGRES_DSN"
            ) from error
    else:
        scenarios = [file for file in files if file.suffix in (".yaml", ".yml")]
        histories = {file.name: _scenario(file, registry) for file in scenarios}
        if plain := [file for file in files if file not in scenarios]:
            histories["events"] = [r for file in plain for r in _events(file, registry)]
    histories = {name: _within(events, since, until) for name, events in histories.items()}
    results: dict[str, Any] = {}
    # each event runs through both policies
    length = 2 * sum(map(len, histories.values()))
    with click.progressbar(
        length=length, label="Running", file=click.get_text_stream("stderr")
    ) as bar:
        for name, events in histories.items():
            live = run_history(events, registry, live_policy, bar.update)
            candidate = run_history(events, registry, candidate_policy, bar.update)
            results[name] = (len(events), live, candidate, difference(live, candidate))
    if as_json:
        click.echo(
            json.dumps({name: as_document(*result) for name, result in results.items()}, indent=1)
        )
    else:
        for name, result in results.items():
            print_difference(name, *result)
    raise SystemExit(
        DIFFERENT if any(difference.any for _, _, _, difference in results.values()) else 0
    )


def _raised(alert: Raised) -> dict[str, Any]:
    return {
        "rule": alert.rule,
        "key": alert.key,
        "at": alert.at.isoformat(),
        "desks": list(alert.desks),
    }


def _moved(moved: Moved) -> dict[str, Any]:
    return {
        **_raised(moved.candidate),
        "was": moved.live.at.isoformat(),
        "by_seconds": moved.by.total_seconds(),
    }


def as_document(
    count: int, live: Run, candidate: Run, difference: Difference, unit: str = "events"
) -> dict[str, Any]:
    """A difference in JSON values."""
    return {
        unit: count,
        "same": difference.same,
        "gained": [_raised(alert) for alert in difference.gained],
        "lost": [_raised(alert) for alert in difference.lost],
        "earlier": [_moved(move) for move in difference.earlier],
        "later": [_moved(move) for move in difference.later],
        "load": {
            side: {
                desk: {
                    "alarms": load.alarms,
                    "most_in_an_hour": load.most_in_an_hour,
                    "most_in_ten_minutes": load.most_in_ten_minutes,
                    "manageable": load.manageable,
                }
                for desk, load in run.load.items()
            }
            for side, run in (("live", live), ("candidate", candidate))
        },
    }


def print_difference(
    name: str, count: int, live: Run, candidate: Run, difference: Difference, unit: str = "events"
) -> None:
    """A difference for people."""
    click.secho(f"{name}: {count} {unit}", bold=True)
    for label, alerts in (("gained", difference.gained), ("lost", difference.lost)):
        for alert in alerts:
            click.echo(
                f"  {label:8} {alert.rule} at {alert.at.astimezone(LONDON):%d %b %H:%M:%S} to {', '.join(alert.desks)}"
            )
    for label, moves in (("earlier", difference.earlier), ("later", difference.later)):
        for move in moves:
            at = move.candidate.at.astimezone(LONDON)
            click.echo(
                f"  {label:8} {move.candidate.rule} at {at:%d %b %H:%M:%S}, by {abs(move.by)}"
            )
    click.echo(
        f"  {difference.same} the same, {len(difference.gained)} gained, {len(difference.lost)} lost,"
        f" {len(difference.earlier)} earlier, {len(difference.later)} later"
    )
    for desk in sorted({*live.load, *candidate.load}):
        was, new = (run.load.get(desk) for run in (live, candidate))
        counts = " → ".join(
            "0" if load is None else f"{load.alarms} ({load.most_in_an_hour}/h)"
            for load in (was, new)
        )
        warning = "  more than a person can manage"
        if new is None or new.manageable:
            warning = ""
        click.echo(f"  {desk}: {counts} alarms{warning}")
