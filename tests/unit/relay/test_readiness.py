"""The relay is ready while its rounds end, not while its process runs."""

from __future__ import annotations

from services.relay.app import STALE_SECONDS, trouble


def test_a_relay_whose_rounds_end_is_ready() -> None:
    assert trouble(None, 0.2) is None
    assert trouble(None, STALE_SECONDS) is None


def test_a_relay_that_waits_for_an_answer_that_never_comes_is_not_ready() -> None:
    assert trouble(None, STALE_SECONDS + 1) == "no round has ended for 31 s"


def test_a_relay_that_fails_says_by_what() -> None:
    assert trouble("KafkaError", 0.0) == "messages cannot be published: KafkaError"
