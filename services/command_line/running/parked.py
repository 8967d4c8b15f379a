"""`liaison parked`: the crises that cannot be judged, why, and trying them again."""

from __future__ import annotations

import getpass

import click

from schemas.registry import RegistryError, load_registry
from services.command_line.running.on_ledger import on_ledger
from services.ledger.crises.parked import ParkedLine, have_tried_again, parked_lines
from services.runtime.clock import SystemClock
from services.runtime.postgres import Connection
from services.runtime.settings import Settings


def _zone() -> str:
    try:
        return load_registry(Settings().registry_path).zone
    except RegistryError as error:
        raise click.ClickException(str(error)) from error


@click.group()
def parked() -> None:
    """Crises that cannot be judged. Each is set aside alone; its alerts stand, rule R31 tells its desks."""


@parked.command("list")
def list_() -> None:
    """Every parked crisis, the one that has waited longest first; exit 1 where there is one."""

    async def read(connection: Connection) -> list[ParkedLine]:
        return await parked_lines(connection, _zone())

    lines = on_ledger(read)
    for line in lines:
        row = line.parked
        click.echo(
            f"{row.crisis_id}\tsince {row.since:%Y-%m-%d %H:%M:%S} UTC\t{row.reason}"
            f"\ttried {row.tries} times, again at {row.again_at:%H:%M:%S} UTC"
            f"\t{' '.join(line.incidents)}"
        )
    if lines:
        raise SystemExit(1)
    click.echo("every crisis can be judged")


@parked.command()
@click.argument("crises", nargs=-1, metavar="[CRISIS]...")
@click.option("--all", "every", is_flag=True, help="All that are parked.")
@click.option(
    "--by",
    default=getpass.getuser,
    show_default="this account",
    help="Who asks for it, for the audit.",
)
def retry(crises: tuple[str, ...], every: bool, by: str) -> None:
    """Have the worker try each CRISIS again at once, as `liaison parked list` names it."""
    if every == bool(crises):
        raise click.UsageError("name the crises, or --all")
    selection = None if every else crises

    async def act(connection: Connection) -> list[str]:
        return await have_tried_again(connection, selection, _zone(), SystemClock().now(), by)

    tried = on_ledger(act)
    for crisis in tried:
        click.echo(f"{crisis} is tried again")
    missing = sorted(set(crises) - set(tried))
    if missing:
        raise click.ClickException(f"not parked: {', '.join(missing)}; see `liaison parked list`")
    if not tried:
        click.echo("every crisis can be judged")
