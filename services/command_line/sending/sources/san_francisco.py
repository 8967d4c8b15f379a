"""San Francisco: public fire department calls for service, as events of las-cad.

Real: when a call was received, when each unit was dispatched, on scene and available, where, and
its call type. The city's "fire department" carries its ambulances; units are given our kinds by
unit type. No person is in the log and none is made up. Data: DataSF, Public Domain Dedication and
License.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from schemas.events import TYPE_PREFIX
from services.command_line.sending.sources.columbia import Played

FEED, SOURCE = "las-cad", "/las/cad"
LOCAL = ZoneInfo("America/Los_Angeles")
# Degrees by which places are moved, so that they lie in the zone: intake takes none outside it.
NORTH, EAST = 13.73, 122.30
NATURES = {
    "Medical Incident": "medical",
    "Traffic Collision": "traffic-collision",
    "Structure Fire": "fire",
    "Alarms": "fire",
}
# Unit types that respond to a person; engines and trucks are left out: our vocabulary has no fire
# engine.
UNITS = {"MEDIC": "ambulance", "PRIVATE": "ambulance", "RESCUE CAPTAIN": "rapid-response-car"}
# By the city's final priority (3 is with lights and siren); our categories are of another
# service: an approximation.
CATEGORIES = {"E": "C1", "3": "C2", "2": "C3", "1": "C4"}


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=LOCAL).astimezone(UTC)


def events(folder: Path, begin: datetime) -> Iterator[Played]:
    """(instant, feed, event) in order of time, moved so that the first call is received at `begin`.

    `folder` holds `fire_department_calls.csv.gz`. Raises OSError, KeyError for a file with other
    columns.
    """
    calls: dict[str, list[dict[str, str]]] = defaultdict(list)
    with gzip.open(
        folder / "fire_department_calls.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        for row in csv.DictReader(file):
            calls[row["Incident Number"]].append(row)
    incidents = sorted(
        (event for rows in calls.values() for event in _of(rows)),
        key=lambda event: (event[0], event[1]["id"]),
    )
    if not incidents:
        return
    move = begin - incidents[0][0]
    for at, event in incidents:
        yield at + move, FEED, event | {"time": (at + move).isoformat()}


def _of(rows: list[dict[str, str]]) -> Iterator[tuple[datetime, dict[str, Any]]]:
    first = rows[0]
    incident = f"SF-{first['Incident Number']}"
    received = min(
        (at for row in rows if (at := _instant(row["Received DtTm"])) is not None), default=None
    )
    if received is None:
        return

    def event(
        at: datetime, name: str, mark: str, data: dict[str, Any]
    ) -> tuple[datetime, dict[str, Any]]:
        return at, {
            "specversion": "1.0",
            "id": f"{incident}-{mark}",
            "source": SOURCE,
            "type": f"{TYPE_PREFIX}{name}.v1",
            "time": at.isoformat(),
            "data": {"incident": incident, **data},
        }

    place: dict[str, Any] = {"street": first["Address"]} if first["Address"] else {}
    if (point := re.fullmatch(r"\((-?[\d.]+), (-?[\d.]+)\)", first["Location"])) is not None:
        place |= {
            "latitude": round(float(point[1]) + NORTH, 6),
            "longitude": round(float(point[2]) + EAST, 6),
        }
    reported: dict[str, Any] = {"nature": NATURES.get(first["Call Type"], "other")}
    if place:
        reported["location"] = place
    if first["Final Priority"] in CATEGORIES and first["Call Type"] == "Medical Incident":
        reported["ambulance_category"] = CATEGORIES[first["Final Priority"]]
    yield event(received, "incident.reported", "reported", reported)
    went = False
    ends = [received]
    for row in rows:
        kind = UNITS.get(row["Unit Type"])
        if kind is None:
            continue
        unit = {"resource": row["Unit ID"], "kind": kind}
        for column, name in (
            ("Dispatch DtTm", "resource.assigned"),
            ("On Scene DtTm", "resource.on-scene"),
            ("Available DtTm", "resource.left"),
        ):
            at = _instant(row[column])
            arrived = bool(row["On Scene DtTm"])
            if at is None or (name == "resource.left" and not arrived):
                continue
            went |= arrived
            ends.append(at)
            extra = {}
            if name == "resource.left" and row["Transport DtTm"]:
                extra = {"with_person": True}
            yield event(at, name, f"{row['Unit ID']}-{name.split('.')[1]}", unit | extra)
    yield event(max(ends), "incident.closed", "zclosed", {"attended": went, "outcome": "other"})
