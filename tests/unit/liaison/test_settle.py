"""Incidents join and part; crises keep their ids, and no alert is doubled or lost on the way."""

from __future__ import annotations

from itertools import permutations

import pytest

from schemas.place import Location
from schemas.received import Received
from schemas.registry import Registry
from services.liaison.settle import new_crisis_id
from services.simulation.simulation import Simulation
from tests.unit.liaison.script import AMBULANCE, POLICE, POLICY, REGISTRY, TRUST, event, minute

CAD, LAS, OTHER = ("met", "CAD-1"), ("las", "LAS-1"), ("met", "CAD-2")


class Night:
    """A ledger that is told events as they happen."""

    def __init__(self) -> None:
        self.ledger = Simulation(REGISTRY, POLICY)
        self._count = 0

    def say(self, feed: str, kind: str, at: float, /, **data: object) -> Received:
        self._count += 1
        said = event(feed, kind, minute(at), f"n{self._count}", data)
        self.ledger.receive([said], minute(at))
        return said

    def call(self, feed: str, at: float, reference: str, uprn: str, /, **data: object) -> None:
        self.say(
            feed,
            "incident.reported",
            at,
            incident=reference,
            nature="mental-health-crisis",
            location={"uprn": uprn, "area": "southwark"},
            **data,
        )

    @property
    def groups(self) -> set[frozenset[tuple[str, str]]]:
        return {frozenset(m.key for m in e.members) for e in self.ledger.crises.values()}

    def crisis_of(self, key: tuple[str, str]) -> str:
        (found,) = [i for i, e in self.ledger.crises.items() if key in {m.key for m in e.members}]
        return found

    def raised(self, rule: str) -> list[tuple[str, bool]]:
        """Alert ids of the rule and whether they stand."""
        return [(a.alert_id, a.stands) for a in self.ledger.alerts.values() if a.rule == rule]


def police_with_a_strong_sign(night: Night) -> None:
    """Officers with a man who tried to take his life; nobody has asked for an ambulance for six minutes."""
    night.call(POLICE, 0, "CAD-1", "1001", indicators=["suicide-attempt"])
    night.say(POLICE, "resource.on-scene", 1, incident="CAD-1", resource="M1", kind="police-unit")
    night.ledger.tick(minute(7))


def test_an_incident_alone_is_a_crisis_with_an_id_that_every_machine_makes_alike() -> None:
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001")
    assert night.crisis_of(CAD) == new_crisis_id(CAD)


def test_the_crisis_of_the_earlier_incident_takes_in_the_later_and_keeps_its_id() -> None:
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001")
    first = night.crisis_of(CAD)
    night.call(AMBULANCE, 3, "LAS-1", "1001")
    assert night.groups == {frozenset({CAD, LAS})}
    assert night.crisis_of(LAS) == first


def test_two_crises_that_turn_out_to_be_one_keep_the_elder_id_and_the_younger_is_dissolved() -> (
    None
):
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001")
    night.call(AMBULANCE, 3, "LAS-1", "2002")
    elder, younger = night.crisis_of(CAD), night.crisis_of(LAS)
    night.say(
        AMBULANCE,
        "incident.linked",
        5,
        incident="LAS-1",
        linked={"agency": "met", "reference": "CAD-1"},
    )
    assert set(night.ledger.crises) == {elder}
    assert younger not in night.ledger.crises


def test_an_alert_that_stands_is_neither_doubled_nor_ended_when_its_crisis_is_joined() -> None:
    night = Night()
    night.call(AMBULANCE, -5, "LAS-1", "2002", ambulance_category="C3")
    police_with_a_strong_sign(night)
    before = night.raised("R01")
    assert [stands for _, stands in before] == [True]
    night.ledger.join(CAD, LAS, minute(9))
    assert night.crisis_of(CAD) == new_crisis_id(LAS)
    assert night.raised("R01") == before
    at_first = {d.desk for a in night.ledger.alerts.values() for d in a.desks if d.origin == "rule"}
    told = [t for t in night.ledger.log if t.alert_id == before[0][0] and t.desk in at_first]
    kinds = [t.kind for t in told if t.kind in {"raised", "annotated", "cleared", "returned"}]
    assert kinds == [
        "raised",
        "raised",
        "annotated",
        "annotated",
    ]  # at two desks; the other incident is shown
    assert {a.crisis_id for a in night.ledger.alerts.values() if a.rule == "R01"} == {
        night.crisis_of(CAD)
    }


