"""What is set counts, and what is no setting is told: a wall that one letter switches off is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from services.command_line import main
from services.runtime import environment
from services.runtime.errors import SettingsError
from services.runtime.postgres_address import complete
from services.runtime.settings import SECRETS, Settings, settings_fault


def test_a_variable_that_is_no_setting_is_a_fault_and_names_the_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIAISON_POSTGRES_TSL", "verify-full")
    with pytest.raises(SettingsError) as fault:
        Settings()
    assert (
        str(fault.value)
        == "LIAISON_POSTGRES_TSL is no setting; the nearest one is LIAISON_POSTGRES_TLS"
    )


def test_without_the_check_it_would_be_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIAISON_POSTGRES_TSL", "verify-full")
    monkeypatch.setattr("services.runtime.settings.secrets_from_files", lambda *_: {})
    assert Settings().postgres_tls == ""


def test_what_is_not_ours_and_what_is_excused_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTHER_POSTGRES_TSL", "x")
    for name in environment.BESIDE:
        monkeypatch.setenv(name, "1")
    Settings()


@pytest.mark.parametrize("arguments", [["worker", "relay"], ["feeds", "list"], ["migrate"]])
def test_a_command_that_is_set_wrongly_ends_with_2_and_a_sentence(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments, env={"LIAISON_KAFKA_BOOTSTRP": "x"})
    assert result.exit_code == 2
    assert "LIAISON_KAFKA_BOOTSTRP is no setting; the nearest one is LIAISON_KAFKA_BOOTSTRAP" in (
        result.output
    )


def test_a_value_that_does_not_fit_is_a_sentence_without_the_value() -> None:
    result = CliRunner().invoke(main, ["worker", "relay"], env={"LIAISON_BATCH_MAX": "s3cret"})
    assert (result.exit_code, "LIAISON_BATCH_MAX: " in result.output) == (2, True)
    assert "s3cret" not in result.output
    with pytest.raises(ValidationError) as error:
        Settings(batch_max=0)
    assert str(settings_fault(error.value)).startswith("LIAISON_BATCH_MAX: ")


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_stands_in_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"
    # an address is looked at as one
    content = "postgresql://from-the-file" if name == "postgres_dsn" else "from-the-file"
    path.write_text(f"{content}\n")
    monkeypatch.delenv(f"LIAISON_{name.upper()}", raising=False)
    monkeypatch.setenv(f"LIAISON_{name.upper()}_FILE", str(path))
    settings = Settings()
    assert getattr(settings, name) == content
    assert "from-the-file" not in repr(settings)


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "cannot be read: FileNotFoundError"), ("\n", "is empty")]
)
def test_a_secret_that_is_not_in_its_file_is_a_fault(
    content: str | None, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("LIAISON_PSEUDONYM_KEY_FILE", str(path))
    with pytest.raises(SettingsError, match=problem):
        Settings()


def test_a_secret_that_is_said_twice_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIAISON_PSEUDONYM_KEY", "a")
    monkeypatch.setenv("LIAISON_PSEUDONYM_KEY_FILE", "/nowhere")
    with pytest.raises(SettingsError, match="both set"):
        Settings()


def test_what_is_no_secret_has_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIAISON_BATCH_MAX_FILE", "/nowhere")
    with pytest.raises(SettingsError, match="LIAISON_BATCH_MAX_FILE is no setting"):
        Settings()


@pytest.mark.parametrize(
    ("address", "password", "tls", "whole"),
    [
        ("postgresql://a@h/d", "p@ss:/", {}, "postgresql://a:p%40ss%3A%2F@h/d"),
        ("postgresql://a:b@h/d", "other", {}, "postgresql://a:b@h/d"),
        ("postgresql://a@/d?host=/tmp/x", "", {"sslmode": ""}, "postgresql://a@/d?host=/tmp/x"),
        (
            "postgresql://a@h/d?sslmode=require",
            "",
            {"sslmode": "verify-full", "sslrootcert": "/ca.pem"},
            "postgresql://a@h/d?sslmode=require&sslrootcert=/ca.pem",
        ),
    ],
)
def test_the_address_is_completed_and_keeps_what_it_says(
    address: str, password: str, tls: dict[str, str], whole: str
) -> None:
    assert complete(address, password, tls) == whole


def test_with_a_ca_the_server_is_verified_by_name(tmp_path: Path) -> None:
    settings = Settings(postgres_dsn="postgresql://a@h/d", postgres_ca_path=tmp_path / "ca.pem")
    assert f"sslmode=verify-full&sslrootcert={tmp_path}/ca.pem" in settings.postgres_dsn
    plain = Settings()
    assert "postgres_dsn" not in plain.model_fields_set or "sslmode" not in plain.postgres_dsn


def test_live_does_not_take_its_address_from_what_a_browser_sends() -> None:
    with pytest.raises(ValidationError, match="LIAISON_CONSOLE_URL"):
        Settings(environment="live", oidc_issuer="https://provider")
    Settings(environment="live", oidc_issuer="https://provider", console_url="https://console")
    Settings(environment="test", oidc_issuer="https://provider")


def test_an_address_of_another_database_is_refused_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIAISON_POSTGRES_DSN", "mysql://liaison:hidden@127.0.0.1/liaison")
    answer = CliRunner().invoke(main, ["migrate"])
    assert answer.exit_code == 2
    assert "LIAISON_POSTGRES_DSN: begin it with postgresql://" in answer.output
    assert "hidden" not in answer.output
