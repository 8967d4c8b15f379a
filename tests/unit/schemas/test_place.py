"""Grid references and Plus Codes are read into the coordinates that they stand for."""

from __future__ import annotations

from math import cos, radians

import pytest
from pydantic import ValidationError

from schemas.place import Location, Point


def metres_between(point: Point, latitude: float, longitude: float) -> float:
    north = (point.latitude - latitude) * 111_250
    east = (point.longitude - longitude) * 111_320 * cos(radians(latitude))
    return float((north**2 + east**2) ** 0.5)


def point(**fields: object) -> Point:
    found = Location.model_validate(fields).point
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("reference", "latitude", "longitude", "within"),
    [
        # Ordnance Survey's own worked example of OSTN15 (point TP02, Caister water tower)
        ("TG 51409 13177", 52.658007833, 1.716073973, 0.71),
        ("TG 5140 1317", 52.658007833, 1.716073973, 7.1),
        # Nelson's Column, as maps have it
        ("TQ 300 804", 51.50774, -0.12794, 71),
        ("TQ 30 80", 51.50774, -0.12794, 708),
    ],
)
def test_a_grid_reference_is_where_the_ordnance_survey_has_it(
    reference: str, latitude: float, longitude: float, within: float
) -> None:
    read = point(grid_reference=reference)
    assert read.within_metres == pytest.approx(within, rel=0.02)
    assert metres_between(read, latitude, longitude) <= within + 1


def test_a_reference_is_read_as_the_middle_of_its_square_and_not_as_its_corner() -> None:
    square, corner = point(grid_reference="TQ 30 80"), point(grid_reference="TQ 30000 80000")
    assert metres_between(square, corner.latitude, corner.longitude) == pytest.approx(707, abs=3)


@pytest.mark.parametrize("written", ["TQ3004", "TQ30048040", "tq 3004 8040", "TQ 30048040"])
def test_a_grid_reference_is_read_however_it_is_spaced_and_cased(written: str) -> None:
    assert point(grid_reference=written).latitude == pytest.approx(51.5, abs=1)


@pytest.mark.parametrize(
    "written", ["TQ", "TQ 3", "TQ 300 80", "TI 30 80", "XX 30 80", "530045 180402", "TQ 300804 1"]
)
def test_what_is_no_square_of_great_britain_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        Location.model_validate({"grid_reference": written})


def test_every_square_of_great_britain_is_read() -> None:
    for first in "HNOST":
        for second in "ABCDEFGHJKLMNOPQRSTUVWXYZ":
            assert Location(grid_reference=f"{first}{second} 00 99").point is not None


@pytest.mark.parametrize(
    ("code", "latitude", "longitude", "within"),
    [
        # the specification's example, Merlin's office in Zurich
        ("8FVC9G8F+6W", 47.365562, 8.524813, 10),
        ("8fvc9g8f+6w", 47.365562, 8.524813, 10),
        ("8FVC9G8F+6WQ", 47.365576, 8.524842, 2),
    ],
)
def test_a_plus_code_is_where_its_specification_has_it(
    code: str, latitude: float, longitude: float, within: float
) -> None:
    read = point(plus_code=code)
    assert read.within_metres <= within
    assert metres_between(read, latitude, longitude) <= within


@pytest.mark.parametrize(
    "written", ["9G8F+6W", "8FVC9G8F", "8FVC0000+", "8FVC9G8F+6", "ZFVC9G8F+6W", "8FVC9G8F+6A"]
)
def test_a_plus_code_that_is_short_or_coarse_or_none_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        Location.model_validate({"plus_code": written})


def test_coordinates_count_before_a_plus_code_and_that_before_a_grid_reference() -> None:
    everything = {
        "latitude": 51.5,
        "longitude": -0.1,
        "plus_code": "9C3XGV4C+XV",
        "grid_reference": "TQ 30 80",
    }
    assert point(**everything) == Point(51.5, -0.1, 0)
    without = {name: everything[name] for name in ("plus_code", "grid_reference")}
    assert point(**without) == point(plus_code="9C3XGV4C+XV")
    assert Location(latitude=51.5).point is None
    assert Location(postcode="SE5 8AZ").point is None
