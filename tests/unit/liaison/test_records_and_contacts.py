"""Records other than incidents belong to the crisis they are about, and other crises of the same person are counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.received import record_of
from services.liaison.crisis.facts import Crisis
from services.liaison.policy import load_policy
from services.liaison.settle import settle
from services.simulation.ledger.memory import MemoryLedger
from services.simulation.simulation import Simulation
from tests.own_registry import own_registry
from tests.unit.liaison.script import START, event

REGISTRY, POLICY = own_registry(), load_policy()
WHO = {
    "nhs_number": "9990000018",
    "nhs_number_status": "01",
    "names": [{"given": "Kwabena", "family": "Asante-Reid"}],
    "date_of_birth": "1991-04-12",
}


class Seen:
    """What the heart folds, told by the crisis's first incident."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ledger = Simulation(REGISTRY, POLICY)
        self.crises: dict[str, Crisis] = {}
        self._number = 0

        def looked_at(crisis: Crisis, *rest: Any, **more: Any) -> Any:
            self.crises[crisis.crisis_id] = crisis
            return self._evaluate(crisis, *rest, **more)

        self._evaluate = settle.__globals__["evaluate"]
        monkeypatch.setitem(settle.__globals__, "evaluate", looked_at)
        self.say("slam-ehr", "person.registered", -100_000, local_person="P-1", person=WHO)

    def say(self, feed: str, kind: str, minutes: float, /, **data: Any) -> None:
        """An agency says something; it is heard at once."""
        self._number += 1
        at = START + timedelta(minutes=minutes)
        self.ledger.receive([event(feed, kind, at, f"s{self._number}", data)], max(at, START))

    def of(self, agency: str, reference: str) -> Crisis:
        """The crisis that the record belongs to."""
        (found,) = (
            self.crises[i]
            for i, e in self.ledger.crises.items()
            if any(m.key == (agency, reference) for m in e.members)
        )
        return found


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    return Seen(monkeypatch)


def test_a_custody_record_belongs_to_the_incident_that_its_force_names(seen: Seen) -> None:
    seen.say("met-cad", "incident.reported", 0, incident="CAD-1", nature="disturbance")
    seen.say("met-custody", "custody.arrived", 40, custody="C-1", incident="CAD-1", suite="brixton")
    (custody,) = seen.of("met", "CAD-1").custodies
    assert custody.key == ("met", "custody#C-1")
    assert custody.suite == "brixton"


def test_what_happens_to_a_person_absent_without_leave_belongs_to_the_absence_however_much_later(
    seen: Seen,
) -> None:
    seen.say(
        "slam-ehr", "absence.reported", 0, absence="A-1", kind="absent-without-leave", person=WHO
    )
    seen.say(
        "met-cad",
        "incident.reported",
        5 * 24 * 60,
        incident="CAD-9",
        nature="welfare-concern",
        person=WHO,
    )
    assert [i.key for i in seen.of("slam", "absence#A-1").incidents] == [("met", "CAD-9")]


def test_once_the_absence_has_ended_a_later_incident_is_another_crisis(seen: Seen) -> None:
    seen.say(
        "slam-ehr", "absence.reported", 0, absence="A-1", kind="absent-without-leave", person=WHO
    )
    seen.say("slam-ehr", "absence.ended", 60, absence="A-1", outcome="returned")
    seen.say(
        "met-cad",
        "incident.reported",
        5 * 24 * 60,
        incident="CAD-9",
        nature="welfare-concern",
        person=WHO,
    )
    assert seen.of("slam", "absence#A-1").incidents == ()


def test_a_referral_answered_by_its_receiver_is_one_record(seen: Seen) -> None:
    seen.say("met-cad", "incident.reported", 0, incident="CAD-1", nature="mental-health-crisis")
    seen.say(
        "met-cad",
        "referral.sent",
        30,
        referral="M-1",
        to_agency="slam",
        priority="2",
        incident="CAD-1",
    )
    seen.say(
        "slam-ehr", "referral.outcome", 90, referral="M-1", from_agency="met", outcome="accepted"
    )
    (referral,) = seen.of("met", "CAD-1").referrals
    assert referral.acknowledged is not None, "who answers has it"
    assert [(agency, what) for _, agency, what in referral.outcomes] == [("slam", "accepted")]


def test_a_follow_up_finds_its_person_by_the_trusts_own_identifier(seen: Seen) -> None:
    by = (START + timedelta(hours=72)).isoformat()
    seen.say("met-cad", "incident.reported", 0, incident="CAD-1", nature="suicidal", person=WHO)
    seen.say(
        "slam-ehr",
        "follow-up.due",
        60,
        follow_up="F-1",
        local_person="P-1",
        by=by,
        kind="post-crisis",
    )
    assert [f.key for f in seen.of("met", "CAD-1").follow_ups] == [("slam", "follow-up#F-1")]


