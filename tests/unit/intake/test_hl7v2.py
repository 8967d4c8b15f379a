"""What a patient administration system says in HL7 v2 becomes events; what is wrong is named by segment and field."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.events import care
from services.intake import hl7v2
from services.intake.hl7v2.message import messages
from services.intake.translation import Sender, Translated

FIXTURES = Path(__file__).parents[2] / "fixtures/nhs/adt"
SENDER = Sender("slam", "mental-health-trust", "/slam/ehr", b"a secret of the tests")
MSH = "MSH|^~\\&|PAS|RV5|LIAISON|RV5|20261120101500||ADT^{0}|C-{0}|P|2.4"
EVN = "EVN||20261120101500||||20261120100000"
PID = (
    "PID|1||77^^^RV5^MR~9990000018^^^NHS^NH||Okafor^Tunde^Emeka^^Mr^^L~Adeyemi^Tunde^^^^^A||19880229|1|||"
    "1 Acre Lane^^London^^SW2 5SG^GBR^H||020 7946 0211^PRN|||||||||A||||||||||01"
)
NK1 = "NK1|1|Okafor^Ngozi|SIS||020 7946 0999"
PV1 = "PV1|1|I|EILEEN^BAY1^3^RV5|||||||710|||||||||V-9^^^RV5"


def message(trigger: str, *segments: str) -> bytes:
    return "\r".join((MSH.format(trigger), *segments)).encode()


def read(trigger: str, *segments: str, sender: Sender = SENDER) -> Translated:
    return hl7v2.translate(message(trigger, *segments), sender)


def test_an_admission_registers_the_person_and_opens_the_stay() -> None:
    result = read("A01", EVN, PID, NK1, PV1)
    assert (result.faults, result.notes) == ((), ())
    registered, joined, opened = result.events
    assert isinstance(registered.data, care.PersonRegistered)
    assert registered.data.local_person == "RV5:77"
    assert (registered.time, registered.recordedtime) == (
        datetime(2026, 11, 20, 10, tzinfo=UTC),
        datetime(2026, 11, 20, 10, 15, tzinfo=UTC),
    )
    person = registered.data.person
    assert (person.nhs_number, person.nhs_number_status) == ("9990000018", "01")
    assert [(name.given, name.family, name.use) for name in person.names] == [
        ("Tunde", "Okafor", "usual"),
        ("Tunde", "Adeyemi", "alias"),
    ]
    assert (person.date_of_birth, person.sex, person.ethnicity) == (date(1988, 2, 29), "male", "A")
    assert [(address.street, address.postcode) for address in person.addresses] == [
        ("1 Acre Lane, London", "SW2 5SG")
    ]
    assert person.phones == ("020 7946 0211",)
    assert [(identifier.system, identifier.value) for identifier in person.identifiers] == [
        ("rv5", "77")
    ]
    assert isinstance(joined.data, care.PersonMerged)
    assert isinstance(opened.data, care.PathwayOpened)
    assert (opened.data.pathway, opened.data.team) == ("RV5:V-9", "Ward EILEEN")
    assert [(contact.relation, contact.phone) for contact in opened.data.family_contacts or ()] == [
        ("family", "020 7946 0999")
    ]


def test_the_same_message_is_the_same_events() -> None:
    assert read("A01", EVN, PID, PV1) == read("A01", EVN, PID, PV1)
    ids = {event.id for event in read("A01", EVN, PID, PV1).events}
    assert {id_.split(".", 2)[2] for id_ in ids} == {
        "PAS.RV5.C-A01.A01.person",
        "PAS.RV5.C-A01.A01.number",
        "PAS.RV5.C-A01.A01.stay",
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"20261120101500||ADT", b"20261121101500||ADT"),
        (b"Okafor^Tunde", b"Okafor^Tobi"),
        (b"|PAS|RV5|", b"|PAS|RQ1|"),
    ],
)
def test_a_control_id_that_begins_again_is_no_repeat(old: bytes, new: bytes) -> None:
    first = message("A01", EVN, PID, PV1)
    other = first.replace(old, new)
    assert other != first
    ids = {event.id for event in hl7v2.translate(first, SENDER).events}
    assert not ids & {event.id for event in hl7v2.translate(other, SENDER).events}


@pytest.mark.parametrize("trigger", ["A04", "A05", "A28"])
def test_a_registration_opens_no_stay(trigger: str) -> None:
    assert [event.type.split(".", 2)[2] for event in read(trigger, EVN, PID, PV1).events] == [
        "person.registered.v1",
        "person.merged.v1",
    ]


@pytest.mark.parametrize("trigger", ["A08", "A31"])
def test_an_update_replaces_what_is_held(trigger: str) -> None:
    result = read(trigger, EVN, PID)
    assert isinstance(result.events[0].data, care.PersonUpdated)


def test_a_transfer_changes_the_ward() -> None:
    moved = read("A02", EVN, PID, PV1.replace("EILEEN", "JIM BIRLEY")).events[-1]
    assert isinstance(moved.data, care.PathwayUpdated)
    assert (moved.data.pathway, moved.data.team) == ("RV5:V-9", "Ward JIM BIRLEY")


def test_a_discharge_closes_the_stay_and_makes_follow_up_due_in_72_hours() -> None:
    *_, closed, due = read("A03", EVN, PID, PV1).events
    assert isinstance(closed.data, care.PathwayClosed)
    assert closed.data.reason == "discharged"
    assert isinstance(due.data, care.FollowUpDue)
    assert due.data.by - closed.time == timedelta(hours=72)
    assert due.data.kind == "post-discharge"


def test_for_someone_who_died_no_follow_up_is_due() -> None:
    dead = PID.replace("||||||||||01", "|||||||20261120|Y||01")
    result = read("A03", EVN, dead, PV1)
    assert any(isinstance(event.data, care.PersonDied) for event in result.events)
    assert not any(isinstance(event.data, care.FollowUpDue) for event in result.events)
    assert result.events[-1].data.reason == "died"


@pytest.mark.parametrize(
    ("kind", "specialty", "carried"),
    [
        ("mental-health-trust", "", True),
        ("acute-trust", "", False),
        ("acute-trust", "711", True),
        ("acute-trust", "502", False),
        ("mental-health-trust", "300", False),
    ],
)
def test_only_a_mental_health_stay_is_carried(kind: str, specialty: str, carried: bool) -> None:
    sender = Sender("x", kind, "/slam/ehr", b"k")  # type: ignore[arg-type]  # one of the kinds, as text
    result = read("A01", EVN, PID, PV1.replace("|710|", f"|{specialty}|"), sender=sender)
    assert any(isinstance(event.data, care.PathwayOpened) for event in result.events) is carried
    assert [note.code for note in result.notes] == ([] if carried else ["stay-not-carried"])


def test_a_merge_names_who_survives_and_who_is_merged() -> None:
    (event,) = read("A40", EVN, PID, "MRG|78^^^RV5^MR").events
    assert isinstance(event.data, care.PersonMerged)
    assert (event.data.local_person, event.data.merged) == ("RV5:77", "RV5:78")
    assert read("A40", EVN, PID, "MRG|78").events[0].data.merged == "RV5:78"


def test_several_merges_in_one_message_are_several_events() -> None:
    other = PID.replace("77^^^RV5", "80^^^RV5")
    result = read("A40", EVN, PID, "MRG|78^^^RV5", other, "MRG|81^^^RV5")
    assert [(event.data.local_person, event.data.merged) for event in result.events] == [
        ("RV5:77", "RV5:78"),
        ("RV5:80", "RV5:81"),
    ]
    assert len({event.id for event in result.events}) == 2


def test_an_unlink_names_both() -> None:
    (event,) = read("A37", EVN, PID, PID.replace("77^^^RV5", "78^^^RV5")).events
    assert isinstance(event.data, care.PersonSplit)
    assert (event.data.local_person, event.data.split_off) == ("RV5:77", "RV5:78")


def test_of_a_protected_record_no_address_phone_or_family_is_held() -> None:
    result = read("A01", EVN, PID, "PD1||||||||||||Y", NK1, PV1)
    person = result.events[0].data.person
    assert (person.restricted, person.addresses, person.phones) == (True, (), ())
    assert result.events[-1].data.family_contacts is None


@pytest.mark.parametrize(
    ("segments", "pointer", "code"),
    [
        (("EVN|", "PV1|1|I"), "PID", "segment-missing"),
        ((EVN, "PID|1||||Okafor"), "PID-3", "person-not-named"),
        ((EVN, "PID|1||9990000019^^^NHS||Okafor"), "PID-3", "nhs-number-check-digit"),
    ],
)
def test_a_missing_segment_or_field_is_named(
    segments: tuple[str, ...], pointer: str, code: str
) -> None:
    result = read("A01", *segments)
    assert result.events == ()
    assert [(fault.pointer, fault.code) for fault in result.faults] == [(pointer, code)]
    assert result.faults[0].remedy


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b"PID|1", "MSH", "segment-missing"),
        (b"MSH|", "MSH-2", "delimiters-invalid"),
        (b"MSH|^~\\&|PAS", "MSH-2", "delimiters-invalid"),
        (b"MSH|||||||||||||||", "MSH-2", "delimiters-invalid"),
        (message("A99", EVN, PID), "MSH-9", "message-not-carried"),
        (message("A01", EVN, PID).replace(b"ADT^", b"ORU^"), "MSH-9", "message-not-carried"),
        (message("A01", EVN, PID).replace(b"|P|2.4", b"|X|2.4"), "MSH-11", "not-production"),
        (b"MSH", "MSH-2", "delimiters-invalid"),
        (b"", "MSH", "segment-missing"),
        (message("A01", EVN, PID, "PV1|1|I|W"), "PV1-19", "field-missing"),
        (message("A13", EVN, PID, PV1), "PV1-45", "field-missing"),
        (message("A01", EVN, PID).replace(b"|C-A01|", b"||"), "MSH-10", "field-missing"),
        (
            message("A01", "EVN|", PID).replace(b"20261120101500", b"yesterday"),
            "EVN-2",
            "time-malformed",
        ),
        (
            message("A01", EVN, PID).replace(b"|P|2.4", b"|P|2.4||||||EBCDIC"),
            "MSH-18",
            "character-set-unknown",
        ),
        (message("A01", EVN, PID).replace(b"Okafor", b"Ren\xe9e"), "MSH-18", "character-set-wrong"),
        (message("A40", EVN, PID), "MRG", "segment-missing"),
        (message("A40", EVN, PID, "MRG|77^^^RV5"), "MRG-1", "merged-into-itself"),
        (message("A37", EVN, PID), "PID", "segment-missing"),
        (message("A37", EVN, PID, PID), "PID-3", "split-from-itself"),
        (message("A01", EVN, "ZZZ|" + "x" * 70_000), "", "message-too-large"),
    ],
)
def test_what_cannot_be_taken_is_named_by_segment_and_field(
    body: bytes, pointer: str, code: str
) -> None:
    result = hl7v2.translate(body, SENDER)
    assert result.events == ()
    assert [(fault.pointer, fault.code) for fault in result.faults] == [(pointer, code)]
    assert "Okafor" not in str(result.faults)


def test_names_in_another_character_set_are_read_as_it_is_named() -> None:
    body = message("A28", EVN, PID.replace("Tunde^Emeka", "Renée")).decode().encode("iso-8859-1")
    result = hl7v2.translate(body.replace(b"|P|2.4", b"|P|2.4||||||8859/1"), SENDER)
    assert result.events[0].data.person.names[0].given == "Renée"


def test_escape_sequences_are_resolved_and_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    result = read("A28", EVN, PID.replace("Okafor", "O\\T\\K\\F\\\\Z99secret\\"))
    assert result.events[0].data.person.names[0].family.startswith("O&K|")
    assert "secret" not in caplog.text


def test_other_delimiters_are_those_the_message_declares() -> None:
    swapped = message("A28", EVN, PID).decode().translate(str.maketrans("|^~&", "#:!$")).encode()
    assert hl7v2.translate(swapped, SENDER).events[0].data.local_person == "RV5:77"


def test_an_explicit_null_says_nothing() -> None:
    result = read("A31", EVN, PID.replace("020 7946 0211^PRN", '""'))
    assert result.events[0].data.person.phones == ()


def test_a_date_of_birth_that_is_none_is_left_out_and_the_rest_kept() -> None:
    result = read("A28", EVN, PID.replace("19880229", "19881329"))
    assert result.events[0].data.person.date_of_birth is None
    assert [(note.pointer, note.code) for note in result.notes] == [("PID-7", "date-malformed")]


def test_a_time_without_offset_is_londons_clock() -> None:
    summer = read("A28", "EVN||20260701100000", PID).events[0]
    assert summer.time == datetime(2026, 7, 1, 9, tzinfo=UTC)
    event = read("A28", "EVN||20260701100000+0000", PID).events[0]
    assert event.time == datetime(2026, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_a_file_of_many_messages_is_taken_apart(end: bytes) -> None:
    bodies = [message("A28", EVN, PID), b"MSH|broken", message("A31", EVN, PID)]
    file = end.join([b"FHS|^~\\&", *(body.replace(b"\r", end) for body in bodies), b"FTS|1"])
    raw_messages = list(messages(b"\x0b" + file + b"\x1c\r"))
    assert [message.number for message in raw_messages] == [2, 5, 6]
    translations = [hl7v2.translate(message.body, SENDER) for message in raw_messages]
    assert [bool(translation.events) for translation in translations] == [True, False, True]


EXPECTED = {
    "ADT_A01": (["person.registered"], ["stay-not-carried"]),
    "ADT_A03": (["person.updated"], []),
    "ADT_A04": (["person.registered"], []),
    "ADT_A05": (["person.registered"], []),
    # its month of birth is the thirteenth
    "ADT_A28": (["person.registered"], ["date-malformed"]),
    "ADT_A31": (["person.updated"], ["date-malformed"]),
}


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("ADT*.hl7")), ids=lambda path: path.stem)
def test_every_adt_example_is_read(path: Path) -> None:
    (raw,) = messages(path.read_bytes())
    result = hl7v2.translate(raw.body, SENDER)
    assert result.faults == ()
    events, notes = EXPECTED[path.stem[:7]]
    assert [
        event.type.removeprefix("uk.crisisliaison.").removesuffix(".v1") for event in result.events
    ] == events
    assert [note.code for note in result.notes] == notes


# -- death ---------------------------------------------------------------------------------------------------------------


def pid(*fields: tuple[int, str], born: str = "19880229") -> str:
    """A PID with these fields."""
    parts = ["PID", "1", "", "77^^^RV5^MR", "", "Okafor^Tunde", "", born, "1"] + [""] * 31
    for number, text in fields:
        parts[number] = text
    return "|".join(parts)


@pytest.mark.parametrize(
    ("date_of_death", "indicator", "on"),
    [
        ("20260701", "Y", "2026-07-01"),
        ("20260701", "", "2026-07-01"),
        ("202607010030", "Y", "2026-07-01"),
        ("202606302330+0000", "Y", "2026-07-01"),
        ("", "Y", None),
        ("00000000", "Y", None),
        ("19000101", "Y", None),
    ],
)
def test_death_is_pid_30_y_or_a_plausible_date_which_is_a_day_in_london(
    date_of_death: str, indicator: str, on: str | None
) -> None:
    events = read("A31", EVN, pid((29, date_of_death), (30, indicator))).events
    (died,) = [event.data for event in events if isinstance(event.data, care.PersonDied)]
    assert (died.on.isoformat() if died.on else None) == on


@pytest.mark.parametrize(
    ("date_of_death", "indicator"),
    [
        ("", "N"),
        ("", ""),
        ("", '""'),
        ('""', ""),
        ('""', '""'),
        ("00000000", ""),
        ("00000000", "N"),
        ("20260701", "N"),
        ("20260701", '""'),
        ("unknown", ""),
        ("99991231", ""),
        ("20991231", ""),
        ("19000101", ""),
        ("19700101", ""),
        ("2026", ""),
        ("20260231", ""),
        ("19800101", ""),
        ("", "U"),
    ],
)
def test_nobody_is_dead_of_anything_else(date_of_death: str, indicator: str) -> None:
    events = read("A31", EVN, pid((29, date_of_death), (30, indicator))).events
    assert [event.type.split(".", 2)[2] for event in events] == ["person.updated.v1"]


# -- what a field says ---------------------------------------------------------------------------------------------------


def person_of(*fields: tuple[int, str], trigger: str = "A31") -> Any:
    """The update that a message with this PID makes."""
    return read(trigger, EVN, pid(*fields)).events[0].data


def test_an_empty_field_says_nothing_and_a_null_deletes() -> None:
    assert person_of().unchanged == ("addresses", "phones", "ethnicity")
    assert person_of((13, '""'), (11, '""')).unchanged == ("ethnicity",)
    told = person_of((13, "020 7946 0211"), (11, "1 Acre Lane^^London"), (22, "A"))
    assert told.unchanged == ()


def test_the_order_of_two_record_numbers_changes_nobodys_name() -> None:
    one = person_of((3, "A1^^^RV5^MR~B7^^^RJ1^MR")).local_person
    assert one == person_of((3, "B7^^^RJ1^MR~A1^^^RV5^MR")).local_person == "RV5:A1"


@pytest.mark.parametrize(
    ("address", "streets"),
    [
        ("12&High Street^^London", ["12 High Street, London"]),
        ("&High Street&12^^London", ["12 High Street, London"]),
        ("1 Old Rd^^^^SE1 1AA^GBR^H^^^^^20100101^20150101~2 New Rd", ["2 New Rd"]),
        ("1 Old Rd^^^^^GBR^H^^^^^20100101&20150101", []),
        ("1 Old Rd^^^^^GBR^H^^^^^^20100101^20150101", []),
        ("1 Old Rd^^^^^GBR^H^^^^^^20100101", ["1 Old Rd"]),
        ("1 Old Rd^^^^^GBR^H^^^^^^20100101^20990101", ["1 Old Rd"]),
    ],
)
def test_a_street_is_one_line_and_an_expired_address_is_a_former_one(
    address: str, streets: list[str]
) -> None:
    assert [place.street for place in person_of((11, address)).person.addresses] == streets


@pytest.mark.parametrize(
    "code", ["01", "1", "number-present-and-verified", "Number present and verified"]
)
def test_a_verified_number_is_verified_by_code_or_in_words(code: str) -> None:
    person = person_of((3, "9990000018^^^NHS^NH~77^^^RV5^MR"), (32, code)).person
    assert (person.nhs_number, person.nhs_number_status) == ("9990000018", "01")


@pytest.mark.parametrize("number", ["9999999999", "0000000000", "1111111111"])
def test_a_placeholder_is_nobodys_number(number: str) -> None:
    made = read("A28", EVN, pid((3, f"77^^^RV5^MR~{number}^^^NHS^NH"), (32, "01")))
    assert made.events[0].data.person.nhs_number is None
    assert ("PID-3", "nhs-number-check-digit") in [(note.pointer, note.code) for note in made.notes]


@pytest.mark.parametrize(
    ("action", "restricted"), [("A", True), ("U", True), ("X", True), ("D", None)]
)
def test_an_access_restriction_is_kept(action: str, restricted: bool | None) -> None:
    made = read("A31", EVN, pid((13, "020 7946 0211")), f"ARV|1|{action}|DEM|PAT")
    person = made.events[0].data.person
    assert person.restricted is restricted
    assert (person.phones == ()) is bool(restricted)


@pytest.mark.parametrize(
    ("named", "encoding"),
    [
        ("UNICODE UTF-8", "utf-8"),
        ("UTF8", "utf-8"),
        ("utf-8", "utf-8"),
        ("ISO IR192", "utf-8"),
        ("8859/1", "latin-1"),
        ("ISO-8859-1", "latin-1"),
        ("8859-1", "latin-1"),
        ("WINDOWS-1252", "cp1252"),
        ("8859/15", "iso-8859-15"),
    ],
)
def test_character_sets_are_known_by_the_names_that_occur(named: str, encoding: str) -> None:
    text = (
        message("A31", EVN, pid((5, "Okafor^Zoë")))
        .decode()
        .replace("|P|2.4", f"|P|2.4||||||{named}")
    )
    made = hl7v2.translate(text.encode(encoding), SENDER)
    assert made.events[0].data.person.names[0].given == "Zoë"


# -- stays, their cancellations and moves --------------------------------------------------------------------------------


def kinds(trigger: str, *segments: str, sender: Sender = SENDER) -> list[str]:
    """Short types of the events."""
    made = read(trigger, EVN, *segments, sender=sender)
    assert made.faults == ()
    return [event.type.split(".", 2)[2].removesuffix(".v1") for event in made.events]


ACUTE = Sender("st-thomas", "acute-trust", "/gstt/pas", b"a secret of the tests")


@pytest.mark.parametrize(
    ("specialty", "sender", "carried"),
    [
        ("710", ACUTE, True),
        ("727", ACUTE, True),
        ("729", ACUTE, False),
        ("430", ACUTE, False),
        ("GENPSYCH", ACUTE, False),
        ("", ACUTE, False),
        ("GENPSYCH", replace(ACUTE, mental_health_specialties=frozenset({"GENPSYCH"})), True),
        ("GENPSYCH", SENDER, True),
        ("", SENDER, True),
        ("430", SENDER, False),
    ],
)
def test_a_stay_does_not_hang_on_the_specialty_alone(
    specialty: str, sender: Sender, carried: bool
) -> None:
    stay = PV1.replace("|710|", f"|{specialty}|")
    assert ("pathway.opened" in kinds("A01", pid(), stay, sender=sender)) is carried


def test_cancellations_and_moves_are_carried() -> None:
    discharged = PV1 + "|" * 26 + "20261120100000"
    assert kinds("A06", pid(), PV1) == ["person.updated", "pathway.opened"]
    assert kinds("A07", pid(), PV1.replace("|I|", "|O|")) == ["person.updated", "pathway.closed"]
    assert kinds("A11", pid(), PV1) == ["person.updated", "pathway.closed"]
    assert kinds("A12", pid(), PV1) == ["person.updated", "pathway.updated"]
    assert kinds("A13", pid(), discharged) == [
        "person.updated",
        "pathway.opened",
        "event.retracted",
    ]
    due = read("A03", EVN, pid(), discharged).events[-1]
    assert read("A13", EVN, pid(), discharged).events[-1].data.retracts == due.id
    for trigger in ("A34", "A40", "A47"):
        (merged,) = read(trigger, EVN, pid(), "MRG|88^^^RV5^MR").events
        assert (merged.data.local_person, merged.data.merged) == ("RV5:77", "RV5:88")
    assert kinds("A45", pid(), "MRG|88^^^RV5^MR", PV1) == ["pathway.closed", "pathway.opened"]


def test_a_test_message_goes_nowhere_and_says_so() -> None:
    made = hl7v2.translate(message("A01", EVN, PID, PV1).replace(b"|P|2.4", b"|T|2.4"), SENDER)
    assert (made.events, made.faults) == ((), ())
    assert [note.code for note in made.notes] == ["test-goes-nowhere"]
