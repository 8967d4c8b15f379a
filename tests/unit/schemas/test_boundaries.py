"""Where the areas of the registry lie, and what is wrong with a file that does not say it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from schemas.boundaries import BoundariesError, read_boundaries
from schemas.registry import RegistryError, load_registry

SQUARE = {"type": "Polygon", "coordinates": [[[0, 51], [1, 51], [1, 52], [0, 52], [0, 51]]]}
LONDON = load_registry()


def collection(*features: tuple[str, Any]) -> str:
    features_ = [
        {"type": "Feature", "properties": {"code": code}, "geometry": shape}
        for code, shape in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": features_})


@pytest.mark.parametrize(
    ("latitude", "longitude", "area"),
    [
        (51.4951, -0.1165, "lambeth"),
        (51.5045, -0.0865, "southwark"),
        (51.5130, -0.0890, "city-of-london"),
        (51.3762, -0.0982, "croydon"),
        (52.2053, 0.1218, None),
    ],
)
def test_a_place_in_london_is_in_its_borough(
    latitude: float, longitude: float, area: str | None
) -> None:
    assert LONDON.area_at(latitude, longitude) == area


def test_a_place_on_a_bridge_is_the_nearer_banks_and_far_outside_is_nobodys() -> None:
    assert LONDON.area_at(51.5095, -0.1165) == "westminster"
    assert LONDON.area_at(51.5070, -0.1150) == "lambeth"
    assert LONDON.area_at(51.40, 0.45) is None


def test_every_borough_is_drawn_and_says_whose_the_outlines_are() -> None:
    assert LONDON.outlines is not None
    assert set(LONDON.outlines.outlines) == {area.code for area in LONDON.areas}
    assert "Crown copyright" in LONDON.outlines.attribution


def test_on_a_border_it_is_always_the_same_area() -> None:
    right = {"type": "Polygon", "coordinates": [[[1, 51], [2, 51], [2, 52], [1, 52], [1, 51]]]}
    outlines = read_boundaries(collection(("E2", right), ("E1", SQUARE)))
    assert outlines.code_at(51.5, 1.0) == "E1"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "line 1: this is no JSON"),
        ("[]", "no GeoJSON FeatureCollection"),
        (
            collection(("E1", {"type": "Point", "coordinates": [0, 51]})),
            "feature E1: its geometry is no Polygon",
        ),
        (collection(("E1", SQUARE), ("E1", SQUARE)), "two features have the same properties/code"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(BoundariesError, match=sentence):
        read_boundaries(text)


def registry(folder: Path, boundaries: str | None) -> Path:
    document = LONDON.model_dump(mode="json", exclude_none=True)
    document["boundaries"] = "here.geojson"
    (folder / "registry.yaml").write_text(yaml.safe_dump(document))
    if boundaries is not None:
        (folder / "here.geojson").write_text(boundaries)
    return folder / "registry.yaml"


@pytest.mark.parametrize(
    ("boundaries", "sentence"),
    [
        (None, "here.geojson, which the registry names as boundaries, cannot be read"),
        ("{", "here.geojson: line 1"),
        (
            collection(("E09000002", SQUARE)),
            "area barnet: here.geojson has no outline of code E09000003",
        ),
    ],
)
def test_a_registry_without_the_outlines_it_names_is_refused_at_load(
    tmp_path: Path, boundaries: str | None, sentence: str
) -> None:
    with pytest.raises(RegistryError, match=sentence):
        load_registry(registry(tmp_path, boundaries))


def test_a_copy_of_london_in_another_folder_still_has_its_outlines(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(
        yaml.safe_dump(LONDON.model_dump(mode="json", exclude_none=True))
    )
    assert load_registry(tmp_path / "ours.yaml").area_at(51.5045, -0.0865) == "southwark"


def test_a_registry_that_names_no_boundaries_knows_no_places(tmp_path: Path) -> None:
    document = LONDON.model_dump(mode="json", exclude_none=True)
    del document["boundaries"]
    (tmp_path / "registry.yaml").write_text(yaml.safe_dump(document))
    plain = load_registry(tmp_path / "registry.yaml")
    assert plain.outlines is None
    assert plain.area_at(51.5045, -0.0865) is None