def test_an_earlier_crisis_of_the_same_person_is_counted_whichever_was_heard_first(
    seen: Seen,
) -> None:
    def told(seen: Seen, days: tuple[int, ...]) -> list[tuple[tuple[str, str], str, bool]]:
        for day in days:
            seen.say(
                "met-cad",
                "incident.reported",
                day * 1440,
                incident=f"CAD-{day}",
                nature="suicidal",
                person=WHO,
            )
        contacts = seen.of("met", "CAD-6").contacts
        return [(c.key, c.by, c.crisis_at is not None) for c in contacts]

    in_order = told(seen, (0, 3, 6))
    assert in_order == [(("met", "CAD-0"), "person", True), (("met", "CAD-3"), "person", True)]
    seen.ledger = Simulation(REGISTRY, POLICY)
    seen.say("slam-ehr", "person.registered", -100_000, local_person="P-1", person=WHO)
    assert told(seen, (6, 3, 0)) == in_order


def test_a_crisis_that_was_taken_back_is_counted_no_more_in_whatever_order_it_was_heard(
    seen: Seen,
) -> None:
    for day in (3, 6):
        seen.say(
            "met-cad",
            "incident.reported",
            day * 1440,
            incident=f"CAD-{day}",
            nature="suicidal",
            person=WHO,
        )
    assert seen.of("met", "CAD-6").contacts
    seen.say("met-cad", "event.retracted", 6 * 1440 + 1, retracts="s2", reason="wrong-person")
    assert seen.of("met", "CAD-6").contacts == ()


def _crisis_and_follow_up(seen: Seen) -> Crisis:
    seen.say("met-cad", "incident.reported", 0, incident="CAD-1", nature="suicidal", person=WHO)
    seen.say(
        "slam-ehr",
        "follow-up.completed",
        3 * 1440,
        follow_up="F-1",
        local_person="P-1",
        mode="phone",
    )
    return seen.of("met", "CAD-1")


def test_a_follow_up_days_later_is_counted_at_the_crisis_it_followed(seen: Seen) -> None:
    (contact,) = _crisis_and_follow_up(seen).contacts
    assert contact.key == ("slam", "follow-up#F-1")
    assert contact.completed_at == START + timedelta(days=3)


async def nothing_echoed(*_: object) -> set[str]:
    return set()


def test_without_the_echo_it_would_not_be_counted(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryLedger, "echoed", nothing_echoed)
    assert _crisis_and_follow_up(seen).contacts == ()


def test_a_telephone_is_shared_for_a_day_and_its_number_is_in_no_key(seen: Seen) -> None:
    for minutes, reference in ((0, "CAD-1"), (20 * 60, "CAD-2"), (60 * 60, "CAD-3")):
        seen.say(
            "met-cad",
            "incident.reported",
            minutes,
            incident=reference,
            nature="suicidal",
            caller={
                "relation": "family",
                "phone": "020 7946 0999" if reference == "CAD-1" else "+44 20 7946 0999",
            },
        )
    assert [(c.key[1], c.by) for c in seen.of("met", "CAD-2").contacts] == [("CAD-1", "telephone")]
    assert seen.of("met", "CAD-3").contacts == ()
    keys = {
        k
        for e in seen.ledger.crises.values()
        for m in e.members
        if m.contact
        for k in m.contact.keys
    }
    assert keys
    assert not [k for k in keys if "7946" in k]


def test_what_places_of_safety_report_is_looked_at_again_where_a_place_is_waited_for(
    seen: Seen,
) -> None:
    seen.say("met-cad", "incident.reported", 0, incident="CAD-1", nature="suicidal")
    seen.say("met-cad", "detention.detained", 5, incident="CAD-1", detention="D-1", power="s136")
    seen.say("slam-ehr", "place-of-safety.capacity", 9, site="maudsley", total=2, free=0)
    assert [(r.site, r.free) for r in seen.of("met", "CAD-1").site_reports] == [("maudsley", 0)]


def test_a_reference_that_looks_like_another_kind_of_record_is_refused_by_the_contract() -> None:
    said = event(
        "met-custody",
        "custody.arrived",
        datetime(2026, 1, 1, tzinfo=UTC),
        "x",
        {"custody": "C", "suite": "a"},
    )
    assert record_of("met", said.event.data) == ("met", "custody#C")
    with pytest.raises(ValueError, match="pattern"):
        event(
            "met-cad",
            "incident.closed",
            START,
            "x",
            {"incident": "custody#C", "attended": True, "outcome": "other"},
        )
