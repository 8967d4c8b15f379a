"""Writes `ordinary-day.yaml`: a day of London in which every service does what it should. No alert may come of it.

`python -m tests.scenarios.casebook.ordinary_day` writes the file anew. The same seed gives the same day.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nhs_number
import yaml

START = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
FILE = Path(__file__).with_name("ordinary-day.yaml")
TRUST_OF = {
    "lambeth": "slam",
    "southwark": "slam",
    "lewisham": "slam",
    "croydon": "slam",
    "greenwich": "oxleas",
    "bromley": "oxleas",
    "wandsworth": "swlstg",
    "merton": "swlstg",
    "ealing": "west-london",
    "hounslow": "west-london",
    "brent": "cnwl",
    "westminster": "cnwl",
    "hackney": "elft",
    "newham": "elft",
    "redbridge": "nelft",
    "havering": "nelft",
    "camden": "north-london",
    "haringey": "north-london",
    "barnet": "north-london",
}
AREAS = sorted(TRUST_OF)
NAMES = (
    "Adeola Bankole",
    "Piotr Zieliński",
    "Maryam Rahimi",
    "Joanna Clarke",
    "Kofi Asamoah",
    "Sunita Sharma",
    "Ahmed Said",
    "Bronwen Rees",
    "Carlos Mendes",
    "Thuy Nguyen",
    "Deepak Patel",
    "Olena Kovalenko",
    "Winston Grant",
    "Zainab Ali",
    "Siobhán Kelly",
    "Jin Park",
    "Fatou Ceesay",
    "Emre Demir",
    "Rosa Silva",
    "Idris Jones",
    "Hodan Abdi",
    "Marek Novák",
    "Leah Cohen",
    "Tariq Mahmood",
    "Blessing Okafor",
    "Arun Nair",
    "Chloe Martin",
    "Dmitri Ivanov",
    "Keisha Francis",
    "Hamza Iqbal",
    "Mei Chen",
    "Gloria Addo",
    "Stefan Popescu",
    "Nadia Haddad",
    "Patrick Byrne",
    "Yaw Owusu",
)
ETHNICITY = "ABCDEFGHJKLMNPRS"


class Day:
    """Collects what the agencies say; every incident has a place, and where it is about somebody, a person of its own."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.said: list[tuple[datetime, str, str, dict[str, object]]] = []
        self.known: list[tuple[datetime, str, str, dict[str, object]]] = []
        self.incidents = 0
        self._numbers = iter(_test_numbers())

    def say(self, at: datetime, feed: str, event_type: str, /, **data: object) -> None:
        """An agency says something."""
        self.said.append((at, feed, event_type, data))

    def new(self, prefix: str) -> str:
        """A reference that no other incident of the day has."""
        self.incidents += 1
        return f"{prefix}-{self.incidents}"

    def moment(self) -> datetime:
        """Some time of the day, so that what begins can be told to its end."""
        return START + timedelta(minutes=self.random.randrange(5, 22 * 60))

    def area(self) -> str:
        return self.random.choice(AREAS)

    def place(self, area: str) -> dict[str, object]:
        """A property that nothing else happens at."""
        return {"uprn": f"1000240{self.incidents:05}", "area": area}

    def person(self) -> dict[str, object]:
        """Somebody with all that a complete record has."""
        number = next(self._numbers)
        given_name, family = NAMES[int(number[3:9]) % len(NAMES)].split(" ")
        born = datetime(1950, 1, 2, tzinfo=UTC) + timedelta(days=self.random.randrange(20_000))
        return {
            "nhs_number": number,
            "nhs_number_status": "01",
            "names": [{"given": given_name, "family": family}],
            "date_of_birth": born.date().isoformat(),
            "ethnicity": self.random.choice(ETHNICITY),
        }

    def minutes(self, least: int, most: int) -> timedelta:
        return timedelta(minutes=self.random.randint(least, most))


