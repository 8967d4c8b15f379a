"""Random scenes for property tests: two people who are known to be two, at one property, and whatever may happen to each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from services.liaison.alert import Alert, Transition
from tests.unit.liaison.script import AMBULANCE, POLICE, POLICY, REGISTRY, TRUST, event, minute
from tests.unit.liaison.test_settle import Night

CUSTODY = "met-custody"
FEEDS = (POLICE, AMBULANCE, TRUST, CUSTODY)
PLACE = {"uprn": "100099000001", "area": "southwark"}
UNTIL = 130
WELL = POLICY.model_copy(update={"feed_silent_after_seconds": 10**7})

ANA = {
    "nhs_number": "9990007039",
    "nhs_number_status": "01",
    "names": [{"given": "Winifred", "family": "Ogilvie"}],
    "date_of_birth": "1956-01-01",
    "sex": "female",
}
BEN = {
    "nhs_number": "9990007101",
    "nhs_number_status": "01",
    "names": [{"given": "Darnell", "family": "Quigley"}],
    "date_of_birth": "1991-08-01",
    "sex": "male",
}
# Two of whom each agency says a little, and who are two people by that little; either may be the stranger.
_LITTLE: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = (
    ({"sex": "female"}, {"sex": "male"}),
    ({"names": ANA["names"]}, {"names": BEN["names"]}),
    ({"date_of_birth": "1956-01-01"}, {"date_of_birth": "1991-08-01"}),
    ({"apparent_age": 70}, {"apparent_age": 20}),
    (ANA, {"apparent_age": 20}),
    (ANA, {"sex": "male"}),
    ({"names": ANA["names"], "sex": "female"}, {"names": BEN["names"]}),
)
TWO_PEOPLE = (*_LITTLE, *((other, one) for one, other in _LITTLE))
SITE = {"site": "mile-end-136", "kind": "health-based-place-of-safety"}
STATION = {"site": "brixton-custody", "kind": "police-station"}

# (feed, type, data): whatever an agency may say of one of its incidents. `{incident}` is filled in.
POLICE_STATEMENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("resource.on-scene", {"resource": "M1", "kind": "police-unit"}),
    ("resource.left", {"resource": "M1", "kind": "police-unit"}),
    ("resource.left", {"resource": "M1", "kind": "police-unit", "with_person": True}),
    ("assistance.requested", {"of": "ambulance"}),
    ("assistance.cancelled", {"of": "ambulance", "reason": "police-present"}),
    ("incident.updated", {"indicators": ["suicide-attempt"], "risk_to_self": "high"}),
    ("incident.updated", {"indicators": ["behaviour-concern"], "signs": ["bleeding"]}),
    ("force.started", {"force": "F1", "kinds": ["ground-restraint"], "position": "prone"}),
    ("force.started", {"force": "F1", "kinds": ["handcuffs"]}),
    ("force.reviewed", {"force": "F1", "signs": ["breathless"]}),
    ("force.ended", {"force": "F1"}),
    ("detention.consulted", {"detention": "D1", "role": "nurse"}),
    ("detention.detained", {"detention": "D1", "power": "s136"}),
    ("detention.conveyed", {"detention": "D1", "by": "police-unit", "to": SITE}),
    ("detention.arrived", {"detention": "D1", "at": SITE}),
    ("detention.arrived", {"detention": "D1", "at": STATION}),
    ("detention.handed-over", {"detention": "D1", "at": SITE}),
    ("detention.assessed", {"detention": "D1", "outcome": "discharged-home"}),
    ("detention.ended", {"detention": "D1", "outcome": "released"}),
    ("place-of-safety.requested", {"request": "P1", "site": "mile-end-136"}),
    ("place-of-safety.refused", {"request": "P1", "site": "mile-end-136", "reason": "full"}),
    ("place-of-safety.accepted", {"request": "P1", "site": "mile-end-136"}),
    ("welfare.concern-raised", {"risk": "high"}),
    ("welfare.checked", {"seen": True}),
    ("family.contacted", {"relation": "family"}),
    ("harm.reported", {"harm": "death"}),
    ("harm.reported", {"harm": "self-harm"}),
    ("incident.closed", {"attended": True, "outcome": "resolved"}),
    ("incident.closed", {"attended": False, "outcome": "no-further-action"}),
)
AMBULANCE_STATEMENTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("incident.graded", {"ambulance_category": "C1"}),
    ("incident.graded", {"ambulance_category": "C2"}),
    ("incident.graded", {"ambulance_category": "C3", "reason": "police-present"}),
    ("incident.graded", {"ambulance_category": "C3", "assessed_by_clinician": True}),
    ("resource.assigned", {"resource": "A1", "kind": "ambulance"}),
    ("resource.on-scene", {"resource": "A1", "kind": "ambulance"}),
    ("resource.left", {"resource": "A1", "kind": "ambulance"}),
    ("resource.stood-down", {"resource": "A1", "kind": "ambulance", "reason": "police-present"}),
    ("incident.declined", {"reason": "police-present"}),
    ("incident.updated", {"indicators": ["suicidal"], "signs": ["overdose"]}),
    ("harm.reported", {"harm": "suicide-attempt"}),
    ("incident.closed", {"attended": True, "outcome": "conveyed"}),
    ("incident.closed", {"attended": False, "outcome": "no-further-action"}),
)


@dataclass(frozen=True)
class Said:
    """One statement of a random scene."""

    at: float
    feed: str
    kind: str
    data: Mapping[str, Any]


def of_incident(
    feed: str, incident: str, name: str, first: float, last: float
) -> st.SearchStrategy[list[Said]]:
    """Whatever may be said of one incident, in a stretch of time. Units and references bear the name, so that two people's
    are two."""
    statements = POLICE_STATEMENTS if feed == POLICE else AMBULANCE_STATEMENTS

    def told(chosen: tuple[float, tuple[str, dict[str, Any]]]) -> Said:
        at, (kind, data) = chosen
        own = {"resource", "force", "detention", "request"}
        named = {k: f"{v}-{name}" if k in own else v for k, v in data.items()}
        return Said(at, feed, kind, {"incident": incident, **named})

    minutes = st.integers(int(first * 2) + 1, int(last * 2)).map(lambda half: half / 2)
    return st.lists(st.tuples(minutes, st.sampled_from(statements)).map(told), max_size=9)


def of_custody(
    incident: str, name: str, first: float, last: float
) -> st.SearchStrategy[list[Said]]:
    """A custody record of an incident; it does not say who the person is."""
    arrived = {"custody": f"CR-{name}", "suite": "brixton", "incident": incident}

    def told(minutes: tuple[int, int]) -> list[Said]:
        one, other = sorted(minutes)
        return [
            Said(one, CUSTODY, "custody.arrived", arrived),
            Said(other + 0.5, CUSTODY, "custody.released", {"custody": f"CR-{name}"}),
        ]

    minute_ = st.integers(int(first) + 1, int(last) - 1)
    return st.just([]) | st.tuples(minute_, minute_).map(told)


def reported(
    feed: str, incident: str, at: float, who: Mapping[str, Any] | None, **more: Any
) -> Said:
    """An incident at the one property."""
    data = {"incident": incident, "location": PLACE, **more}
    if who is not None:
        data["person"] = who
    return Said(at, feed, "incident.reported", data)


@st.composite
def events_of_one(
    draw: st.DrawFn, name: str, who: Mapping[str, Any] | None, first: float
) -> list[Said]:
    """A police and perhaps an ambulance incident about one person; the ambulance's may not say who it is."""
    cad, las = f"CAD-{name}", f"LAS-{name}"
    nature = st.sampled_from(["mental-health-crisis", "suicidal", "medical", "disturbance"])
    begin = first + draw(st.integers(0, 8)) / 2
    told = [reported(POLICE, cad, begin, who, nature=draw(nature))]
    told += draw(of_incident(POLICE, cad, name, begin, UNTIL - 20))
    told += draw(of_custody(cad, name, begin, UNTIL - 20))
    if draw(st.booleans()):
        linked = [{"agency": "met", "reference": cad}]
        later = begin + draw(st.integers(1, 10)) / 2
        described = draw(st.sampled_from([who, None]))
        category = draw(st.sampled_from(["C1", "C2", "C3", None]))
        more: dict[str, Any] = {"nature": draw(nature), "linked": linked}
        if category is not None:
            more["ambulance_category"] = category
        told.append(reported(AMBULANCE, las, later, described, **more))
        told += draw(of_incident(AMBULANCE, las, name, later, UNTIL - 20))
    return told


