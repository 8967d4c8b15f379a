"""`liaison feeds`: which feeds are stopped and why, and letting them go on."""

from __future__ import annotations

import getpass
from datetime import timedelta

import click

from schemas.registry import Registry, RegistryError, load_registry
from services.command_line.running.on_ledger import on_ledger
from services.ledger import audit
from services.ledger.events import logs
from services.ledger.events.decoded import Decoded
from services.ledger.transaction import PostgresTransaction
from services.orchestration.feeds import resume_feeds
from services.runtime.clock import SystemClock
from services.runtime.postgres import Connection
from services.runtime.settings import Settings

SHOWN_FOR = timedelta(days=7)


def _registry() -> Registry:
    try:
        return load_registry(Settings().registry_path)
    except RegistryError as error:
        raise click.ClickException(str(error)) from error


@click.group()
def feeds() -> None:
    """Feeds that are stopped, each alone, and what became of their logs in Kafka."""


@feeds.command("list")
def list_() -> None:
    """Every stopped feed and why, the logs that became another one, and what was never read; exit 1
    where one is stopped."""
    registry, now = _registry(), SystemClock().now()

    async def read(connection: Connection) -> tuple[list[str], list[str]]:
        states = await PostgresTransaction(connection, registry, Decoded(registry)).feed_states()
        stopped = [
            f"{state.feed}\tstopped {state.stopped_at:%Y-%m-%d %H:%M:%S} UTC\t{state.stopped_reason}"
            for state in states.values()
            if state.stopped_at is not None
        ]
        changed = [
            f"{row['topic']}[{row['partition']}]\t{row['kind']} {row['noticed_at']:%Y-%m-%d %H:%M:%S}"
            f" UTC\tread before up to {row['former_offset']}, read anew from {row['next_offset']}"
            for row in await logs.changes_since(connection, now - SHOWN_FOR)
        ]
        skipped = [
            f"{row['topic']}[{row['partition']}]\tnot read {row['recorded_at']:%Y-%m-%d %H:%M:%S} UTC"
            f"\toffsets {row['first_offset']} to {row['next_offset'] - 1}: {row['reason']}"
            for row in await logs.skips_since(connection, now - SHOWN_FOR)
        ]
        return sorted(stopped), [*changed, *skipped]

    stopped, others = on_ledger(read)
    for line in [*stopped, *others]:
        click.echo(line)
    if stopped:
        raise SystemExit(1)
    click.echo("no feed is stopped")


@feeds.command()
@click.argument("feed")
@click.option(
    "--accept-loss",
    is_flag=True,
    help="Go on without records that Kafka deleted unread, or that no release can decode.",
)
@click.option(
    "--by",
    default=getpass.getuser,
    show_default="this account",
    help="Who asks for it, for the audit.",
)
def resume(feed: str, accept_loss: bool, by: str) -> None:
    """Have the workers read FEED again from where it was stopped; none of its records is skipped."""
    registry, now = _registry(), SystemClock().now()
    if feed not in registry.feeds_by_id:
        raise click.UsageError(f"{feed} is no feed of the registry")

    async def act(connection: Connection) -> bool:
        transaction = PostgresTransaction(connection, registry, Decoded(registry))
        await transaction.lock_zone()
        state = (await transaction.feed_states()).get(feed)
        if state is None or state.stopped_at is None:
            return False
        if accept_loss:
            await logs.accept_loss(connection, feed, by, now)
        await resume_feeds(transaction, [feed])
        await transaction.set_deadlines("feed", {feed: now})
        detail = {"reason": state.stopped_reason, "accept_loss": accept_loss}
        await audit.write(connection, "feed.resumed", by, feed, detail, now)
        return True

    if not on_ledger(act):
        raise click.ClickException(f"{feed} is not stopped; see `liaison feeds list`")
    click.echo(f"{feed} goes on")