def _test_numbers() -> Iterator[str]:
    """NHS numbers of the range for synthetic data, with their check digit."""
    for number in range(500_000, 1_000_000, 3):
        stem = f"999{number}"
        for digit in "0123456789":
            if nhs_number.is_valid(stem + digit):
                yield stem + digit


def medical(day: Day) -> None:
    """An ambulance is sent to somebody who is ill, and takes them along or not."""
    at, reference = day.moment(), day.new("LAS")
    category = day.random.choice(["C2", "C2", "C3", "C3", "C4"])
    day.say(
        at,
        "las-cad",
        "incident.reported",
        incident=reference,
        nature="medical",
        channel="999",
        ambulance_category=category,
        location=day.place(day.area()),
    )
    there = at + day.minutes(7, 35)
    day.say(
        there,
        "las-cad",
        "resource.on-scene",
        incident=reference,
        resource=f"A{day.incidents}",
        kind="ambulance",
    )
    day.say(
        there + timedelta(minutes=30),
        "las-cad",
        "resource.left",
        incident=reference,
        resource=f"A{day.incidents}",
        kind="ambulance",
        with_person=True,
    )
    day.say(
        there + timedelta(minutes=32),
        "las-cad",
        "incident.closed",
        incident=reference,
        attended=True,
        outcome="conveyed",
    )


def crime(day: Day) -> None:
    """A burglary, a theft: police go, take a statement, leave."""
    at, reference = day.moment(), day.new("CAD")
    day.say(
        at,
        "met-cad",
        "incident.reported",
        incident=reference,
        nature="crime",
        channel="101",
        location=day.place(day.area()),
    )
    there = at + day.minutes(10, 50)
    unit = f"P{day.incidents}"
    day.say(
        there, "met-cad", "resource.on-scene", incident=reference, resource=unit, kind="police-unit"
    )
    day.say(
        there + timedelta(minutes=25),
        "met-cad",
        "resource.left",
        incident=reference,
        resource=unit,
        kind="police-unit",
    )
    day.say(
        there + timedelta(minutes=26),
        "met-cad",
        "incident.closed",
        incident=reference,
        attended=True,
        outcome="no-further-action",
    )


def arrest(day: Day) -> None:
    """A fight: handcuffs for a minute, custody with every check in time, released assessed."""
    at, reference = day.moment(), day.new("CAD")
    unit, custody, force = f"P{day.incidents}", f"CU-{day.incidents}", f"F-{day.incidents}"
    day.say(
        at,
        "met-cad",
        "incident.reported",
        incident=reference,
        nature="violence",
        channel="999",
        location=day.place(day.area()),
    )
    there = at + day.minutes(5, 12)
    day.say(
        there, "met-cad", "resource.on-scene", incident=reference, resource=unit, kind="police-unit"
    )
    day.say(
        there + timedelta(minutes=2),
        "met-cad",
        "force.started",
        incident=reference,
        force=force,
        kinds=["handcuffs"],
        position="standing",
    )
    day.say(
        there + timedelta(minutes=6),
        "met-cad",
        "force.ended",
        incident=reference,
        force=force,
        injury=False,
    )
    day.say(
        there + timedelta(minutes=8),
        "met-cad",
        "resource.left",
        incident=reference,
        resource=unit,
        kind="police-unit",
        with_person=True,
    )
    day.say(
        there + timedelta(minutes=9),
        "met-cad",
        "incident.closed",
        incident=reference,
        attended=True,
        outcome="arrested",
    )
    cell = there + timedelta(minutes=30)
    day.say(
        cell,
        "met-custody",
        "custody.arrived",
        custody=custody,
        incident=reference,
        suite="brixton",
        vulnerable=False,
    )
    day.say(
        cell + timedelta(minutes=20),
        "met-custody",
        "custody.risk-assessed",
        custody=custody,
        mental_health_disclosed=False,
        self_harm_risk=False,
    )
    day.say(
        cell + timedelta(hours=5),
        "met-custody",
        "custody.released",
        custody=custody,
        pre_release_risk_assessed=True,
    )


