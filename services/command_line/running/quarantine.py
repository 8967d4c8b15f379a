"""`liaison quarantine`: what was rejected, and what becomes of it."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click

from schemas.registry import Registry, RegistryError, load_registry
from services.command_line.running.on_ledger import on_ledger
from services.identity.model import load_model
from services.intake.faults import Fault
from services.ledger import audit
from services.ledger.events.decoded import Decoded
from services.ledger.events.quarantine import Choice, Resolution, Waiting, resolve, waiting
from services.ledger.transaction import PostgresTransaction
from services.liaison.policy import PolicyError, load_policy
from services.orchestration.batch import Batch, read, take_in
from services.orchestration.parking import reason_of
from services.orchestration.settling import Settling
from services.runtime.clock import SystemClock
from services.runtime.postgres import Connection
from services.runtime.settings import Settings

# Records in one transaction at the most: the live path waits for the zone meanwhile.
PART = 100

F = TypeVar("F", bound=Callable[..., Any])


def _choosing(command: F) -> F:
    """The ways to say which records are meant."""
    instant = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])
    for option in (
        click.argument("numbers", nargs=-1, type=int, metavar="[NUMBER]..."),
        click.option("--feed", help="Of this feed."),
        click.option("--code", help="With this fault, e.g. value-not-in-set."),
        click.option("--since", type=instant, help="Received since, e.g. 2026-11-24T09:00Z."),
        click.option("--until", type=instant, help="Received before."),
    ):
        command = option(command)
    return command


_by = click.option(
    "--by", default=getpass.getuser, show_default="this account", help="Who does it, for the audit."
)


def _choice(
    numbers: tuple[int, ...],
    feed: str | None,
    code: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Choice:
    return Choice(numbers or None, feed, code, since, until)


@click.group()
def quarantine() -> None:
    """What was rejected at the door, or broke its handler, and waits. Nothing of it is deleted."""


@quarantine.command("list")
@_choosing
@click.option("--limit", default=200, show_default=True, help="So many lines at the most.")
def list_(limit: int, **selection: Any) -> None:
    """One line a record, the oldest first: never what is in it."""

    async def find(connection: Connection) -> list[Waiting]:
        return await waiting(connection, _choice(**selection), limit)

    lines = on_ledger(find)
    for line in lines:
        place = f"{line.record.topic}[{line.record.partition}]@{line.record.offset}"
        click.echo(
            f"{line.number}\t{line.received_at:%Y-%m-%d %H:%M:%S} UTC\t{line.feed}\t{line.code}"
            f"\t{line.pointer or '/'}\t{place}"
        )
    if not lines:
        click.echo("nothing waits")


@quarantine.command()
@click.argument("number", type=int)
@_by
def show(number: int, by: str) -> None:
    """One record, with what is in it: the audit says who looked."""

    async def look(connection: Connection) -> Waiting | None:
        lines = await waiting(connection, Choice((number,)), 1)
        for line in lines:
            await _write(connection, "quarantine.show", by, line, SystemClock().now())
            return line
        return None

    line = on_ledger(look)
    if line is None:
        raise click.ClickException(f"{number} does not wait; see `liaison quarantine list`")
    click.echo(f"{line.feed}: {line.code} at {line.pointer or '/'}; {line.remedy}")
    for name, value in line.record.headers:
        click.echo(f"{name}: {value.decode(errors='replace')}")
    click.echo((line.record.body or b"").decode(errors="replace"))


@quarantine.command()
@_choosing
@_by
def replay(by: str, **selection: Any) -> None:
    """Bring them through the same door again, the oldest first. What is still refused waits on; exit
    1 where something does."""
    choice = _some(**selection)
    registry, settling = _parts()
    counts: Counter[str] = Counter()
    for part in _in_parts(on_ledger(lambda connection: waiting(connection, choice, 100_000))):
        numbers = tuple(line.number for line in part)

        async def act(
            connection: Connection, numbers: tuple[int, ...] = numbers
        ) -> tuple[list[str], Counter[str]]:
            return await _replay(connection, registry, settling, numbers, by)

        sentences, done = on_ledger(act)
        counts += done
        for sentence in sentences:
            click.echo(sentence)
    click.echo(f"{counts['taken in']} taken in, {counts['refused']} still refused")
    if counts["refused"]:
        raise SystemExit(1)


@quarantine.command()
@_choosing
@_by
def discard(by: str, **selection: Any) -> None:
    """Say of them that they never will be taken in. They stay in the ledger and are listed no more."""
    choice = _some(**selection)

    async def act(connection: Connection) -> int:
        lines = await waiting(connection, choice, 100_000)
        await _resolve(connection, lines, "discarded", by, SystemClock().now())
        return len(lines)

    click.echo(f"{on_ledger(act)} discarded")


def _some(**selection: Any) -> Choice:
    """A choice that was made: never all that waits, by a slip."""
    choice = _choice(**selection)
    if choice == Choice():
        raise click.UsageError("say which: their numbers, or --feed, --code, --since, --until")
    return choice


def _parts() -> tuple[Registry, Settling]:
    """What the stream judges by, from the same settings."""
    settings = Settings()
    try:
        registry = load_registry(settings.registry_path)
        policy = load_policy(settings.policy_path)
    except (RegistryError, PolicyError) as error:
        raise click.ClickException(str(error)) from error
    model = load_model(settings.identity_model_path)
    return registry, Settling(registry, policy, model=model)


def _in_parts(lines: Sequence[Waiting]) -> list[Sequence[Waiting]]:
    return [lines[first : first + PART] for first in range(0, len(lines), PART)]


async def _replay(
    connection: Connection,
    registry: Registry,
    settling: Settling,
    numbers: tuple[int, ...],
    by: str,
) -> tuple[list[str], Counter[str]]:
    """What is to be said of those that are still refused or could not be judged, and the counts."""
    transaction = PostgresTransaction(connection, registry, Decoded(registry))
    await transaction.lock_zone()
    now = SystemClock().now()
    # read again under the lock: another operator may have been quicker
    lines = await waiting(connection, Choice(numbers), PART)
    readable = [
        line
        for line in lines
        if line.record.topic in registry.feeds_by_topic and line.is_of_this_log
    ]
    batch = read([line.record for line in readable], registry, now)
    faults = {(q.topic, q.partition, q.offset): q.rejected.fault for q in batch.quarantined}
    outcome = await take_in(transaction, settling, Batch(batch.located), now, replayed=True)
    accepted = {(entry.topic, entry.partition, entry.offset) for entry in batch.located}
    mended = [line for line in readable if _place(line) in accepted - outcome.rejected_at]
    await _resolve(connection, mended, "replayed", by, now)
    sentences = []
    for line in lines:
        if line not in mended:
            fault = faults.get(_place(line))
            sentences.append(f"{line.number} is still refused: {_why(line, fault)}")
    sentences += [f"a crisis is parked: {reason_of(error)}" for error in outcome.settled.failures]
    return sentences, Counter({"taken in": len(mended), "refused": len(lines) - len(mended)})


def _place(line: Waiting) -> tuple[str, int, int]:
    return line.record.topic, line.record.partition, line.record.offset


async def _resolve(
    connection: Connection, lines: Sequence[Waiting], resolution: Resolution, by: str, now: datetime
) -> None:
    await resolve(connection, [line.number for line in lines], resolution, by, now)
    for line in lines:
        await _write(connection, f"quarantine.{resolution}", by, line, now)


async def _write(
    connection: Connection, action: str, actor: str, line: Waiting, now: datetime
) -> None:
    detail = {"feed": line.feed, "code": line.code}
    await audit.write(connection, action, actor, f"rejection {line.number}", detail, now)


def _why(line: Waiting, fault: Fault | None) -> str:
    if fault is not None:
        return fault.code
    if not line.is_of_this_log:
        return "its topic was created anew since; have it sent again"
    return "its topic is in no registry, or its id is another event's"
