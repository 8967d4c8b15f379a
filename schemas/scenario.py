"""A scenario: what is known, what each agency sends and when, and the alerts that must come. Any
other alert fails it.

Instants are `14:24` or `14:24:30` on the day of `start` in London, `+10m` (`s`, `m`, `h`) after
`start`, or RFC 3339.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BeforeValidator, Field, ValidationError

from schemas.model import Closed, Instant, Reference, ShortText, Slug

LONDON = ZoneInfo("Europe/London")


def _text(value: object) -> object:
    """YAML reads an RFC 3339 instant as a time and 14:24:30 as a number in base sixty."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, int):
        return f"{value // 3600:02}:{value // 60 % 60:02}:{value % 60:02}"
    return value


_MOMENT = r"^([0-2][0-9]:[0-5][0-9](:[0-5][0-9])?|\+[0-9]+[smh]|[0-9]{4}-[0-9]{2}-[0-9]{2}T.+)$"

Moment = Annotated[str, BeforeValidator(_text), Field(pattern=_MOMENT)]
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


class ScenarioError(ValueError):
    """The scenario file cannot be used as it is."""


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
    """Code of the fault with which intake must refuse it, e.g. `nhs-number-check-digit`: it reaches nobody."""
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


class Above(Closed):
    """A desk that has an alert by escalation or dispute."""

    desk: Slug
    since: Moment | Between
    """When it was given first; a moment means within two seconds after it."""


class Expected(Closed):
    """An alert that must come."""

    rule: Annotated[str, Field(pattern=r"^R[0-9]{2}$")]
    desks: Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Exactly these desks."""
    raised: Moment | Between
    """A moment means within two seconds after it."""
    cleared: Moment | Between | None = None
    """Where it is absent, the alert must stand at the end."""
    acknowledged_by: tuple[Slug, ...] = ()
    """Desks that have acknowledged it at the end."""
    verification: Literal["verified", "cannot-be-verified"] = "verified"
    worsened: Annotated[int, Field(ge=0)] | None = None
    """How often it was worsened."""
    knowable: Moment | None = None
    """The first moment at which the failure could be known from what the agencies had said: the casebook's report counts the
    delay from it."""
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
    """Raises ScenarioError naming the file, the place and the remedy."""
    try:
        return Scenario.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ScenarioError(f"{path.name} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path.name} is not YAML: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"/{'/'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()[:5]
        )
        raise ScenarioError(f"{path.name}: {faults}") from error
