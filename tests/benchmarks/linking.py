"""How well incidents of two services are linked, measured on a city's public dispatch logs.

    python -m tests.benchmarks.linking --data DIR [--json]

DIR holds `incidents.csv.gz` (service PD or FIRE_EMS, created_utc, call_type, location_block, lat,
lon) and `linked_pairs.csv` (pairs known from the joint dispatch system, `same_street` = 1). The
known pairs were found by adjacent incident numbers, which linking never looks at.

Four measures, because the known pairs all carry the same second and so flatter any method:

recall      share of the known pairs that are linked
precision   1 - chance / observed; chance is what the same linking finds once one service's times
            are moved by whole weeks (same hour of the week, nothing in common), scaled to the
            incidents that still have the other service beside them
kept        links beyond chance, as a share of those the naive rule finds: what precision costs
delayed     recall of the known pairs when the second record is opened so many minutes later
"""

from __future__ import annotations

import argparse
import bisect
import csv
import dataclasses
import gzip
import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.liaison.linking.evidence import LinkPolicy, link, place_rates
from services.liaison.linking.grouping import group
from services.liaison.linking.place import distance_metres
from services.liaison.linking.sighting import Sighting

SHIFTS_WEEKS = (-4, -3, -2, -1, 1, 2, 3, 4)
DELAYS_MINUTES = (0, 5, 10, 15, 20, 25)
POLICE, EMERGENCY = "PD", "FIRE_EMS"

Rule = Callable[[Sighting, Sighting], bool]
Pairs = set[tuple[str, str]]

NATURE_OF_CALL = {
    "ACCIDENT": "collision",
    "LEAVING THE SCENE ACCIDENT": "collision",
    "MOTOR VEHICLE COLLISION": "collision",
    "VEHICLE COLLISION": "collision",
    "VEHICLE COLLISION WITH INJURIES": "collision",
    "VEHICLE COLLISION FLUID LEAK": "collision",
    "EXTRICATION/ENTRAPPED": "collision",
    "ASSIST MEDICS": "assistance",
    "ASSIST FIRE": "assistance",
    "ASSIST OFFICER": "assistance",
    "KNOX ASSIST": "assistance",
    "MEDICAL RESPONSE": "medical",
    "OVERDOSE": "medical",
    "DEATH INVESTIGATION": "medical",
    "CHECK THE WELFARE": "welfare",
    "CHECK SUBJECT": "welfare",
    "FOUND PERSON": "welfare",
    "MISSING PERSON": "welfare",
    "DISTURBANCE": "disturbance",
    "ASSAULT": "disturbance",
    "ROBBERY": "disturbance",
    "SHOTS FIRED": "disturbance",
    "SHOTS HEARD": "disturbance",
    "SUSPICIOUS PERSON": "disturbance",
    "TRESPASS SUBJECT": "disturbance",
    "PEACE DISTURBANCE": "property",
    "PEACE DISTURBAUNCE": "property",
    "LARCENY": "property",
    "BURGLARY": "property",
    "AUTO THEFT": "property",
    "VANDALISM": "property",
    "TRESPASSING": "property",
    "SUSPICIOUS VEHICLE": "property",
    "SUSPICIOUS INCIDENT": "property",
    "CHECK AREA": "property",
    "LAW ALARM": "alarm",
    "FIRE ALARM": "alarm",
    "SMOKE ALARM": "alarm",
    "ALARM": "alarm",
    "CARBON MONOXIDE ALARM": "alarm",
    "WATERFLOW ALARM": "alarm",
    "RESIDENTIAL STRUCTURE FIRE": "fire",
    "STRUCTURE FIRE": "fire",
    "VEHICLE FIRE": "fire",
    "OUTSIDE FIRE": "fire",
    "OUTSIDE SMOKE INVESTIGATION": "fire",
    "ELECTRICAL HAZARD": "fire",
    "GAS LEAK/GAS ODOR": "fire",
    "UNKNOWN ODOR": "fire",
    "EXPLOSION": "fire",
    "ARSON": "fire",
    "TRAFFIC STOP": "traffic",
    "BICYCLE STOP": "traffic",
    "PARKING VIOLATION": "traffic",
    "TRAFFIC": "traffic",
    "TRAFFIC CONTROL": "traffic",
    "TRAFFIC OBSERVATION": "traffic",
    "CHECK TRAFFIC LIGHTS": "traffic",
    "STALLED VEHICLE": "traffic",
    "ABANDONED  VEHICLE": "traffic",
    "HARASSMENT": "administrative",
    "FRAUD": "administrative",
    "VEH REPO": "administrative",
    "CIVIL MATTER": "administrative",
    "RECOVER PROPERTY": "administrative",
    "FOOT PATROL": "administrative",
    "CHECK OPEN BUSINESS": "administrative",
    "CHECK BUILDING": "administrative",
    "WARRANT": "administrative",
    "INFORMATION": "administrative",
    "SPECIAL ASSIGNMENT": "administrative",
    "ELEVATOR/ESCALATOR RESCUE": "administrative",
    "ROUTINE TRANSPORT": "administrative",
    "PUBLIC RELATIONS": "administrative",
    "FIRE INSPECTION": "administrative",
}
"""Call types by what they mean. What says nothing of its nature ('911 CHECKS', 'ASSIST CITIZEN',
'UNKNOWN PROBLEM') is left out and counts as not known."""


