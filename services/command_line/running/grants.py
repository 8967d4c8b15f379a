"""`liaison grants`: what people may do in the console, for those whose identity provider does not
say it."""

from __future__ import annotations

import getpass

import click

from schemas.registry import RegistryError, load_registry
from services.command_line.running.on_ledger import on_ledger
from services.console.access.rights import grant_of
from services.console.view.desks import desks_of
from services.ledger.operators.grants import (
    GrantLine,
    every_grant,
    grants_of,
    operators_known_as,
    set_grants,
)
from services.ledger.operators.roles import ROLES, Grant, Origin
from services.runtime.clock import SystemClock
from services.runtime.errors import LiaisonError
from services.runtime.postgres import Connection
from services.runtime.settings import Settings

ORIGIN: Origin = "administrator"


class PersonUnknown(LiaisonError):
    """Nobody with this staff number has signed in yet: let the person sign in once, then give the
    role."""


async def person_known_as(connection: Connection, handle: str) -> str:
    """The one person of this staff number or whole id. Raises PersonUnknown."""
    people = await operators_known_as(connection, handle)
    if len(people) == 1:
        return people[0]
    remedy = "let the person sign in once, then repeat it"
    if people:
        remedy = "name one by the whole id that `liaison grants list` shows"
    raise PersonUnknown(f"{len(people)} people are known as {handle}: {remedy}")


def _grant(text: str) -> Grant:
    try:
        grant = grant_of(text, desks_of(load_registry(Settings().registry_path)).agency_of)
    except RegistryError as error:
        raise click.ClickException(str(error)) from error
    if grant is None:
        raise click.BadParameter(
            f"{text}: write ROLE@DESK or ROLE@AGENCY with a role of {', '.join(ROLES)} and a desk or an agency of the registry"
        )
    return grant


@click.group()
def grants() -> None:
    """Who may do what in the console. Roles that the identity provider states are not changed here."""


@grants.command("list")
@click.option("--all", "ended", is_flag=True, help="Also those that were taken away.")
def list_(ended: bool) -> None:
    """Every role that somebody holds, whoever gave it."""

    async def read(connection: Connection) -> list[GrantLine]:
        return await every_grant(connection, ended=ended)

    lines = on_ledger(read)
    for line in lines:
        origin = f"{line.origin}, by {line.granted_by}, {line.granted_at:%Y-%m-%d %H:%M} UTC"
        if line.revoked_at:
            origin += f", taken away {line.revoked_at:%Y-%m-%d %H:%M} UTC"
        role = f"{line.role}@{line.desk or line.agency}"
        click.echo(f"{line.handle}\t{role}\t{origin}\t{line.operator_id}")
    if not lines:
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
    """Give PERSON (staff number) the ROLE, e.g. reviewer@slam-crisis or governance@las. Counts at
    once."""
    grant = _grant(role)

    async def act(connection: Connection) -> bool:
        operator = await person_known_as(connection, person)
        before = await grants_of(connection, operator, ORIGIN)
        now = SystemClock().now()
        await set_grants(connection, operator, before | {grant}, ORIGIN, by, now)
        return grant not in before

    if on_ledger(act):
        click.echo(f"{person} may {role} now")
    else:
        click.echo(f"{person} had {role} already")


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
    grant = _grant(role)

    async def act(connection: Connection) -> bool:
        operator = await person_known_as(connection, person)
        before = await grants_of(connection, operator, ORIGIN)
        now = SystemClock().now()
        await set_grants(connection, operator, before - {grant}, ORIGIN, by, now)
        return grant in before

    if not on_ledger(act):
        raise click.ClickException(
            f"{person} does not hold {role} from an administrator; see `liaison grants list`"
        )
    click.echo(f"{person} may no more {role}")
