"""One of several people of one log is moved to another crisis by a person, and stays there whatever is said later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.liaison.crisis.division import SubjectEvents, subject_key
from services.liaison.linking.decisions import LinkDecision, pairs_decided
from services.liaison.linking.sighting import Key
from services.orchestration.decisions import regrouping
from services.orchestration.decisions.common import DecisionRefused, preview
from services.orchestration.decisions.regrouping import Regrouped
from services.simulation.ledger.memory import done
from tests.unit.liaison.script import AMBULANCE, POLICE, minute
from tests.unit.liaison.test_settle import Night

LOG, FIRST, SECOND = ("met", "CAD-1"), ("met", "CAD-1", "D-1"), ("met", "CAD-1", "D-2")
PATIENT, CREW, STRANGER = ("las", "LAS-7"), ("las", "LAS-8"), ("met", "CAD-9")
HIM = {"names": [{"given": "Darnell", "family": "Quigley"}], "date_of_birth": "1991-08-01"}
HER = {"names": [{"given": "Winifred", "family": "Ogilvie"}], "date_of_birth": "1956-01-01"}


def detain(night: Night, at: float, reference: str, **data: object) -> None:
    night.say(
        POLICE,
        "detention.detained",
        at,
        incident="CAD-1",
        detention=reference,
        power="s136",
        **data,
    )


def two_detained_and_a_patient() -> Night:
    """A log that names nobody, two detained at once under it, and a patient across the borough."""
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001")
    detain(night, 1, "D-1")
    detain(night, 2, "D-2")
    night.call(AMBULANCE, 3, "LAS-7", "2002")
    return night


def crises(night: Night) -> set[frozenset[Key]]:
    """The subjects of each crisis."""
    return {
        frozenset(subject_key(*member.key, member.subject) for member in crisis.members)
        for crisis in night.ledger.crises.values()
    }


Decision = Callable[..., Any]


def decide(night: Night, decision: Decision, *subjects: Key, at: float, look: bool = False) -> Any:
    """A person decides; with `look` only what it would change is asked."""

    async def act(transaction: Any) -> Regrouped:
        regrouped: Regrouped = await decision(
            transaction,
            night.ledger.settling,
            *subjects,
            actor="AB@d",
            reason="rang the ward",
            now=minute(at),
        )
        return regrouped

    async def work() -> Regrouped:
        async with night.ledger.ledger.transaction() as transaction:
            if look:
                return await preview(transaction, act)
            return await act(transaction)

    return done(work())


def test_two_of_whom_nothing_is_known_are_one_crisis_until_a_person_says_otherwise() -> None:
    assert crises(two_detained_and_a_patient()) == {
        frozenset({LOG, FIRST, SECOND}),
        frozenset({PATIENT}),
    }


def test_one_of_two_people_of_a_log_goes_to_the_other_crisis_and_the_rest_stay() -> None:
    night = two_detained_and_a_patient()
    moved = decide(night, regrouping.move, SECOND, PATIENT, at=5)
    assert set(moved.together) == {SECOND, PATIENT}
    assert crises(night) == {frozenset({LOG, FIRST}), frozenset({SECOND, PATIENT})}


def test_a_look_changes_nothing_and_says_what_the_decision_would_do() -> None:
    night = two_detained_and_a_patient()
    before, alerts = crises(night), dict(night.ledger.alerts)
    shown = decide(night, regrouping.move, SECOND, PATIENT, at=40, look=True)
    assert (crises(night), dict(night.ledger.alerts)) == (before, alerts)
    assert shown == decide(night, regrouping.move, SECOND, PATIENT, at=40)
    # two detained for forty minutes without a crew or a place: each is told of by himself now
    assert {(alert.rule, alert.effect) for alert in shown.alerts} >= {("R10", "raised")}


def test_taken_out_by_itself_it_is_a_crisis_of_its_own() -> None:
    night = two_detained_and_a_patient()
    decide(night, regrouping.take_out, SECOND, at=5)
    assert crises(night) == {frozenset({LOG, FIRST}), frozenset({SECOND}), frozenset({PATIENT})}


def test_who_is_at_the_scene_of_the_log_counts_for_both_of_its_people_still() -> None:
    night = two_detained_and_a_patient()
    decide(night, regrouping.take_out, SECOND, at=5)
    scenes = {
        subject_key(*member.key, member.subject): crisis.scene
        for crisis in night.ledger.crises.values()
        for member in crisis.members
    }
    assert scenes[SECOND] == scenes[LOG]
    assert scenes[PATIENT] != scenes[LOG]


def told_later(night: Night, how: str) -> None:
    match how:
        case "conveyed":
            night.say(
                POLICE,
                "detention.conveyed",
                8,
                incident="CAD-1",
                detention="D-2",
                by="police-unit",
                to={"site": "mile-end-136", "kind": "health-based-place-of-safety"},
            )
        case "described":
            detain(night, 8, "D-2", person=HER)
        case "the log describes somebody":
            night.say(POLICE, "incident.updated", 8, incident="CAD-1", person=HER)
        case "entered again":
            detain(night, 8, "D-2", person=HER)
            night.say(POLICE, "incident.updated", 9, incident="CAD-1", person=HIM)
        case _:
            raise AssertionError(how)


LATER = ("conveyed", "described", "entered again")


@pytest.mark.parametrize("how", LATER)
def test_what_is_said_later_does_not_undo_it(how: str) -> None:
    night = two_detained_and_a_patient()
    decide(night, regrouping.move, SECOND, PATIENT, at=5)
    told_later(night, how)
    assert frozenset({SECOND, PATIENT}) in crises(night)


def test_a_detention_that_turns_out_to_be_of_whom_the_log_describes_is_where_it_was_moved() -> None:
    night = two_detained_and_a_patient()
    detain(night, 4, "D-1", person=HIM)
    detain(night, 4.5, "D-2", person=HER)
    decide(night, regrouping.move, SECOND, PATIENT, at=5)
    assert frozenset({SECOND, PATIENT}) in crises(night)
    # from now on the log's own subject is hers, and she goes by the log's name
    told_later(night, "the log describes somebody")
    assert crises(night) == {frozenset({LOG, PATIENT}), frozenset({FIRST})}


def test_the_person_of_a_log_stays_where_they_were_moved_when_a_second_one_is_detained() -> None:
    night = one_detained_and_moved()
    detain(night, 8, "D-2")
    assert any({FIRST, PATIENT} <= crisis for crisis in crises(night))


def one_detained_and_moved() -> Night:
    night = Night()
    night.call(POLICE, 0, "CAD-1", "1001")
    detain(night, 1, "D-1", person=HIM)
    night.call(AMBULANCE, 3, "LAS-7", "2002")
    decide(night, regrouping.move, LOG, PATIENT, at=5)
    detain(night, 7, "D-2", person=HER)
    return night


def test_without_the_names_of_the_detention_the_second_one_would_undo_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control of the test before."""
    monkeypatch.setattr(SubjectEvents, "names", property(lambda part: frozenset({part.key})))
    night = one_detained_and_moved()
    assert not any({FIRST, PATIENT} <= crisis for crisis in crises(night))