def test_when_a_person_parts_them_one_keeps_the_id_and_the_other_gets_its_own() -> None:
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001")
    night.call(AMBULANCE, 3, "LAS-1", "1001")
    first = night.crisis_of(CAD)
    night.ledger.separate(CAD, LAS, minute(10))
    assert night.groups == {frozenset({CAD}), frozenset({LAS})}
    assert night.crisis_of(CAD) == first
    assert night.crisis_of(LAS) != first


def test_an_alert_goes_with_its_own_incident_when_they_part() -> None:
    night = Night()
    police_with_a_strong_sign(night)
    night.call(AMBULANCE, 8, "LAS-1", "1001", ambulance_category="C3")
    before = night.raised("R01")
    night.ledger.separate(CAD, LAS, minute(10))
    assert night.raised("R01") == before
    (alert,) = [a for a in night.ledger.alerts.values() if a.rule == "R01"]
    assert alert.crisis_id == night.crisis_of(CAD)


def test_an_alert_that_rested_on_both_ends_when_they_part_and_is_the_same_when_they_join_again() -> (
    None
):
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001")
    night.call(AMBULANCE, 1, "LAS-1", "1001", ambulance_category="C3")
    night.say(POLICE, "resource.on-scene", 5, incident="CAD-1", resource="M1", kind="police-unit")
    ((alert_id, stands),) = night.raised("R01")
    assert stands
    night.ledger.separate(CAD, LAS, minute(6))
    assert night.raised("R01") == [(alert_id, False)]
    night.ledger.join(CAD, LAS, minute(7))
    assert night.raised("R01") == [(alert_id, True)]


def test_what_a_person_has_parted_no_place_brings_together_again() -> None:
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001")
    night.call(AMBULANCE, 3, "LAS-1", "1001")
    night.ledger.separate(CAD, LAS, minute(10))
    night.say(
        AMBULANCE,
        "incident.updated",
        12,
        incident="LAS-1",
        location={"uprn": "1001", "area": "southwark"},
    )
    assert night.groups == {frozenset({CAD}), frozenset({LAS})}


def test_a_third_incident_makes_one_crisis_of_two() -> None:
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001")
    night.call(AMBULANCE, 2, "LAS-1", "2002")
    linked = [{"agency": "las", "reference": "LAS-1"}]
    night.call(POLICE, 4, "CAD-2", "1001", linked=linked)
    assert night.groups == {frozenset({CAD, LAS, OTHER})}


def test_two_incidents_about_different_people_at_one_property_are_two_crises_with_a_plan_each() -> (
    None
):
    for order in permutations([("P-1", "Amara", "1988-01-01"), ("P-2", "Ngozi", "1991-02-02")]):
        night = Night()
        for local, given, born in order:
            who = {
                "names": [{"given": given, "family": "Okafor"}],
                "date_of_birth": born,
                "addresses": [{"postcode": "SE5 8AZ"}],
            }
            night.say(TRUST, "person.registered", -60, local_person=local, person=who)
            night.say(TRUST, "pathway.opened", -50, local_person=local, pathway=f"CP-{local}")
            reference, feed = ("CAD-1", POLICE) if local == "P-1" else ("LAS-1", AMBULANCE)
            night.call(feed, 1, reference, "1001", person=who)
        assert night.groups == {frozenset({CAD}), frozenset({LAS})}
        assert [stands for _, stands in night.raised("R16")] == [True, True]


def test_two_incidents_about_different_people_that_a_person_joined_have_nobody_as_their_person() -> (
    None
):
    night = Night()
    for local, born, reference, feed in (
        ("P-1", "1988-01-01", "CAD-1", POLICE),
        ("P-2", "1991-02-02", "LAS-1", AMBULANCE),
    ):
        who = {
            "names": [{"given": f"Ama{local[-1]}", "family": "Okafor"}],
            "date_of_birth": born,
            "addresses": [{"postcode": "SE5 8AZ"}],
        }
        night.say(TRUST, "person.registered", -60, local_person=local, person=who)
        night.say(TRUST, "pathway.opened", -50, local_person=local, pathway=f"CP-{local}")
        night.call(feed, 1, reference, "1001", person=who)
    night.ledger.join(CAD, LAS, minute(2))
    assert night.groups == {frozenset({CAD, LAS})}
    assert not any(stands for _, stands in night.raised("R16"))


def test_a_plan_that_was_filed_under_the_wrong_person_is_pointed_to_no_more() -> None:
    who = {"names": [{"given": "Yusuf", "family": "Abdi"}], "date_of_birth": "1995-04-04"}
    who_lives = who | {"addresses": [{"postcode": "SE5 8AZ"}]}
    night = Night()
    night.say(TRUST, "person.registered", -60, local_person="P-1", person=who_lives)
    entry = night.say(TRUST, "pathway.opened", -50, local_person="P-1", pathway="CP-1")
    night.call(AMBULANCE, 0, "LAS-1", "1001", person=who_lives)
    assert [stands for _, stands in night.raised("R16")] == [True]
    night.say(TRUST, "event.retracted", 5, retracts=entry.event.id, reason="wrong-person")
    assert [stands for _, stands in night.raised("R16")] == [False]


