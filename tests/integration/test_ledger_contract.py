"""One contract for both ledgers: of the same story PostgreSQL and memory keep the same, row for row.

Histories drawn by lot from the scenarios, two at once, and one in which people decide everything that people can decide,
while feeds are stopped and refused.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from schemas.scenario import load_scenario
from services.ledger.transaction import PostgresLedger
from services.liaison.alert import Accept, Acknowledge, Claim, Command, CommandRefused, Note
from services.liaison.policy import load_policy
from services.liaison.settlement import Key
from services.orchestration.batch import Record, read, take_in
from services.orchestration.deadlines import take_due
from services.orchestration.decisions import alert_commands, record_links, regrouping, reviews
from services.orchestration.decisions.common import DecisionRefused, preview
from services.orchestration.decisions.talk import see_messages, send_message
from services.orchestration.feeds import hear, resume_feeds, stop_feed
from services.orchestration.settling import Settling
from services.runtime.postgres import create_pool
from services.simulation.ledger.memory import MemoryLedger
from services.simulation.replay import deliveries
from tests.ledger_kept import Kept, kept_in_memory, kept_in_postgres, next_but_feeds
from tests.own_registry import own_registry
from tests.unjudgeable import detained, faulty

REGISTRY, POLICY = own_registry(), load_policy()
FOLDER = Path(__file__).parents[1] / "scenarios"
FILES = sorted([*FOLDER.glob("*.yaml"), *(FOLDER / "casebook").glob("*.yaml")])
START = datetime.fromisoformat("2026-11-24T09:00:00+00:00")
HERS = {
    "names": [{"given": "Zofia", "family": "Nowak"}],
    "date_of_birth": "1985-09-14",
    "addresses": [{"postcode": "SE5 8AZ"}],
}
DESCRIBED = {"names": HERS["names"], "date_of_birth": "1985-09-14"}
SLAM, OXLEAS, CAD, SECOND = ("slam", "p-1"), ("oxleas", "x-9"), ("met", "CAD-1"), ("met", "CAD-2")


@dataclass
class Teller:
    """Tells one ledger a story, by the orchestration alone."""

    ledger: PostgresLedger | MemoryLedger
    silent: bool = False
    """Whether the feeds fall silent between what they tell."""

    def __post_init__(self) -> None:
        self.settling = Settling(REGISTRY, POLICY)
        self._offsets: Counter[str] = Counter()
        self._now = datetime.min.replace(tzinfo=UTC)

    async def say(self, bodies: Iterable[tuple[str, bytes]], at: datetime) -> None:
        """One batch, after what is due before it."""
        await self.until(at)
        self._now = max(at, self._now)
        records = []
        for feed, body in bodies:
            topic = REGISTRY.feeds_by_id[feed][1].topic
            records.append(Record(topic, 0, self._offsets[topic], body, ()))
            self._offsets[topic] += 1
        async with self.ledger.transaction() as transaction:
            await take_in(transaction, self.settling, read(records, REGISTRY, at), at)

    async def until(self, at: datetime) -> None:
        """Every deadline of a crisis, an alert or the monitor at its own time. Every feed that ever spoke is heard then, unless
        they fall silent: a look at each of its minutes would only say that it is not silent."""
        while (due := await self._next_due()) is not None and due <= at:
            await self._look(due)
        oldest = await self.ledger.oldest_deadline()
        if oldest is not None and oldest <= at:
            await self._look(at)

    async def _next_due(self) -> datetime | None:
        if self.silent:
            return await self.ledger.oldest_deadline()
        return await next_but_feeds(self.ledger)

    async def _look(self, due: datetime) -> None:
        # a clock never goes back: what was due long ago is looked at now
        due = self._now = max(due, self._now)
        async with self.ledger.transaction() as transaction:
            await transaction.lock_zone()
            states = (await transaction.feed_states()).items()
            heard = [feed for feed, state in states if state.last_heard_at and not self.silent]
            await hear(transaction, dict.fromkeys(heard), REGISTRY, POLICY, due)
        done = await take_due(self.ledger, self.settling, due)
        assert done.monitor_failure is None

    async def command(self, command: Command, desk: str, alert: str, at: datetime) -> str | None:
        """Somebody at a desk does something; gives the code where it was refused."""
        try:
            async with self.ledger.transaction() as transaction:
                await alert_commands.run(
                    transaction,
                    REGISTRY,
                    POLICY,
                    command,
                    desk=desk,
                    alert=alert,
                    actor="MK",
                    now=at,
                )
        except CommandRefused as refused:
            return refused.code
        return None


class Both:
    """PostgreSQL, emptied, and memory: whatever is told to one is told to the other."""

    def __init__(self, postgres: PostgresLedger) -> None:
        self.postgres, self.memory = postgres, MemoryLedger()
        self.tellers = (Teller(self.postgres), Teller(self.memory))

    def fall_silent(self) -> None:
        """From now on no feed gives a sign of life between what it tells."""
        for teller in self.tellers:
            teller.silent = True

    async def say(self, bodies: Sequence[tuple[str, bytes]], at: datetime) -> None:
        for teller in self.tellers:
            await teller.say(bodies, at)

    async def until(self, at: datetime) -> None:
        for teller in self.tellers:
            await teller.until(at)

    async def decide(self, act: Any, *given: Any, look: bool = False, **said: Any) -> list[Any]:
        """A person's decision on both; gives what each says of it, or the code of its refusal."""
        answers: list[Any] = []
        for teller in self.tellers:
            settling = teller.settling
            try:
                async with teller.ledger.transaction() as transaction:

                    async def run(inside: Any, settling: Settling = settling) -> Any:
                        return await act(inside, settling, *given, actor="AB", **said)

                    if look:
                        answers.append(await preview(transaction, run))
                    else:
                        answers.append(await run(transaction))
            except DecisionRefused as refused:
                answers.append(refused.code)
        return answers

    async def talk(self, act: Any, crisis: str, desk: str, **said: Any) -> list[Any]:
        """A desk talks, or looks; gives what each says of it, or the code of its refusal."""
        answers: list[Any] = []
        for teller in self.tellers:
            try:
                async with teller.ledger.transaction() as transaction:
                    answers.append(
                        await act(transaction, crisis=crisis, desk=desk, actor="MK", **said)
                    )
            except CommandRefused as refused:
                answers.append(refused.code)
        return answers

    async def command(self, command: Command, rule: str, at: datetime) -> set[str | None]:
        """The same command on both, at the first desk of the first alert of the rule."""
        alert, desk = min(
            (a.alert_id, a.desks[0].desk)
            for a in self.memory.alert_rows.rows.values()
            if a.rule == rule
        )
        return {await teller.command(command, desk, alert, at) for teller in self.tellers}

    async def feed(self, act: Any, *given: Any) -> None:
        """Something is done to a feed in both."""
        for teller in self.tellers:
            async with teller.ledger.transaction() as transaction:
                await transaction.lock_zone()
                await act(transaction, *given)

    async def kept(self) -> tuple[Kept, Kept]:
        """What each has kept."""
        return (await kept_in_postgres(self.postgres), await kept_in_memory(self.memory, REGISTRY))


