"""`liaison doctor`: whether everything that the services stand on is there and well."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import asdict

import click

from services.command_line.examining.judgements import Judgement, Level
from services.command_line.examining.reading import examine
from services.runtime.clock import SystemClock
from services.runtime.settings import Settings

SHAPES: dict[Level, str] = {"ok": "  ok     ", "warning": "! warning", "fault": "X fault  "}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document for machines.")
def doctor(as_json: bool) -> None:
    """Check files, PostgreSQL, Kafka, clock, certificates and disks, and say what to do. Changes
    nothing. Exit 1 where something is at fault, 2 where the settings cannot be read.
    """
    # what a client logs of brokers that are away is told as a fault, once
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    judged = asyncio.run(examine(Settings(), SystemClock()))
    if as_json:
        click.echo(json.dumps([asdict(judgement) for judgement in judged]))
    else:
        for judgement in judged:
            _print(judgement)
    if any(judgement.level == "fault" for judgement in judged):
        raise SystemExit(1)


def _print(judgement: Judgement) -> None:
    line = f"{SHAPES[judgement.level]} {judgement.check}: {judgement.sentence}"
    if judgement.remedy:
        line += f"\n            {judgement.remedy}"
    click.echo(line)
