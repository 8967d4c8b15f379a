"""The crisis page: running clocks, whom it is about, what care has in place and where it is, desk by desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from schemas.registry import Registry
from services.console.access.doors import Here
from services.console.access.rights import Operator
from services.console.pages.crisis_now import CrisisShown, crisis_now
from services.console.view.desks import desks_of
from services.console.view.map import BoroughMap
from services.identity.model import shipped
from services.liaison.policy import load_policy
from services.runtime.postgres import create_pool
from tests.played_ledger import PlayedLedger

DAY = datetime(2026, 11, 23, tzinfo=UTC)
EMERGENCY_DEPARTMENT = {"site": "kings-ed", "kind": "emergency-department"}


def at(hour: int, minute: int = 0) -> datetime:
    return DAY.replace(hour=hour, minute=minute)


@pytest.fixture
async def ledger(postgres_dsn: str) -> AsyncIterator[PlayedLedger]:
    pool = await create_pool(postgres_dsn, max_size=4)
    yield PlayedLedger(pool)
    await pool.close()


async def seen(ledger: PlayedLedger, desk: str, now: datetime, *alerts: str) -> CrisisShown:
    """As the page asks, with what was disclosed to the desk."""
    desks = desks_of(ledger.registry)
    here = Here(Operator("id", "P1", "A", (), b"", "", now), desks.desks[desk], now)
    outlines = ledger.registry.outlines
    assert outlines is not None
    async with ledger.pool.acquire() as connection, connection.transaction():
        crisis: UUID = await connection.fetchval(
            "SELECT crisis_id FROM incident WHERE reference = 'CAD-4177'"
        )
        items = await connection.fetchval(
            "SELECT array_agg(DISTINCT i) FROM disclosure, unnest(items) AS i WHERE desk = $1", desk
        )
        shown_now = await crisis_now(
            connection,
            here,
            crisis,
            items or (),
            alerts,
            registry=ledger.registry,
            policy=load_policy(),
            model=shipped(),
            sheet=BoroughMap(outlines),
        )
    assert shown_now is not None
    return shown_now


async def detained(ledger: PlayedLedger) -> None:
    await ledger.play("the-story")
    ids = {"incident": "CAD-4177", "detention": "D-1"}
    await ledger.say("met-cad", "detention.detained", {**ids, "power": "s136"}, at(14, 45))
    await ledger.say(
        "met-cad", "detention.arrived", {**ids, "at": EMERGENCY_DEPARTMENT}, at(15, 40)
    )


async def test_each_running_limit_has_a_clock_that_starts_where_the_law_starts_it(
    ledger: PlayedLedger,
) -> None:
    await detained(ledger)
    clocks = {clock.name: clock for clock in (await seen(ledger, "slam-crisis", at(16))).clocks}
    period = clocks["Period of detention"]
    assert (period.began, period.ends, period.basis) == (
        at(15, 40),
        at(15, 40) + timedelta(hours=24),
        "law",
    )
    assert period.alert_at == at(15, 40) + timedelta(hours=12)
    assert all(
        following.ends >= clock.ends
        for clock, following in zip(clocks.values(), list(clocks.values())[1:], strict=False)
    )


async def test_a_handover_stops_the_handovers_clock_and_not_the_periods(
    ledger: PlayedLedger,
) -> None:
    await detained(ledger)
    before = {
        clock.name: clock
        for clock in (await seen(ledger, "met-control-central-south", at(16))).clocks
    }
    handover = before["Handover at the place of safety"]
    assert (handover.began, handover.ends) == (at(15, 40), at(16, 40))
    ids = {"incident": "CAD-4177", "detention": "D-1", "at": EMERGENCY_DEPARTMENT}
    await ledger.say("met-cad", "detention.handed-over", ids, at(16, 5))
    after = {
        clock.name for clock in (await seen(ledger, "met-control-central-south", at(16, 6))).clocks
    }
    assert "Handover at the place of safety" not in after
    assert "Period of detention" in {
        clock.name for clock in (await seen(ledger, "slam-crisis", at(16, 6))).clocks
    }


async def test_a_clock_whose_alert_stands_leads_to_it_where_this_desk_has_it(
    ledger: PlayedLedger,
) -> None:
    await detained(ledger)
    await ledger.until(at(16, 30))
    alert = str(await ledger.pool.fetchval("SELECT alert_id FROM alert WHERE rule = 'R11'"))
    desk = "met-control-central-south"
    name = "Handover at the place of safety"
    limit = next(
        clock
        for clock in (await seen(ledger, desk, at(16, 30), alert)).clocks
        if clock.name == name
    )
    assert (limit.alert, limit.alert_at) == (alert, None)
    without_alert = next(
        clock for clock in (await seen(ledger, desk, at(16, 30))).clocks if clock.name == name
    )
    assert without_alert.alert is None


async def test_a_clock_that_a_silent_feed_would_stop_says_so(ledger: PlayedLedger) -> None:
    await detained(ledger)
    assert not any(clock.unsure for clock in (await seen(ledger, "slam-crisis", at(16))).clocks)
    await ledger.pool.execute(
        "UPDATE feed_state SET silent_since = $1 WHERE feed = 'met-cad'", at(15, 59)
    )
    period = next(
        clock
        for clock in (await seen(ledger, "slam-crisis", at(16))).clocks
        if clock.name == "Period of detention"
    )
    assert period.unsure


async def test_the_name_is_shown_to_the_police_only_while_a_unit_is_on_scene(
    ledger: PlayedLedger,
) -> None:
    await ledger.play("the-story")
    desk = "met-control-central-south"
    there = await seen(ledger, desk, at(14, 50))
    assert there.person.on_file is not None
    assert there.person.on_file.names == ("Kwabena Asante-Reid",)
    await ledger.say(
        "met-cad",
        "resource.left",
        {"incident": "CAD-4177", "resource": "MX24", "kind": "police-unit"},
        at(15),
    )
    after_they_left = (await seen(ledger, desk, at(15, 1))).person
    assert (after_they_left.may_see, after_they_left.waits_for_scene, after_they_left.on_file) == (
        False,
        True,
        None,
    )
    assert [description.source for description in after_they_left.described] == ["met"], (
        "what the force itself has said it may read"
    )
    health = (await seen(ledger, "las-mental-health", at(15, 1))).person
    assert health.on_file is not None


async def test_a_desk_that_the_matrix_does_not_name_sees_no_person_and_no_plan(
    ledger: PlayedLedger,
) -> None:
    await ledger.play("the-story")
    crisis = await seen(ledger, "operations", at(14, 50))
    assert crisis.person.on_file is None
    assert crisis.person.described == ()
    assert crisis.facts == ()
    assert crisis.incidents == ()
    assert crisis.incidents_withheld == 3


async def test_the_plans_lines_are_there_for_the_police_until_the_person_has_refused_it(
    ledger: PlayedLedger,
) -> None:
    await ledger.play("the-story")
    desk = "met-control-central-south"
    assert (
        dict((await seen(ledger, desk, at(14, 50))).facts)["What helps"]
        == "Speak slowly and stay at the door; Ask for his sister"
    )
    refused = {
        "local_person": "P-4411",
        "pathway": "CP-77",
        "consent_to_share": "refused",
        "area": "southwark",
        "contact_phone": "020 7946 0211",
        "crisis_plan": {"pointer": "urn:nrl:RV5-1", "calming": ["Speak slowly"]},
    }
    await ledger.say("slam-ehr", "pathway.updated", refused, at(14, 51))
    assert "What helps" not in dict((await seen(ledger, desk, at(14, 52))).facts)
    assert (
        dict((await seen(ledger, "las-mental-health", at(14, 52))).facts)["What helps"]
        == "Speak slowly"
    )


async def test_the_trust_sees_its_own_record_of_care_and_others_do_not(
    ledger: PlayedLedger,
) -> None:
    await ledger.play("the-story")
    (pathway,) = (await seen(ledger, "slam-crisis", at(14, 50))).person.pathways
    assert pathway.team == "Southwark crisis resolution and home treatment"
    assert (await seen(ledger, "las-mental-health", at(14, 50))).person.pathways == ()


async def test_an_incident_with_coordinates_is_a_mark_in_its_borough_where_the_place_was_disclosed(
    ledger: PlayedLedger,
) -> None:
    await ledger.play("the-story")
    moved = {
        "incident": "LAS-9001",
        "location": {"uprn": "200003456701", "latitude": 51.4740, "longitude": -0.0800},
    }
    await ledger.say("las-cad", "incident.updated", moved, at(14, 41))
    crisis = await seen(ledger, "las-mental-health", at(14, 50))
    (number,) = (
        incident.number for incident in crisis.incidents if incident.reference == "LAS-9001"
    )
    assert [mark.numbers for mark in crisis.marks] == [str(number)]
    assert {incident.area for incident in crisis.incidents} >= {"Southwark"}
    trust = await seen(ledger, "slam-crisis", at(14, 50))
    assert trust.marks == (), "the trust is not attending: the place is not disclosed to it"
    assert {incident.area for incident in trust.incidents} == {""}


async def test_a_reference_opens_in_its_agencys_own_system_where_the_registry_says_how(
    ledger: PlayedLedger,
) -> None:
    await ledger.play("the-story")
    document = ledger.registry.model_dump()
    next(agency for agency in document["agencies"] if agency["id"] == "met")["record_url"] = (
        "https://cad.example/incident/{reference}"
    )
    edited = Registry.model_validate(document)
    edited._boundaries = ledger.registry.outlines
    ledger.registry = edited
    crisis = await seen(ledger, "las-mental-health", at(14, 50))
    assert {incident.reference: incident.url for incident in crisis.incidents}[
        "CAD-4177"
    ] == "https://cad.example/incident/CAD-4177"
    assert {incident.reference: incident.url for incident in crisis.incidents}["LAS-9001"] is None


async def test_the_page_says_where_it_is_who_is_there_and_what_nobody_has_stated(
    ledger: PlayedLedger,
) -> None:
    await ledger.play("the-story")
    to_act = dict((await seen(ledger, "las-mental-health", at(14, 50))).to_act)
    assert to_act["Where"] == "14 Lilford Road"
    assert to_act["Physical signs"] == "breathless (14:30)"
    assert to_act["Units there"] == ("police MX24 since 14:24; ambulance A12 since 14:38")
    assert to_act["Call-back number"] == "not stated"
    assert to_act["Age and sex"] == "35 years"
    trust = dict((await seen(ledger, "slam-crisis", at(14, 50))).to_act)
    assert "Where" not in trust, "the trust is not attending: the place is not disclosed to it"


async def test_of_a_restricted_record_the_page_shows_other_agencies_no_place(
    ledger: PlayedLedger,
) -> None:
    await ledger.play("the-story")
    who = {"incident": "CAD-4177", "person": {"restricted": True}}
    await ledger.say("met-cad", "incident.updated", who, at(14, 41))
    crisis = await seen(ledger, "las-mental-health", at(14, 50))
    assert "Where" not in dict(crisis.to_act)
    assert dict(crisis.to_act)["Warning"].startswith("The person's record is restricted")
    assert {incident.area for incident in crisis.incidents if incident.reference != "LAS-9001"} == {
        ""
    }
