"""Which areas of a registry a postcode lies in: read from a table that says its source and date."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import lru_cache

COLUMNS = ["sector", "areas", "units"]
# A unit is the two letters at the end of a postcode.
UNIT_LETTERS = 2


class PostcodesError(ValueError):
    """The table of postcodes cannot be used as it is."""


class Postcodes:
    """Areas (ONS codes) by sector and unit. Immutable."""

    def __init__(self, rows: Iterable[tuple[str, tuple[str, ...], str]], source: str = "") -> None:
        self._sectors: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for sector, codes, units in rows:
            self._sectors.setdefault(sector, []).append((codes, units))
        self.source = source
        """Where the table is from, of what date, and what its licence asks to be said."""
        self.codes_of = lru_cache(maxsize=8192)(self._codes_of)
        """`codes_of(postcode)`: the codes of the areas that the postcode lies in, the likeliest
        first; several where it spans a border. Of a unit that the table does not have, those of its
        whole sector; of an unknown sector none.
        """

    def _codes_of(self, postcode: str) -> tuple[str, ...]:
        plain = postcode.replace(" ", "").upper()
        outward, sector, unit = plain[:-3], plain[-3:-2], plain[-UNIT_LETTERS:]
        rows = self._sectors.get(f"{outward} {sector}", ())
        for codes, units in rows:
            if not units or unit in _split(units):
                return codes
        return tuple(dict.fromkeys(code for codes, _ in rows for code in codes))

    @property
    def codes(self) -> frozenset[str]:
        """Every code in the table."""
        rows = (row for rows in self._sectors.values() for row in rows)
        return frozenset(code for codes, _ in rows for code in codes)


def _split(units: str) -> list[str]:
    return [units[start : start + UNIT_LETTERS] for start in range(0, len(units), UNIT_LETTERS)]


def read_postcodes(text: str) -> Postcodes:
    """From a CSV of sector, areas (ONS codes, parted by spaces) and units (the last two letters of
    each, unparted; none for a whole sector). Lines that begin with `#` say where the table is from.
    Raises PostcodesError with the line.
    """
    lines = text.splitlines()
    remarks = [line for line in lines if line.startswith("#")]
    if not remarks:
        raise PostcodesError(
            "no line begins with #; say there where the table is from and its date"
        )
    table = csv.reader(lines[len(remarks) :])
    if next(table, None) != COLUMNS:
        raise PostcodesError(f"the first row is not {','.join(COLUMNS)}")
    rows = []
    for number, row in enumerate(table, len(remarks) + 2):
        if len(row) != len(COLUMNS) or not row[1] or len(row[2]) % UNIT_LETTERS:
            raise PostcodesError(
                f"line {number} is not a sector, its areas and units of {UNIT_LETTERS} letters"
            )
        rows.append((row[0], tuple(row[1].split()), row[2]))
    return Postcodes(rows, "\n".join(line.lstrip("# ") for line in remarks))
