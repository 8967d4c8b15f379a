"""What a row of the board says in two lines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.console.view.board import row_of
from services.console.view.desks import Desk, Desks
from services.console.view.rendering import render_row
from services.console.view.row import HEARD, RowShown, row_shown
from services.console.view.text import TEXT
from services.ledger.alerts.desk import AlertState, OtherDesk
from tests.unit.console.test_board import AT, COLLEAGUE, HELD_BY_COLLEAGUE, ME, alert

DESKS = Desks.of(
    [Desk("slam-crisis", "Crisis line", "slam", "SLaM"), Desk("met", "Contact", "met", "Met")]
)


def shown(*alerts: AlertState) -> RowShown:
    return row_shown(row_of(alerts, ME), DESKS)


def told(**words: str) -> dict[str, Any]:
    return {"title": "x", "shown": {label.replace("_", " "): text for label, text in words.items()}}


def test_of_each_fact_the_newest_words_stand() -> None:
    row = shown(
        alert("new", sequence=9, view=told(Where="14 Lilford Road", Units_there="MX24")),
        alert("old", sequence=3, view=told(Where="Lilford Road", Age_and_sex="looks 30")),
    )
    assert (row.where, row.units, row.description) == ("14 Lilford Road", "MX24", "looks 30")


def test_the_place_of_a_restricted_record_is_not_taken_from_an_older_alert() -> None:
    row = shown(
        alert("old", sequence=3, view=told(Where="14 Lilford Road", Area="lambeth")),
        alert("new", sequence=9, view=told(Warning="The person's record is restricted")),
    )
    assert row.where == ""
    line, _, cards = render_row(row.row, DESKS, "las", "token").partition("<details")
    assert "Lilford" not in line
    assert TEXT["row_restricted"] in line
    assert "Lilford" in cards, "the control: the older alert still says what it said"


def test_what_was_not_disclosed_to_the_desk_is_in_no_row() -> None:
    view = {"title": "A plan exists", "person": {"family": "Okoro"}, "nhs_number": "9990000001"}
    html = render_row(row_of([alert("a", view=view)], ME), DESKS, "las", "token")
    assert "A plan exists" in html
    assert "Okoro" not in html
    assert "9990000001" not in html


def test_of_another_desk_the_least_that_it_did_is_told_of_those_that_stand() -> None:
    seen = OtherDesk("slam-crisis", AT)
    acting = OtherDesk("met", AT, "accepted", AT + timedelta(minutes=1))
    silent = OtherDesk("met", None)
    row = shown(
        alert("a", other_desks=(seen, acting)),
        alert("b", urgency=2, other_desks=(silent,)),
        alert("c", state="returned", cleared_at=AT, other_desks=(OtherDesk("slam-crisis", None),)),
    )
    assert [(one.name, one.heard) for one in row.told] == [
        ("Contact", "silent"),
        ("Crisis line", "seen"),
    ]


def test_of_many_desks_that_have_not_seen_it_the_number_is_told_and_every_answer_by_name() -> None:
    silent = [OtherDesk(f"desk-{number}", None) for number in range(9)]
    declined = OtherDesk("met", AT, "declined", AT, "no-resource")
    row = row_of([alert("a", other_desks=(declined, *silent))], ME)
    html = render_row(row, DESKS, "las", "token")
    line = html.partition("<details")[0]
    assert "not seen by 9 desks" in line
    assert "declined" in line
    assert "Contact" in line
    assert "desk-3" not in line


def test_an_area_is_told_by_its_name() -> None:
    areas = {"hammersmith-and-fulham": "Hammersmith and Fulham", "ealing": "Ealing"}
    desks = Desks.of([], areas=areas)
    view = told(Area="hammersmith-and-fulham or ealing")
    row = row_shown(row_of([alert("a", view=view)], ME), desks)
    assert row.where == "Hammersmith and Fulham or Ealing"
    assert ("Area", "Hammersmith and Fulham or Ealing") in row.lead.facts


@pytest.mark.parametrize("heard", HEARD)
def test_what_another_desk_did_has_words(heard: str) -> None:
    assert f"heard_{heard}" in TEXT


def test_who_has_it_is_told_by_initials_without_the_desk() -> None:
    held = shown(alert("a", **HELD_BY_COLLEAGUE), alert("b"))
    assert held.holders == (COLLEAGUE.split("@", maxsplit=1)[0],)


def test_an_act_is_on_every_alert_that_it_is_possible_for_and_on_no_other() -> None:
    acts = shown(
        alert("waits"),
        alert("held", **HELD_BY_COLLEAGUE),
        alert("over", state="returned", cleared_at=AT),
        alert("done", state="answered"),
    ).acts
    assert {act: set(alerts) for act, alerts in acts.items()} == {
        "acknowledge": {"waits", "over"},
        "claim": {"waits"},
        "accept": {"waits", "held"},
    }


def test_the_other_reasons_are_those_that_still_stand_each_once() -> None:
    row = shown(
        alert("a", view={"title": "Restraint"}),
        alert("b", urgency=2, view={"title": "Plan on file"}),
        alert("c", urgency=3, view={"title": "Plan on file"}),
        alert("d", state="returned", cleared_at=AT, view={"title": "Repeat contact"}),
    )
    assert row.reasons == ("Plan on file",)


def test_what_is_asked_of_the_desk_stands_with_the_surest_thing_it_rests_on() -> None:
    view = {"title": "x", "rule": "R01", "next_step": "Review the category now."}
    prompt = shown(alert("a", view=view), alert("b", urgency=2)).prompt
    assert (prompt.sentence, prompt.rule) == ("Review the category now.", "R01")
    assert prompt.certainty == "verified"
    assert "emergency even if the police are present" in prompt.source
    assert "read in its own text" in render_row(
        row_of([alert("a", view=view)], ME), DESKS, "las", "t"
    )


def test_a_crisis_is_refused_only_as_far_as_its_alerts_still_stand_without_an_answer() -> None:
    row = shown(
        alert("waits"),
        alert("held", **HELD_BY_COLLEAGUE),
        alert("over", state="returned", cleared_at=AT),
        alert("done", state="answered"),
    )
    assert set(row.refusable) == {"waits", "held"}
    ended = row_of([alert("over", state="returned", cleared_at=AT)], ME)
    assert "answers/decline" not in render_row(ended, DESKS, "las", "token")


def test_of_a_crisis_with_one_alert_each_act_is_offered_once_in_the_pane() -> None:
    html = render_row(row_of([alert("a")], ME), DESKS, "las", "token").partition("<details")[2]
    assert html.count('aria-label="Claim: ') == 1
    both = render_row(row_of([alert("a"), alert("b")], ME), DESKS, "las", "token")
    assert both.partition("<details")[2].count('aria-label="Claim: ') == 3


def test_a_row_is_headed_by_what_is_wrong_for_this_desk_where_the_rule_says_it() -> None:
    said = {"title": "Treat as an emergency", "headline": "Graded C3, police alone there"}
    html = render_row(row_of([alert("a", view=said)], ME), DESKS, "las", "token")
    assert ">Graded C3, police alone there</h3>" in html
    assert 'aria-label="Accept: Treat as an emergency"' in html
    plain = render_row(row_of([alert("a", view={"title": "Plain"})], ME), DESKS, "las", "token")
    assert ">Plain</h3>" in plain


def test_since_when_somebody_is_held_is_said_with_the_word_and_what_is_not_reported_is_no_danger() -> (
    None
):
    row = shown(alert("a", view=told(Restraint="since 14:15, prone", Physical_signs="breathless")))
    assert row.dangers == ("Restraint since 14:15, prone", "breathless")
    assert shown(alert("a", view=told(Restraint="not reported"))).dangers == ()