@pytest.fixture
async def both(postgres_dsn: str) -> AsyncIterator[Both]:
    pool = await create_pool(postgres_dsn, max_size=2)
    yield Both(PostgresLedger(pool, REGISTRY))
    await pool.close()


def drift(postgres: Kept, memory: Kept) -> list[str]:
    """What they do not say alike."""
    return [what for what in postgres if postgres[what] != memory[what]]


def event(feed: str, kind: str, at: datetime, data: dict[str, Any], name: str = "") -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": name or f"{kind}-{at:%H%M%S}",
            "source": REGISTRY.feeds_by_id[feed][1].sources[0],
            "type": f"uk.crisisliaison.{kind}.v1",
            "time": at.isoformat(),
            "data": data,
        }
    ).encode()


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


# -- drawn by lot -----------------------------------------------------------------------------------------------------


def _by_lot(seed: int) -> list[tuple[datetime, list[tuple[str, bytes]]]]:
    """Two scenarios at once, out of order, in batches of any size, with repeats, ids used twice, garbage and retractions."""
    chance = random.Random(seed)
    sent: list[tuple[str, bytes]] = []
    for path in chance.sample([f for f in FILES if f.stat().st_size < 6000], 2):
        sent += [(d.feed, d.body) for d in deliveries(load_scenario(path), REGISTRY)]
    for feed, body in chance.sample(sent, min(4, len(sent))):
        document = json.loads(body)
        retracted = document | {
            "id": f"back-{document['id']}",
            "type": "uk.crisisliaison.event.retracted.v1",
            "data": {"retracts": document["id"], "reason": "entered-in-error"},
        }
        other = document | {"time": "2026-01-01T00:00:00Z"}
        sent += [(feed, body), (feed, json.dumps(retracted).encode())]
        sent += [(feed, json.dumps(other).encode()), (feed, b"no json")]
    chance.shuffle(sent)
    first = max(json.loads(b)["time"] for _, b in sent if b != b"no json")
    at = datetime.fromisoformat(first)
    story = []
    while sent:
        size = chance.randint(1, 8)
        story.append((at, sent[:size]))
        sent = sent[size:]
        at += timedelta(seconds=chance.choice((0, 5, 40, 600)))
    return story


