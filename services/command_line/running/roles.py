"""`liaison roles`: PostgreSQL's roles, one a service, with the least that it needs."""

from __future__ import annotations

import click

from services.command_line.running.on_ledger import on_ledger
from services.ledger.access import roles as ledger_roles
from services.ledger.access.roles import Difference


@click.group()
def roles() -> None:
    """A role a service in PostgreSQL; run as the owner of the ledger, after `liaison migrate`."""


@roles.command()
def plan() -> None:
    """Print what `apply` would change; change nothing."""
    _print(on_ledger(ledger_roles.difference))


@roles.command()
def check() -> None:
    """Print what differs; exit 1 where something does."""
    difference = on_ledger(ledger_roles.difference)
    _print(difference)
    if difference.sentences:
        raise SystemExit(1)


@roles.command()
def apply() -> None:
    """Make the roles and give and take privileges, in one transaction. Safe to run again."""
    _print(on_ledger(ledger_roles.apply))


def _print(difference: Difference) -> None:
    for line in difference.sentences:
        click.echo(line)
    if not difference.sentences:
        click.echo("each role may what its service does, and nothing else")