def collision(day: Day) -> None:
    """Police and ambulance at one collision."""
    at = day.moment()
    police, ambulance = day.new("CAD"), day.new("LAS")
    place = day.place(day.area())
    day.say(
        at,
        "met-cad",
        "incident.reported",
        incident=police,
        nature="traffic-collision",
        channel="999",
        location=place,
    )
    day.say(
        at + timedelta(minutes=1),
        "las-cad",
        "incident.reported",
        incident=ambulance,
        nature="traffic-collision",
        ambulance_category="C2",
        location=place,
        linked=[{"agency": "met", "reference": police}],
    )
    there = at + day.minutes(6, 14)
    day.say(
        there,
        "met-cad",
        "resource.on-scene",
        incident=police,
        resource=f"P{day.incidents}",
        kind="police-unit",
    )
    day.say(
        there,
        "las-cad",
        "resource.on-scene",
        incident=ambulance,
        resource=f"A{day.incidents}",
        kind="ambulance",
    )
    left_at = there + timedelta(minutes=40)
    day.say(
        left_at, "las-cad", "incident.closed", incident=ambulance, attended=True, outcome="conveyed"
    )
    day.say(
        left_at, "met-cad", "incident.closed", incident=police, attended=True, outcome="resolved"
    )


def welfare_check(day: Day) -> None:
    """Somebody has not been seen; police look, and all is well."""
    at, reference = day.moment(), day.new("CAD")
    unit = f"P{day.incidents}"
    day.say(
        at,
        "met-cad",
        "incident.reported",
        incident=reference,
        nature="welfare-concern",
        channel="101",
        location=day.place(day.area()),
    )
    day.say(
        at,
        "met-cad",
        "welfare.concern-raised",
        incident=reference,
        risk=day.random.choice(["low", "medium"]),
    )
    there = at + day.minutes(20, 55)
    day.say(
        there, "met-cad", "resource.on-scene", incident=reference, resource=unit, kind="police-unit"
    )
    day.say(
        there + timedelta(minutes=5), "met-cad", "welfare.checked", incident=reference, seen=True
    )
    day.say(
        there + timedelta(minutes=6),
        "met-cad",
        "resource.left",
        incident=reference,
        resource=unit,
        kind="police-unit",
    )
    day.say(
        there + timedelta(minutes=7),
        "met-cad",
        "incident.closed",
        incident=reference,
        attended=True,
        outcome="resolved",
    )


def joint_response(day: Day) -> None:
    """A crisis that the joint response car sees to at home; the trust rings within a day."""
    at, reference, area = day.moment(), day.new("LAS"), day.area()
    car, subject = f"J{day.incidents}", day.person()
    trust = TRUST_OF[area]
    local = f"P-{day.incidents}"
    day.known.append(
        (
            START - timedelta(days=90),
            f"{trust}-ehr",
            "person.registered",
            {"local_person": local, "person": subject},
        )
    )
    day.say(
        at,
        "las-cad",
        "incident.reported",
        incident=reference,
        nature="mental-health-crisis",
        channel="999",
        ambulance_category="C3",
        person=subject,
        location=day.place(area),
    )
    day.say(
        at + timedelta(minutes=5),
        "las-cad",
        "resource.assigned",
        incident=reference,
        resource=car,
        kind="mental-health-joint-response-car",
    )
    there = at + day.minutes(20, 50)
    day.say(
        there,
        "las-cad",
        "resource.on-scene",
        incident=reference,
        resource=car,
        kind="mental-health-joint-response-car",
    )
    day.say(
        there + timedelta(minutes=30),
        "las-cad",
        "incident.graded",
        incident=reference,
        ambulance_category="C3",
        assessed_by_clinician=True,
    )
    day.say(
        there + timedelta(minutes=50),
        "las-cad",
        "resource.left",
        incident=reference,
        resource=car,
        kind="mental-health-joint-response-car",
        handover_to=trust,
    )
    day.say(
        there + timedelta(minutes=52),
        "las-cad",
        "incident.closed",
        incident=reference,
        attended=True,
        outcome="referred",
    )
    day.say(
        there + timedelta(hours=12),
        f"{trust}-ehr",
        "follow-up.completed",
        follow_up=f"FU-{day.incidents}",
        local_person=local,
        mode="phone",
    )