@pytest.mark.parametrize("seed", range(6))
async def test_both_keep_the_same_of_a_history_drawn_by_lot(both: Both, seed: int) -> None:
    chance = random.Random(seed)
    if seed % 2:
        both.fall_silent()
    for at, bodies in _by_lot(seed):
        await both.say(bodies, at)
        alerts = sorted(both.memory.alert_rows.rows)
        if alerts:
            rule = both.memory.alert_rows.rows[chance.choice(alerts)].rule
            command = chance.choice((Acknowledge(), Claim(), Accept(), Note("seen")))
            assert len(await both.command(command, rule, at)) == 1
        subjects: list[tuple[str, ...]] = sorted(both.memory.incidents.rows)
        subjects += [
            (*incident, name)
            for incident, names in sorted(both.memory.further.rows.items())
            for name in sorted(names)
        ]
        if len(subjects) > 1 and chance.random() < 0.3:
            one, other = chance.sample(subjects, 2)
            verdict = chance.choice(("separated", "joined"))
            await both.decide(regrouping.decide, one, [other], verdict, reason="by lot", now=at)
    await both.until(at + timedelta(hours=1))
    kept = await both.kept()
    assert drift(*kept) == []
    if seed % 2:
        assert any(row["silent_since"] for row in kept[0]["feeds"]), "no feed fell silent"


# -- what people decide -----------------------------------------------------------------------------------------------