def test_a_new_incident_of_one_of_the_two_does_not_bring_them_together_again() -> None:
    night = two_detained_and_a_patient()
    decide(night, regrouping.move, SECOND, PATIENT, at=5)
    linked = [{"agency": "met", "reference": "CAD-1"}, {"agency": "las", "reference": "LAS-7"}]
    night.call(AMBULANCE, 9, "LAS-8", "1001", linked=linked)
    assert not any({FIRST, SECOND} <= crisis for crisis in crises(night))
    assert any({SECOND, PATIENT} <= crisis for crisis in crises(night))


def test_a_contradicting_description_within_the_new_crisis_does_not_part_it() -> None:
    night = two_detained_and_a_patient()
    night.call(AMBULANCE, 3.5, "LAS-8", "3003", person=HIM)
    decide(night, regrouping.join, PATIENT, CREW, at=4)
    detain(night, 4, "D-2", person=HER)
    decide(night, regrouping.move, SECOND, PATIENT, at=5)
    assert frozenset({SECOND, PATIENT, CREW}) in crises(night)


def test_moved_back_again_the_newer_word_counts() -> None:
    night = two_detained_and_a_patient()
    before = crises(night)
    decide(night, regrouping.move, SECOND, PATIENT, at=5)
    decide(night, regrouping.move, SECOND, LOG, at=6)
    assert crises(night) == before


def test_nobody_else_s_crisis_is_touched() -> None:
    night = two_detained_and_a_patient()
    night.call(POLICE, 4, "CAD-9", "4004", indicators=["suicide-attempt"])
    night.say(POLICE, "resource.on-scene", 5, incident="CAD-9", resource="M1", kind="police-unit")
    night.ledger.tick(minute(30))
    crisis = night.crisis_of(STRANGER)
    alerts = {i: a for i, a in night.ledger.alerts.items() if a.crisis_id == crisis}
    assert alerts
    decide(night, regrouping.move, SECOND, PATIENT, at=30)
    assert night.crisis_of(STRANGER) == crisis
    assert {i: a for i, a in night.ledger.alerts.items() if a.crisis_id == crisis} == alerts


@pytest.mark.parametrize(
    ("subjects", "code"),
    [
        ((("met", "CAD-1", "D-3"), PATIENT), "unknown-incident"),
        ((SECOND, ("las", "LAS-0")), "unknown-incident"),
        ((SECOND, FIRST), "already-decided"),
        ((SECOND, LOG), "already-decided"),
    ],
)
def test_a_move_that_cannot_be_is_refused_by_name(subjects: tuple[Key, Key], code: str) -> None:
    night = two_detained_and_a_patient()
    before = crises(night)
    with pytest.raises(DecisionRefused) as refused:
        decide(night, regrouping.move, *subjects, at=5)
    assert refused.value.code == code
    assert crises(night) == before


def test_a_decision_of_before_about_whole_incidents_is_about_the_logs_own_subject() -> None:
    decision = LinkDecision(PATIENT, LOG, "joined", minute(0))
    names = {LOG: LOG, FIRST: FIRST, PATIENT: PATIENT}
    assert pairs_decided([decision], names).joined == {frozenset({PATIENT, LOG})}


def test_of_two_words_about_what_became_one_subject_the_later_counts() -> None:
    decisions = [
        LinkDecision(PATIENT, FIRST, "separated", minute(2)),
        LinkDecision(PATIENT, LOG, "joined", minute(1)),
    ]
    pairs = pairs_decided(decisions, {LOG: LOG, FIRST: LOG, PATIENT: PATIENT})
    assert pairs.separated == {frozenset({PATIENT, LOG})}
    assert not pairs.joined


def test_a_word_about_a_name_by_which_nobody_goes_waits() -> None:
    decision = LinkDecision(PATIENT, SECOND, "separated", minute(0))
    assert not pairs_decided([decision], {LOG: LOG, PATIENT: PATIENT}).separated
