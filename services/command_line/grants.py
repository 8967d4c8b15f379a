"""`liaison grants`: what people may do in the console, for those whose identity provider does not say it."""

from __future__ import annotations

import getpass

import asyncpg
import click

from schemas.registry import RegistryError, load_registry
from services.command_line.on_ledger import on_ledger
from services.console.access import sessions
from services.console.access.rights import ROLES, Grant, grant_of
from services.console.view.directory import desks_of
from services.runtime.clock import SystemClock
from services.runtime.errors import LiaisonError
from services.runtime.postgres import Connection
from services.runtime.settings import Settings

ORIGIN = "administrator"


class PersonUnknown(LiaisonError):
    """Nobody with this staff number has signed in yet: let the person sign in once, then give the role."""


async def _person(connection: Connection, handle: str) -> str:
    rows = await connection.fetch(
        "SELECT operator_id FROM operator WHERE handle = $1 OR operator_id = $1", handle
    )
    if len(rows) != 1:
        raise PersonUnknown(
            f"{len(rows)} people are known as {handle}: "
            + (
                "name one by the whole id that `liaison grants list` shows"
                if rows
                else "let the person sign in once, then give the role"
            )
        )
    return str(rows[0]["operator_id"])


def _grant(text: str) -> Grant:
    try:
        found = grant_of(text, desks_of(load_registry(Settings().registry_path)).agency_of)
    except RegistryError as error:
        raise click.ClickException(str(error)) from error
    if found is None:
        raise click.BadParameter(
            f"{text}: write ROLE@DESK or ROLE@AGENCY with a role of {', '.join(ROLES)} and a desk or an agency of the registry"
        )
    return found


@click.group()
def grants() -> None:
    """Who may do what in the console. Roles that the identity provider states are not changed here."""


@grants.command("list")
@click.option("--all", "ended", is_flag=True, help="Also those that were taken away.")
def list_(ended: bool) -> None:
    """Every role that somebody holds, whoever gave it."""

    async def read(connection: Connection) -> list[asyncpg.Record]:
        return list(
            await connection.fetch(
                """SELECT o.handle, g.operator_id, g.role, g.agency, g.desk, g.origin, g.granted_by, g.granted_at, g.revoked_at
                     FROM operator_grant g JOIN operator o USING (operator_id) WHERE $1 OR g.revoked_at IS NULL
                    ORDER BY o.handle, g.operator_id, g.granted_at, g.grant_id""",
                ended,
            )
        )

    rows = on_ledger(read)
    for r in rows:
        until = f", taken away {r['revoked_at']:%Y-%m-%d %H:%M} UTC" if r["revoked_at"] else ""
        click.echo(
            f"{r['handle']}\t{r['role']}@{r['desk'] or r['agency']}\t{r['origin']}, by {r['granted_by']},"
            f" {r['granted_at']:%Y-%m-%d %H:%M} UTC{until}\t{r['operator_id']}"
        )
    if not rows:
        click.echo("nobody holds a role")


@grants.command()
@click.argument("person")
@click.argument("role")
@click.option(
    "--by",
    default=getpass.getuser,
    show_default="this account",
    help="Who gives it, for the audit.",
)
def give(person: str, role: str, by: str) -> None:
    """Give PERSON (staff number) the ROLE, e.g. reviewer@slam-crisis or governance@las. Counts at once."""
    wanted = _grant(role)

    async def act(connection: Connection) -> bool:
        who = await _person(connection, person)
        held = await sessions.grants_of(connection, who, ORIGIN)
        await sessions.grant(connection, who, held | {wanted}, ORIGIN, by, SystemClock().now())
        return wanted not in held

    click.echo(f"{person} may {role} now" if on_ledger(act) else f"{person} had {role} already")


@grants.command()
@click.argument("person")
@click.argument("role")
@click.option(
    "--by",
    default=getpass.getuser,
    show_default="this account",
    help="Who takes it, for the audit.",
)
def take(person: str, role: str, by: str) -> None:
    """Take the ROLE from PERSON. Counts at once, also under open streams."""
    gone = _grant(role)

    async def act(connection: Connection) -> bool:
        who = await _person(connection, person)
        held = await sessions.grants_of(connection, who, ORIGIN)
        await sessions.grant(connection, who, held - {gone}, ORIGIN, by, SystemClock().now())
        return gone in held

    if not on_ledger(act):
        raise click.ClickException(
            f"{person} does not hold {role} from an administrator; see `liaison grants list`"
        )
    click.echo(f"{person} may no more {role}")
