"""What a rule finds: that it holds for a crisis, from when, until when, on what evidence, and for
whom.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from schemas.codes import AgencyKind
from schemas.registry import MANAGERS, SUPERVISOR_OF, DeskRole

__all__ = ["DeskRole"]

# After an agency in `relies_on`: all of its feeds.
EVERY_FEED = "/*"

# Whose answer a supervisor asks for: they read what that desk was told to do.
SUPERVISED_BY: Mapping[DeskRole, tuple[DeskRole, ...]] = {
    "police-supervisor": ("police-control", "custody"),
    "ambulance-supervisor": ("ambulance-control",),
    "mental-health-supervisor": ("mental-health-crisis",),
    "amhp-supervisor": ("amhp",),
    "emergency-department-supervisor": ("emergency-department",),
    "operations-supervisor": ("operations",),
}

Verification = Literal["verified", "cannot-be-verified"]


def instant_in_json(at: datetime | None) -> str | None:
    """An instant as alerts and records keep it."""
    if at is None:
        return None
    return at.isoformat()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing a finding rests on: an event that happened, or the absence of one."""

    statement: str
    """A sentence for the screen, without name, address or narrative, e.g. 'Police unit on scene
    since 14:24'.
    """
    at: datetime
    event: tuple[str, str] | None = None
    """CloudEvents (source, id); None for an absence."""
    tells: frozenset[str] = frozenset()
    """Items of the disclosure matrix that the statement is part of, besides the circumstances: who
    may not be told all of them does not read it."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Title and reason for the desks that may be told none of these items of the matrix."""

    without: frozenset[str]
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's condition over a crisis. It stands from `holds_from` until `until` (None: open).

    A finding whose `holds_from` lies ahead is a deadline; one whose `until` has passed stands no
    more. `anchor` names the event that began the condition, so that the same finding has the same
    key whatever crisis it is found in.
    """

    rule: str
    anchor: tuple[str, str]
    """CloudEvents (source, id) of the event that began it; for a feed ('feed', feed id)."""
    holds_from: datetime
    urgency: int
    """1 (P1, most urgent) to 5."""
    title: str
    reason: str
    next_step: str
    """What everybody has to do, each named: for the record."""
    recipients: tuple[DeskRole, ...]
    evidence: tuple[Evidence, ...]
    acknowledge_within: timedelta
    until: datetime | None = None
    stage: str = ""
    """A worsening of the same condition, e.g. '10-minutes'. It does not belong to the key: a new
    stage worsens the alert that stands."""
    act_by: datetime | None = None
    """The limit by law or standard, for the countdown on the screen."""
    agencies: tuple[str, ...] = ()
    """The agencies whose desks are addressed where a role alone is not enough (e.g. the trust that
    holds the pathway, the force on scene); empty: every agency's desks of the role in the area."""
    relies_on: tuple[str, ...] = ()
    """Agencies whose missing event the finding rests on: if their feed is silent, it cannot be
    verified. `met` is judged by the feeds that have said something of the crisis; `met/*`
    (EVERY_FEED) by all of its feeds, where the missing event may come on one that has said nothing
    here yet."""
    relies_on_services: tuple[AgencyKind, ...] = ()
    """The same for services that need not have an incident here yet: 'nobody asked for an
    ambulance' is only known while the area's ambulance service is heard."""

    steps: tuple[tuple[DeskRole, str], ...] = ()
    """What a desk of each role has to do, in a sentence of its own."""
    steps_of: tuple[tuple[str, DeskRole, str], ...] = ()
    """The same for the desks of an agency whose duty is another than that of the others who have
    such a desk: (agency, role, sentence).
    """

    headlines: tuple[tuple[DeskRole, str], ...] = ()
    """What is wrong for a desk of each role, in one short sentence; a role that is not there reads
    the title. It says nothing that the reason does not say.
    """

    wordings: tuple[Wording, ...] = ()
    """Other words where title and reason hold what not every desk may be told. The last that
    applies counts.
    """

    def words_for(self, permitted: Collection[str]) -> tuple[str, str]:
        """Title and reason for a desk that may be told these items: a sentence is a disclosure too."""
        title, reason = self.title, self.reason
        for wording in self.wordings:
            if wording.without.isdisjoint(permitted):
                title, reason = wording.title, wording.reason
        return title, reason

    def headline_for(self, role: DeskRole, permitted: Collection[str]) -> str | None:
        """What is wrong for a desk of the role, or for the one it supervises; None where the title
        says it, and where the reason has other words for those who may not be told all of it."""
        if any(wording.without.isdisjoint(permitted) for wording in self.wordings):
            return None
        below = SUPERVISED_BY.get(role, ())
        for reader, sentence in self.headlines:
            if reader == role or reader in below:
                return sentence
        return None

    def step_for(self, role: DeskRole, agency: str = "") -> str:
        """What a desk of the role at the agency reads: its agency's own sentence or its role's, or
        that of the desk whose supervisor it is; who is above a desk of another role is told to see
        that it does what it was asked. Where nothing is said by role, what everybody has to do."""
        for owner, duty_role, sentence in self.steps_of:
            if (owner, duty_role) == (agency, role):
                return sentence
        if not self.steps:
            return self.next_step
        step_of = dict(self.steps)
        for answering in (role, *SUPERVISED_BY.get(role, ())):
            if answering in step_of:
                return step_of[answering]
        if role in MANAGERS or role in SUPERVISOR_OF.values():
            return (
                "The desk below has not answered. Ask it, and see that what it was asked is done."
            )
        return (
            "This is for no desk that is registered here. Find who should have it, and ring them."
        )

    about: str = ""
    """The least subject of the crisis, where the event that began it is somebody else's of the
    scene; else empty.
    """

    @property
    def key(self) -> str:
        """Identity of the alert this finding raises: a repeat is the same alert."""
        key = f"{self.rule}|{self.anchor[0]}|{self.anchor[1]}"
        if self.about:
            return f"{key}|{self.about}"
        return key


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding that stands at an instant, with whether the silence it rests on can be believed."""

    finding: Finding
    verification: Verification


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What stands now, and when to look again (None: nothing lies ahead)."""

    standing: tuple[Standing, ...]
    look_again_at: datetime | None
    held_back: frozenset[str] = frozenset()
    """Keys of what stands only on the half of the story that a feed which catches up has told so
    far: it is neither raised nor cleared nor reworded before the rest has come."""
