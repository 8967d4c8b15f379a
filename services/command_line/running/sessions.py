"""`liaison sessions`: who is signed in to the console, and ending it for somebody who cannot."""

from __future__ import annotations

import getpass

import click

from services.command_line.running.grants import person_known_as
from services.command_line.running.on_ledger import on_ledger
from services.console.access.sessions import IDLE
from services.ledger.operators.sessions import OpenSession, end_session, open_sessions
from services.runtime.clock import SystemClock
from services.runtime.postgres import Connection


@click.group()
def sessions() -> None:
    """Who is signed in to the console: list it, end it."""


@sessions.command("list")
def list_() -> None:
    """Every session that has not ended: who, since when, whether locked, until when."""

    async def read(connection: Connection) -> list[OpenSession]:
        return await open_sessions(connection, None, SystemClock().now(), IDLE)

    lines = on_ledger(read)
    for line in lines:
        state = "open"
        if line.locked_at is not None:
            state = "locked"
        times = f"since {line.started_at:%Y-%m-%d %H:%M}, until {line.ends_at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"{line.handle}\t{state}\t{times}\t{line.operator_id}")
    if not lines:
        click.echo("nobody is signed in")


@sessions.command()
@click.argument("person")
def end(person: str) -> None:
    """End all sessions of PERSON (staff number). Their screens show nothing within a second."""

    async def act(connection: Connection) -> int:
        operator, now = await person_known_as(connection, person), SystemClock().now()
        actor, count = f"account {getpass.getuser()}", 0
        for session in await open_sessions(connection, operator, now, IDLE):
            count += await end_session(
                connection, session.session, "ended by an administrator", now, actor=actor
            )
        return count

    click.echo(f"{on_ledger(act)} sessions of {person} ended")
