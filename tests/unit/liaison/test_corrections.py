"""Which events count after corrections and retractions, in whatever order they arrive."""

from __future__ import annotations

from itertools import permutations

from schemas.received import Received
from services.liaison.crisis.corrections import effective
from tests.unit.liaison.script import AMBULANCE, POLICE, event, minute


def said(kind: str, at: float, event_id: str, feed: str = AMBULANCE, /, **data: object) -> Received:
    return event(feed, kind, minute(at), event_id, data)


GRADE = said("incident.graded", 5, "g", incident="LAS-1", ambulance_category="C3")


def corrected(at: float, event_id: str, corrects: str, category: str) -> Received:
    whole = {"incident": "LAS-1", "ambulance_category": category}
    return said("event.corrected", at, event_id, corrects=corrects, data=whole)


def retracted(at: float, event_id: str, retracts: str) -> Received:
    return said("event.retracted", at, event_id, retracts=retracts, reason="entered-in-error")


def grades(*events: Received) -> list[str]:
    """What counts in the end, which must be the same in every order of arrival."""
    grades_found = {
        tuple(
            (received.event.time, str(received.event.data.ambulance_category))
            for received in effective(order)[0]
        )
        for order in permutations(events)
    }
    (one,) = grades_found
    assert all(at == GRADE.event.time for at, _ in one)
    return [category for _, category in one]


def test_a_correction_replaces_what_was_said_and_leaves_when_it_happened() -> None:
    assert grades(GRADE) == ["C3"]
    assert grades(GRADE, corrected(9, "c1", "g", "C2")) == ["C2"]


def test_of_several_corrections_the_last_by_occurrence_counts() -> None:
    assert grades(GRADE, corrected(9, "c1", "g", "C2"), corrected(11, "c2", "g", "C1")) == ["C1"]


def test_a_correction_may_be_corrected() -> None:
    chain = (
        corrected(9, "c1", "g", "C2"),
        corrected(11, "c2", "c1", "C4"),
        corrected(12, "c3", "c2", "C5"),
    )
    assert grades(GRADE, *chain) == ["C5"]


def test_corrections_in_a_circle_end() -> None:
    assert grades(GRADE, corrected(9, "c1", "c2", "C2"), corrected(11, "c2", "c1", "C4")) == ["C3"]


def test_a_retraction_takes_the_event_away_whatever_corrections_there_are() -> None:
    assert grades(GRADE, retracted(9, "r", "g")) == []
    assert (
        grades(
            GRADE,
            corrected(8, "c", "g", "C1"),
            retracted(9, "r", "g"),
            corrected(10, "d", "g", "C2"),
        )
        == []
    )


def test_a_retracted_correction_leaves_what_was_said_first() -> None:
    assert grades(GRADE, corrected(9, "c", "g", "C1"), retracted(10, "r", "c")) == ["C3"]


def test_a_retraction_that_was_retracted_counts_no_more() -> None:
    assert grades(GRADE, retracted(9, "r1", "g"), retracted(10, "r2", "r1")) == ["C3"]
    assert (
        grades(GRADE, retracted(9, "r1", "g"), retracted(10, "r2", "r1"), retracted(11, "r3", "r2"))
        == []
    )


def test_a_correction_of_an_event_that_has_not_come_waits_for_it() -> None:
    early = corrected(9, "c", "g", "C1")
    assert effective([early]) == ([], ())
    assert grades(early, GRADE) == ["C1"]


def test_a_correction_that_does_not_fit_is_not_applied_and_is_named() -> None:
    wrong = said(
        "event.corrected",
        9,
        "c",
        corrects="g",
        data={"incident": "LAS-1", "ambulance_category": "C9"},
    )
    counted, faults = effective([GRADE, wrong])
    assert [str(received.event.data.ambulance_category) for received in counted] == ["C3"]
    assert faults == ("c",)


def test_nobody_corrects_or_retracts_what_another_agency_said() -> None:
    foreign = event(
        POLICE, "event.retracted", minute(9), "r", {"retracts": "g", "reason": "duplicate"}
    )
    assert [received.event.id for received in effective([GRADE, foreign])[0]] == ["g"]


def test_a_repeat_counts_once() -> None:
    assert grades(GRADE, GRADE, GRADE) == ["C3"]
