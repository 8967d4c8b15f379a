"""Columbia, Missouri: public police and fire/EMS dispatch log, as events of met-cad and las-cad.

Real: when and where an incident was opened, by which service, and its call type. Simulated: that a
unit is assigned and when the incident ends, since the log does not say. No person is in the log and
none is made up.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.events import TYPE_PREFIX

FEEDS = {
    "PD": ("met-cad", "/met/cad", "police-unit"),
    "FIRE_EMS": ("las-cad", "/las/cad", "ambulance"),
}
# Degrees by which places are moved, so that they lie in the zone: intake takes none outside it.
NORTH, EAST = 12.55, 92.20
# Call types of the log that say something to our rules; every other one is `other`.
NATURES = {
    "CHECK THE WELFARE": "welfare-concern",
    "CHECK SUBJECT": "welfare-concern",
    "SUICIDAL SUBJECT": "suicidal",
    "MISSING PERSON": "missing",
    "DISTURBANCE": "disturbance",
    "PEACE DISTURBANCE": "disturbance",
    "ASSAULT": "violence",
    "TRAFFIC STOP": "traffic-stop",
    "ACCIDENT": "traffic-collision",
    "MOTOR VEHICLE COLLISION": "traffic-collision",
    "VEHICLE COLLISION WITH INJURIES": "traffic-collision",
    "MEDICAL RESPONSE": "medical",
    "OVERDOSE": "medical",
    "FIRE ALARM": "fire",
    "LARCENY": "crime",
    "BURGLARY": "crime",
}
ASSIGNED_AFTER, CLOSED_AFTER = timedelta(seconds=90), timedelta(minutes=30)

Played = tuple[datetime, str, dict[str, Any]]


def events(folder: Path, begin: datetime) -> Iterator[Played]:
    """(instant, feed, event) in order of time, moved so that the first incident opens at `begin`.

    `folder` holds `incidents.csv.gz`. Ids come from the log's own numbers: played again, they are
    repeats if `begin` is the same. Raises OSError, KeyError for a file with other columns.
    """
    with gzip.open(folder / "incidents.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["created_utc"])
    if not rows:
        return
    move = begin - datetime.fromisoformat(rows[0]["created_utc"])
    waiting: list[Played] = []
    for row in rows:
        at = datetime.fromisoformat(row["created_utc"]) + move
        waiting.sort(key=lambda pair: pair[0])
        while waiting and waiting[0][0] <= at:
            yield waiting.pop(0)
        first, *later = _of(row, at)
        yield first
        waiting += later
    yield from sorted(waiting, key=lambda pair: pair[0])


def _of(row: dict[str, str], at: datetime) -> Iterator[Played]:
    feed, source, kind = FEEDS[row["service"]]
    incident = f"CO-{row['incident']}"
    place: dict[str, Any] = {"street": row["location_block"]} if row["location_block"] else {}
    if row["lat"] and row["lon"]:
        place |= {
            "latitude": round(float(row["lat"]) + NORTH, 6),
            "longitude": round(float(row["lon"]) + EAST, 6),
        }
    reported: dict[str, Any] = {
        "incident": incident,
        "nature": NATURES.get(row["call_type"], "other"),
    }
    steps = (
        (timedelta(), "incident.reported", reported | ({"location": place} if place else {})),
        (
            ASSIGNED_AFTER,
            "resource.assigned",
            {"incident": incident, "resource": f"S-{row['incident']}", "kind": kind},
        ),
        (
            CLOSED_AFTER,
            "incident.closed",
            {"incident": incident, "attended": True, "outcome": "other"},
        ),
    )
    for number, (after, name, data) in enumerate(steps):
        when = at + after
        yield (
            when,
            feed,
            {
                "specversion": "1.0",
                "id": f"{incident}-{number}",
                "source": source,
                "type": f"{TYPE_PREFIX}{name}.v1",
                "time": when.isoformat(),
                "data": data,
            },
        )