async def _decided(both: Both) -> None:
    """Records joined and parted, a review and its undoing, incidents regrouped, alerts answered, feeds stopped and refused."""
    for number, (feed, record) in enumerate((("slam-ehr", "p-1"), ("oxleas-ehr", "x-9"))):
        at = minute(number)
        person = {"local_person": record, "person": HERS}
        await both.say([(feed, event(feed, "person.registered", at, person))], at)
    plan = {
        "local_person": "x-9",
        "pathway": "CP",
        "crisis_plan": {"pointer": "urn:nrl:1", "calming": ["Speak slowly"]},
    }
    await both.say(
        [("oxleas-ehr", event("oxleas-ehr", "pathway.opened", minute(2), plan))], minute(2)
    )
    for number, (incident, who) in enumerate((("CAD-1", HERS), ("CAD-2", DESCRIBED))):
        at = minute(5 + number)
        call = {
            "incident": incident,
            "nature": "suicidal",
            "channel": "999",
            "location": {"area": "southwark", "uprn": "100021000544"},
            "person": who,
        }
        await both.say([("met-cad", event("met-cad", "incident.reported", at, call))], at)
    joined = await both.decide(
        record_links.join, SLAM, OXLEAS, reason="rang both", now=minute(8), look=True
    )
    assert joined[0] == joined[1]
    joined = await both.decide(record_links.join, SLAM, OXLEAS, reason="rang both", now=minute(9))
    assert joined[0] == joined[1]
    assert joined[0].records == (OXLEAS,)
    twice = await both.decide(record_links.join, OXLEAS, SLAM, reason="rang both", now=minute(9))
    assert twice == ["one-record", "one-record"]
    apart = await both.decide(regrouping.take_out, CAD, reason="a neighbour", now=minute(10))
    assert apart[0] == apart[1]
    person_id = both.memory.register.rows[SLAM].person_id
    for now, verdict in ((11, "different"), (12, "same")):
        said = await both.decide(
            reviews.review, SECOND, person_id, verdict, reason="rang home", now=minute(now)
        )
        assert said[0] == said[1]
    undone = await both.decide(reviews.undo, 1, reason="a slip", now=minute(13))
    assert undone[0] == undone[1]
    rule = sorted({a.rule for a in both.memory.alert_rows.rows.values()})[0]
    assert await both.command(Acknowledge(), rule, minute(14)) == {None}
    assert await both.command(Acknowledge(), rule, minute(14)) == {"already-acknowledged"}
    await _talked(both)
    for number in range(6):
        await both.say([("las-cad", b"no json")], minute(15) + timedelta(seconds=number))
    beat = event("las-cad", "feed.heartbeat", minute(15.5), {})
    await both.say([("las-cad", beat)], minute(15.5))
    for number in range(6):
        await both.say([("las-cad", b"no json")], minute(16) + timedelta(seconds=number))
    await both.until(minute(17))
    await both.feed(stop_feed, "met-cad", "20 rejected in a row", minute(18))
    await both.until(minute(19))
    await both.feed(resume_feeds, list(REGISTRY.feeds_by_id))
    late = event("las-cad", "feed.heartbeat", minute(14), {}, "late")
    await both.say([("las-cad", late)], minute(20))
    again = await both.decide(regrouping.join, CAD, SECOND, reason="it was her", now=minute(21))
    assert again[0] == again[1]
    await both.until(minute(40))


async def _talked(both: Both) -> None:
    """Two desks talk about a crisis, one says it twice; a third was not told."""
    crisis, told = next(
        (alert.crisis_id, sorted(part.desk for part in alert.desks))
        for alert in sorted(both.memory.alert_rows.rows.values(), key=lambda a: a.alert_id)
        if alert.crisis_id is not None and len(alert.desks) > 1
    )
    names = [str(uuid5(NAMESPACE_URL, name)) for name in ("first", "second")]
    for name, desk in ((names[0], told[0]), (names[0], told[0]), (names[1], told[1])):
        said = await both.talk(
            send_message, crisis, desk, message_id=name, words=f"of {desk}", now=minute(14.2)
        )
        assert said[0] == said[1]
    for desk in (told[1], told[1], told[0], "nobody"):
        seen = await both.talk(see_messages, crisis, desk, now=minute(14.3))
        assert seen[0] == seen[1]
    assert seen == ["not-told", "not-told"]


async def test_both_keep_the_same_of_what_people_decide_and_of_troubled_feeds(both: Both) -> None:
    await _decided(both)
    kept = await both.kept()
    assert drift(*kept) == []
    for what in (
        "desk messages",
        "desk message views",
        "reviews",
        "record links",
        "incident links",
        "rejections",
        "audit",
        "receipts",
    ):
        assert kept[0][what], f"a test of no {what} is none"
    notes = [note for _, _, receipt in kept[0]["receipts"] for note in receipt.get("notes", ())]
    assert "person-not-sure" in {note["code"] for note in notes}
    rules = {alert["rule"] for alert in kept[0]["alerts"]}
    assert {"R16", "R30"} <= rules


async def _two_under_one_log(both: Both) -> None:
    """Two detained at once under a log that names nobody, and a patient who is known elsewhere."""
    call = {"incident": "CAD-1", "nature": "disturbance", "location": {"area": "southwark"}}
    told = [("met-cad", event("met-cad", "incident.reported", minute(0), call))]
    for number, detention in enumerate(("D-1", "D-2"), start=1):
        data = {"incident": "CAD-1", "detention": detention, "power": "s136"}
        told.append(("met-cad", event("met-cad", "detention.detained", minute(number), data)))
    patient = {"incident": "LAS-1", "nature": "suicidal", "location": {"area": "barnet"}}
    told.append(("las-cad", event("las-cad", "incident.reported", minute(2), patient)))
    await both.say(told, minute(3))


