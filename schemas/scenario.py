"""A scenario: what is known, what each agency sends and when, and the alerts that must come. Any
other alert fails it.

Instants are `14:24` or `14:24:30` on the day of `start` in London, `+10m` (`s`, `m`, `h`) after
`start`, or RFC 3339.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag, ValidationError
from pydantic_core import PydanticCustomError
from rapidfuzz import process

from schemas.london_time import LONDON
from schemas.marked_yaml import Marked, MarkedYamlError, Place, read_marked
from schemas.model import Closed, Instant, Reference, ShortText, Slug

_CLOCK = re.compile(r"[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?")
_LATER = re.compile(r"\+[0-9]{1,6}[smh]")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}
_FORMS = (
    "write 14:24 or 14:24:30 (in London on the day of `start`), +10m after `start`, or RFC 3339"
)


def _moment(value: object) -> object:
    """Refuses by name what is no moment; an instant that a program hands over is taken as RFC 3339."""
    text = value
    if isinstance(value, datetime):
        text = value.isoformat()
    if not isinstance(text, str):
        raise PydanticCustomError("moment_malformed", "it is no moment")
    if _LATER.fullmatch(text):
        return text
    try:
        if _CLOCK.fullmatch(text):
            time.fromisoformat(text)
            return text
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise PydanticCustomError("moment_malformed", "there is no such moment") from error
    if instant.tzinfo is None:
        raise PydanticCustomError("timezone_aware", "the instant has no offset from UTC")
    return text


_MOMENT = r"^([0-2][0-9]:[0-5][0-9](:[0-5][0-9])?|\+[0-9]{1,6}[smh]|[0-9]{4}-[0-9]{2}-[0-9]{2}T.+)$"
Moment = Annotated[str, BeforeValidator(_moment), Field(json_schema_extra={"pattern": _MOMENT})]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a scenario file. `code` is stable: a program may act on it."""

    code: str
    file: str
    line: int
    pointer: str
    """JSON pointer into the file."""
    message: str
    remedy: str

    def __str__(self) -> str:
        place = ""
        if self.pointer:
            place = f" {self.pointer}"
        return f"{self.file}:{self.line}{place}: {self.message} [{self.code}]; {self.remedy}"


class ScenarioError(ValueError):
    """The scenario file cannot be used as it is; `faults` say why, where they were found in a file."""

    def __init__(self, *faults: Fault | str) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(fault for fault in faults if isinstance(fault, Fault))


class Statement(Closed):
    """One event that an agency sends."""

    at: Moment
    """When it happened."""
    arrives: Moment | None = None
    """When it reaches us, where that is later or out of order."""
    feed: Slug
    type: Annotated[str, Field(pattern=r"^[a-z-]+\.[a-z-]+$")]
    """Short type, e.g. `incident.graded`."""
    id: Reference | None = None
    """CloudEvents id; made from the position where it is absent."""
    repeat: Annotated[int, Field(ge=1, le=10)] = 1
    """How often it is sent."""
    refused: Slug | None = None
    """Code of the fault with which intake must refuse it, e.g. `nhs-number-check-digit`: it
    reaches nobody.
    """
    left_out: Slug | None = None
    """Code of the note with which intake must leave something of it out; the rest of it counts."""
    data: dict[str, Any]


class Silence(Closed):
    """A feed that falls silent: not even heartbeats."""

    feed: Slug
    since: Moment
    until: Moment | None = None


class Acknowledgement(Closed):
    """A person at a desk acknowledges the alert of a rule."""

    at: Moment
    desk: Slug
    rule: Annotated[str, Field(pattern=r"^R[0-9]{2}$")]


class Doing(Closed):
    """A person at a desk does something with the alert of a rule that the desk has."""

    at: Moment
    desk: Slug
    rule: Annotated[str, Field(pattern=r"^R[0-9]{2}$")]
    do: Literal[
        "acknowledge",
        "claim",
        "take-over",
        "accept",
        "decline",
        "not-ours",
        "shelve",
        "unshelve",
        "note",
        "hand-over",
    ]
    actor: ShortText = "scenario"
    reason: ShortText | None = None
    """Why; for `decline` the code of the reason."""
    minutes: Annotated[int, Field(ge=1)] | None = None
    """For `shelve`: for how long."""
    to: ShortText | None = None
    """For `hand-over`: to whom."""
    refused: Slug | None = None
    """Code with which it must be refused, e.g. `already-claimed`: then it changes nothing."""


