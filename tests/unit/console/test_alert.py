"""How an alert is put on the screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.london_time import clock
from services.console.access.sign_in import initials_of
from services.console.view.alert import reason_in_words
from services.console.view.desks import Desk, Desks
from services.console.view.list_filter import ListFilter
from services.console.view.rendering import render_article
from services.ledger.alerts.desk import AlertState, OtherDesk, Outcome
from services.liaison.alert.commands import DECLINE_REASONS

AT = datetime(2026, 7, 1, 13, 24, tzinfo=UTC)
DESKS = Desks.of([Desk("slam-crisis", "Crisis team", "slam", "SLaM")])


def state(**more: Any) -> AlertState:
    fields: dict[str, Any] = {
        "alert_id": "a1",
        "sequence": 3,
        "urgency": 1,
        "raised_at": AT,
        "acknowledge_by": AT + timedelta(minutes=5),
        "acknowledged_at": None,
        "acknowledged_by": None,
        "cleared_at": None,
        "clear_reason": None,
        "view": {
            "title": "Police on scene",
            "reason": "why",
            "next_step": "what",
            "verification": "verified",
        },
    }
    return AlertState(**{**fields, **more})


def shown(one: AlertState) -> str:
    return render_article(one, DESKS, "las-mental-health", "token")


def test_times_are_londons_in_24_hours() -> None:
    assert clock(AT) == "14:24"


def test_urgency_is_told_by_words_and_shape_not_by_colour_alone() -> None:
    html = shown(state())
    assert "P1 Critical" in html
    assert "▲" in html


def test_markup_in_what_an_agency_sent_is_not_markup_on_the_screen() -> None:
    html = shown(state(view={"title": "<script>alert(1)</script>"}))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_what_was_not_disclosed_to_the_desk_is_not_printed() -> None:
    view = {
        "title": "A crisis plan exists",
        "nhs_number": "9990000001",
        "person": {"family": "Okoro"},
    }
    html = shown(state(view=view))
    assert "A crisis plan exists" in html
    assert "9990000001" not in html
    assert "Okoro" not in html


def test_an_alert_that_rests_on_a_silent_feed_says_so() -> None:
    assert "Cannot be verified" in shown(
        state(view={"title": "x", "verification": "cannot-be-verified"})
    )
    assert "Cannot be verified" not in shown(state())


def test_an_incident_is_named_by_its_agency_and_not_by_a_code() -> None:
    view = {"title": "x", "incidents": [{"agency": "slam", "reference": "REF-1"}]}
    assert "<dd>SLaM REF-1</dd>" in shown(state(view=view))


def test_who_else_was_told_is_shown_with_their_answer() -> None:
    assert "SLaM: Crisis team: not yet acknowledged" in shown(
        state(other_desks=(OtherDesk("slam-crisis", None),))
    )


def test_what_ended_stays_until_someone_answers() -> None:
    everything_open = ListFilter("AB@las-mental-health")
    ended = state(cleared_at=AT, state="returned")
    assert everything_open.matches(ended)
    assert "It stays here until someone acknowledges it" in shown(ended)
    assert not everything_open.matches(state(cleared_at=AT, acknowledged_at=AT, state="cleared"))


def test_what_has_ended_calls_for_nobody() -> None:
    ended = state(cleared_at=AT, state="returned", urgency=1)
    assert not ended.waiting
    assert not ListFilter("AB@las-mental-health", "waiting").matches(ended)


def test_an_alert_that_keeps_quiet_for_a_worse_one_is_shown_and_does_not_wait() -> None:
    quiet = state(inhibited=True)
    assert not quiet.waiting
    assert "Quiet while a more urgent alert" in shown(quiet)


@pytest.mark.parametrize(
    ("outcome", "reason", "words"),
    [
        ("declined", "no-resource", "No resource"),
        ("declined", "out-of-area: ring Oxleas", "Out of our area: ring Oxleas"),
        ("declined", "other: the team is in a meeting", "the team is in a meeting"),
        ("not-ours", "the trust across the river", "the trust across the river"),
    ],
)
def test_why_another_desk_refused_is_told_in_words(
    outcome: Outcome, reason: str, words: str
) -> None:
    html = shown(state(other_desks=(OtherDesk("slam-crisis", AT, outcome, AT, reason),)))
    assert f'<strong class="because">{words}</strong>' in html


def test_what_another_desk_noted_when_it_accepted_stays_with_it() -> None:
    html = shown(state(other_desks=(OtherDesk("slam-crisis", AT, "accepted", AT, "sent Mia"),)))
    assert "SLaM: Crisis team: accepted" in html
    assert "Mia" not in html


@pytest.mark.parametrize("reason", DECLINE_REASONS)
def test_no_code_of_a_reason_is_on_the_screen(reason: str) -> None:
    assert reason_in_words("declined", f"{reason}: because") != f"{reason}: because"


def test_initials_are_two_to_four_letters() -> None:
    assert initials_of(" ab ") == "AB"
    assert initials_of("a1") is None
    assert initials_of("abcde") is None


NEEDED_TO_ACT = {
    "Who": "Person not identified",
    "Known to mental health services": "yes",
    "Call-back number": "020 7946 0999 (family)",
    "Units there": "police MX21 since 14:01",
    "Physical signs": "not stated",
    "Where": "14 Albany Road, SE5 0AA",
}


def test_a_row_says_where_the_signs_who_is_there_and_whom_to_ring_in_that_order() -> None:
    html = shown(state(view={"title": "x", "shown": NEEDED_TO_ACT}))
    needed = ["Where", "Physical signs", "Units there", "Call-back number"]
    rows = [f"<dt>{label}</dt><dd>{NEEDED_TO_ACT[label]}</dd>" for label in needed]
    places = [html.index(row) for row in rows]
    assert places == sorted(places)
    assert html.index("Known to mental health services") > places[-1]


def test_a_row_says_nothing_of_what_was_not_disclosed_to_the_desk() -> None:
    html = shown(state(view={"title": "x", "shown": {"Who": "Person not identified"}}))
    assert "Where" not in html
    assert "not stated" not in html


def test_the_warning_of_a_restricted_record_stands_first_and_out() -> None:
    facts = NEEDED_TO_ACT | {"Warning": "The person's record is restricted"}
    html = shown(state(view={"title": "x", "shown": facts}))
    assert '<div class="unverified"><dt>Warning</dt>' in html
    assert html.index("Warning") < html.index("Where")


def test_markup_in_an_address_is_no_markup_on_the_screen() -> None:
    html = shown(state(view={"title": "x", "shown": {"Where": "<b>1 High Street</b>"}}))
    assert "<b>1" not in html
