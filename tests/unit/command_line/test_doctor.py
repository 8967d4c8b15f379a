"""What `liaison doctor` says of what it read; each check is fired, and one that fails hides no other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.command_line import main
from services.command_line.examining import reading
from services.command_line.examining.judgements import (
    TRIED_POSTGRES,
    Judgement,
    judge_certificate,
    judge_clock,
    judge_migrations,
    judge_role,
    judge_room,
    judge_server,
    judge_topics,
)
from services.command_line.examining.reading import examine, read_certificates, read_disks
from services.runtime.clock import Clock, ManualClock
from services.runtime.settings import Settings
from tests.own_registry import OWN_REGISTRY

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
CLOCK = ManualClock(NOW)


@pytest.mark.parametrize(
    ("judgement", "level"),
    [
        (judge_migrations(None), "ok"),
        (judge_migrations("the ledger has no tables"), "fault"),
        (judge_server(180004), "ok"),
        (judge_server(170010), "warning"),
        (judge_role("liaison_stream", is_superuser=False), "ok"),
        (judge_role("postgres", is_superuser=True), "warning"),
        (judge_clock(NOW, NOW + timedelta(seconds=1), timedelta(0)), "ok"),
        (judge_clock(NOW, NOW - timedelta(seconds=1.1), timedelta(0)), "warning"),
        (judge_clock(NOW, NOW + timedelta(seconds=5), timedelta(0)), "warning"),
        (judge_clock(NOW, NOW - timedelta(seconds=5.1), timedelta(0)), "fault"),
        # an answer that took four seconds tells nothing of three
        (judge_clock(NOW, NOW + timedelta(seconds=3), timedelta(seconds=4)), "ok"),
        (judge_topics([]), "ok"),
        (judge_topics(["make alerts.las"]), "fault"),
        (judge_certificate("kafka_ca", NOW, NOW), "fault"),
        (judge_certificate("kafka_ca", NOW + timedelta(days=29), NOW), "warning"),
        (judge_certificate("kafka_ca", NOW + timedelta(days=31), NOW), "ok"),
        (judge_room("audit_heads", 999_999_999), "warning"),
        (judge_room("audit_heads", 1_000_000_000), "ok"),
    ],
)
def test_each_check_is_fired_at_its_limit_and_says_what_to_do(
    judgement: Judgement, level: str
) -> None:
    assert judgement.level == level
    assert bool(judgement.remedy) == (level != "ok")


def test_the_release_that_is_named_as_tried_is_the_one_that_ships() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    image = compose["services"]["postgres"]["image"]
    assert image.startswith(f"postgres:{TRIED_POSTGRES}.")


def test_of_many_topics_that_differ_the_first_are_named_and_the_others_counted() -> None:
    judgement = judge_topics([f"make topic {number}" for number in range(5)])
    assert judgement.sentence == "make topic 0; make topic 1; make topic 2; and 2 more"


def certificate(ends: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker.test")])
    begun = ends - timedelta(days=400)
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, begun, ends)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


async def test_of_a_bundle_the_certificate_that_ends_first_counts(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(certificate(NOW + timedelta(days=90)) + certificate(NOW))
    settings = Settings(kafka_ca_path=bundle, postgres_certificate_path=tmp_path / "none.pem")
    judged = {each.check: each for each in await read_certificates(settings, CLOCK)}
    assert judged["certificate:kafka_ca"].level == "fault"
    assert "2026-11-28" in judged["certificate:kafka_ca"].sentence
    assert "cannot be read" in judged["certificate:postgres_certificate"].sentence
    assert len(judged) == 2


async def test_the_disk_of_the_audits_ends_is_looked_at_where_there_is_one(tmp_path: Path) -> None:
    assert await read_disks(Settings(), CLOCK) == ()
    settings = Settings(audit_heads_path=tmp_path / "heads")
    (judgement,) = await read_disks(settings, CLOCK)
    assert judgement.check == "room:audit_heads"


async def hangs(settings: Settings, clock: Clock) -> Sequence[Judgement]:
    await asyncio.Event().wait()
    raise AssertionError


async def breaks(settings: Settings, clock: Clock) -> Sequence[Judgement]:
    raise ConnectionRefusedError("nobody listens")


async def answers(settings: Settings, clock: Clock) -> Sequence[Judgement]:
    return (Judgement("well", "ok", "it answers"),)


async def test_one_that_hangs_and_one_that_breaks_hide_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "SECONDS", 0.01)
    readings = {"hangs": (hangs, "wait"), "breaks": (breaks, "mend it"), "well": (answers, "")}
    monkeypatch.setattr(reading, "READINGS", readings)
    judged = {each.check: each for each in await examine(Settings(), CLOCK)}
    assert {check: each.level for check, each in judged.items()} == {
        "hangs": "fault",
        "breaks": "fault",
        "well": "ok",
    }
    assert "no answer within 0.01 s" in judged["hangs"].sentence
    assert "nobody listens" in judged["breaks"].sentence
    assert judged["breaks"].remedy == "mend it"


@pytest.mark.parametrize(("reading_of", "code"), [(answers, 0), (breaks, 1)])
def test_the_exit_code_tells_a_machine(
    monkeypatch: pytest.MonkeyPatch, reading_of: reading.Reading, code: int
) -> None:
    monkeypatch.setattr(reading, "READINGS", {"only": (reading_of, "mend it")})
    answer = CliRunner().invoke(main, ["doctor", "--json"])
    assert answer.exit_code == code
    (judged,) = json.loads(answer.output)
    assert judged["level"] == {0: "ok", 1: "fault"}[code]


def test_settings_that_cannot_be_read_end_it_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIAISON_LOG_LEVEL", "loud")
    answer = CliRunner().invoke(main, ["doctor"])
    assert answer.exit_code == 2
    assert "LIAISON_LOG_LEVEL" in answer.output


async def test_a_registry_that_cannot_be_read_is_named_beside_what_can(tmp_path: Path) -> None:
    broken = tmp_path / "agencies.yaml"
    broken.write_text("version: [")
    judged = {
        each.check: each.level
        for each in await reading.read_files(Settings(registry_path=broken), CLOCK)
    }
    assert judged == {"registry": "fault", "policy": "ok", "identity-model": "ok"}
    settings = Settings(registry_path=OWN_REGISTRY)
    assert {each.level for each in await reading.read_files(settings, CLOCK)} == {"ok"}
