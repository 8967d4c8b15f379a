"""One crisis, one thread: what keeps quiet for what, and what is never hidden."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.liaison.alert import (
    Accept,
    Acknowledge,
    Addressed,
    Alert,
    Ladder,
    Terms,
    answer,
    clear,
    inhibit,
    threads,
)
from services.liaison.alert.life import raise_alert
from services.liaison.alert.passing import alert_due, pass_time
from services.liaison.finding import Finding, Standing

AT = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
TERMS = Terms(timedelta(seconds=20), {})
LADDER = Ladder(1, timedelta(minutes=2), timedelta(minutes=10))


def raised(rule: str, urgency: int, *desks: str, at: datetime = AT) -> Alert:
    finding = Finding(
        rule=rule,
        anchor=("/met/cad", rule),
        holds_from=at,
        urgency=urgency,
        title=rule,
        reason="",
        next_step="",
        recipients=("ambulance-control",),
        evidence=(),
        acknowledge_within=timedelta(minutes=2),
    )
    to = [Addressed(desk, "las", {}, (), LADDER) for desk in desks or ("las",)]
    return raise_alert(
        Standing(finding, "verified"),
        to,
        at,
        rule_version=1,
        zone="london",
        area=None,
        crisis_id="one",
    ).alert


def after_inhibition(*alerts: Alert, at: datetime = AT) -> dict[str, Alert]:
    by_rule = {alert.rule: alert for alert in alerts}
    return by_rule | {change.alert.rule: change.alert for change in inhibit(alerts, at)}


def quiet(alert: Alert, desk: str = "las") -> bool:
    part = alert.at(desk)
    assert part is not None
    return part.inhibited_by is not None


def test_a_less_urgent_alert_keeps_quiet_while_a_more_urgent_one_waits_at_the_desk() -> None:
    now = after_inhibition(raised("R01", 1), raised("R16", 2), raised("R20", 3))
    assert [quiet(now[rule]) for rule in ("R01", "R16", "R20")] == [False, True, True]
    assert alert_due(now["R16"]) is None
    assert pass_time(now["R16"], AT + timedelta(hours=1), lambda _: None) is None


def test_the_most_urgent_is_never_quiet_and_equals_do_not_silence_each_other() -> None:
    assert inhibit([raised("R01", 1), raised("R02", 1)], AT) == ()


def test_at_another_desk_it_sounds() -> None:
    now = after_inhibition(raised("R01", 1, "las"), raised("R16", 2, "las", "met"))
    assert (quiet(now["R16"], "las"), quiet(now["R16"], "met")) == (True, False)


def test_an_acknowledgement_does_not_bring_the_other_back_and_an_answer_does_at_once() -> None:
    now = after_inhibition(raised("R01", 1), raised("R16", 2))
    acknowledged_alert = answer(now["R01"], "las", Acknowledge(), "MK", AT, TERMS).alert
    assert inhibit([acknowledged_alert, now["R16"]], AT) == ()
    answered = answer(
        acknowledged_alert, "las", Accept(), "MK", AT + timedelta(minutes=1), TERMS
    ).alert
    (back,) = inhibit([answered, now["R16"]], AT + timedelta(minutes=1))
    assert [transition.kind for transition in back.transitions] == ["released"]
    part = back.alert.at("las")
    assert part is not None
    assert (part.inhibited_by, part.due_at, part.presented) == (None, AT + timedelta(minutes=3), 2)


def test_when_the_more_urgent_one_ends_the_other_returns() -> None:
    now = after_inhibition(raised("R01", 1), raised("R16", 2))
    ended = clear(now["R01"], AT + timedelta(minutes=5), "over").alert
    back = after_inhibition(ended, now["R16"], at=AT + timedelta(minutes=5))
    assert not quiet(back["R16"])


def test_a_thread_hides_nothing_and_a_repetition_is_no_new_alarm() -> None:
    urgent, other = raised("R01", 1), raised("R16", 2)
    sounded = pass_time(urgent, AT + timedelta(minutes=2), lambda _: None)
    assert sounded is not None
    (thread,) = threads([other, sounded.alert], "las")
    assert [alert.rule for alert in thread.alerts] == ["R01", "R16"]
    assert (thread.urgency, thread.presented, thread.crisis_id) == (1, 2, "one")
    assert threads([other], "nobody") == ()


def test_a_thread_in_which_everything_is_answered_waits_for_nobody() -> None:
    done = answer(raised("R01", 1), "las", Accept(), "MK", AT, TERMS).alert
    (thread,) = threads([done], "las")
    assert thread.urgency is None
