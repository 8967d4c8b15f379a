"""`liaison up`: everything on this machine."""

from __future__ import annotations

import time

import click

from services.command_line.running.stack import Stack
from services.runtime.clock import SystemClock
from services.runtime.settings import Settings


@click.command()
def up() -> None:
    """Start everything on this machine and print the console's address.

    Embedded Kafka and PostgreSQL are for trying: what they hold is gone at the end. With
    LIAISON_KAFKA_BOOTSTRAP and LIAISON_POSTGRES_DSN set, those servers are used.
    """
    click.echo("Starting PostgreSQL, Kafka and the services …")
    with Stack(Settings(), SystemClock().now()) as stack:
        stack.wait_until_ready()
        click.echo(f"Kafka {stack.kafka_bootstrap}")
        click.echo(f"PostgreSQL {stack.postgres_dsn}")
        click.echo(f"Console {stack.console}")
        click.echo("Ctrl-C ends it.")
        try:
            while (ended := stack.ended()) is None:
                time.sleep(0.5)
        except KeyboardInterrupt:
            click.echo("Stopping …")
            return
        raise click.ClickException(f"{ended}; see the log above")
