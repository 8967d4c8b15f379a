"""The life of an alert at a desk, against a table written from the words of the design, not from the code."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.liaison import alert as life
from services.liaison.alert import (
    Acknowledge,
    Addressed,
    Alert,
    AlertChange,
    AlreadyAcknowledged,
    Ladder,
    Rung,
    Terms,
    TransitionNotAllowed,
    UnknownAlert,
)
from services.liaison.alert import states as states_of_alerts
from services.liaison.finding import Evidence, Finding, Standing, Verification
from tests.unit.liaison.script import minute

# What becomes (cells) of a desk's part of an alert in a state (columns) by a transition (rows). Written from the words of
# the design and of ISA-18.2. `-` as a column is: the desk does not have it; as a cell: it cannot happen; `=`: unchanged.
TABLE = """
               -       raised        delivered     acknowledged  claimed       answered  shelved   returned  cleared   closed
raised         raised  -             -             -             -             -         -         raised    raised    raised
delivered      -       delivered     -             -             -             -         -         -         -         -
worsened       -       raised        raised        raised        raised        raised    raised    -         -         -
annotated      -       =             =             =             =             =         =         -         -         -
sounded-again  -       raised        raised        raised        raised        -         -         -         -         -
escalated      -       =             =             -             -             -         -         -         -         -
disputed       -       raised        raised        raised        raised        =         raised    -         -         -
inhibited      -       =             =             =             =             =         =         -         -         -
released       -       =             =             =             =             =         =         -         -         -
acknowledged   -       acknowledged  acknowledged  -             -             -         -         cleared   -         -
claimed        -       -             -             claimed       -             -         -         -         -         -
taken-over     -       -             -             -             claimed       -         -         -         -         -
handed-over    -       -             -             =             =             -         -         -         -         -
accepted       -       -             -             answered      answered      answered  -         -         answered  -
declined       -       -             -             answered      answered      answered  -         -         answered  -
not-ours       -       -             -             answered      answered      answered  -         -         answered  -
noted          -       =             =             =             =             =         =         =         =         =
message-waits  -       =             =             =             =             =         =         =         =         =
shelved        -       shelved       shelved       shelved       shelved       -         -         -         -         -
unshelved      -       -             -             -             -             -         raised    -         -         -
returned       -       returned      returned      -             -             -         returned  -         -         -
cleared        -       -             -             cleared       cleared       -         cleared   -         -         -
closed         -       -             -             -             -             closed    -         -         closed    -
"""
COLUMNS, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [
    (row[0], state, cell) for row in ROWS for state, cell in zip(COLUMNS, row[1:], strict=True)
]


@pytest.mark.parametrize(("kind", "state", "becomes"), CELLS)
def test_each_transition_leads_where_the_table_says_or_cannot_be(
    kind: str, state: str, becomes: str
) -> None:
    before: Any = None if state == "-" else state
    if becomes == "-":
        with pytest.raises(TransitionNotAllowed):
            states_of_alerts.after(kind, before)  # type: ignore[arg-type]  # words of the table
    else:
        expected = before if becomes == "=" else becomes
        assert states_of_alerts.after(kind, before) == expected  # type: ignore[arg-type]  # words of the table


def test_the_table_knows_every_state_and_every_transition() -> None:
    assert {row[0] for row in ROWS} == set(states_of_alerts.KINDS)
    assert set(COLUMNS) - {"-"} == set(states_of_alerts.STATES)


LADDER = Ladder(
    2,
    timedelta(minutes=2),
    timedelta(minutes=10),
    (
        Rung("supervisor", timedelta(minutes=2), ("boss",)),
        Rung("tactical", timedelta(minutes=5), ("manager",)),
    ),
    ("boss",),
)
TERMS = Terms(timedelta(seconds=20), {2: timedelta(minutes=15), 3: timedelta(hours=1)})


def acknowledge(alert: Alert, desk: str, actor: str, now: datetime) -> AlertChange:
    return life.answer(alert, desk, Acknowledge(), actor, now, TERMS)


def standing(
    stage: str = "",
    urgency: int = 2,
    verification: Verification = "verified",
    reason: str = "Category 3.",
) -> Standing:
    finding = Finding(
        rule="R01",
        anchor=("/met/cad", "e1"),
        holds_from=minute(5),
        urgency=urgency,
        title="Treat as an emergency",
        reason=reason,
        next_step="Review.",
        recipients=("ambulance-control",),
        evidence=(Evidence("Said", minute(1)),),
        acknowledge_within=timedelta(minutes=2),
        stage=stage,
    )
    return Standing(finding, verification)


def to(*desks: str, shown: str = "as it is") -> list[Addressed]:
    return [
        Addressed(desk, desk.split("-")[0], {"shown": shown}, ("circumstances",), LADDER)
        for desk in desks
    ]


def raised(*desks: str, at: float = 5, former: Alert | None = None) -> Alert:
    return life.raise_alert(
        standing(),
        to(*(desks or ("las-desk", "met-desk"))),
        minute(at),
        rule_version=1,
        zone="london",
        area="camden",
        crisis_id="one",
        before=former,
    ).alert


def states(alert: Alert) -> dict[str, str]:
    return {desk.desk: desk.state for desk in alert.desks}


def test_it_is_raised_at_each_desk_with_its_own_time_to_acknowledge() -> None:
    alert = raised()
    assert states(alert) == {"las-desk": "raised", "met-desk": "raised"}
    assert {desk.acknowledge_by for desk in alert.desks} == {minute(7)}
    assert alert.holds_since == minute(5)


def test_the_same_condition_has_the_same_id_everywhere_and_another_one_another() -> None:
    assert raised().alert_id == life.alert_id("R01|/met/cad|e1")
    assert life.alert_id("R01|/met/cad|e1") != life.alert_id("R01|/met/cad|e2")


def test_a_repetition_says_nothing() -> None:
    alert = raised()
    assert life.update(alert, standing(), to("las-desk", "met-desk"), minute(6), "one") is None


@pytest.mark.parametrize(
    "worse",
    [
        standing(urgency=1),
        standing(stage="10-minutes"),
        standing(verification="cannot-be-verified"),
    ],
)
def test_a_worsening_sounds_again_and_takes_back_the_acknowledgement(worse: Standing) -> None:
    alert = acknowledge(raised(), "las-desk", "Meera", minute(6)).alert
    change = life.update(alert, worse, to("las-desk", "met-desk"), minute(8), "one")
    assert change is not None
    assert states(change.alert) == {"las-desk": "raised", "met-desk": "raised"}
    assert {desk.acknowledged_by for desk in change.alert.desks} == {None}
    assert [transition.kind for transition in change.transitions] == ["worsened", "worsened"]
    assert all(transition.reason for transition in change.transitions)


def test_becoming_less_urgent_is_shown_and_does_not_sound() -> None:
    urgent = replace(acknowledge(raised(), "las-desk", "Meera", minute(6)).alert, urgency=1)
    change = life.update(urgent, standing(urgency=2), to("las-desk", "met-desk"), minute(8), "one")
    assert change is not None
    assert change.alert.urgency == 2
    assert {transition.kind for transition in change.transitions} == {"annotated"}
    assert states(change.alert)["las-desk"] == "acknowledged"


def test_at_a_desk_that_it_is_not_for_after_all_it_ends_and_elsewhere_it_goes_on() -> None:
    change = life.update(raised(), standing(), to("las-desk"), minute(8), "one")
    assert change is not None
    assert states(change.alert) == {"las-desk": "raised", "met-desk": "returned"}
    assert [(transition.kind, transition.desk) for transition in change.transitions] == [
        ("returned", "met-desk")
    ]
    assert change.alert.stands


def test_when_it_turns_out_to_have_held_for_longer_it_says_since_when() -> None:
    earlier = Standing(replace(standing().finding, holds_from=minute(3)), "verified")
    change = life.update(raised(), earlier, to("las-desk", "met-desk"), minute(8), "one")
    assert change is not None
    assert change.alert.holds_since == minute(3)


def test_what_changes_without_getting_worse_is_annotated_and_the_acknowledgement_stays() -> None:
    alert = acknowledge(raised(), "las-desk", "Meera", minute(6)).alert
    shown = to("las-desk", "met-desk", shown="more is known")
    change = life.update(alert, standing(reason="Category 4."), shown, minute(8), "one")
    assert change is not None
    assert {transition.kind for transition in change.transitions} == {"annotated"}
    assert states(change.alert)["las-desk"] == "acknowledged"
    assert change.alert.detail["reason"] == "Category 4."


def test_a_desk_that_is_added_later_hears_it_as_new() -> None:
    change = life.update(
        raised(), standing(), to("las-desk", "met-desk", "slam-desk"), minute(8), "one"
    )
    assert change is not None
    assert [(transition.kind, transition.desk) for transition in change.transitions] == [
        ("raised", "slam-desk")
    ]
    assert [disclosure.desk for disclosure in change.disclosed] == ["slam-desk"]


def test_joining_another_crisis_alone_is_no_transition() -> None:
    change = life.update(raised(), standing(), to("las-desk", "met-desk"), minute(8), "two")
    assert change is not None
    assert (change.transitions, change.disclosed, change.alert.crisis_id) == ((), (), "two")


def test_it_is_cleared_and_stays_on_the_record() -> None:
    change = life.clear(raised(), minute(9), "the ambulance is there")
    assert not change.alert.stands
    assert (change.alert.cleared_at, change.alert.clear_reason) == (
        minute(9),
        "the ambulance is there",
    )
    assert states(change.alert) == {"las-desk": "returned", "met-desk": "returned"}
    assert [transition.reason for transition in change.transitions] == [
        "the ambulance is there"
    ] * 2


def test_it_may_be_acknowledged_once_by_each_desk() -> None:
    alert = acknowledge(raised(), "las-desk", "Meera", minute(6)).alert
    assert states(alert) == {"las-desk": "acknowledged", "met-desk": "raised"}
    with pytest.raises(AlreadyAcknowledged, match="Meera"):
        acknowledge(alert, "las-desk", "Joe", minute(7))
    assert (
        states(acknowledge(alert, "met-desk", "Joe", minute(7)).alert)["met-desk"] == "acknowledged"
    )


def test_after_it_has_ended_it_can_still_be_acknowledged_and_remains_ended() -> None:
    ended = life.clear(raised(), minute(9), "over").alert
    change = acknowledge(ended, "las-desk", "Meera", minute(10))
    assert states(change.alert)["las-desk"] == "cleared"
    assert {desk.acknowledged_by for desk in change.alert.desks} == {"Meera", None}


def test_a_desk_that_does_not_have_it_cannot_acknowledge_it() -> None:
    with pytest.raises(UnknownAlert):
        acknowledge(raised(), "slam-desk", "Meera", minute(6))


def test_when_the_condition_returns_it_is_the_same_alert_raised_again_and_unacknowledged() -> None:
    acknowledged_alert = acknowledge(raised(), "las-desk", "Meera", minute(6)).alert
    ended = life.clear(acknowledged_alert, minute(9), "over").alert
    again = raised(at=20, former=ended)
    assert again.alert_id == ended.alert_id
    assert states(again) == {"las-desk": "raised", "met-desk": "raised"}
    assert {desk.acknowledged_by for desk in again.desks} == {None}
    assert again.raised_at == minute(20)


def test_an_alert_that_stands_cannot_be_raised_again() -> None:
    with pytest.raises(TransitionNotAllowed):
        raised(former=raised())


@pytest.mark.parametrize("worse", [standing(), standing(stage="10-minutes")])
def test_a_desk_that_had_it_before_the_area_was_corrected_hears_it_again_when_it_is_addressed_again(
    worse: Standing,
) -> None:
    """Raised at the east, ended, raised again at the west as the place was corrected; then the east after all."""
    ended = life.clear(raised("east-desk"), minute(9), "over").alert
    at_west = raised("west-desk", at=20, former=ended)
    assert states(at_west) == {"east-desk": "returned", "west-desk": "raised"}
    change = life.update(
        at_west, worse, to("east-desk", "west-desk", shown="more"), minute(25), "one"
    )
    assert change is not None
    assert states(change.alert) == {"east-desk": "raised", "west-desk": "raised"}
    assert ("raised", "east-desk") in [
        (transition.kind, transition.desk) for transition in change.transitions
    ]