def read_incidents(path: Path) -> list[Sighting]:
    """The incidents of both services, by time of opening."""
    with gzip.open(path, "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    incidents = []
    for row in rows:
        opened = datetime.fromisoformat(row["created_utc"])
        incidents.append(
            Sighting(
                key=(row["service"], row["incident"]),
                agency_kind="police" if row["service"] == POLICE else "ambulance",
                opened_at=opened,
                last_seen_at=opened,
                uprn=None,
                street=row["location_block"] or None,
                latitude=float(row["lat"]) if row["lat"] else None,
                longitude=float(row["lon"]) if row["lon"] else None,
                category=NATURE_OF_CALL.get(row["call_type"].upper()),
                people=frozenset(),
                cross_references=frozenset(),
            )
        )
    return sorted(incidents, key=lambda sighting: (sighting.opened_at, sighting.key))


def read_known_pairs(path: Path) -> Pairs:
    """The known pairs on the same street, (police reference, fire/EMS reference)."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        (row["pd_incident"], row["fire_ems_incident"]) for row in rows if row["same_street"] == "1"
    }


def naive(left: Sighting, right: Sighting) -> bool:
    """The baseline: one same street text, or less than 150 m apart."""
    if left.street is not None and left.street == right.street:
        return True
    if left.latitude is None or left.longitude is None:
        return False
    if right.latitude is None or right.longitude is None:
        return False
    there = (right.latitude, right.longitude)
    return distance_metres(left.latitude, left.longitude, *there) < 150


def moved(sighting: Sighting, by: timedelta) -> Sighting:
    """The same incident at another time."""
    return dataclasses.replace(
        sighting, opened_at=sighting.opened_at + by, last_seen_at=sighting.last_seen_at + by
    )


def near_in_time(
    police: Sequence[Sighting], candidates: Sequence[Sighting], window: timedelta
) -> Iterator[tuple[Sighting, Sighting]]:
    """Every pair of the two services within the window; `police` is sorted by time."""
    starts = [sighting.opened_at for sighting in police]
    for other in candidates:
        first = bisect.bisect_left(starts, other.opened_at - window)
        for index in range(first, bisect.bisect_right(starts, other.opened_at + window)):
            yield police[index], other


def linked(
    police: Sequence[Sighting], candidates: Sequence[Sighting], window: timedelta, rule: Rule
) -> Pairs:
    """The pairs the rule links."""
    return {
        (one.key[1], other.key[1])
        for one, other in near_in_time(police, candidates, window)
        if rule(one, other)
    }


def measure(
    police: Sequence[Sighting],
    candidates: Sequence[Sighting],
    known_pairs: Pairs,
    window: timedelta,
    rule: Rule,
) -> dict[str, Any]:
    """Recall, precision and the counts they come from."""
    first, last = police[0].opened_at, police[-1].opened_at
    observed = linked(police, candidates, window, rule)
    here = {other.key[1] for other in candidates}
    pairs = {pair for pair in known_pairs if pair[1] in here}
    chance = []
    for weeks in SHIFTS_WEEKS:
        away = [moved(other, timedelta(weeks=weeks)) for other in candidates]
        covered = [other for other in away if first <= other.opened_at <= last]
        linked_pairs = len(linked(police, covered, window, rule))
        chance.append(linked_pairs * len(candidates) / len(covered) if covered else 0.0)
    mean = sum(chance) / len(chance)
    return {
        "links": len(observed),
        "known": len(pairs),
        "recall": len(observed & pairs) / len(pairs) if pairs else None,
        "precision": 1 - mean / len(observed) if observed else None,
        "chance_mean": mean,
        "chance_by_shift": [round(pair, 1) for pair in chance],
        "beyond_chance": len(observed) - mean,
    }


def recall_when_delayed(
    sightings: Sequence[Sighting], known_pairs: Pairs, rule: Rule
) -> dict[str, float]:
    """Share of the known pairs still linked when the fire/EMS record comes minutes later."""
    police = {sighting.key[1]: sighting for sighting in sightings if sighting.key[0] == POLICE}
    emergencies = {
        sighting.key[1]: sighting for sighting in sightings if sighting.key[0] == EMERGENCY
    }
    return {
        f"{minutes} min": sum(
            rule(police[one], moved(emergencies[other], timedelta(minutes=minutes)))
            for one, other in known_pairs
        )
        / len(known_pairs)
        for minutes in DELAYS_MINUTES
    }


def weighed(history: Sequence[Sighting], minutes: int, least_weight: float | None) -> Rule:
    """Our linking, with each place's rate taken from the history given."""
    days = (history[-1].opened_at - history[0].opened_at) / timedelta(days=1)
    policy = LinkPolicy(place_window=timedelta(minutes=minutes))
    if least_weight is not None:
        policy = dataclasses.replace(policy, least_weight=least_weight)
    policy = dataclasses.replace(policy, place_rates=place_rates(history, days))
    return lambda left, right: link(left, right, policy) is not None


def run(data: Path, least_weight: float | None = None) -> dict[str, Any]:
    """All figures."""
    sightings = read_incidents(data / "incidents.csv.gz")
    known_pairs = read_known_pairs(data / "linked_pairs.csv")
    police = [sighting for sighting in sightings if sighting.key[0] == POLICE]
    emergencies = [sighting for sighting in sightings if sighting.key[0] == EMERGENCY]
    middle = emergencies[len(emergencies) // 2].opened_at
    early = [emergency for emergency in emergencies if emergency.opened_at < middle]
    late = [emergency for emergency in emergencies if emergency.opened_at >= middle]
    before = [sighting for sighting in sightings if sighting.opened_at < middle]
    after = [sighting for sighting in sightings if sighting.opened_at >= middle]
    report: dict[str, Any] = {"split_at": middle.isoformat(), "figures": {}}
    parts = (
        ("all", emergencies, sightings),
        ("first half", early, before),
        # The held-out half knows of each place only what the first half showed, as in service.
        ("held-out half", late, before),
        ("swapped: first half, places from second", early, after),
    )
    for minutes in (5, 30):
        window = timedelta(minutes=minutes)
        for name, part, history in parts:
            plain = measure(police, part, known_pairs, window, naive)
            ours = measure(
                police, part, known_pairs, window, weighed(history, minutes, least_weight)
            )
            ours["kept"] = ours["beyond_chance"] / plain["beyond_chance"]
            report["figures"][f"{minutes} min, {name}"] = {"naive": plain, "ours": ours}
    rule = weighed(sightings, 30, least_weight)
    report["recall_when_delayed"] = recall_when_delayed(sightings, known_pairs, rule)
    began = time.perf_counter()
    crises = group(sightings, LinkPolicy())
    report["group"] = {
        "incidents": len(sightings),
        "crises": len(crises),
        "largest": max(len(crisis) for crisis in crises),
        "seconds": round(time.perf_counter() - began, 2),
    }
    return report


def main() -> None:
    """Read the arguments, print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--least-weight", type=float, default=None, help="nats; default: policy")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    report = run(arguments.data, arguments.least_weight)
    if arguments.json:
        print(json.dumps(report, indent=2))
        return
    for part, methods in report["figures"].items():
        print(part)
        for name, figures in methods.items():
            recall = "   -" if figures["recall"] is None else f"{figures['recall']:.4f}"
            kept_share = f" kept {figures['kept']:.3f}" if "kept" in figures else ""
            print(
                f"  {name:6} links {figures['links']:4} known {figures['known']:3} recall {recall} "
                f"precision {figures['precision']:.4f} chance {figures['chance_mean']:6.1f} "
                f"{figures['chance_by_shift']}{kept_share}"
            )
    print("recall of known pairs when delayed:", report["recall_when_delayed"])
    print("group:", report["group"])


if __name__ == "__main__":
    main()
