"""The relay is ready while its rounds end and its lanes move, not while its process runs."""

from __future__ import annotations

import pytest
from aiokafka.errors import KafkaConnectionError

from services.relay.app import ANSWER_SECONDS, ASK_EVERY, STALE_SECONDS, Relay, trouble
from services.runtime import kafka
from services.runtime.errors import SettingsError
from services.runtime.settings import Settings

LATE = STALE_SECONDS + 1
TOPIC = "alerts.met"


def test_a_relay_whose_rounds_end_is_ready() -> None:
    assert trouble(None, 0.2, {}, {}) is None
    assert trouble(None, STALE_SECONDS, {}, {TOPIC: STALE_SECONDS}) is None


def test_a_relay_that_waits_for_an_answer_that_never_comes_is_not_ready() -> None:
    assert trouble(None, LATE, {}, {}) == "no round has ended for 16 s"


def test_a_relay_without_a_ledger_says_so() -> None:
    assert trouble("OSError", 0.0, {}, {}) == "the outbox cannot be read: OSError"


def test_each_lane_in_trouble_is_named_and_no_other() -> None:
    lanes = {"alerts.slam": "no broker has the topic", TOPIC: "KafkaError"}
    sentence = "alerts.met: KafkaError; alerts.slam: no broker has the topic"
    assert trouble(None, 0.2, lanes, {TOPIC: LATE, "receipts.met": 0.0}) == sentence


def test_a_relay_whose_rounds_end_while_a_message_stays_says_so() -> None:
    sentence = "alerts.met: the same message has been the first for 16 s"
    assert trouble(None, 0.2, {}, {TOPIC: LATE}) == sentence


async def test_a_relay_whose_brokers_are_away_says_so_also_where_nothing_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    relay = Relay(Settings(environment="test"))

    async def away(*_: object) -> None:
        raise KafkaConnectionError

    monkeypatch.setattr(kafka, "ask", away)
    assert await relay._ask() == "no broker answers: KafkaConnectionError"

    async def there(*_: object) -> None:
        return

    monkeypatch.setattr(kafka, "ask", there)
    assert await relay._ask() is None
    assert ASK_EVERY + ANSWER_SECONDS <= STALE_SECONDS


def test_it_says_so_within_fifteen_seconds() -> None:
    assert STALE_SECONDS <= 15


async def test_a_relay_whose_sign_in_cannot_be_ends_at_once() -> None:
    settings = Settings(
        environment="test", kafka_mechanism="OAUTHBEARER", kafka_protocol="SASL_SSL"
    )
    with pytest.raises(SettingsError, match="LIAISON_KAFKA_TOKEN_PATH"):
        await Relay(settings).run()
