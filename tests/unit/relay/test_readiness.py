"""The relay is ready while its rounds end, not while its process runs."""

from __future__ import annotations

from services.relay.app import STALE_SECONDS, trouble


def test_a_relay_whose_rounds_end_is_ready() -> None:
    assert trouble(None, 0.2, 0.0) is None
    assert trouble(None, STALE_SECONDS, STALE_SECONDS) is None


def test_a_relay_that_waits_for_an_answer_that_never_comes_is_not_ready() -> None:
    assert trouble(None, STALE_SECONDS + 1, 0.0) == "no round has ended for 16 s"


def test_a_relay_that_fails_says_by_what() -> None:
    assert trouble("KafkaError", 0.0, 0.0) == "messages cannot be published: KafkaError"


def test_a_relay_whose_rounds_end_while_a_message_stays_says_so() -> None:
    said = trouble(None, 0.2, STALE_SECONDS + 1)
    assert said == "the same message has been the oldest for 16 s"


def test_it_says_so_within_fifteen_seconds() -> None:
    assert STALE_SECONDS <= 15
