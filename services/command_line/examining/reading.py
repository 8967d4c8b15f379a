"""What is read for the checks. Each is asked by itself, and none waits for another."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, timedelta
from pathlib import Path

import asyncpg
from cryptography import x509

from schemas.registry import RegistryError, load_registry
from services.command_line.examining import judgements
from services.command_line.examining.judgements import Judgement, away
from services.identity.model import load_model
from services.ledger.server import server_of
from services.liaison.policy import load_policy
from services.runtime.clock import Clock
from services.runtime.cluster.administration import administration
from services.runtime.cluster.changes import changes, sentence
from services.runtime.cluster.layout import layout
from services.runtime.kafka import ask
from services.runtime.kafka_security import security
from services.runtime.migrations import at_head
from services.runtime.settings import Settings

SECONDS = 10.0
"""How long one check may take."""
Reading = Callable[[Settings, Clock], Awaitable[Sequence[Judgement]]]


async def read_files(settings: Settings, clock: Clock) -> Sequence[Judgement]:
    """Registry, policy and model, as every service reads them."""
    found: list[Judgement] = []
    loads: tuple[tuple[str, Path | None, Callable[[Path | None], object]], ...] = (
        ("registry", settings.registry_path, load_registry),
        ("policy", settings.policy_path, load_policy),
        ("identity-model", settings.identity_model_path, load_model),
    )
    for check, path, load in loads:
        try:
            load(path)
        except (OSError, ValueError) as error:
            found.append(away(check, str(error), f"mend the file, or {check} of the settings"))
        else:
            found.append(Judgement(check, "ok", f"{path or 'the shipped one'} can be read"))
    return found


async def read_ledger(settings: Settings, clock: Clock) -> Sequence[Judgement]:
    """PostgreSQL: there, of a release that was tried, at the migrations, of the same time."""
    connection = await asyncpg.connect(settings.postgres_dsn, timeout=SECONDS)
    try:
        begun = time.monotonic()
        server = await server_of(connection)
        took = timedelta(seconds=time.monotonic() - begun)
        here = clock.now()
        problem = await at_head(connection)
    finally:
        await connection.close(timeout=SECONDS)
    return (
        Judgement("postgres", "ok", "PostgreSQL answers"),
        judgements.judge_server(server.version),
        judgements.judge_role(server.role, server.is_superuser),
        judgements.judge_clock(here, server.time, took),
        judgements.judge_migrations(problem),
    )


async def read_brokers(settings: Settings, clock: Clock) -> Sequence[Judgement]:
    """Kafka: there, with the topics; with the access lists where brokers are signed in to."""
    try:
        target = layout(load_registry(settings.registry_path), settings)
    except RegistryError:
        # told as a fault of the file; without it nobody knows which topics to ask for
        await ask(settings.kafka_bootstrap, security(settings))
        return (Judgement("kafka", "ok", "a broker answers; its topics were not looked at"),)
    async with administration(settings) as brokers:
        cluster = await brokers.cluster(target.topics)
    signs_in = settings.kafka_protocol != "PLAINTEXT"
    differences = [sentence(change) for change in changes(target, cluster, signs_in)]
    return (Judgement("kafka", "ok", "a broker answers"), judgements.judge_topics(differences))


async def read_certificates(settings: Settings, clock: Clock) -> Sequence[Judgement]:
    """Every certificate that the settings name."""
    paths = {
        "kafka_ca": settings.kafka_ca_path,
        "kafka_certificate": settings.kafka_certificate_path,
        "postgres_ca": settings.postgres_ca_path,
        "postgres_certificate": settings.postgres_certificate_path,
    }
    found = []
    for name, path in paths.items():
        if path is None:
            continue
        try:
            certificates = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            problem = f"{path} cannot be read: {type(error).__name__}"
            found.append(away(f"certificate:{name}", problem, "name a file in PEM"))
            continue
        # of a bundle the first that ends breaks it for whom it signs
        ends = min(certificate.not_valid_after_utc for certificate in certificates)
        found.append(judgements.judge_certificate(name, ends, clock.now().astimezone(UTC)))
    return found


async def read_disks(settings: Settings, clock: Clock) -> Sequence[Judgement]:
    """Where the settings have something written."""
    if settings.audit_heads_path is None:
        return ()
    usage = shutil.disk_usage(settings.audit_heads_path.parent)
    return (judgements.judge_room("audit_heads", usage.free),)


READINGS: dict[str, tuple[Reading, str]] = {
    "files": (read_files, "mend the file that the settings name"),
    "postgres": (read_ledger, "look at LIAISON_POSTGRES_DSN, the network and the server"),
    "kafka": (read_brokers, "look at LIAISON_KAFKA_BOOTSTRAP, the network and the brokers"),
    "certificates": (read_certificates, "look at the paths of certificates in the settings"),
    "disks": (read_disks, "look at LIAISON_AUDIT_HEADS_PATH"),
}
"""By the name under which it stands where nothing could be read, with what to do then."""


async def examine(settings: Settings, clock: Clock) -> list[Judgement]:
    """Every check. What cannot be asked is one fault and keeps nothing else from being asked."""
    several = await asyncio.gather(
        *(_safely(name, reading, settings, clock) for name, (reading, _) in READINGS.items())
    )
    return [judgement for judgements_of_one in several for judgement in judgements_of_one]


async def _safely(
    name: str, reading: Reading, settings: Settings, clock: Clock
) -> Sequence[Judgement]:
    remedy = READINGS[name][1]
    try:
        async with asyncio.timeout(SECONDS):
            return await reading(settings, clock)
    except TimeoutError:
        return (away(name, f"no answer within {SECONDS:g} s", remedy),)
    except Exception as error:
        # whatever it is, it is one fault of this check
        return (away(name, f"{type(error).__name__}: {error}".strip(": "), remedy),)