async def test_both_keep_the_same_of_one_of_two_people_of_a_log_who_is_moved(both: Both) -> None:
    log, first, second, patient = CAD, (*CAD, "D-1"), (*CAD, "D-2"), ("las", "LAS-1")
    await _two_under_one_log(both)
    for target, company in ((patient, {second, patient}), (log, {log, first, second})):
        for look in (True, False):
            moved = await both.decide(
                regrouping.move, second, target, reason="rang the ward", now=minute(4), look=look
            )
            assert moved[0] == moved[1]
            assert set(moved[0].together) == company
            assert drift(*await both.kept()) == []
    out = await both.decide(regrouping.take_out, second, reason="another", now=minute(5))
    assert out[0] == out[1]
    conveyed = {"incident": "CAD-1", "detention": "D-2", "by": "ambulance"}
    body = event("met-cad", "detention.conveyed", minute(6), conveyed)
    await both.say([("met-cad", body)], minute(6))
    await both.until(minute(60))
    kept = await both.kept()
    assert drift(*kept) == []
    assert kept[0]["further subjects"]
    crises = {crisis for *_, crisis in kept[0]["further subjects"]}
    assert len(crises) == 2, "what a person parted stays apart"


async def test_both_park_the_same_crisis_and_judge_it_again_alike(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = faulty(monkeypatch, "CAD-BAD")
    await both.say([*detained("CAD-1", minute(0)), *detained("CAD-BAD", minute(0))], minute(0))
    await both.until(minute(12))
    kept = await both.kept()
    assert drift(*kept) == []
    assert [row["tries"] for row in kept[0]["parked"]] == [4]
    assert {"R04", "R31"} <= {alert["rule"] for alert in kept[0]["alerts"]}
    fault.mend()
    await both.until(minute(20))
    kept = await both.kept()
    assert drift(*kept) == []
    assert kept[0]["parked"] == []


async def test_what_ends_with_an_exception_is_taken_back_in_both(both: Both) -> None:
    call = {"incident": "CAD-1", "nature": "suicidal", "channel": "999"}
    body = event("met-cad", "incident.reported", minute(0), call)
    batch = read([Record("feed.met-cad", 0, 0, body, ())], REGISTRY, minute(0))

    async def fails(teller: Teller) -> None:
        async with teller.ledger.transaction() as transaction:
            await take_in(transaction, teller.settling, batch, minute(0))
            raise ZeroDivisionError

    for teller in both.tellers:
        with pytest.raises(ZeroDivisionError):
            await fails(teller)
    empty = Both(both.postgres)
    assert (await both.kept())[1] == (await empty.kept())[1]
    assert drift(*await both.kept()) == []
    await both.say([("met-cad", body)], minute(0))
    assert drift(*await both.kept()) == []


# -- the control ------------------------------------------------------------------------------------------------------


async def _nothing(*_: Any, **__: Any) -> None:
    """Forgets to do it."""


async def _no_links(*_: Any) -> tuple[()]:
    return ()


async def _no_views(*_: Any) -> tuple[()]:
    return ()


async def _no_reviews(*_: Any) -> dict[Key, Any]:
    return {}


@pytest.mark.parametrize(
    ("method", "instead"),
    [
        ("bring_forward", _nothing),
        ("keep_views", _no_views),
        ("record_links", _no_links),
        ("link_decisions", _no_links),
        ("reviews", _no_reviews),
    ],
)
async def test_a_ledger_that_drifts_is_noticed(
    both: Both, monkeypatch: pytest.MonkeyPatch, method: str, instead: Any
) -> None:
    monkeypatch.setattr(MemoryLedger, method, instead)
    try:
        await _decided(both)
    except AssertionError:
        return
    assert drift(*await both.kept()) != []
