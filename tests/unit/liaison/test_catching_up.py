"""While a feed catches up nothing is raised on the half of the story that has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from schemas.received import Received
from services.liaison.alert import Alert
from services.liaison.catching_up import catching_up
from services.liaison.settle import settle
from services.liaison.settlement import IncidentFile
from tests.unit.liaison.script import POLICY, REGISTRY, Script, minute

QUIET, LONGEST = (POLICY.limit("R30", name) for name in ("catch_up_quiet", "trouble_lasts"))
SECOND = timedelta(seconds=1)
CAME = minute(60)


def late(at: float, came: int) -> Received:
    """The police detained somebody in that minute, and it came so many seconds after the hour."""
    (event,) = Script().police("detention.detained", at, detention="D-1", power="s136").events
    return replace(event, received_at=CAME + came * SECOND)


def test_an_agency_whose_news_is_old_is_waited_for_until_it_is_quiet() -> None:
    assert catching_up([late(10, 0)], CAME, POLICY) == {"met": CAME + QUIET}
    assert catching_up([late(10, 0), late(11, 1)], CAME + SECOND, POLICY) == {
        "met": CAME + SECOND + QUIET
    }
    assert catching_up([late(10, 0)], CAME + QUIET, POLICY) == {}


def test_news_of_now_is_waited_for_by_nobody() -> None:
    assert catching_up([late(60, 1)], CAME + SECOND, POLICY) == {}


def test_a_feed_that_stays_late_is_believed_in_the_end() -> None:
    steady = [late(10, seconds) for seconds in range(120)]
    until = [
        catching_up(steady[: number + 1], event.received_at, POLICY)
        for number, event in enumerate(steady)
    ]
    assert until[0]
    assert not until[int(LONGEST / SECOND)], "no longer than the limit of its own alert"


def alerts_at(
    script: Script, received: int, now: float, before: tuple[Alert, ...] = ()
) -> set[str]:
    """Rules whose alerts are raised when the first so many events have come."""
    events = script.events[:received]
    settled = settle(
        [IncidentFile(("met", "CAD-1"), events)],
        {},
        before,
        CAME + now * SECOND,
        heard=dict.fromkeys(REGISTRY.feeds_by_id, CAME + now * SECOND),
        policy=POLICY,
        registry=REGISTRY,
    )
    return {change.alert.rule for change in settled.alerts}


@pytest.fixture
def backlog() -> Script:
    """Detained in the fifth minute, accepted in the tenth, heard after an hour, one second after the other."""
    script = Script().police("incident.reported", 0, nature="mental-health-crisis")
    script.police("detention.consulted", 4, detention="D-1", role="nurse")
    script.police("detention.detained", 5, detention="D-1", power="s136")
    script.police("place-of-safety.accepted", 10, request="Q-1", site="maudsley")
    script.events = [
        replace(event, received_at=CAME + number * SECOND)
        for number, event in enumerate(script.events)
    ]
    return script


def test_what_is_true_only_because_the_rest_has_not_come_is_not_raised(backlog: Script) -> None:
    assert "R10" not in alerts_at(backlog, 3, 2)
    assert "R10" not in alerts_at(backlog, 4, 3)


def test_what_is_still_true_when_the_agency_is_quiet_is_raised(backlog: Script) -> None:
    assert "R10" in alerts_at(backlog, 3, 2 + QUIET / SECOND)


def test_what_stands_already_is_left_as_it_is(backlog: Script) -> None:
    events = backlog.events[:3]
    now = CAME + timedelta(hours=1)
    heard = dict.fromkeys(REGISTRY.feeds_by_id, now)

    def settled(files: list[Received], alerts: tuple[Alert, ...], seconds: float) -> set[str]:
        at = now + seconds * SECOND
        changes = settle(
            [IncidentFile(("met", "CAD-1"), files)],
            {},
            alerts,
            at,
            heard=heard,
            policy=POLICY,
            registry=REGISTRY,
        ).alerts
        return {change.alert.rule for change in changes if not change.alert.stands}

    raised = settle(
        [IncidentFile(("met", "CAD-1"), events)],
        {},
        (),
        now,
        heard=heard,
        policy=POLICY,
        registry=REGISTRY,
    ).alerts
    standing = tuple(change.alert for change in raised)
    more = replace(backlog.events[0], received_at=now + SECOND)
    assert "R10" not in settled([*events[1:], more], standing, 1)