class Operator(Closed):
    """A person decides whether two incidents are one crisis."""

    at: Moment
    decision: Literal["separated", "joined"]
    incidents: Annotated[tuple[tuple[Slug, Reference], tuple[Slug, Reference]], Field()]


class Between(Closed):
    """From and to, both included."""

    since: Moment
    until: Moment


def _form(value: object) -> str:
    if isinstance(value, (Mapping, Between)):
        return "window"
    return "moment"


def _any_of(schema: dict[str, Any]) -> None:
    # the two forms exclude one another anyhow, and `anyOf` is what was published
    schema["anyOf"] = schema.pop("oneOf")


# When something must happen: a moment means within two seconds after it.
Window = Annotated[
    Annotated[Moment, Tag("moment")] | Annotated[Between, Tag("window")],
    Discriminator(_form),
    Field(json_schema_extra=_any_of),
]


class Above(Closed):
    """A desk that has an alert by escalation or dispute."""

    desk: Slug
    since: Window
    """When it was given first; a moment means within two seconds after it."""


class Expected(Closed):
    """An alert that must come."""

    rule: Annotated[str, Field(pattern=r"^R[0-9]{2}$")]
    desks: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Exactly these desks."""
    raised: Window
    """A moment means within two seconds after it."""
    cleared: Window | None = None
    """Where it is absent, the alert must stand at the end."""
    acknowledged_by: tuple[Slug, ...] = ()
    """Desks that have acknowledged it at the end."""
    verification: Literal["verified", "cannot-be-verified"] = "verified"
    worsened: Annotated[int, Field(ge=0)] | None = None
    """How often it was worsened."""
    knowable: Moment | None = None
    """The first moment at which the failure could be known from what the agencies had said: the
    casebook's report counts the delay from it.
    """
    escalated_to: tuple[Above, ...] | None = None
    """Exactly these desks had it by escalation or dispute; not compared where it is absent."""
    sounded_again: dict[Slug, Annotated[int, Field(ge=0)]] | None = None
    """How often it sounded again at each of these desks; others are not compared."""
    states: (
        dict[
            Slug,
            Literal[
                "raised",
                "acknowledged",
                "claimed",
                "answered",
                "shelved",
                "returned",
                "cleared",
                "closed",
                "inhibited",
            ],
        ]
        | None
    ) = None
    """What it is at the end at each of these desks; `raised` includes delivered."""


class Scenario(Closed):
    """One file."""

    title: ShortText
    story: Annotated[str, Field(min_length=1)]
    start: Instant
    until: Moment
    known: tuple[Statement, ...] = ()
    """What the NHS had said before; `at` may lie before the start."""
    events: tuple[Statement, ...] = ()
    silences: tuple[Silence, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()
    doings: tuple[Doing, ...] = ()
    """What people at the desks do: claim, answer, shelve …"""
    operator: tuple[Operator, ...] = ()
    expect: tuple[Expected, ...] = ()
    _source: tuple[str, Marked] | None = PrivateAttr(default=None)

    def fault(self, place: Place, code: str, message: str, remedy: str) -> Fault:
        """What is wrong at a place of this scenario, with file and line where it was read from one."""
        file, line = self.title, 1
        if self._source is not None:
            file, marked = self._source
            line = marked.line_of(place)
        return Fault(code, file, line, _pointer(place), message, remedy)

    def instant(self, moment: str) -> datetime:
        """A moment of this scenario in UTC."""
        if moment.startswith("+"):
            return self.start + timedelta(**{_UNITS[moment[-1]]: int(moment[1:-1])})
        if re.match(r"^\d{2}:", moment):
            day = self.start.astimezone(LONDON).date()
            return datetime.combine(day, time.fromisoformat(moment), LONDON).astimezone(UTC)
        return datetime.fromisoformat(moment).astimezone(UTC)

    def window(self, expected: Moment | Between) -> tuple[datetime, datetime]:
        """The instants between which something must happen."""
        if isinstance(expected, Between):
            return self.instant(expected.since), self.instant(expected.until)
        at = self.instant(expected)
        return at, at + timedelta(seconds=2)

    def feeds(self) -> tuple[str, ...]:
        """Feeds that say something, sorted."""
        return tuple(sorted({statement.feed for statement in (*self.known, *self.events)}))


def load_scenario(path: Path) -> Scenario:
    """Raises ScenarioError with each fault: its name, file, line and remedy."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ScenarioError(
            Fault(
                "file-unreadable",
                path.name,
                1,
                "",
                f"it cannot be read: {error.strerror}",
                "give a file that is there",
            )
        ) from error
    except UnicodeDecodeError as error:
        raise ScenarioError(
            Fault(
                "not-utf-8",
                path.name,
                error.object.count(b"\n", 0, error.start) + 1,
                "",
                f"it is not in UTF-8{_other_coding(error.object)}",
                "save it again as UTF-8",
            )
        ) from error
    try:
        marked = read_marked(text)
    except MarkedYamlError as error:
        raise ScenarioError(
            Fault(error.code, path.name, error.line, "", error.message, _YAML_REMEDIES[error.code])
        ) from error
    try:
        scenario = Scenario.model_validate(marked.value)
    except ValidationError as error:
        raise ScenarioError(*_faults(path.name, marked, error)) from error
    scenario._source = (path.name, marked)
    return scenario


