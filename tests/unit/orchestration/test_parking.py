"""A crisis that cannot be judged holds up no other: it is parked, told, and tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.liaison.alert import Alert
from services.liaison.policy import load_policy
from services.orchestration import apart as parts
from services.orchestration.batch import Record, TakenIn, read, take_in
from services.orchestration.deadlines import Due, take_due
from services.orchestration.decisions import regrouping
from services.orchestration.decisions.regrouping import Regrouped
from services.orchestration.parking import LAST_AGAIN, again_after, reason_of
from services.orchestration.settling import Settling
from services.simulation.ledger.memory import MemoryLedger, done
from services.simulation.simulation import Simulation
from tests.own_registry import own_registry
from tests.unjudgeable import ASKED_WITHIN, detained, faulty, said

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
REGISTRY, POLICY = own_registry(), load_policy()
LOGS = ("CAD-1", "CAD-2", "CAD-BAD", "CAD-4", "CAD-5")
OTHERS = {"CAD-1", "CAD-2", "CAD-4", "CAD-5"}


class Stream:
    """What the stream does, on a ledger in memory."""

    def __init__(self) -> None:
        self.ledger, self.settling = MemoryLedger(), Settling(REGISTRY, POLICY)
        self._offset = 0

    def say(self, bodies: Sequence[tuple[str, bytes]], at: datetime) -> TakenIn:
        """One batch."""
        records = []
        for feed, body in bodies:
            topic = REGISTRY.feeds_by_id[feed][1].topic
            records.append(Record(topic, 0, self._offset, body, ()))
            self._offset += 1

        async def work() -> TakenIn:
            async with self.ledger.transaction() as transaction:
                batch = read(records, REGISTRY, at)
                return await take_in(transaction, self.settling, batch, at)

        return done(work())

    def tick(self, now: datetime) -> Due:
        """What is due."""
        return done(take_due(self.ledger, self.settling, now))

    def logs_with(self, rule: str, *, standing: bool = True) -> set[str]:
        """The police logs whose crisis has this alert."""
        crises = {
            alert.crisis_id
            for alert in self.ledger.alert_rows.rows.values()
            if alert.rule == rule and alert.stands == standing
        }
        rows = self.ledger.incidents.rows.items()
        return {reference for (_, reference), row in rows if row.crisis_id in crises}

    def loudest(self, log: str) -> Alert:
        """The alert of the log's crisis for which that of R04 keeps quiet."""
        rows = self.ledger.alert_rows.rows
        crisis = self.ledger.incidents.rows["met", log].crisis_id
        (quiet,) = [row for row in rows.values() if (row.rule, row.crisis_id) == ("R04", crisis)]
        (loud,) = {part.inhibited_by for part in quiet.desks}
        assert loud is not None
        return rows[loud]

    def happened(self, alert: Alert) -> Counter[str]:
        """What is in the log of it, kind by kind."""
        return Counter(t.kind for t in self.ledger.log.rows if t.alert_id == alert.alert_id)

    def tries(self) -> list[int]:
        """How often each parked crisis was tried."""
        return [row.tries for row in self.ledger.parked_crises.rows.values()]


def night(logs: Sequence[str] = LOGS) -> Stream:
    """All of these logs in one batch."""
    stream = Stream()
    bodies = [body for log in logs for body in detained(log, NOW)]
    assert stream.say(bodies, NOW).rejected == []
    return stream


def test_others_of_the_same_batch_have_their_alerts_and_it_is_told_that_one_cannot_be_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faulty(monkeypatch, "CAD-BAD")
    stream = night()
    assert stream.logs_with("R31") == {"CAD-BAD"}
    stream.tick(NOW + ASKED_WITHIN)
    assert stream.logs_with("R04") == OTHERS


