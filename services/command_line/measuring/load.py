"""Synthetic load: crises that must raise an alert among ordinary incidents that must not. Used to
measure and to break.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from schemas.events import TYPE_PREFIX

AREAS = ("southwark", "lambeth", "camden", "hackney", "ealing", "barnet", "bexley", "croydon")
ORDINARY = ("crime", "traffic-collision", "medical", "disturbance", "other")

# The feed, the key and the event.
Message = tuple[str, str, dict[str, Any]]


def _event(
    feed: str, chance: random.Random, kind: str, at: datetime, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(UUID(int=chance.getrandbits(128), version=4)),
        "source": f"/{feed.replace('-', '/')}",
        "type": f"{TYPE_PREFIX}{kind}.v1",
        "time": at.isoformat(),
        "data": data,
    }


def crisis(number: int, now: datetime, chance: random.Random) -> list[Message]:
    """What two agencies say of one crisis. The last event makes rule R01 hold at once: police have
    been there a while.
    """
    # a property of its own, so that no two crises of the load are linked by place
    place = {"uprn": f"{100_000_000 + number}", "area": AREAS[number % len(AREAS)]}
    call, police = f"LAS-{number}", f"CAD-{number}"
    report = {"nature": "mental-health-crisis", "location": place}
    linked = [{"agency": "met", "reference": police}]
    # the police reported first and have been there for eight minutes: every limit of the rule
    # has passed when the last event comes
    ago = [now - timedelta(minutes=minutes) for minutes in (9, 10, 8)]
    return [
        (
            "las-cad",
            call,
            _event(
                "las-cad",
                chance,
                "incident.reported",
                ago[0],
                {
                    "incident": call,
                    "channel": "agency",
                    "ambulance_category": "C3",
                    "linked": linked,
                    **report,
                },
            ),
        ),
        (
            "met-cad",
            police,
            _event(
                "met-cad",
                chance,
                "incident.reported",
                ago[1],
                {"incident": police, "channel": "999", **report},
            ),
        ),
        (
            "met-cad",
            police,
            _event(
                "met-cad",
                chance,
                "resource.on-scene",
                ago[2],
                {"incident": police, "resource": f"M{number}", "kind": "police-unit"},
            ),
        ),
    ]


def ordinary(number: int, now: datetime, chance: random.Random) -> list[Message]:
    """One incident of one agency, from the call to its end. It raises nothing."""
    feed, kind = chance.choice((("met-cad", "police-unit"), ("las-cad", "ambulance")))
    incident = f"N-{number}"
    where = {
        "latitude": round(chance.uniform(51.30, 51.68), 5),
        "longitude": round(chance.uniform(-0.50, 0.30), 5),
        "area": chance.choice(AREAS),
    }
    resource = {"incident": incident, "resource": f"U{number % 900}", "kind": kind}
    steps: list[tuple[str, dict[str, Any]]] = [
        (
            "incident.reported",
            {"incident": incident, "nature": chance.choice(ORDINARY), "location": where},
        ),
        ("resource.assigned", resource),
        ("resource.on-scene", resource),
        ("resource.left", resource),
        ("incident.closed", {"incident": incident, "attended": True, "outcome": "resolved"}),
    ]
    return [
        (feed, incident, _event(feed, chance, name, now - timedelta(minutes=5 - number), data))
        for number, (name, data) in enumerate(steps)
    ]


def mixture(now: datetime, chance: random.Random) -> Iterator[tuple[Message, bool]]:
    """Messages without end: of eighteen, three make a crisis; and whether it is the one that raises
    the alert.
    """
    number = 0
    while True:
        number += 1
        messages = crisis(number, now, chance)
        # only the last of the three raises: from it the time to the alert is measured
        yield from ((message, message is messages[-1]) for message in messages)
        for extra in range(3):
            yield from ((message, False) for message in ordinary(number * 3 + extra, now, chance))
