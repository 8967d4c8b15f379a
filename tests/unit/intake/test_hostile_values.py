"""Every event type, every field, every hostile value: what is accepted can be stored, sent on and folded.

Each of the published examples has every one of its places replaced by every value in turn.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.events import care
from schemas.generate import FOLDER
from schemas.received import Received, record_of
from services.identity.register import fold_local
from services.intake.accept import checked
from services.intake.plausible import EARLIEST, LATEST, Circumstances
from services.liaison.crisis.corrections import effective
from services.liaison.crisis.fold import fold
from tests.own_registry import own_registry

RECEIVED = datetime(2026, 11, 28, 9, tzinfo=UTC)
BOX = own_registry().box
HOSTILE: tuple[Any, ...] = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\x1b[2J",
    "\ud800",
    "\u202eabc",
    "\ufffe",
    "x" * 5_000,
    "x" * 60_000,
    "0001-01-01",
    "0001-01-01T00:00:00Z",
    "0001-06-01T00:00:00Z",
    "9999-12-31",
    "9999-12-31T23:59:59Z",
    "1900-01-01",
    "1970-01-01T00:00:00Z",
    "1899-12-30T00:00:00Z",
    "2026-11-23T14:24:00",
    "1732371840",
    1732371840,
    0,
    -1,
    2**63,
    10**300,
    1e308,
    -0.0,
    True,
    None,
    [],
    {},
    [None],
    [[]],
    {"": None},
    [{"agency": "las", "reference": "9990000042"}],
    "9990000042",
    "null",
    "'; DROP TABLE event; --",
)
EXAMPLES = sorted(
    path
    for path in (FOLDER / "examples").rglob("*.json")
    if path.name.startswith(("valid", "edge"))
)
TYPES = sorted({path.parent.name for path in EXAMPLES})


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    if path:
        yield path
    entries: Any = ()
    if isinstance(node, dict):
        entries = node.items()
    elif isinstance(node, list):
        entries = enumerate(node)
    for key, value in entries:
        yield from places(value, (*path, key))


def mutants(path: Path) -> Iterator[bytes]:
    """The example with each place replaced by each value."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for place in places(document):
        for value in HOSTILE:
            mutant = copy.deepcopy(document)
            node = mutant
            for part in place[:-1]:
                node = node[part]
            node[place[-1]] = value
            yield json.dumps(mutant).encode()


def strings(node: Any) -> Iterator[str]:
    """Every text in a JSON value, names of members too."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for name, value in node.items():
            yield name
            yield from strings(value)
    elif isinstance(node, list):
        for member in node:
            yield from strings(member)


def unstorable(document: bytes) -> list[str]:
    """Why PostgreSQL could not hold the document as text and as jsonb."""
    reasons = []
    for text in strings(json.loads(document)):
        if "\x00" in text:
            reasons.append("NUL")
        try:
            text.encode()
        except UnicodeEncodeError:
            reasons.append("half of a surrogate")
    return reasons


def settle(received: Received) -> None:
    """What the heart does with an event, and with time around it."""
    events = list(effective([received])[0])
    data = received.event.data
    if isinstance(data, care.PersonData):
        fold_local(received.agency, data.local_person, events)
    elif record_of(received.agency, data) is not None:
        fold("crisis", None, events, None)
    for margin in (timedelta(days=366), -timedelta(days=366)):
        assert received.event.time + margin
    assert EARLIEST <= received.event.time < LATEST


def count_and_check(path: Path) -> tuple[int, int]:
    """(tried, accepted) of the example's mutants."""
    tried = accepted = 0
    for mutant in mutants(path):
        tried += 1
        answer = checked(mutant, Circumstances(RECEIVED, None, BOX))
        if answer.event is None:
            assert answer.faults
            for fault in answer.faults:
                assert unstorable(json.dumps([fault.pointer, fault.remedy]).encode()) == []
            continue
        accepted += 1
        assert unstorable(answer.document) == []
        assert len(answer.document) < 200_000
        again = checked(answer.document, Circumstances(RECEIVED, None, BOX))
        assert (again.event, again.notes) == (answer.event, ())
        settle(Received(answer.event, "met", "police", "met-cad", RECEIVED))
    return tried, accepted


@pytest.mark.parametrize("kind", TYPES)
def test_what_is_accepted_can_be_stored_and_folded(kind: str) -> None:
    # one example a type: the fields of a type are the same in each
    path = max(
        (path for path in EXAMPLES if path.parent.name == kind),
        key=lambda path: path.stat().st_size,
    )
    tried, accepted = count_and_check(path)
    assert tried > 200
    assert 0 < accepted < tried


def test_ten_thousand_inputs_are_tried() -> None:
    inputs = 0
    for kind in TYPES:
        path = max(
            (path for path in EXAMPLES if path.parent.name == kind),
            key=lambda path: path.stat().st_size,
        )
        document = json.loads(path.read_text(encoding="utf-8"))
        inputs += len(list(places(document))) * len(HOSTILE)
    assert inputs >= 10_000


def test_the_guard_sees_what_cannot_be_stored() -> None:
    assert unstorable(b'{"a": ["b\\u0000"]}') == ["NUL"]
    assert unstorable(b'{"\\ud800": 1}') == ["half of a surrogate"]
    assert unstorable(b'{"a": "b"}') == []