_YAML_REMEDIES = {
    "file-empty": "write a title, a story, start, until and expect",
    "yaml-invalid": "correct it there, or on the line before",
    "key-twice": "keep one of the two",
}


def _other_coding(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:64]:
        return " but, as it seems, in UTF-16"
    return ""


def _pointer(place: Place) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


_REMEDIES: Mapping[str, tuple[str, str]] = {
    "missing": ("field-missing", "add the field"),
    "extra_forbidden": ("field-unknown", "remove it, or correct its spelling"),
    "moment_malformed": ("moment-malformed", _FORMS),
    "timezone_aware": ("time-without-offset", "write Z or the offset, e.g. 2026-11-23T14:24:00Z"),
    "datetime_parsing": ("moment-malformed", "use RFC 3339, e.g. 2026-11-23T14:24:00Z"),
    "literal_error": ("value-not-in-set", "use one of the values of docs/scenarios.md"),
    "model_type": ("value-malformed", "write its fields, each `name: value`"),
    "model_attributes_type": ("value-malformed", "write its fields, each `name: value`"),
    "string_pattern_mismatch": ("value-malformed", "follow the form in docs/scenarios.md"),
}
_OTHER = ("value-invalid", "follow docs/scenarios.md")


def _faults(file: str, marked: Marked, error: ValidationError) -> list[Fault]:
    """Every fault of a file, in the order of its lines."""
    faults: list[Fault] = []
    misspelt: set[Place] = set()
    for detail in error.errors(include_url=False, include_input=False):
        code, remedy = _REMEDIES.get(detail["type"], _OTHER)
        place = tuple(part for part in detail["loc"] if part not in {"moment", "window"})
        message = detail["msg"]
        if code == "field-unknown":
            message = f"the field `{place[-1]}` is unknown"
            near = process.extractOne(str(place[-1]), _fields_at(place[:-1]), score_cutoff=60)
            if near is not None:
                remedy = f"did you mean `{near[0]}`?"
                misspelt.add((*place[:-1], near[0]))
        elif code == "field-missing":
            message = f"the field `{place[-1]}` is missing"
        elif code == "value-not-in-set":
            remedy = f"use one of {detail['ctx']['expected']}"
        faults.append(Fault(code, file, marked.line_of(place), _pointer(place), message, remedy))
    # a field that is there under a misspelt name is one fault, not two
    spelt = {_pointer(place) for place in misspelt}
    faults = [f for f in faults if f.code != "field-missing" or f.pointer not in spelt]
    return sorted(faults, key=lambda fault: fault.line)


def _fields_at(place: Place) -> list[str]:
    """Names of the fields that the model at a place has."""
    models: list[type[Closed]] = [Scenario]
    for part in place:
        if isinstance(part, str):
            models = [
                inner
                for model in models
                if part in model.model_fields
                for inner in _models_in(model.model_fields[part].annotation)
            ]
    return [name for model in models for name in model.model_fields]


def _models_in(annotation: object) -> Iterator[type[Closed]]:
    if isinstance(annotation, type) and issubclass(annotation, Closed):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
