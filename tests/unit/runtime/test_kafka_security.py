"""Every Kafka client shows who it is and knows the brokers by one set of settings; renewed files count at once."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from services.runtime.errors import SettingsError
from services.runtime.kafka_security import faust_credentials, security
from services.runtime.settings import Settings

NAME = "kafka.example"


def certificate(folder: Path, name: str = NAME) -> tuple[Path, Path]:
    """A key and a certificate that signs itself, by that name."""
    key, path = folder / f"{name}.key", folder / f"{name}.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run(
        [*command, *names, "-keyout", key, "-out", path], check=True, capture_output=True
    )
    return path, key


def shake_hands(client: ssl.SSLContext, path: Path, key: Path, name: str = NAME) -> ssl.SSLObject:
    """A whole handshake in memory. Gives the broker's side; raises what the client refuses by."""
    broker = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    broker.load_cert_chain(path, key)
    broker.verify_mode = ssl.CERT_OPTIONAL
    broker.load_verify_locations(path)
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(here, there, server_hostname=name)
    theirs = broker.wrap_bio(there, here, server_side=True)
    for side in (ours, theirs) * 4:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return theirs


def context(ca: Path, **more: Any) -> ssl.SSLContext:
    settings = Settings(kafka_protocol="SSL", kafka_ca_path=ca, **more)
    made: ssl.SSLContext = security(settings)["ssl_context"]
    return made


def test_without_a_word_of_it_nothing_is_given() -> None:
    assert security(Settings()) == {}
    assert faust_credentials(Settings()) is None


def test_brokers_are_known_by_name_and_by_who_signed(tmp_path: Path) -> None:
    path, key = certificate(tmp_path)
    shake_hands(context(path), path, key)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(context(path), path, key, "other.example")
    other, other_key = certificate(tmp_path, "other.example")
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        shake_hands(context(path), other, other_key, "other.example")


def test_with_the_check_off_the_wrong_name_would_pass(tmp_path: Path) -> None:
    path, key = certificate(tmp_path)
    client = context(path)
    client.check_hostname = False
    shake_hands(client, path, key, "other.example")


def test_what_is_renewed_counts_at_the_next_connection(tmp_path: Path) -> None:
    path, key = certificate(tmp_path)
    client = context(path, kafka_certificate_path=path, kafka_key_path=key)
    first = shake_hands(client, path, key).getpeercert(binary_form=True)
    renewed = tmp_path / "renewed"
    renewed.mkdir()
    for old, new in zip((path, key), certificate(renewed), strict=True):
        os.replace(new, old)
    second = shake_hands(client, path, key).getpeercert(binary_form=True)
    assert first is not None
    assert first != second


SCRAM: dict[str, Any] = {"kafka_user": "liaison-stream", "kafka_password": "not told"}


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["SASL_SSL", "SASL_PLAINTEXT"])
def test_a_sign_in_reaches_faust_as_it_reaches_every_other_client(
    protocol: Any, mechanism: Any
) -> None:
    settings = Settings(kafka_protocol=protocol, kafka_mechanism=mechanism, **SCRAM)
    given = security(settings)
    assert given["sasl_plain_username"] == "liaison-stream"
    assert _alike(given) == _alike(credentials_to_aiokafka_auth(faust_credentials(settings)))
    assert "not told" not in repr(settings)


def test_a_certificate_alone_reaches_faust_too(tmp_path: Path) -> None:
    path, key = certificate(tmp_path)
    settings = Settings(
        kafka_protocol="SSL", kafka_ca_path=path, kafka_certificate_path=path, kafka_key_path=key
    )
    given = credentials_to_aiokafka_auth(faust_credentials(settings))
    assert _alike(given) == _alike(security(settings))


async def test_a_token_is_read_again_at_each_connection(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    settings = Settings(
        kafka_protocol="SASL_SSL", kafka_mechanism="OAUTHBEARER", kafka_token_path=path
    )
    provider = security(settings)["sasl_oauth_token_provider"]
    assert await provider.token() == "first"
    path.write_text("second\n")
    assert await provider.token() == "second"
    given = credentials_to_aiokafka_auth(faust_credentials(settings))
    assert _alike(given) == _alike(security(settings))


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"kafka_protocol": "SASL_SSL", "kafka_user": "x"}, "SCRAM-SHA-512 needs"),
        ({"kafka_protocol": "SASL_SSL", "kafka_mechanism": "OAUTHBEARER"}, "TOKEN_PATH"),
        ({"kafka_protocol": "SSL", "kafka_ca_path": Path("/nowhere")}, "cannot be read"),
    ],
)
def test_what_does_not_go_together_is_a_sentence(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        security(Settings(**settings))


def _alike(given: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is another object each time: its kind instead."""
    return {
        name: entry if isinstance(entry, str) else type(entry).__name__
        for name, entry in given.items()
        if entry is not None
    }