@dataclass
class Played:
    """What became of a scene."""

    alerts: Mapping[str, Alert]
    log: Mapping[str, tuple[Transition, ...]]
    crises: Mapping[tuple[str, str], str]
    """The crisis of each incident."""
    standing: Mapping[datetime, frozenset[str]]
    """Alerts of crises that stood, at each instant at which something was said."""

    def of_incident(self, incident: tuple[str, str]) -> dict[str, Alert]:
        """The alerts of the incident's crisis."""
        crisis = self.crises[incident]
        return {i: alert for i, alert in self.alerts.items() if alert.crisis_id == crisis}


def play(
    statements: Iterable[Said],
    looks_at: Iterable[float],
    decisions: Iterable[tuple[float, Callable[[Night, float], None]]] = (),
) -> Played:
    """The statements as they happen, every feed being well, with every deadline in between, and what people decide."""
    night = Night()
    # no feed is ever silent, whoever else is heard on it
    night.ledger = type(night.ledger)(REGISTRY, WELL)
    ordered = sorted(statements, key=lambda said: (said.at, said.feed, said.kind, str(said.data)))
    beats = [Said(-1, feed, "feed.heartbeat", {}) for feed in FEEDS]
    # an id that does not change with what others say beside it
    seen: dict[str, int] = {}
    queue: list[tuple[float, int, str, Said | None]] = []
    for said in (*beats, *ordered):
        named = f"{said.feed}/{said.kind}/{sorted(said.data.items(), key=str)}/{said.at}"
        seen[named] = seen.get(named, 0) + 1
        queue.append(
            (said.at, 0 if said.kind == "feed.heartbeat" else 1, f"{named}/{seen[named]}", said)
        )
    queue += [(at, 2, "", None) for at in looks_at]
    standing: dict[datetime, frozenset[str]] = {}
    waiting = sorted(decisions, key=lambda decision: decision[0])
    for at, _, identity, statement in sorted(queue, key=lambda entry: entry[:3]):
        now = minute(at)
        _let_time_pass(night, now)
        while waiting and waiting[0][0] < at:
            decided_at, decide = waiting.pop(0)
            decide(night, decided_at)
        if statement is None:
            standing[now] = frozenset(
                i for i, alert in night.ledger.alerts.items() if alert.stands and alert.crisis_id
            )
        else:
            night.ledger.receive(
                [event(statement.feed, statement.kind, now, _short(identity), statement.data)], now
            )
    log: dict[str, list[Transition]] = {}
    for transition in night.ledger.log:
        log.setdefault(transition.alert_id, []).append(transition)
    crises = {
        member.key: crisis_id
        for crisis_id, crisis in night.ledger.crises.items()
        for member in crisis.members
        if not member.subject
    }
    return Played(
        dict(night.ledger.alerts), {i: tuple(own) for i, own in log.items()}, crises, standing
    )


def _let_time_pass(night: Night, now: datetime) -> None:
    due = night.ledger.next_due("crisis", "alert")
    while due is not None and due <= now:
        night.ledger.tick(due)
        following = night.ledger.next_due("crisis", "alert")
        if following is not None and following <= due:
            night.ledger.tick(now)
            following = night.ledger.next_due("crisis", "alert")
            if following is not None and following <= now:
                return
        due = following


def _short(identity: str) -> str:
    return f"e{hashlib.sha256(identity.encode()).hexdigest()[:24]}"
