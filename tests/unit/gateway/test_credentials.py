"""A token ends, and one that is taken out of the file ends at once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from services.gateway.credentials import Refusal
from services.gateway.doorkeeping import DoorkeeperOfFile
from services.runtime import metrics
from services.runtime.errors import SettingsError
from tests.own_registry import own_registry

REGISTRY = own_registry()
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ENDS = datetime(2027, 2, 28, tzinfo=UTC)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def token(name: str, until: datetime = ENDS) -> dict[str, str]:
    return {"sha256": digest(name), "until": until.isoformat()}


def written(path: Path, agencies: Mapping[str, Any]) -> Path:
    """The file as an administrator exchanges it: whole, at once."""
    beside = path.with_suffix(".new")
    beside.write_text(yaml.safe_dump({"agencies": dict(agencies)}))
    os.replace(beside, path)
    return path


def bearer(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


def code(keeper: DoorkeeperOfFile, name: str, at: datetime = NOW) -> str:
    with pytest.raises(Refusal) as refused:
        keeper.agency(bearer(name), at)
    return refused.value.code


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "credentials.yaml", {"slam": {"tokens": [token("of slam")]}})


def test_a_token_ends_at_its_instant(path: Path) -> None:
    keeper = DoorkeeperOfFile(path, REGISTRY, "")
    moment = timedelta(microseconds=1)
    assert keeper.agency(bearer("of slam"), ENDS - moment).id == "slam"
    assert code(keeper, "of slam", ENDS) == "SEND_TOKEN_ENDED"


def test_two_tokens_at_once_let_one_be_changed_without_a_gap(path: Path) -> None:
    later = ENDS + timedelta(days=90)
    written(path, {"slam": {"tokens": [token("of slam"), token("the next", later)]}})
    keeper = DoorkeeperOfFile(path, REGISTRY, "")
    assert keeper.agency(bearer("of slam"), NOW).id == keeper.agency(bearer("the next"), NOW).id
    assert keeper.agency(bearer("the next"), ENDS).id == "slam"


def test_a_token_that_is_taken_out_is_refused_at_the_next_request(path: Path) -> None:
    keeper = DoorkeeperOfFile(path, REGISTRY, "")
    keeper.agency(bearer("of slam"), NOW)
    written(path, {"slam": {"tokens": [token("another")]}})
    assert code(keeper, "of slam") == "SEND_NOT_AUTHENTICATED"
    assert keeper.agency(bearer("another"), NOW).id == "slam"


@pytest.mark.parametrize("fault", ["agencies: [", "agencies: {nobody: {}}", None])
def test_a_file_that_cannot_be_read_leaves_those_in_force_that_were_and_says_so(
    path: Path, fault: str | None
) -> None:
    keeper = DoorkeeperOfFile(path, REGISTRY, "")
    if fault is None:
        path.unlink()
    else:
        path.write_text(fault)
    with capture_logs() as logs:
        assert keeper.agency(bearer("of slam"), NOW).id == "slam"
        keeper.agency(bearer("of slam"), NOW)
    assert [log["event"] for log in logs] == ["gateway.credentials-unread"]
    assert metrics.GATEWAY_CREDENTIALS_UNREAD._value.get() == 1
    written(path, {"slam": {"tokens": [token("another")]}})
    assert code(keeper, "of slam") == "SEND_NOT_AUTHENTICATED"
    assert metrics.GATEWAY_CREDENTIALS_UNREAD._value.get() == 0


def test_a_file_that_cannot_be_read_at_the_start_lets_nothing_begin(path: Path) -> None:
    path.write_text("agencies: [")
    with pytest.raises(SettingsError, match="not a credentials file"):
        DoorkeeperOfFile(path, REGISTRY, "")


def test_who_has_a_token_without_an_end_is_named_at_the_start(path: Path) -> None:
    agencies = {"slam": {"tokens": [token("of slam")]}, "met": {"token_sha256": [digest("old")]}}
    written(path, agencies)
    with capture_logs() as logs:
        keeper = DoorkeeperOfFile(path, REGISTRY, "")
    assert [(log["event"], log["agency"]) for log in logs] == [("gateway.token-without-end", "met")]
    assert keeper.agency(bearer("old"), ENDS).id == "met"


def test_an_end_that_is_no_instant_is_refused(path: Path) -> None:
    written(path, {"slam": {"tokens": [{"sha256": digest("of slam"), "until": "2027-02-28"}]}})
    with pytest.raises(SettingsError):
        DoorkeeperOfFile(path, REGISTRY, "")
