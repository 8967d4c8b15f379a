"""HL7 v2 ADT to events of the contract. Pure.

Source: HL7 v2.4 chapter 3 (trigger events; certain). A mental-health stay is told by PV1-10: the
NHS treatment function (700 to 727; certain) or one of the feed's own codes for it; or by the sender
being a mental-health trust, unless PV1-10 names another national treatment function. The stay of
any other patient is none of this product's business and is left out. Follow-up within 72 hours of
discharge: MHSDS (certain).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from services.intake.faults import Fault
from services.intake.hl7v2.message import Message, day, instant, parse
from services.intake.hl7v2.person import contacts, descriptor, identifiers, named, unchanged
from services.intake.plausible import EARLIEST, PLACEHOLDER_DAYS
from services.intake.translation import (
    Collected,
    Sender,
    Translated,
    Untranslatable,
    digest,
    pseudonym,
    reference,
)

# MHSDS: follow-up after discharge from mental-health inpatient care.
FOLLOW_UP_WITHIN = timedelta(hours=72)
_MENTAL_HEALTH = re.compile(r"7([01][0-9]|2[0-7])(\D.*)?")
_NATIONAL = re.compile(r"[1-9][0-9]{2}(\D.*)?")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class _Heard:
    """A message with what every trigger needs of it."""

    message: Message
    at: datetime
    recorded: datetime | None
    name: str
    """Beginning of the ids of its events."""


def translate(body: bytes, sender: Sender) -> Translated:
    """The events of one message. Never raises: what is wrong stands in the answer's faults, with
    segment and field.
    """
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
        control = message.get("MSH", 10)
        if not control:
            raise Untranslatable(
                "MSH-10",
                "field-missing",
                "the message control id is empty",
                "fill MSH-10; the acknowledgement names it",
            )
        if _is_test(collected, message):
            return collected.result()
        if not message.has("PID"):
            raise Untranslatable(
                "PID", "segment-missing", "there is no PID segment", "send PID after EVN"
            )
        _TRIGGERS[trigger](collected, _heard(body, message, trigger, control))
    except Untranslatable as error:
        # a message is one statement: with a fault nothing of it is said
        return Translated((), (error.fault,), tuple(collected.notes))
    except OverflowError:
        fault = Fault(
            "EVN",
            "time-out-of-range",
            "a time of the message is a placeholder, or at the end of all times",
            "send the time itself, or leave the field empty",
        )
        return Translated((), (fault,), tuple(collected.notes))
    return collected.result()


def _is_test(collected: Collected, message: Message) -> bool:
    """Training and debugging go nowhere, and the sender is told so. Raises Untranslatable for what
    is neither.
    """
    processing = message.get("MSH", 11).upper()
    if processing in ("P", ""):
        return False
    if processing in ("T", "D"):
        collected.note(
            "MSH-11",
            "test-goes-nowhere",
            "MSH-11 says that this is for training or debugging: it was read, and is kept nowhere",
            "send production messages as P",
        )
        return True
    raise Untranslatable(
        "MSH-11", "not-production", "MSH-11 is neither P, T nor D", "send production messages as P"
    )


def _heard(body: bytes, message: Message, trigger: str, control: str) -> _Heard:
    occurred, recorded, sent = (
        instant(message.get(segment, number))
        for segment, number in (("EVN", 6), ("EVN", 2), ("MSH", 7))
    )
    # when it happened, else when it was entered, else when it was sent: each is nearer than the
    # time it came
    at = occurred or recorded or sent
    if at is None:
        raise Untranslatable(
            "EVN-2",
            "time-malformed",
            "neither EVN-6, EVN-2 nor MSH-7 is a time",
            "send YYYYMMDDHHMM[SS][+ZZZZ]",
        )
    # a counter of control ids that begins again is no repeat; the same message again is one
    content = digest(message.get("MSH", 7), body.decode("latin-1"))
    parts = ("hl7", content, message.get("MSH", 3), message.get("MSH", 4), control, trigger)
    name = _UNPRINTABLE.sub("_", ".".join(parts))[:150]
    return _Heard(message, at, recorded or sent, name)


def _person(collected: Collected, notice: _Heard, name: str) -> str:
    message = notice.message
    person = named(collected, message)
    described = descriptor(collected, message, notice.at)
    data: dict[str, Any] = {"local_person": person, "person": described}
    if name == "person.updated":
        data["unchanged"] = unchanged(message, described)
    collected.say(f"{notice.name}.person", name, notice.at, data, notice.recorded)
    nhs, local_names, _ = identifiers(message, "PID", 3)
    verified = described.get("nhs_number_status") == "01"
    if nhs and local_names and verified and collected.sender.pseudonym_key:
        pair = {"local_person": person, "merged": pseudonym(collected.sender, nhs, "PID-3")}
        collected.say(f"{notice.name}.number", "person.merged", notice.at, pair, notice.recorded)
    death = _death(collected, notice)
    if death is not None:
        data = {"local_person": person} | death
        collected.say(f"{notice.name}.died", "person.died", notice.at, data, notice.recorded)
    return person


def _death(collected: Collected, notice: _Heard) -> dict[str, str] | None:
    """What is said of the person's death; None where they are not said to be dead.

    A person who is taken for dead is looked for no more, so a date alone must be plausible, and
    PID-30 `N` holds against it.
    """
    message = notice.message
    indicator, written = message.get("PID", 30).upper(), message.get("PID", 29)
    on = _plausible_death(notice, written)
    if indicator == "N" and on is not None:
        collected.note(
            "PID-29",
            "death-denied",
            "PID-30 says that the person lives: the date of death is left out",
            "send the date together with PID-30 Y, or neither",
        )
    elif written and on is None:
        collected.note(
            "PID-29",
            "date-malformed",
            "the date of death is not a plausible date and is left out",
            "send YYYYMMDD[HHMM], or leave the field empty",
        )
    # "" (null) takes the indicator back, and with it what the date alone would say
    by_date_alone = not indicator and not message.is_null("PID", 30)
    if on is not None and (indicator == "Y" or by_date_alone):
        return {"on": on.isoformat()}
    if indicator == "Y":
        return {}
    return None


def _plausible_death(notice: _Heard, written: str) -> date | None:
    on = day(written)
    if on is None or on in PLACEHOLDER_DAYS or on < EARLIEST.date():
        return None
    # who died before they were born has somebody else's date
    born = day(notice.message.get("PID", 7))
    if on > notice.at.date() + timedelta(days=1) or (born is not None and on < born):
        return None
    return on


def _is_mental_health(sender: Sender, specialty: str) -> bool:
    if _MENTAL_HEALTH.fullmatch(specialty) or specialty in sender.mental_health_specialties:
        return True
    return sender.kind == "mental-health-trust" and not _NATIONAL.fullmatch(specialty)


def _stay(collected: Collected, notice: _Heard) -> str | None:
    """The reference of the mental-health inpatient stay that PV1 is about, or None."""
    # an outpatient visit is no stay: nobody is detained in a clinic
    if notice.message.get("PV1", 2).upper() != "I":
        return None
    return _visit(collected, notice.message)


def _visit(collected: Collected, message: Message) -> str | None:
    """The reference of the mental-health visit that PV1 is about, or None. Raises Untranslatable."""
    if not _is_mental_health(collected.sender, message.get("PV1", 10)):
        collected.note(
            "PV1-10",
            "stay-not-carried",
            "not a stay in mental-health care, so only the person is carried",
            "send the treatment function (700 to 727) in PV1-10 of a mental-health stay",
        )
        return None
    visit, authority = message.get("PV1", 19), message.get("PV1", 19, 1, 4)
    if not visit:
        raise Untranslatable(
            "PV1-19",
            "field-missing",
            "the visit has no number, so its end could not be told",
            "fill PV1-19",
        )
    if authority:
        visit = f"{authority}:{visit}"
    return reference(visit)


def _ward(notice: _Heard) -> str | None:
    ward = notice.message.get("PV1", 3)
    if not ward:
        return None
    return f"Ward {ward}"[:200]


def _inpatient(collected: Collected, notice: _Heard, person: str, name: str) -> None:
    stay = _stay(collected, notice)
    if stay is not None and not notice.message.get("PV1", 45):
        _say_stay(collected, notice, person, stay, name)


def _say_stay(collected: Collected, notice: _Heard, person: str, stay: str, name: str) -> None:
    data = {
        "local_person": person,
        "pathway": stay,
        "team": _ward(notice),
        "family_contacts": contacts(notice.message),
    }
    collected.say(f"{notice.name}.stay", name, notice.at, data, notice.recorded)


def _close(
    collected: Collected, notice: _Heard, person: str, stay: str, reason: str, at: datetime
) -> None:
    closed = {"local_person": person, "pathway": stay, "reason": reason}
    collected.say(f"{notice.name}.stay", "pathway.closed", at, closed, notice.recorded)


def _admit(collected: Collected, notice: _Heard) -> None:
    _inpatient(collected, notice, _person(collected, notice, "person.registered"), "pathway.opened")


def _transfer(collected: Collected, notice: _Heard) -> None:
    _inpatient(collected, notice, _person(collected, notice, "person.updated"), "pathway.updated")


def _becomes_inpatient(collected: Collected, notice: _Heard) -> None:
    _inpatient(collected, notice, _person(collected, notice, "person.updated"), "pathway.opened")


def _becomes_outpatient(collected: Collected, notice: _Heard) -> None:
    """A07: the stay ended without a discharge from the provider, so no follow-up is due."""
    person = _person(collected, notice, "person.updated")
    stay = _visit(collected, notice.message)
    if stay is not None:
        _close(collected, notice, person, stay, "transferred", notice.at)


def _register(collected: Collected, notice: _Heard) -> None:
    _person(collected, notice, "person.registered")


def _update(collected: Collected, notice: _Heard) -> None:
    _person(collected, notice, "person.updated")


def _discharge(collected: Collected, notice: _Heard) -> None:
    person = _person(collected, notice, "person.updated")
    stay = _stay(collected, notice)
    if stay is None:
        return
    dead = any(event.type.endswith("person.died.v1") for event in collected.events)
    ended = instant(notice.message.get("PV1", 45)) or notice.at
    reason = "discharged"
    if dead:
        reason = "died"
    _close(collected, notice, person, stay, reason, ended)
    if not dead:
        due = {
            "follow_up": stay,
            "local_person": person,
            "by": (ended + FOLLOW_UP_WITHIN).isoformat(),
            "kind": "post-discharge",
        }
        name = _follow_up_name(notice, stay, ended)
        collected.say(name, "follow-up.due", ended, due, notice.recorded)


def _follow_up_name(notice: _Heard, stay: str, ended: datetime) -> str:
    """The id of the follow-up after a discharge: that of the stay and its end, so that a cancelled
    discharge finds it.
    """
    facility = _UNPRINTABLE.sub("_", notice.message.get("MSH", 4))[:40]
    return f"hl7.{facility}.{stay}.follow-up.{ended:%Y%m%dT%H%M%S}"


def _cancel_admission(collected: Collected, notice: _Heard) -> None:
    """A11: there is no stay. Nothing follows from it."""
    person = _person(collected, notice, "person.updated")
    stay = _stay(collected, notice)
    if stay is not None:
        _close(collected, notice, person, stay, "other", notice.at)


def _cancel_discharge(collected: Collected, notice: _Heard) -> None:
    """A13: the stay goes on, and the follow-up that was due after its end is not. Raises
    Untranslatable.
    """
    person = _person(collected, notice, "person.updated")
    stay = _stay(collected, notice)
    if stay is None:
        return
    ended = instant(notice.message.get("PV1", 45))
    if ended is None:
        raise Untranslatable(
            "PV1-45",
            "field-missing",
            "which discharge is cancelled is not said, so its follow-up would stay due",
            "fill PV1-45 with the time of the discharge that is cancelled",
        )
    _say_stay(collected, notice, person, stay, "pathway.opened")
    retracted = {"retracts": _follow_up_name(notice, stay, ended), "reason": "entered-in-error"}
    collected.say(
        f"{notice.name}.follow-up", "event.retracted", notice.at, retracted, notice.recorded
    )


def _merge(collected: Collected, notice: _Heard) -> None:
    for number, group in enumerate(_merged_groups(notice), 1):
        survivor, merged = _pair(collected, group)
        if survivor == merged:
            raise Untranslatable(
                "MRG-1",
                "merged-into-itself",
                "MRG-1 and PID-3 are the same identifier",
                "name the identifier that is given up",
            )
        pair = {"local_person": survivor, "merged": merged}
        collected.say(f"{notice.name}.{number}", "person.merged", notice.at, pair, notice.recorded)


def _move_visit(collected: Collected, notice: _Heard) -> None:
    """A45: a visit that was told of the wrong person is the other's."""
    for number, group in enumerate(_merged_groups(notice), 1):
        right, wrong = _pair(collected, group)
        stay = _visit(collected, group)
        if stay is None or right == wrong:
            continue
        closed = {"local_person": wrong, "pathway": stay, "reason": "other"}
        name = f"{notice.name}.{number}"
        collected.say(f"{name}.from", "pathway.closed", notice.at, closed, notice.recorded)
        opened = {"local_person": right, "pathway": stay}
        collected.say(f"{name}.to", "pathway.opened", notice.at, opened, notice.recorded)