def shared_crisis(day: Day) -> None:
    """A crisis as the Commission asks for it: graded an emergency, an ambulance in time, police stay until it is there."""
    at, area = day.moment(), day.area()
    police, ambulance = day.new("CAD"), day.new("LAS")
    subject, place = day.person(), day.place(area)
    unit, crew = f"P{day.incidents}", f"A{day.incidents}"
    day.say(
        at,
        "met-cad",
        "incident.reported",
        incident=police,
        nature="mental-health-crisis",
        channel="999",
        person=subject,
        location=place,
        linked=[{"agency": "las", "reference": ambulance}],
    )
    day.say(
        at + timedelta(minutes=1),
        "las-cad",
        "incident.reported",
        incident=ambulance,
        nature="mental-health-crisis",
        channel="agency",
        ambulance_category="C2",
        person=subject,
        location=place,
        linked=[{"agency": "met", "reference": police}],
    )
    day.say(
        at + timedelta(minutes=2),
        "las-cad",
        "resource.assigned",
        incident=ambulance,
        resource=crew,
        kind="ambulance",
    )
    day.say(
        at + timedelta(minutes=6),
        "met-cad",
        "resource.on-scene",
        incident=police,
        resource=unit,
        kind="police-unit",
    )
    there = at + day.minutes(10, 25)
    day.say(
        there, "las-cad", "resource.on-scene", incident=ambulance, resource=crew, kind="ambulance"
    )
    day.say(
        there + timedelta(minutes=10),
        "met-cad",
        "resource.left",
        incident=police,
        resource=unit,
        kind="police-unit",
        handover_to="las",
    )
    day.say(
        there + timedelta(minutes=12),
        "met-cad",
        "incident.closed",
        incident=police,
        attended=True,
        outcome="referred",
    )
    day.say(
        there + timedelta(minutes=30),
        "las-cad",
        "resource.left",
        incident=ambulance,
        resource=crew,
        kind="ambulance",
        with_person=True,
    )
    day.say(
        there + timedelta(minutes=50),
        "las-cad",
        "incident.closed",
        incident=ambulance,
        attended=True,
        outcome="conveyed",
    )


