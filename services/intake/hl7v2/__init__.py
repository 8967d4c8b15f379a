"""HL7 v2 ADT to events of the contract. Pure.

Source: HL7 v2.4 chapter 3 (trigger events; certain). A mental-health stay is told by PV1-10, the NHS treatment function
(700 to 727; certain), or by the sender being a mental-health trust where PV1-10 is empty; the stay of any other patient is
none of this product's business and is left out. Follow-up within 72 hours of discharge: MHSDS (certain).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.intake.hl7v2.message import Message, instant, parse
from services.intake.hl7v2.person import contacts, descriptor, identifiers, named
from services.intake.translation import (
    Collected,
    Sender,
    Translated,
    Untranslatable,
    pseudonym,
    reference,
)

FOLLOW_UP_WITHIN = timedelta(hours=72)
"""MHSDS: follow-up after discharge from mental-health inpatient care."""
_MENTAL_HEALTH = re.compile(r"7[0-2]\d(\D.*)?")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class _Heard:
    """A message with what every trigger needs of it."""

    message: Message
    at: datetime
    recorded: datetime | None
    name: str
    """Beginning of the ids of its events: sender, facility, control id."""


def translate(body: bytes, sender: Sender) -> Translated:
    """The events of one message. Never raises: what is wrong stands in the answer's faults, with segment and field."""
    collected = Collected(sender)
    try:
        message = parse(body)
        kind, trigger = message.get("MSH", 9, 1, 1), message.get("MSH", 9, 1, 2)
        if kind != "ADT" or trigger not in _TRIGGERS:
            raise Untranslatable(
                "MSH-9",
                "message-not-carried",
                "this message type and trigger are not carried",
                f"send ADT with {', '.join(sorted(_TRIGGERS))}",
            )
        if message.get("MSH", 11) not in ("P", ""):
            raise Untranslatable(
                "MSH-11",
                "not-production",
                "MSH-11 says that this is for training or debugging",
                "send production messages (P) only to this address",
            )
        control = message.get("MSH", 10)
        if not control:
            raise Untranslatable(
                "MSH-10",
                "field-missing",
                "the message control id is empty",
                "fill MSH-10; it tells a repeat from a new message",
            )
        if not message.has("PID"):
            raise Untranslatable(
                "PID", "segment-missing", "there is no PID segment", "send PID after EVN"
            )
        _TRIGGERS[trigger](collected, _heard(message, trigger, control))
    except Untranslatable as error:
        # a message is one statement: with a fault nothing of it is said
        return Translated((), (error.fault,), tuple(collected.notes))
    return collected.result()


def _heard(message: Message, trigger: str, control: str) -> _Heard:
    times = [instant(message.get(s, n)) for s, n in (("EVN", 6), ("EVN", 2), ("MSH", 7))]
    known = [t for t in times if t is not None]
    if not known:
        raise Untranslatable(
            "EVN-2",
            "time-malformed",
            "neither EVN-6, EVN-2 nor MSH-7 is a time",
            "send YYYYMMDDHHMM[SS][+ZZZZ]",
        )
    parts = ("hl7", message.get("MSH", 3), message.get("MSH", 4), control, trigger)
    name = _UNPRINTABLE.sub("_", ".".join(parts))[:150]
    return _Heard(message, known[0], times[1] or times[2], name)


def _person(collected: Collected, heard: _Heard, name: str) -> str:
    message = heard.message
    person = named(collected, message)
    said = descriptor(collected, message)
    collected.say(
        f"{heard.name}.person",
        name,
        heard.at,
        {"local_person": person, "person": said},
        heard.recorded,
    )
    nhs, others, _ = identifiers(message, "PID", 3)
    if nhs and others and said.get("nhs_number_status") == "01" and collected.sender.pseudonym_key:
        pair = {"local_person": person, "merged": pseudonym(collected.sender, nhs, "PID-3")}
        collected.say(f"{heard.name}.number", "person.merged", heard.at, pair, heard.recorded)
    if message.get("PID", 30).upper() == "Y" or message.get("PID", 29):
        died = instant(message.get("PID", 29))
        data = {"local_person": person, "on": died.date().isoformat() if died else None}
        collected.say(f"{heard.name}.died", "person.died", heard.at, data, heard.recorded)
    return person


