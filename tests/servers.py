"""Servers for every ring that needs some: a real PostgreSQL with a fresh, migrated database a test, and Kafka."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from services.runtime.embedded.apache_kafka import ApacheKafka, installed
from services.runtime.embedded.kafka import EmbeddedKafka
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.migrations import migrate

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres() as server:
        yield server


@pytest.fixture
async def postgres_dsn(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """Address of an empty database at the newest migration."""
    name = f"liaison_{next(_numbers)}"
    admin = await asyncpg.connect(postgres_server.dsn())
    await admin.execute(f"CREATE DATABASE {name}")
    connection = await asyncpg.connect(postgres_server.dsn(name))
    await migrate(connection, datetime.now(UTC))
    await connection.close()
    yield postgres_server.dsn(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


ROOT = Path(__file__).parents[1]


def require_apache_kafka() -> None:
    """Missing, it fails the run where LIAISON_REQUIRE_KAFKA is set, and is loud otherwise."""
    if not installed(ROOT):
        sentence = "APACHE KAFKA IS NOT HERE (make setup fetches it): this test did not run"
        if os.environ.get("LIAISON_REQUIRE_KAFKA"):
            pytest.fail(sentence)
        pytest.skip(sentence)


@pytest.fixture(scope="session")
def apache_kafka() -> Iterator[ApacheKafka]:
    """Apache Kafka itself."""
    require_apache_kafka()
    with ApacheKafka(ROOT) as broker:
        yield broker


@pytest.fixture
def fresh_kafka() -> Iterator[ApacheKafka]:
    """Apache Kafka that no other test has written to."""
    require_apache_kafka()
    with ApacheKafka(ROOT) as broker:
        yield broker


@pytest.fixture(scope="session")
def embedded_kafka() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka() as broker:
        yield broker


@pytest.fixture
def fresh_embedded_kafka() -> Iterator[EmbeddedKafka]:
    """The embedded one that no other test has written to."""
    with EmbeddedKafka() as broker:
        yield broker


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.kafka)])
def kafka(request: pytest.FixtureRequest) -> EmbeddedKafka | ApacheKafka:
    """Both brokers, one after the other."""
    broker: EmbeddedKafka | ApacheKafka = request.getfixturevalue(f"{request.param}_kafka")
    return broker
