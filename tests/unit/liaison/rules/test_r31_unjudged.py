"""R31: that a crisis cannot be judged is told to those who are in it, and takes no alert away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.liaison.alert import Alert, AlertChange, raise_alert
from services.liaison.disclosure.addressing import Addressing
from services.liaison.finding import Standing
from services.liaison.policy import load_policy
from services.liaison.unjudged import unjudged
from tests.own_registry import own_registry
from tests.unit.liaison.rules.held_by_police import held
from tests.unit.liaison.script import minute

REGISTRY, POLICY = own_registry(), load_policy()
CRISIS = "0b9f5f6c-54a7-5a63-8f3e-7f3a4b1c2d3e"
SINCE = datetime(2026, 11, 23, 14, 20, tzinfo=UTC)


def told(alerts: list[Alert], now: datetime, *agencies: str) -> list[AlertChange]:
    return unjudged(CRISIS, SINCE, agencies, alerts, now, policy=POLICY, registry=REGISTRY)


def restrained() -> Alert:
    """R02 stands and nobody has seen it."""
    finding = Standing(held().finding("R02", 12), "verified")
    address = Addressing(finding, None, None, REGISTRY, POLICY, minute(12))
    return raise_alert(
        finding,
        address.by_rule(),
        minute(12),
        rule_version=1,
        zone="london",
        area=None,
        crisis_id=CRISIS,
    ).alert


def test_every_agency_in_it_is_told_and_operations_and_nobody_else() -> None:
    (change,) = told([], SINCE, "met", "las")
    assert change.alert.crisis_id == CRISIS
    agencies = {REGISTRY.desks_by_id[part.desk][0].id for part in change.alert.desks}
    operations = {agency.id for agency, _ in REGISTRY.desks_for(["operations"], None)}
    assert agencies == {"met", "las"} | operations


def test_told_once_it_is_not_told_again_at_each_try() -> None:
    (change,) = told([], SINCE, "met")
    assert told([change.alert], SINCE + timedelta(seconds=30), "met") == []


def test_no_alert_of_it_ends_and_what_is_unseen_sounds_again() -> None:
    stands = restrained()
    changes = told([stands], minute(40), "met")
    (passed,) = [change for change in changes if change.alert.alert_id == stands.alert_id]
    assert passed.alert.stands
    kinds = {transition.kind for transition in passed.transitions}
    assert {"sounded-again", "escalated"} <= kinds
    assert not kinds & {"cleared", "returned", "closed"}


def test_a_desk_above_reads_that_it_could_not_be_judged_anew_and_nothing_of_the_person() -> None:
    stands = restrained()
    (passed,) = [c for c in told([stands], minute(40), "met") if c.alert.rule == "R02"]
    above = {part.desk for part in passed.alert.desks} - {part.desk for part in stands.desks}
    assert above
    for desk in above:
        part = passed.alert.at(desk)
        assert part is not None
        assert "could not be judged anew" in part.view["next_step"]
        assert part.view["verification"] == "cannot-be-verified"
        assert "shown" not in part.view


def test_a_second_time_is_a_second_alert() -> None:
    (first,) = told([], SINCE, "met")
    (second,) = unjudged(
        CRISIS,
        SINCE + timedelta(hours=2),
        ["met"],
        [first.alert],
        SINCE + timedelta(hours=2),
        policy=POLICY,
        registry=REGISTRY,
    )[:1]
    assert second.alert.alert_id != first.alert.alert_id