def _stay(collected: Collected, heard: _Heard) -> str | None:
    """The reference of the mental-health inpatient stay that PV1 is about, or None."""
    message = heard.message
    if message.get("PV1", 2).upper() != "I":
        return None
    specialty = message.get("PV1", 10)
    ours = bool(_MENTAL_HEALTH.fullmatch(specialty)) or (
        not specialty and collected.sender.kind == "mental-health-trust"
    )
    if not ours:
        collected.note(
            "PV1-10",
            "stay-not-carried",
            "not a stay in mental-health care, so only the person is carried",
            "send the treatment function (700 to 727) in PV1-10 of a mental-health stay",
        )
        return None
    visit, authority = message.get("PV1", 19), message.get("PV1", 19, 1, 4)
    if not visit:
        collected.note(
            "PV1-19",
            "stay-not-carried",
            "the visit has no number, so its end could not be told",
            "fill PV1-19",
        )
        return None
    return reference(f"{authority}:{visit}" if authority else visit)


def _ward(heard: _Heard) -> str | None:
    ward = heard.message.get("PV1", 3)
    return f"Ward {ward}"[:200] if ward else None


def _inpatient(collected: Collected, heard: _Heard, person: str, name: str) -> None:
    stay = _stay(collected, heard)
    if stay is None or heard.message.get("PV1", 45):
        return
    data = {
        "local_person": person,
        "pathway": stay,
        "team": _ward(heard),
        "family_contacts": contacts(heard.message),
    }
    collected.say(f"{heard.name}.stay", name, heard.at, data, heard.recorded)


def _admit(collected: Collected, heard: _Heard) -> None:
    _inpatient(collected, heard, _person(collected, heard, "person.registered"), "pathway.opened")


def _transfer(collected: Collected, heard: _Heard) -> None:
    _inpatient(collected, heard, _person(collected, heard, "person.updated"), "pathway.updated")


def _register(collected: Collected, heard: _Heard) -> None:
    _person(collected, heard, "person.registered")


def _update(collected: Collected, heard: _Heard) -> None:
    _person(collected, heard, "person.updated")


def _discharge(collected: Collected, heard: _Heard) -> None:
    person = _person(collected, heard, "person.updated")
    stay = _stay(collected, heard)
    if stay is None:
        return
    dead = any(e.type.endswith("person.died.v1") for e in collected.events)
    ended = instant(heard.message.get("PV1", 45)) or heard.at
    closed: dict[str, Any] = {
        "local_person": person,
        "pathway": stay,
        "reason": "died" if dead else "discharged",
    }
    collected.say(f"{heard.name}.stay", "pathway.closed", ended, closed, heard.recorded)
    if not dead:
        due = {
            "follow_up": stay,
            "local_person": person,
            "by": (ended + FOLLOW_UP_WITHIN).isoformat(),
            "kind": "post-discharge",
        }
        collected.say(f"{heard.name}.follow-up", "follow-up.due", ended, due, heard.recorded)


def _merge(collected: Collected, heard: _Heard) -> None:
    for n, group in enumerate(heard.message.groups("PID"), 1):
        if not group.has("MRG"):
            raise Untranslatable(
                "MRG", "segment-missing", "a PID has no MRG after it", "send who is merged in MRG-1"
            )
        survivor = named(collected, group)
        own = identifiers(group, "PID", 3)[1]
        merged = named(collected, group, "MRG", 1, own[0][0] if own else "")
        if survivor == merged:
            raise Untranslatable(
                "MRG-1",
                "merged-into-itself",
                "MRG-1 and PID-3 are the same identifier",
                "name the identifier that is given up",
            )
        pair = {"local_person": survivor, "merged": merged}
        collected.say(f"{heard.name}.{n}", "person.merged", heard.at, pair, heard.recorded)


def _unlink(collected: Collected, heard: _Heard) -> None:
    groups = heard.message.groups("PID")
    if len(groups) != 2:
        raise Untranslatable(
            "PID",
            "segment-missing",
            f"an unlink names two persons, here are {len(groups)}",
            "send two PID segments: who stays, and who is split off",
        )
    stays, leaves = (named(collected, g) for g in groups)
    if stays == leaves:
        raise Untranslatable(
            "PID-3", "split-from-itself", "both PID name the same identifier", "name two"
        )
    pair = {"local_person": stays, "split_off": leaves}
    collected.say(heard.name, "person.split", heard.at, pair, heard.recorded)


_TRIGGERS: dict[str, Callable[[Collected, _Heard], None]] = {
    "A01": _admit,
    "A02": _transfer,
    "A03": _discharge,
    "A04": _register,
    "A05": _register,
    "A08": _transfer,
    "A28": _register,
    "A31": _update,
    "A37": _unlink,
    "A40": _merge,
}