def detention(day: Day) -> None:
    """A detention under s136 by the book."""
    at, area = day.moment(), day.area()
    police, ambulance = day.new("CAD"), day.new("LAS")
    subject, place, trust = day.person(), day.place(area), TRUST_OF[area]
    unit, crew, detention, request = (
        f"P{day.incidents}",
        f"A{day.incidents}",
        f"D-{day.incidents}",
        f"Q-{day.incidents}",
    )
    site = {"site": f"{trust}-suite", "kind": "health-based-place-of-safety"}

    def minute(after: int) -> datetime:
        return at + timedelta(minutes=after)

    day.say(
        at,
        "met-cad",
        "incident.reported",
        incident=police,
        nature="mental-health-crisis",
        channel="officer",
        person=subject,
        location=place,
        linked=[{"agency": "las", "reference": ambulance}],
    )
    day.say(at, "met-cad", "resource.on-scene", incident=police, resource=unit, kind="police-unit")
    day.say(
        minute(2),
        "met-cad",
        "detention.consulted",
        incident=police,
        detention=detention,
        role="nurse",
    )
    day.say(
        minute(3),
        "met-cad",
        "detention.detained",
        incident=police,
        detention=detention,
        power="s136",
        person=subject,
    )
    day.say(minute(4), "met-cad", "assistance.requested", incident=police, of="ambulance")
    day.say(
        minute(4),
        "las-cad",
        "incident.reported",
        incident=ambulance,
        nature="mental-health-crisis",
        channel="agency",
        ambulance_category="C2",
        person=subject,
        linked=[{"agency": "met", "reference": police}],
    )
    day.say(
        minute(5),
        "met-cad",
        "place-of-safety.requested",
        incident=police,
        request=request,
        site=site["site"],
    )
    day.say(
        minute(9),
        "met-cad",
        "place-of-safety.accepted",
        incident=police,
        request=request,
        site=site["site"],
    )
    day.say(
        minute(20),
        "las-cad",
        "resource.on-scene",
        incident=ambulance,
        resource=crew,
        kind="ambulance",
    )
    day.say(
        minute(30),
        "met-cad",
        "detention.conveyed",
        incident=police,
        detention=detention,
        by="ambulance",
        to=site,
    )
    day.say(
        minute(50), "met-cad", "detention.arrived", incident=police, detention=detention, at=site
    )
    day.say(
        minute(65),
        "met-cad",
        "detention.handed-over",
        incident=police,
        detention=detention,
        at=site,
    )
    day.say(
        minute(66),
        "met-cad",
        "resource.left",
        incident=police,
        resource=unit,
        kind="police-unit",
        handover_to=trust,
    )
    day.say(
        minute(67),
        "las-cad",
        "resource.left",
        incident=ambulance,
        resource=crew,
        kind="ambulance",
        handover_to=trust,
    )
    day.say(
        minute(68),
        "las-cad",
        "incident.closed",
        incident=ambulance,
        attended=True,
        outcome="conveyed",
    )
    day.say(minute(90), "met-cad", "family.contacted", incident=police, relation="nearest-relative")
    day.say(
        minute(180), "met-cad", "detention.assessment-started", incident=police, detention=detention
    )
    day.say(
        minute(300),
        "met-cad",
        "detention.assessed",
        incident=police,
        detention=detention,
        outcome="section-2",
    )
    day.say(
        minute(420),
        "met-cad",
        "detention.ended",
        incident=police,
        detention=detention,
        outcome="section-2",
    )
    day.say(
        minute(430),
        "met-cad",
        "incident.closed",
        incident=police,
        attended=True,
        outcome="detained",
    )


def declined_well(day: Day) -> None:
    """Noise next door: not for the police, and the caller is told."""
    at, reference = day.moment(), day.new("CAD")
    day.say(
        at,
        "met-cad",
        "incident.reported",
        incident=reference,
        nature="disturbance",
        channel="101",
        location=day.place(day.area()),
    )
    day.say(
        at + timedelta(minutes=9),
        "met-cad",
        "incident.declined",
        incident=reference,
        reason="threshold-not-met",
        caller_told=True,
    )
    day.say(
        at + timedelta(minutes=10),
        "met-cad",
        "incident.closed",
        incident=reference,
        attended=False,
        outcome="no-further-action",
    )


def absence(day: Day) -> None:
    """Gone from the ward, graded, the police told at once, back within hours."""
    at, reference, area = day.moment(), day.new("CAD"), day.area()
    trust, subject, name = TRUST_OF[area], day.person(), f"AB-{day.incidents}"
    day.say(
        at,
        f"{trust}-ehr",
        "absence.reported",
        absence=name,
        kind="absent-without-leave",
        legal_status="03",
        person=subject,
    )
    day.say(
        at + timedelta(minutes=4), f"{trust}-ehr", "absence.graded", absence=name, risk="medium"
    )
    day.say(
        at + timedelta(minutes=8),
        "met-cad",
        "incident.reported",
        incident=reference,
        nature="missing",
        channel="agency",
        person=subject,
    )
    day.say(
        at + timedelta(minutes=20),
        "met-cad",
        "resource.assigned",
        incident=reference,
        resource=f"P{day.incidents}",
        kind="police-unit",
    )
    day.say(
        at + timedelta(minutes=90),
        f"{trust}-ehr",
        "absence.ended",
        absence=name,
        outcome="returned",
    )
    day.say(
        at + timedelta(minutes=95),
        "met-cad",
        "incident.closed",
        incident=reference,
        attended=True,
        outcome="resolved",
    )


