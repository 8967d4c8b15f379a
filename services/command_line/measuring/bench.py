"""`liaison bench`: offered load in, figures out."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import click

from services.command_line.measuring.measure import Bench
from services.command_line.measuring.measure_console import CHROMIUM, ConsoleBench
from services.command_line.running.stack import SERVICES, Stack
from services.runtime.clock import SystemClock
from services.runtime.embedded.apache_kafka import ApacheKafka, installed
from services.runtime.settings import Settings


@click.command()
@click.option(
    "--rate",
    type=click.FloatRange(1, 20_000),
    default=100,
    show_default=True,
    help="Events a second offered.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(1, 86_400),
    default=30,
    show_default=True,
    help="How long to offer them.",
)
@click.option(
    "--broker",
    type=click.Choice(["settings", "apache"]),
    default="settings",
    show_default=True,
    help="apache: Apache Kafka that `make setup` put into this checkout.",
)
@click.option(
    "--kill",
    is_flag=True,
    help="Two workers; one is killed half-way: how long until alerts flow again?",
)
@click.option(
    "--console",
    "of_console",
    is_flag=True,
    help="The console instead, in a real Chromium: commit to painted row, bursts, streams, memory.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document for machines.")
def bench(
    rate: float, seconds: float, broker: str, kill: bool, of_console: bool, as_json: bool
) -> None:
    """Measure the whole stream on this machine: publish to alert committed, and to alert on a
    desk's live stream.

    The load is synthetic: of eighteen events three make a crisis that raises an alert. Latency
    counts from the instant at which an event was due to be sent, so that a stream that falls behind
    cannot hide it. The servers are the embedded ones unless the settings name others; a ledger that
    is named must be empty.
    """
    if of_console:
        _console(seconds, as_json)
        return
    with ExitStack() as resources:
        settings = Settings()
        if broker == "apache":
            if not installed(Path.cwd()):
                raise click.UsageError(
                    "Apache Kafka is not in this checkout: run `make setup`, then this from its root"
                )
            kafka = resources.enter_context(ApacheKafka(Path.cwd()))
            settings = Settings(kafka_bootstrap=kafka.bootstrap)
        click.echo("Starting …", err=True)
        stack = resources.enter_context(
            Stack(
                settings,
                SystemClock().now(),
                services=SERVICES,
                environment={"LIAISON_LOG_LEVEL": "error"},
            )
        )
        if kill:
            stack.start("stream", "stream-standby")
        stack.wait_until_ready()
        with click.progressbar(
            length=int(rate * seconds), label="Offering", file=click.get_text_stream("stderr")
        ) as bar:
            figures = asyncio.run(Bench(stack, rate, seconds, bar.update).run(kill))
    click.echo(json.dumps(figures, indent=None if as_json else 1))


def _console(seconds: float, as_json: bool) -> None:
    """On a ledger of its own, without the stream: alerts are written by its own step, so that
    nothing else is measured.
    """
    if find_spec("playwright") is None or not Path(CHROMIUM).exists():
        raise click.UsageError(
            "this needs Chromium and the packages of the tests: run `make setup` first"
        )
    with Stack(
        Settings(),
        SystemClock().now(),
        services=("console",),
        environment={"LIAISON_LOG_LEVEL": "error"},
    ) as stack:
        stack.wait_until_ready()
        figures = asyncio.run(
            ConsoleBench(stack, seconds, lambda text: click.echo(text, err=True)).run()
        )
    click.echo(json.dumps(figures, indent=None if as_json else 1))