def test_a_registration_that_was_taken_back_leaves_the_person_unknown() -> None:
    who = {"names": [{"given": "Yusuf", "family": "Abdi"}], "date_of_birth": "1995-04-04"}
    who_lives = who | {"addresses": [{"postcode": "SE5 8AZ"}]}
    night = Night()
    entry = night.say(TRUST, "person.registered", -60, local_person="P-1", person=who_lives)
    night.say(TRUST, "pathway.opened", -50, local_person="P-1", pathway="CP-1")
    night.call(AMBULANCE, 0, "LAS-1", "1001", person=who_lives)
    night.say(TRUST, "event.retracted", 5, retracts=entry.event.id, reason="entered-in-error")
    assert [stands for _, stands in night.raised("R16")] == [False]


def test_a_place_with_coordinates_alone_is_in_its_borough_and_the_alert_goes_to_the_desks_that_serve_it() -> (
    None
):
    night = Night()
    night.say(
        POLICE,
        "incident.reported",
        0,
        incident="CAD-1",
        nature="mental-health-crisis",
        indicators=["suicide-attempt"],
        location={"latitude": 51.4951, "longitude": -0.1165},
    )
    night.say(POLICE, "resource.on-scene", 1, incident="CAD-1", resource="M1", kind="police-unit")
    night.ledger.tick(minute(7))
    (alert,) = [a for a in night.ledger.alerts.values() if a.rule == "R01"]
    assert alert.area == "lambeth"
    assert {d.desk for d in alert.desks} == {"las-mental-health", "met-control-central-south"}


def test_the_area_that_an_agency_names_counts_before_its_coordinates() -> None:
    night = Night()
    night.say(
        POLICE,
        "incident.reported",
        0,
        incident="CAD-1",
        nature="suicidal",
        location={"latitude": 51.4951, "longitude": -0.1165, "area": "southwark"},
    )
    (crisis,) = night.ledger.crises.values()
    assert crisis.area == "southwark"


def _strong_sign_at(registry: Registry = REGISTRY, /, **location: object) -> Night:
    """Officers with a man who tried to take his life, at a place; for six minutes nobody asks for an ambulance."""
    night = Night()
    night.ledger = Simulation(registry, POLICY)
    night.say(
        POLICE,
        "incident.reported",
        0,
        incident="CAD-1",
        nature="mental-health-crisis",
        indicators=["suicide-attempt"],
        location=location,
    )
    night.say(POLICE, "resource.on-scene", 1, incident="CAD-1", resource="M1", kind="police-unit")
    night.ledger.tick(minute(7))
    return night


def _told_of_r01(night: Night) -> tuple[str | None, set[str]]:
    (alert,) = [a for a in night.ledger.alerts.values() if a.rule == "R01"]
    return alert.area, {d.desk for d in alert.desks}


def test_a_place_with_a_postcode_alone_is_in_its_borough() -> None:
    # Brixton
    assert _told_of_r01(_strong_sign_at(postcode="SW9 8HE")) == (
        "lambeth",
        {"las-mental-health", "met-control-central-south"},
    )


WANDSWORTH_AND_LAMBETH = {
    "las-mental-health",
    "met-control-south-west",
    "met-control-central-south",
}


def test_a_postcode_that_spans_two_boroughs_tells_the_desks_of_both() -> None:
    # Nine Elms, where Wandsworth meets Lambeth
    area, desks = _told_of_r01(_strong_sign_at(postcode="SW8 5NQ"))
    assert area == "wandsworth"
    assert desks == WANDSWORTH_AND_LAMBETH
    assert _told_of_r01(_strong_sign_at(area="wandsworth"))[1] < WANDSWORTH_AND_LAMBETH


def test_a_square_of_a_kilometre_tells_the_desks_of_each_borough_in_it_and_a_small_one_only_its_own() -> (
    None
):
    # Clapham Common: its west is Wandsworth, its east Lambeth
    assert _told_of_r01(_strong_sign_at(grid_reference="TQ 28 75"))[1] == WANDSWORTH_AND_LAMBETH
    _, desks = _told_of_r01(_strong_sign_at(grid_reference="TQ 2720 7550"))
    assert desks == {"las-mental-health", "met-control-south-west"}