def referral(day: Day) -> None:
    """A referral that is acknowledged and answered."""
    at, area = day.moment(), day.area()
    trust = TRUST_OF[area]
    day.incidents += 1
    name = f"RE-{day.incidents}"
    day.say(
        at,
        "met-cad",
        "referral.sent",
        referral=name,
        to_agency=trust,
        priority="3",
        person=day.person(),
    )
    day.say(
        at + day.minutes(30, 300),
        f"{trust}-ehr",
        "referral.acknowledged",
        referral=name,
        from_agency="met",
    )
    day.say(
        at + timedelta(hours=20),
        f"{trust}-ehr",
        "referral.outcome",
        referral=name,
        from_agency="met",
        outcome="seen",
    )


def discharge(day: Day) -> None:
    """A discharge from hospital, followed up within seventy-two hours."""
    at, area = day.moment(), day.area()
    trust, subject = TRUST_OF[area], day.person()
    day.incidents += 1
    local, name = f"P-{day.incidents}", f"FU-{day.incidents}"
    day.known.append(
        (
            START - timedelta(days=30),
            f"{trust}-ehr",
            "person.registered",
            {"local_person": local, "person": subject},
        )
    )
    by = (at + timedelta(hours=72)).isoformat()
    day.say(
        at,
        f"{trust}-ehr",
        "follow-up.due",
        follow_up=name,
        local_person=local,
        by=by,
        kind="post-discharge",
    )
    day.say(
        at + timedelta(hours=44),
        f"{trust}-ehr",
        "follow-up.completed",
        follow_up=name,
        local_person=local,
        mode="in-person",
    )


HOW_MANY: tuple[tuple[Callable[[Day], None], int], ...] = (
    (medical, 70),
    (crime, 45),
    (arrest, 16),
    (collision, 16),
    (welfare_check, 16),
    (joint_response, 12),
    (shared_crisis, 18),
    (detention, 6),
    (declined_well, 14),
    (absence, 4),
    (referral, 12),
    (discharge, 6),
)
"""235 in all: a day in which one call in six or seven is a crisis, as the reference's load figures have it."""


def ordinary_day(seed: int = 55) -> dict[str, object]:
    """The scenario as YAML's values."""
    day = Day(seed)
    for kind, number in HOW_MANY:
        for _ in range(number):
            kind(day)

    def told(
        statements: list[tuple[datetime, str, str, dict[str, object]]],
    ) -> list[dict[str, object]]:
        ordered = sorted(
            statements,
            key=lambda statement: (statement[0], statement[1], statement[2], str(statement[3])),
        )
        return [
            {"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "feed": feed, "type": kind, "data": data}
            for at, feed, kind, data in ordered
        ]

    return {
        "title": "An ordinary day",
        "story": (
            f"{sum(number for _, number in HOW_MANY)} ordinary matters of one day in London, each handled "
            "as it should be, among them crises with an ambulance in time, detentions by the book, absences and "
            "follow-ups. Nothing is to be prompted."
        ),
        "start": f"{START:%Y-%m-%dT%H:%M:%SZ}",
        "until": "+72h",
        "known": told(day.known),
        "events": told(day.said),
        "expect": [],
    }


def write() -> None:
    """Write the file anew."""
    FILE.write_text(
        "# Made by ordinary_day.py; do not edit.\n"
        + yaml.safe_dump(
            ordinary_day(), allow_unicode=True, sort_keys=False, width=2000, default_flow_style=None
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    write()
