"""Rings: unit and property tests open no socket; the others may use the loopback interface only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket, socket_allow_hosts

from tests.own_registry import OWN_REGISTRY

# before any service reads its settings: what tests start knows the agencies that tests speak of
os.environ["LIAISON_REGISTRY_PATH"] = str(OWN_REGISTRY)

_SOCKETS = {"integration", "browser", "faults", "benchmarks"}


def _ring(item: pytest.Item) -> str:
    return Path(str(item.path)).relative_to(Path(__file__).parent).parts[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        ring = _ring(item)
        if ring in {"integration", "browser", "faults"}:
            item.add_marker(getattr(pytest.mark, ring))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if _ring(item) in _SOCKETS:
        enable_socket()
        socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)
    else:
        disable_socket(allow_unix_socket=True)
