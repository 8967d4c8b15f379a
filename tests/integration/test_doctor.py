"""`liaison doctor` beside a real PostgreSQL and Apache Kafka."""

from __future__ import annotations

import asyncio
import json

import pytest
from click.testing import CliRunner

from services.command_line import main
from services.runtime.embedded.apache_kafka import ApacheKafka
from tests.own_registry import OWN_REGISTRY


@pytest.mark.kafka
async def test_what_is_there_is_well_and_what_is_missing_is_named(
    postgres_dsn: str, apache_kafka: ApacheKafka
) -> None:
    environment = {
        "LIAISON_POSTGRES_DSN": postgres_dsn,
        "LIAISON_KAFKA_BOOTSTRAP": apache_kafka.bootstrap,
        "LIAISON_REGISTRY_PATH": str(OWN_REGISTRY),
    }
    answer = await asyncio.to_thread(
        CliRunner().invoke, main, ["doctor", "--json"], env=environment
    )
    judged = {each["check"]: each for each in json.loads(answer.output)}
    well = {check for check, each in judged.items() if each["level"] == "ok"}
    assert {"registry", "policy", "postgres", "postgres-version", "clock", "migrations"} <= well
    # a fresh broker has none of the topics, and the tests' role is the server's own
    assert judged["topics"]["level"] == "fault"
    assert judged["topics"]["remedy"] == "look at `liaison topics plan`, then `apply`"
    assert judged["postgres-role"]["level"] == "warning"
    assert answer.exit_code == 1