def test_each_desk_of_a_place_that_spans_two_boroughs_climbs_to_its_own_supervisor() -> None:
    document = REGISTRY.model_dump(mode="json")
    (met,) = [agency for agency in document["agencies"] if agency["id"] == "met"]
    (above,) = [desk for desk in met["desks"] if desk["id"] == "met-supervisor"]
    met["desks"].remove(above)
    for borough in ("wandsworth", "lambeth"):
        met["desks"].append(above | {"id": f"met-supervisor-{borough}", "areas": [borough]})
    registry = Registry.model_validate(document)
    registry._postcodes = REGISTRY._postcodes
    night = _strong_sign_at(registry, postcode="SW8 5NQ")
    (alert,) = [a for a in night.ledger.alerts.values() if a.rule == "R01"]
    supervisors = {d.desk: d.ladder.supervisors for d in alert.desks}
    assert supervisors["met-control-south-west"] == ("met-supervisor-wandsworth",)
    assert supervisors["met-control-central-south"] == ("met-supervisor-lambeth",)


def test_the_desks_on_both_sides_of_a_border_read_that_it_may_be_either() -> None:
    night = _strong_sign_at(postcode="SW8 5NQ")
    (alert,) = [a for a in night.ledger.alerts.values() if a.rule == "R01"]
    assert {d.view["shown"]["Area"] for d in alert.desks} == {"wandsworth or lambeth"}


@pytest.mark.parametrize(
    ("location", "area"),
    [
        # an area that is named, and coordinates, say it better than a postcode
        ({"postcode": "SW8 5NQ", "area": "southwark"}, "southwark"),
        ({"postcode": "SW8 5NQ", "latitude": 51.5045, "longitude": -0.0865}, "southwark"),
        # Borough Market, by the square of ten metres and by the cell of fourteen
        ({"grid_reference": "TQ 3272 8024"}, "southwark"),
        ({"plus_code": "9C3XGW45+7X"}, "southwark"),
        # a postcode of Manchester is no area of London, and is nobody's
        ({"postcode": "M1 1AE"}, None),
    ],
)
def test_what_says_best_where_a_place_is_decides_its_area(
    location: dict[str, object], area: str | None
) -> None:
    (crisis,) = _strong_sign_at(**location).ledger.crises.values()
    assert crisis.area == area


def test_in_replay_a_rare_name_weighs_more_too_once_the_register_is_large_enough() -> None:
    def outcome(others: int) -> str:
        night = Night()
        his = {
            "names": [{"given": "Thelonious", "family": "Featherstonehaugh"}],
            "date_of_birth": "1985-09-14",
        }
        common = {"names": [{"given": "Mohammed", "family": "Khan"}], "date_of_birth": "1990-05-06"}
        people = [
            event(
                TRUST,
                "person.registered",
                minute(-60),
                f"p{n}",
                {"local_person": f"p-{n}", "person": common if n else his},
            )
            for n in range(others + 1)
        ]
        night.ledger.receive(people, minute(-60))
        night.say(POLICE, "incident.reported", 0, incident="CAD-1", nature="suicidal", person=his)
        return night.ledger.ledger.decisions.rows[CAD].outcome

    assert (outcome(10), outcome(1000)) == ("possible", "attached")


@pytest.mark.parametrize(
    ("square", "crises"),
    [
        # ten metres, as exact as coordinates: the ambulance's call is the police's
        ("TQ 3272 8024", 1),
        # a kilometre: its middle is near to somebody by chance
        ("TQ 32 80", 2),
    ],
)
def test_only_a_small_square_is_near_enough_to_join_two_calls(square: str, crises: int) -> None:
    middle = Location(grid_reference=square).point
    assert middle is not None
    night = Night()
    for minutes, feed, reference, location in (
        (0, POLICE, "CAD-1", {"latitude": middle.latitude, "longitude": middle.longitude}),
        (2, AMBULANCE, "LAS-1", {"grid_reference": square}),
    ):
        night.say(
            feed,
            "incident.reported",
            minutes,
            incident=reference,
            nature="suicidal",
            location=location,
        )
    assert len(night.ledger.crises) == crises


def test_an_ambulance_record_that_describes_nobody_is_of_whom_its_crisis_is() -> None:
    """Sixteen minutes before a young man's call, an old man's at the same property: the ambulance record of that one names the
    police's and says no more."""
    for age, repeated in ((20, 0), (70, 1)):
        night = Night()
        night.call(POLICE, 0, "CAD-1", "1001", person={"apparent_age": 70})
        linked = [{"agency": "met", "reference": "CAD-1"}]
        night.call(AMBULANCE, 4, "LAS-1", "1001", linked=linked)
        night.call(POLICE, 20, "CAD-2", "1001", person={"apparent_age": age})
        assert len(night.raised("R07")) == repeated
