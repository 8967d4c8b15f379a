"""The registry says who is addressed, and refuses a file by which an alert would reach nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.registry import Registry, RegistryError, load_registry
from tests.own_registry import own_registry

OWN = own_registry()


def _written(tmp_path: Path, change: object) -> Path:
    document = OWN.model_dump(mode="json", exclude_none=True)
    change(document)  # type: ignore[operator]
    path = tmp_path / "registry.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def _of(agency: str, document: dict[str, Any]) -> dict[str, Any]:
    """The agency's entry."""
    found: dict[str, Any] = next(a for a in document["agencies"] if a["id"] == agency)
    return found


def test_london_has_its_33_areas_and_no_entry_claims_to_be_verified() -> None:
    london = load_registry()
    assert len(london.areas) == 33
    assert not any(agency.verified for agency in london.agencies)


def test_an_alert_in_lambeth_reaches_the_desks_that_serve_lambeth() -> None:
    desks = [
        desk.id
        for _, desk in OWN.desks_for(
            ["ambulance-control", "police-control", "mental-health-crisis"], "lambeth"
        )
    ]
    assert desks == ["las-mental-health", "met-control-central-south", "slam-crisis"]


def test_a_named_trust_is_addressed_although_it_serves_another_area() -> None:
    desks = [desk.id for _, desk in OWN.desks_for(["mental-health-crisis"], "lambeth", ["oxleas"])]
    assert desks == ["oxleas-crisis"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["agencies"].append(d["agencies"][0]), "agency met stands twice"),
        (lambda d: d["agencies"][0]["desks"][0].update(areas=["atlantis"]), "are not areas of met"),
        (
            lambda d: _of("las", d)["desks"][0].update(areas=["camden"]),
            "no ambulance-control desk serves it",
        ),
        (lambda d: _of("las", d)["desks"][0].update(role="custody"), "has no custody desk"),
        (lambda d: d["agencies"][0].update(kindd="police"), "/agencies/0/kindd"),
    ],
)
def test_a_file_that_would_lose_alerts_is_refused_with_the_place_and_the_remedy(
    tmp_path: Path, change: object, said: str
) -> None:
    with pytest.raises(RegistryError, match=said):
        load_registry(_written(tmp_path, change))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"nowhere\.yaml cannot be read"):
        load_registry(tmp_path / "nowhere.yaml")


def test_a_file_in_another_coding_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "registry.yaml"
    file.write_bytes("version: 1\n".encode("utf-16"))
    with pytest.raises(RegistryError, match=r"registry\.yaml is not in UTF-8; save it as UTF-8"):
        load_registry(file)


def test_feeds_are_found_by_topic() -> None:
    agency, feed = OWN.feeds_by_topic["feed.met-cad"]
    assert (agency.id, feed.sources) == ("met", ("/met/cad",))
    assert isinstance(OWN, Registry)


def test_a_key_that_stands_twice_in_a_file_is_a_fault(tmp_path: Path) -> None:
    twice = tmp_path / "registry.yaml"
    twice.write_text("version: 1\nname: A\nname: B\n")
    with pytest.raises(RegistryError, match="`name` stands twice"):
        load_registry(twice)