def _merged_groups(notice: _Heard) -> list[Message]:
    groups = notice.message.groups("PID")
    for group in groups:
        if not group.has("MRG"):
            raise Untranslatable(
                "MRG", "segment-missing", "a PID has no MRG after it", "send who is merged in MRG-1"
            )
    return groups


def _pair(collected: Collected, group: Message) -> tuple[str, str]:
    """The local identifiers of PID-3 and MRG-1."""
    survivor = named(collected, group)
    authorities = [authority for authority, _ in identifiers(group, "PID", 3)[1]]
    authority = next(iter(authorities), "")
    return survivor, named(collected, group, "MRG", 1, authority)


def _unlink(collected: Collected, notice: _Heard) -> None:
    groups = notice.message.groups("PID")
    if len(groups) != 2:
        raise Untranslatable(
            "PID",
            "segment-missing",
            f"an unlink names two persons, here are {len(groups)}",
            "send two PID segments: who stays, and who is split off",
        )
    stays, leaves = (named(collected, group) for group in groups)
    if stays == leaves:
        raise Untranslatable(
            "PID-3", "split-from-itself", "both PID name the same identifier", "name two"
        )
    pair = {"local_person": stays, "split_off": leaves}
    collected.say(notice.name, "person.split", notice.at, pair, notice.recorded)


_TRIGGERS: dict[str, Callable[[Collected, _Heard], None]] = {
    "A01": _admit,
    "A02": _transfer,
    "A03": _discharge,
    "A04": _register,
    "A05": _register,
    "A06": _becomes_inpatient,
    "A07": _becomes_outpatient,
    "A08": _transfer,
    "A11": _cancel_admission,
    "A12": _transfer,
    "A13": _cancel_discharge,
    "A28": _register,
    "A31": _update,
    "A34": _merge,
    "A37": _unlink,
    "A40": _merge,
    "A45": _move_visit,
    "A47": _merge,
}
