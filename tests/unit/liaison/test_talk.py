"""Desks talk about a crisis: who may, what is no message, what leaves of it, and who has seen it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.liaison.alert import Acknowledge, Alert, CommandRefused, answer
from services.liaison.alert.record import AlertChange
from services.liaison.alert.talk import DeskMessage, MessageView, plain, send, views
from tests.unit.liaison.test_thread import AT, TERMS, raised

WORDS = "Crew is two minutes away: please keep the door open."


def seen(alert: Alert, desk: str) -> Alert:
    return answer(alert, desk, Acknowledge(), "MK", AT, TERMS).alert


def waiting(changes: tuple[AlertChange, ...]) -> list[tuple[str, str, str, str, str | None]]:
    return [
        (step.kind, change.alert.rule, step.desk, step.actor, step.reason)
        for change in changes
        for step in change.transitions
    ]


def test_every_other_desk_that_was_told_hears_that_one_waits_and_no_word_and_no_person() -> None:
    police_and_las = raised("R01", 1, "met", "las")
    trust = raised("R16", 2, "slam", "las")
    sending = send([trust, police_and_las], "m-1", "las", WORDS, "MK@las", AT)
    assert sending.recipients == ("met", "slam")
    assert sending.message == DeskMessage(
        "m-1", police_and_las.alert_id, "las", "MK@las", WORDS, AT
    )
    assert sorted(waiting(sending.changes)) == [
        ("message-waits", "R01", "met", "las", None),
        ("message-waits", "R16", "slam", "las", None),
    ]


def test_that_a_message_waits_changes_nothing_of_the_alert_whatever_its_state() -> None:
    alert = seen(raised("R01", 1, "met", "las"), "met")
    (change,) = send([alert], "m-1", "las", WORDS, "MK@las", AT).changes
    assert change.alert == alert
    assert list(change.new_alarms()) == []


def test_a_desk_that_was_not_told_says_nothing() -> None:
    with pytest.raises(CommandRefused) as refused:
        send([raised("R01", 1, "met", "las")], "m-1", "slam", WORDS, "AB@slam", AT)
    assert refused.value.code == "not-told"


def test_a_desk_is_told_at_an_alert_that_stands_before_one_that_has_ended() -> None:
    urgent, later = raised("R01", 1, "met", "las"), raised("R04", 2, "met", "las")
    sending = send([later, urgent], "m-1", "las", WORDS, "MK@las", AT)
    assert waiting(sending.changes)[0][1] == "R01"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", "nothing-written"),
        ("  \n ", "nothing-written"),
        ("x" * 301, "text-too-long"),
        ("one\ntwo", "control-character"),
        ("a\x00b", "control-character"),
        ("a\x1b[31mb", "control-character"),
        # what follows would be read from right to left
        ("ring 0207\u202e649", "control-character"),
        ("no\u200bbody sees this", "control-character"),
        ("half a pair \ud83d", "control-character"),
        ("a\u2028b", "control-character"),
    ],
)
def test_what_is_no_plain_text_is_refused_by_name(words: str, code: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        plain(words)
    assert refused.value.code == code


def test_the_character_is_named() -> None:
    with pytest.raises(CommandRefused, match=r"character 3 \(U\+0007\)"):
        plain("ab\a")


@pytest.mark.parametrize(
    "words", ["x" * 300, "Łódź – “quoted”, 50 %, £5", "तुम कहाँ हो?", "Door code 12#, 2 flights 👍"]
)
def test_what_people_write_is_kept_as_it_is(words: str) -> None:
    assert plain(f" {words} ") == words


def test_a_desk_marks_as_seen_what_others_said_and_each_once() -> None:
    ours, theirs, older = (
        DeskMessage(name, "a", desk, "X", WORDS, AT)
        for name, desk in (("m-1", "las"), ("m-2", "met"), ("m-3", "met"))
    )
    before = [MessageView("m-3", "las", "AB@las", AT), MessageView("m-2", "slam", "CD@slam", AT)]
    now = AT + timedelta(minutes=1)
    fresh = views([ours, theirs, older], before, "las", "MK@las", now)
    assert fresh == (MessageView("m-2", "las", "MK@las", now),)