def test_without_a_savepoint_for_each_the_others_would_have_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: this is what parking is for."""
    faulty(monkeypatch, "CAD-BAD")

    async def all_or_nothing(_: object, units: Sequence[object], act: object) -> object:
        return parts.Apart(results=[await act(units)])  # type: ignore[operator]

    monkeypatch.setattr("services.orchestration.parking.apart", all_or_nothing)
    with pytest.raises(ZeroDivisionError):
        night()


def test_deadlines_of_others_are_taken_when_one_of_those_due_cannot_be_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = night()
    faulty(monkeypatch, "CAD-BAD")
    due = stream.tick(NOW + ASKED_WITHIN)
    assert [type(failure) for failure in due.settled.failures] == [ZeroDivisionError]
    assert stream.logs_with("R04") == OTHERS
    assert stream.logs_with("R31") == {"CAD-BAD"}


def test_what_failed_is_named_and_nothing_of_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    faulty(monkeypatch, "CAD-BAD")
    (row,) = night().ledger.parked_crises.rows.values()
    assert row.reason.startswith("ZeroDivisionError in services/")
    assert "Nowak" not in row.reason
    assert reason_of(ValueError("Nowak")) == "ValueError"


def test_its_desk_and_operations_are_told_and_no_desk_that_has_nothing_to_do_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faulty(monkeypatch, "CAD-BAD")
    alerts = night().ledger.alert_rows.rows.values()
    (alert,) = [alert for alert in alerts if alert.rule == "R31"]
    roles = Counter(
        (REGISTRY.desks_by_id[part.desk][0].id, REGISTRY.desks_by_id[part.desk][1].role)
        for part in alert.desks
    )
    assert {role for _, role in roles} == {"operations", "police-control"}
    assert {agency for agency, role in roles if role == "police-control"} == {"met"}


def test_its_alerts_stand_and_sound_and_climb(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = night()
    stream.tick(NOW + ASKED_WITHIN)
    faulty(monkeypatch, "CAD-BAD")
    at = NOW + ASKED_WITHIN + timedelta(seconds=1)
    stream.say([said("assistance.requested", "CAD-BAD", at, of="ambulance")], at)
    assert stream.logs_with("R04") == set(LOGS), "nobody can say that it holds no more"
    for minutes in range(1, 25):
        stream.tick(at + timedelta(minutes=minutes))
    bad, other = stream.loudest("CAD-BAD"), stream.loudest("CAD-1")
    assert bad.rule == other.rule
    assert {"sounded-again", "escalated"} <= stream.happened(bad).keys()
    assert stream.happened(bad) == stream.happened(other)
    assert {part.desk for part in bad.desks} == {part.desk for part in other.desks}


def test_it_is_tried_when_its_events_change_and_judged_when_the_fault_is_mended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault = faulty(monkeypatch, "CAD-BAD")
    stream = night()
    at = NOW + timedelta(seconds=5)
    stream.say(
        [said("resource.left", "CAD-BAD", at, resource="unit-CAD-BAD", kind="police-unit")], at
    )
    assert stream.tries() == [2]
    fault.mend()
    at += timedelta(seconds=5)
    stream.say([said("incident.updated", "CAD-BAD", at)], at)
    assert stream.ledger.parked_crises.rows == {}
    assert stream.logs_with("R31") == set()
    assert stream.logs_with("R31", standing=False) == {"CAD-BAD"}
    stream.tick(NOW + ASKED_WITHIN)
    assert stream.logs_with("R04") == set(LOGS)


def test_it_is_tried_by_itself_each_time_after_twice_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault = faulty(monkeypatch, "CAD-BAD")
    stream = night()
    tried = []
    for seconds in range(0, 3600, 10):
        former = stream.tries()
        stream.tick(NOW + timedelta(seconds=seconds))
        if stream.tries() != former:
            tried.append(seconds // 60)
    assert tried == [1, 3, 7, 15, 31]
    fault.mend()
    stream.tick(NOW + timedelta(minutes=64))
    assert stream.ledger.parked_crises.rows == {}


def test_it_waits_no_longer_than_an_hour() -> None:
    assert [again_after(tries) for tries in (7, 100)] == [LAST_AGAIN, LAST_AGAIN]


PLACE = {"uprn": "200003456701", "area": "southwark"}


def beside(monkeypatch: pytest.MonkeyPatch | None) -> Stream:
    """Somebody is detained where another log was opened five minutes before."""
    stream = Stream()
    stream.say(
        [
            said(
                "incident.reported",
                "CAD-BAD",
                NOW,
                nature="suicidal",
                channel="999",
                location=PLACE,
            )
        ],
        NOW,
    )
    if monkeypatch is not None:
        faulty(monkeypatch, "CAD-BAD")
    later = NOW + timedelta(minutes=5)
    assert stream.say(detained("CAD-NEAR", later, location=PLACE), later).rejected == []
    stream.tick(later + ASKED_WITHIN)
    return stream


def test_a_log_of_the_same_place_is_judged_although_the_crisis_beside_it_cannot_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = beside(None).ledger.incidents.rows.values()
    assert len({row.crisis_id for row in together}) == 1, "they would be one crisis"
    stream = beside(monkeypatch)
    assert stream.logs_with("R31") == {"CAD-BAD"}, "the culprit, and not the event that met it"
    assert stream.logs_with("R04") == {"CAD-NEAR"}


def test_once_it_can_be_judged_again_the_two_are_one_crisis(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        stream = beside(patch)
    stream.tick(NOW + timedelta(hours=2))
    assert stream.ledger.parked_crises.rows == {}
    assert len({row.crisis_id for row in stream.ledger.incidents.rows.values()}) == 1


def test_a_replay_hides_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    faulty(monkeypatch, "CAD-BAD")
    with pytest.raises(ZeroDivisionError):
        Simulation(REGISTRY, POLICY).deliver(detained("CAD-BAD", NOW), NOW)


# -- decisions of people ----------------------------------------------------------------------------------------------


def join(stream: Stream, one: str, other: str, now: datetime) -> Regrouped:
    """A reviewer says that two logs are one crisis."""

    async def work() -> Regrouped:
        async with stream.ledger.transaction() as transaction:
            pair = (("met", one), ("met", other))
            return await regrouping.join(
                transaction, stream.settling, *pair, actor="AB", reason="one call", now=now
            )

    return done(work())


def test_a_decision_about_a_parked_crisis_is_carried_out_and_it_stays_parked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fault = faulty(monkeypatch, "CAD-BAD")
    stream = night()
    join(stream, "CAD-1", "CAD-BAD", NOW + timedelta(minutes=1))
    assert stream.logs_with("R31") >= {"CAD-BAD"}
    stream.tick(NOW + ASKED_WITHIN)
    assert stream.logs_with("R04") >= OTHERS - {"CAD-1"}, "nobody else waits"
    fault.mend()
    stream.tick(NOW + ASKED_WITHIN + LAST_AGAIN)
    assert stream.tries() == []
    crises = {stream.ledger.incidents.rows["met", log].crisis_id for log in ("CAD-1", "CAD-BAD")}
    assert len(crises) == 1, "what was decided counts as soon as it can be judged"


def test_judged_without_parking_the_decision_would_be_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: this is what a reviewer was shown."""
    faulty(monkeypatch, "CAD-BAD")
    stream = night()

    async def raising(
        transaction: object, settling: Settling, touched: object, now: datetime
    ) -> object:
        return await settling.step(transaction, touched, now)  # type: ignore[arg-type]

    monkeypatch.setattr(regrouping, "settle_touched", raising)
    with pytest.raises(ZeroDivisionError):
        join(stream, "CAD-1", "CAD-BAD", NOW + timedelta(minutes=1))
