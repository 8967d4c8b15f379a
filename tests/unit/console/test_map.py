"""The map is a flat sheet with numbered marks; what is not on it has none."""

from __future__ import annotations

import re

from schemas.registry import load_registry
from services.console.view.map import WIDTH, BoroughMap

OUTLINES = load_registry().outlines
assert OUTLINES is not None
SHEET = BoroughMap(OUTLINES)


def test_every_borough_has_a_closed_path_within_the_sheet() -> None:
    assert len(SHEET.outlines) == 33
    for outline in SHEET.outlines:
        assert re.fullmatch(r"(M(\d+ \d+ ?)+Z ?)+", outline.path)
        numbers = [int(number) for number in re.findall(r"\d+", outline.path)]
        assert max(numbers[0::2]) <= WIDTH
        assert max(numbers[1::2]) <= SHEET.height


def test_north_is_up_and_east_is_right() -> None:
    enfield, croydon = SHEET.place(51.65, -0.08), SHEET.place(51.37, -0.1)
    heathrow, romford = SHEET.place(51.47, -0.45), SHEET.place(51.575, 0.18)
    assert enfield is not None
    assert croydon is not None
    assert enfield[1] < croydon[1]
    assert heathrow is not None
    assert romford is not None
    assert heathrow[0] < romford[0]


def test_places_too_near_to_be_told_apart_share_a_mark() -> None:
    marks = SHEET.marks({1: (51.50, -0.10), 2: (51.5001, -0.1001), 3: (51.60, 0.10)})
    assert [mark.numbers for mark in marks] == ["1, 2", "3"]
    assert marks[0].width > marks[1].width


def test_a_place_outside_the_zone_has_no_mark() -> None:
    assert SHEET.marks({1: (52.2, 0.12)}) == ()
