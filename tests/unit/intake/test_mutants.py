"""Mutants of published NHS documents: nothing raises, nobody dies of a slip, no number is anybody's by a slip.

Seeded: the same mutants on every machine. The guards are those of the standards, not of the output.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import nhs_number
import pytest

from schemas.events import care
from schemas.strict_json import loads
from services.gateway.acknowledgement import acknowledge
from services.intake import fhir, hl7v2
from services.intake.hl7v2.message import messages
from services.intake.translation import Sender, Translated

NHS = Path(__file__).parents[2] / "fixtures/nhs"
RECEIVED = datetime(2026, 11, 28, 9, tzinfo=UTC)
SENDER = Sender(
    "slam", "mental-health-trust", "/slam/ehr", b"a secret of the tests", received_at=RECEIVED
)
FHIR_MUTANTS, HL7_MUTANTS = 1_000, 3_000
"""Of one seed."""
HOSTILE: tuple[Any, ...] = (
    None,
    "",
    " ",
    [],
    {},
    [None],
    {"resourceType": "Foo"},
    0,
    -1,
    1e308,
    True,
    "0001-01-01",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31",
    "1900-01-01",
    "\u0000",
    "\ud800",
    "\u202e",
    "x" * 500,
    "9999999999",
    "00000000",
    "unknown",
)
HL7_HOSTILE = (
    "",
    '""',
    "00000000",
    "99991231",
    "19000101",
    "N",
    "Y",
    "U",
    "^",
    "~",
    "&",
    "\\",
    "\\X00\\",
    "\x00",
    "9999999999",
    "20260231",
    "x" * 300,
    "^^^NHS",
    "D",
    "\\E\\",
    "20260701",
    "é",
)
OWN = (
    "MSH|^~\\&|PAS|RV5|LIAISON|RV5|20261120101500||ADT^A03|C-1|P|2.4\rEVN||20261120101500\r"
    "PID|1||77^^^RV5^MR~9990000018^^^NHS^NH||Okafor^Tunde||19880229|1|||1 Acre Lane^^London^^SW2 5SG"
    "||020 7946 0211|||||||||A||||||||||01\rPV1|1|I|EILEEN|||||||710|||||||||V-9^^^RV5",
    "MSH|^~\\&|PAS|RV5|LIAISON|RV5|20261120101500||ADT^A40|C-2|P|2.4\rEVN||20261120101500\r"
    "PID|1||77^^^RV5^MR||Okafor^Tunde||19880229|1\rMRG|88^^^RV5^MR",
    "MSH|^~\\&|PAS|RV5|LIAISON|RV5|20261120101500||ADT^A31|C-3|P|2.8\rEVN||20261120101500\r"
    "PID|1||77^^^RV5^MR||Okafor^Tunde||19880229|1" + "|" * 21 + "20260701|Y\rARV|1|A|DEM|PAT",
)


def fhir_documents() -> list[Any]:
    """Resources of the public sets."""
    documents: list[Any] = []
    for path in sorted(NHS.rglob("*.json")):
        loaded = json.loads(path.read_text(encoding="utf-8"))
        for document in loaded if isinstance(loaded, list) else [loaded]:
            if isinstance(document, dict) and "resourceType" in document:
                documents.append(document)
    return documents


def hl7_documents() -> list[str]:
    """Messages of the public sets, and some of our own."""
    public = [
        raw.body.decode("utf-8", "replace")
        for path in sorted((NHS / "adt").glob("ADT*.hl7"))
        for raw in messages(path.read_bytes())
    ]
    return [*public, *OWN]


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


def fhir_mutant(document: Any, chance: random.Random) -> Any:
    """The document with one place or two taken out or made hostile."""
    mutant = copy.deepcopy(document)
    for _ in range(chance.choice((1, 1, 2))):
        path = chance.choice(list(places(mutant)))
        node = mutant
        for part in path[:-1]:
            node = node[part]
        if chance.random() < 0.3:
            del node[path[-1]]
        else:
            node[path[-1]] = copy.deepcopy(chance.choice(HOSTILE))
    return mutant


def hl7_mutant(text: str, chance: random.Random) -> str:
    """The message with one field or two replaced, a segment lost or doubled, or cut off."""
    lines = [line.split("|") for line in text.split("\r") if line]
    for _ in range(chance.choice((1, 1, 2))):
        line = chance.choice(lines)
        kind = chance.random()
        if kind < 0.75:
            line[chance.randrange(len(line))] = chance.choice(HL7_HOSTILE)
        elif kind < 0.85 and len(lines) > 1:
            lines.remove(line)
        else:
            lines.append(list(line))
    made = "\r".join("|".join(line) for line in lines)
    if chance.random() < 0.05:
        return made[: chance.randrange(len(made) + 1)]
    return made


def wrong_numbers(translated: Translated) -> list[str]:
    """NHS numbers in events that are none."""
    numbers = [
        event.data.person.nhs_number
        for event in translated.events
        if isinstance(event.data, care.PersonRegistered | care.PersonUpdated)
    ]
    return [
        number
        for number in numbers
        if number is not None
        and (not nhs_number.is_valid(number) or number in ("9999999999", "0000000000"))
    ]


def deaths(translated: Translated) -> list[care.PersonDied]:
    """What is said of deaths."""
    return [event.data for event in translated.events if isinstance(event.data, care.PersonDied)]


def plausible(on: date | None) -> bool:
    """A day somebody may have died on, or none given."""
    return on is None or date(1900, 1, 2) <= on <= date(2026, 11, 29)


@pytest.mark.parametrize("seed", range(6))
def test_mutants_of_fhir_resources(seed: int) -> None:
    chance = random.Random(seed)
    documents = fhir_documents()
    assert len(documents) > 50
    events = refused = 0
    for _ in range(FHIR_MUTANTS):
        mutant = fhir_mutant(chance.choice(documents), chance)
        body = json.dumps(mutant).encode()
        translated = fhir.translate(body, SENDER, RECEIVED)
        events += len(translated.events)
        refused += bool(translated.faults)
        assert translated.events or translated.faults or translated.notes, "nothing goes in silence"
        assert wrong_numbers(translated) == []
        for died in deaths(translated):
            said = (mutant.get("deceasedDateTime"), mutant.get("deceasedBoolean"))
            assert said[1] is True or isinstance(said[0], str), f"dead of {said}"
            assert plausible(died.on)
        for event in translated.events:
            loads(event.model_dump_json().encode())
    assert events > FHIR_MUTANTS // 10
    assert refused > FHIR_MUTANTS // 10


@pytest.mark.parametrize("seed", range(5))
def test_mutants_of_hl7_messages(seed: int) -> None:
    chance = random.Random(seed)
    documents = hl7_documents()
    assert len(documents) > 5
    events = refused = 0
    for _ in range(HL7_MUTANTS):
        text = hl7_mutant(chance.choice(documents), chance)
        body = text.encode("utf-8", "replace")
        translated = hl7v2.translate(body, SENDER)
        code, _ = acknowledge(body, translated.faults, RECEIVED, notes=translated.notes)
        events += len(translated.events)
        refused += bool(translated.faults)
        assert (code == "AA") is not bool(translated.faults), "the acknowledgement tells the truth"
        assert not (translated.faults and translated.events), "a message is one statement"
        assert wrong_numbers(translated) == []
        for died in deaths(translated):
            first = next(line for line in text.split("\r") if line.startswith("PID"))
            fields = [*first.split("|"), *[""] * 31]
            assert fields[30] == "Y" or (fields[29][:8].isdigit() and fields[30] != "N")
            assert plausible(died.on)
    assert events > HL7_MUTANTS // 2
    assert refused > HL7_MUTANTS // 10


def test_the_guards_see_a_wrong_death_and_a_wrong_number() -> None:
    text = OWN[2]
    alive = text.replace("20260701|Y", "20260701|N")
    assert deaths(hl7v2.translate(text.encode(), SENDER))
    assert not deaths(hl7v2.translate(alive.encode(), SENDER))
    good = hl7v2.translate(OWN[0].encode(), SENDER)
    assert wrong_numbers(good) == []
    event = good.events[0]
    person = event.data.person.model_copy(update={"nhs_number": "9999999999"})
    data = event.data.model_copy(update={"person": person})
    assert wrong_numbers(Translated((event.model_copy(update={"data": data}),))) == ["9999999999"]
