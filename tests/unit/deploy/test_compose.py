"""docker-compose.yml is what the compose specification calls valid, and starts the same thing every time."""

from __future__ import annotations

import json
import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[3]
PINNED = re.compile(r"^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?(@sha256:[0-9a-f]{64})?$")
ONE_SHOT = {"migrate", "topics"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    # check-jsonschema carries the specification's schema; located, not imported: only the file is wanted
    shipped = distribution("check-jsonschema").locate_file(
        "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
    )
    loaded: dict[str, Any] = json.loads(Path(str(shipped)).read_text())
    return loaded


def _validate(compose: dict[str, Any], specification: dict[str, Any]) -> None:
    # named, because the file gives its draft under an address that jsonschema does not know
    jsonschema.Draft202012Validator(specification).validate(compose)


def test_the_file_follows_the_compose_specification(
    compose: dict[str, Any], specification: dict[str, Any]
) -> None:
    _validate(compose, specification)


def test_a_misspelt_key_would_be_seen(
    compose: dict[str, Any], specification: dict[str, Any]
) -> None:
    broken = {**compose, "services": {"kafka": {"image": "apache/kafka:4.1.0", "healthchek": {}}}}
    with pytest.raises(jsonschema.ValidationError):
        _validate(broken, specification)


def test_every_image_names_its_version(compose: dict[str, Any]) -> None:
    images = {name: service["image"] for name, service in compose["services"].items()}
    assert {name: image for name, image in images.items() if not PINNED.match(image)} == {}
    stages = re.findall(
        r"^FROM (\S+)", (ROOT / "deploy/docker/Dockerfile").read_text(), re.MULTILINE
    )
    assert len(stages) == 2
    assert [stage for stage in stages if not PINNED.match(stage)] == []


@pytest.mark.parametrize(
    "image", ["postgres", "postgres:latest", "postgres:18", "apache/kafka:${VERSION}"]
)
def test_an_image_that_moves_would_be_seen(image: str) -> None:
    assert PINNED.match(image) is None


def test_what_stays_up_says_whether_it_is_well(compose: dict[str, Any]) -> None:
    silent = {name for name, service in compose["services"].items() if "healthcheck" not in service}
    assert silent == ONE_SHOT


def test_nothing_is_reachable_from_another_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_secrets_have_no_default() -> None:
    used = re.findall(
        r"\$\{(\w*(?:PASSWORD|SECRET)\w*)(\S?\S?)", (ROOT / "docker-compose.yml").read_text()
    )
    assert {name for name, _ in used} == {"LIAISON_POSTGRES_PASSWORD", "LIAISON_CONSOLE_SECRET"}
    assert {operator for _, operator in used} == {":?"}


def test_our_services_do_not_run_as_root(compose: dict[str, Any]) -> None:
    assert re.search(r"^USER 10001$", (ROOT / "deploy/docker/Dockerfile").read_text(), re.MULTILINE)
    ours = [
        service
        for service in compose["services"].values()
        if service["image"].startswith("crisis-liaison:")
    ]
    assert len(ours) == 8
    assert all("user" not in service and service["cap_drop"] == ["ALL"] for service in ours)
