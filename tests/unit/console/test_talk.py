"""The thread as one desk reads it: whom it may name, what is new, why others refused."""

from __future__ import annotations

from datetime import UTC, datetime

from services.console.view.desks import Desk, Desks
from services.console.view.talk import TalkShown, talk_shown
from services.ledger.crises.talk import ToldDesk
from services.liaison.alert.talk import DeskMessage, MessageView

AT = datetime(2026, 11, 23, 14, 24, tzinfo=UTC)
DESKS = Desks.of(
    Desk(name, "Control", name, name.upper(), phone=phone)
    for name, phone in (("las", None), ("met", "020 7946 0101"), ("slam", None))
)
MESSAGE = DeskMessage("m-1", "a", "las", "MK@las", "Crew is two minutes away", AT)


def shown(
    desk: str, *views: MessageView, messages: tuple[DeskMessage, ...] = (MESSAGE,)
) -> TalkShown:
    refusal = "no-resource: all crews are out"
    told = [ToldDesk("met", "Police are waiting", AT, "declined", AT, refusal, "told")]
    return talk_shown(messages, views, told, desk, DESKS)


def test_a_refusal_is_shown_with_the_desks_name_its_telephone_and_its_reason_in_words() -> None:
    (desk,) = shown("las").recipients
    (answered,) = desk.answers
    assert (desk.name, desk.phone) == ("MET: Control", "020 7946 0101")
    assert answered.reason == "No resource: all crews are out"
    assert answered.disputed


def test_who_has_seen_a_message_is_named_where_this_desk_knows_that_they_were_told() -> None:
    views = MessageView("m-1", "met", "AB@met", AT), MessageView("m-1", "slam", "CD@slam", AT)
    (message,) = shown("las", *views).messages
    # that the trust was told of the crisis may say that this person is its patient
    assert message.seen_by == (("MET: Control", AT),)
    assert message.seen_elsewhere == 1
    spoken = DeskMessage("m-2", "b", "slam", "CD@slam", "Our team knows of it", AT)
    (message, _) = shown("las", *views, messages=(MESSAGE, spoken)).messages
    assert message.seen_by == (("MET: Control", AT), ("SLAM: Control", AT))
    assert message.seen_elsewhere == 0


def test_a_message_is_new_at_a_desk_until_somebody_there_has_seen_it() -> None:
    assert shown("met").messages[0].fresh
    assert shown("met", MessageView("m-1", "slam", "CD@slam", AT)).messages[0].fresh
    assert not shown("met", MessageView("m-1", "met", "AB@met", AT)).messages[0].fresh
    assert not shown("las").messages[0].fresh, "one's own is not new"
