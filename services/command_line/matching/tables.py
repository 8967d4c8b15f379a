"""Files of people and of outcomes, as the commands of `liaison identity` read and write them."""

from __future__ import annotations

import csv
import gzip
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from typing import Literal

import click

from services.identity.described import Described
from services.identity.training.tabular import BadField, fault_of, read


def opened(path: Path, mode: Literal["r", "w"]) -> TextIOWrapper:
    """A text file, or one compressed by gzip where its name ends in .gz."""
    encoding = "utf-8"
    if mode == "r":
        encoding = "utf-8-sig"
    raw = gzip.GzipFile(path, f"{mode}b") if path.suffix == ".gz" else FileIO(path, mode)
    return TextIOWrapper(
        BufferedReader(raw) if mode == "r" else BufferedWriter(raw), encoding=encoding, newline=""
    )


def rows_of(path: Path, faults: list[str]) -> dict[str, Described]:
    """The rows of a file by id; what cannot be read is added to `faults` with line and field, and
    the rest goes on.
    """
    rows: dict[str, Described] = {}
    with opened(path, "r") as stream:
        reader = csv.DictReader(stream)
        if "id" not in (reader.fieldnames or ()):
            raise click.ClickException(
                f"{path.name}: no column id; the first line names the columns"
            )
        while True:
            try:
                row = next(reader)
                key, person = read(row)
                if key in rows:
                    raise BadField("id", "given twice; every row needs its own")
                rows[key] = person
                if (left_out := fault_of(row)) is not None:
                    faults.append(f"{path.name} line {reader.line_num}: {left_out}")
            except StopIteration:
                return rows
            except (BadField, csv.Error) as error:
                faults.append(f"{path.name} line {reader.line_num}: {error}")


def table_of(path: Path, *needed: str) -> list[dict[str, str]]:
    """The rows of a file that has the columns needed. Raises click.ClickException naming those it
    lacks.
    """
    with opened(path, "r") as stream:
        reader = csv.DictReader(stream)
        lacking = [column for column in needed if column not in (reader.fieldnames or ())]
        if lacking:
            raise click.ClickException(
                f"{path.name}: no column {', '.join(lacking)}; the first line names the columns"
            )
        return list(reader)
