"""In which boroughs a postcode lies, what is wrong with a table that does not say it, and where the table is from."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from schemas.registry import RegistryError, load_registry
from schemas.registry.postcodes import Postcodes, PostcodesError, read_postcodes
from tests.own_registry import own_registry

LONDON = load_registry()
HEAD = "# from nowhere, 1 January 2027\nsector,areas,units\n"


@pytest.mark.parametrize(
    ("postcode", "areas"),
    [
        # Buckingham Palace, King's Cross station, Croydon town hall, the Guildhall, Heathrow's terminals
        ("SW1A 1AA", ("westminster",)),
        ("N1 9AL", ("camden",)),
        ("CR0 1NX", ("croydon",)),
        ("EC2V 7HH", ("city-of-london",)),
        ("TW6 1QG", ("hillingdon",)),
    ],
)
def test_a_postcode_of_london_is_in_the_borough_that_everybody_knows_it_in(
    postcode: str, areas: tuple[str, ...]
) -> None:
    assert LONDON.areas_of_postcode(postcode) == areas


def test_a_postcode_on_a_border_names_the_boroughs_on_both_sides() -> None:
    # the Maudsley is Southwark's; the other pavement of Denmark Hill is Lambeth
    assert LONDON.areas_of_postcode("SE5 8AZ") == ("southwark", "lambeth")
    # Westow Street in Crystal Palace, where boroughs meet at one crossing
    assert set(LONDON.areas_of_postcode("SE19 1TX")) == {"lambeth", "bromley", "croydon"}


@pytest.mark.parametrize("written", ["SE58AZ", "se5 8az"])
def test_a_postcode_is_read_however_it_is_spaced_and_cased(written: str) -> None:
    assert LONDON.areas_of_postcode(written) == ("southwark", "lambeth")


@pytest.mark.parametrize("postcode", ["M1 1AE", "ZZ99 3VZ", "BN1 1JD"])
def test_a_postcode_of_elsewhere_or_of_nowhere_is_in_no_borough(postcode: str) -> None:
    assert LONDON.areas_of_postcode(postcode) == ()


def test_a_sector_that_reaches_out_of_london_knows_its_units_outside() -> None:
    # Westerham is in Kent although parts of TN16 are Bromley's
    assert LONDON.areas_of_postcode("TN16 3PS") == ("bromley",)
    assert LONDON.areas_of_postcode("TN16 1AA") == ()


def test_a_unit_that_is_newer_than_the_table_may_be_in_any_area_of_its_sector() -> None:
    table = read_postcodes(HEAD + "SE5 8,E1,AAAB\nSE5 8,E2 E1,BA\nSE5 9,E1,\n")
    assert table.codes_of("SE5 8AB") == ("E1",)
    assert table.codes_of("SE5 8BA") == ("E2", "E1")
    assert table.codes_of("SE5 8ZX") == ("E1", "E2")
    # letters that stand side by side in the table are no unit
    assert table.codes_of("SE5 8AA") == ("E1",)
    assert table.codes_of("SE5 9ZX") == ("E1",)
    assert table.codes_of("SE6 9ZX") == ()


def test_two_letters_that_only_stand_side_by_side_are_no_unit() -> None:
    table = Postcodes([("N1 1", ("E1",), "ABCD"), ("N1 1", ("E2",), "EF")])
    assert table.codes_of("N1 1BC") == ("E1", "E2")


def test_every_borough_has_postcodes_and_the_table_says_its_source_date_and_licence() -> None:
    table = LONDON._postcodes
    assert table is not None
    assert {area.code for area in LONDON.areas} <= table.codes
    for part in (
        "ONS Postcode Directory, November 2025",
        "Open Government Licence v3.0",
        "Contains OS data (c) Crown copyright and database right 2025",
        "Contains Royal Mail data (c) Royal",
    ):
        assert part in table.source


def test_the_postcodes_of_london_agree_with_its_outlines() -> None:
    """Control for the table as a whole: hospitals whose coordinates and postcodes are public."""
    places = {
        "SE1 7EH": (51.4988, -0.1188),  # St Thomas'
        "E1 1FR": (51.5190, -0.0593),  # The Royal London
        "NW3 2QG": (51.5529, -0.1653),  # The Royal Free
        "SW17 0QT": (51.4270, -0.1746),  # St George's
        "W2 1NY": (51.5172, -0.1737),  # St Mary's
    }
    for postcode, (latitude, longitude) in places.items():
        assert LONDON.area_at(latitude, longitude) in LONDON.areas_of_postcode(postcode)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sector,areas,units\n", "no line begins with #"),
        ("# from nowhere\nsector,area\n", "the first row is not sector,areas,units"),
        (HEAD + "SE5 8,E1,\nSE5 8,E1\n", "line 4 is not a sector"),
        (HEAD + "SE5 8,E1,ABC\n", "line 3 is not a sector"),
        (HEAD + "SE5 8,,AB\n", "line 3 is not a sector"),
    ],
)
def test_a_table_that_cannot_be_used_says_what_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(PostcodesError, match=sentence):
        read_postcodes(text)


def registry(folder: Path, table: str | None) -> Path:
    document = LONDON.model_dump(mode="json", exclude_none=True)
    document["postcodes"] = "here.csv"
    (folder / "registry.yaml").write_text(yaml.safe_dump(document))
    if table is not None:
        (folder / "here.csv").write_text(table)
    return folder / "registry.yaml"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (None, "here.csv, which the registry names as postcodes, cannot be read"),
        ("", "here.csv: no line begins with #"),
        (HEAD + "SE5 8,E09000028,\n", "here.csv has no postcode in code E09000002"),
    ],
)
def test_a_registry_without_the_table_it_names_is_refused_at_load(
    tmp_path: Path, table: str | None, sentence: str
) -> None:
    with pytest.raises(RegistryError, match=sentence):
        load_registry(registry(tmp_path, table))


def test_a_registry_that_names_no_table_knows_no_postcode() -> None:
    without = own_registry().model_copy(update={"postcodes": None})
    without._postcodes = None
    assert without.areas_of_postcode("SE5 8AZ") == ()
    assert own_registry().areas_of_postcode("SE5 8AZ") == ("southwark", "lambeth")
