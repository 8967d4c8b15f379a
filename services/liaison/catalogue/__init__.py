"""The catalogue of rules as reviewed, versioned data: one YAML file a rule, and what may be in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Annotated, Literal, Self, get_args

import yaml
from pydantic import Field, ValidationError, model_validator

from schemas.model import Closed
from schemas.registry import DeskRole, Level

RuleId = Annotated[str, Field(pattern=r"^R\d{2}$")]
Text = Annotated[str, Field(min_length=3, max_length=900)]
Certainty = Literal["verified", "secondary", "from-memory", "assumption"]
Basis = Literal["legal", "standard", "assumption"]

# What an alert shows a person's data for; logged with each disclosure (domain reference, section
# 5.3: a purpose code is kept whatever becomes of the duty to keep a justification). On which
# lawful basis is each controller's to say.
Purpose = Literal[
    "emergency-response",
    "direct-care",
    "safeguarding",
    "statutory-duty",
    "family-contact",
    "accountability",
    "equality-monitoring",
    "system-integrity",
]

# What a rule is a condition over: one crisis; the health of one feed; the counts of many crises
# together; or whether a crisis can be judged at all.
Kind = Literal["crisis", "feed", "monitor", "unjudged"]

# Seconds without an acknowledgement at the desk until each level above it has the alert too.
Ladder = dict[Level, Annotated[int, Field(ge=30, le=14 * 86_400)]]


class CatalogueError(ValueError):
    """A rule's file cannot be used as it is. The sentence names file, place and remedy."""


class Source(Closed):
    """One thing a rule rests on, and how sure this project is of it."""

    says: Text
    certainty: Certainty
    """verified: read in its own text. secondary: known from others who quote it. from-memory: to be
    checked.
    """


class Limit(Closed):
    """One threshold of a rule. A limit of law or of a national standard can be made stricter, never
    looser.
    """

    value: Annotated[int, Field(ge=0)]
    unit: Literal["seconds", "count", "percent"] = "seconds"
    basis: Basis
    says: Text
    looser: Literal["higher", "lower"] = "higher"
    """In which direction an alert would come later or not at all."""
    least: Annotated[int, Field(ge=0)] = 0
    """No policy may set it lower."""
    not_longer_than: str | None = None
    """Another limit of the rule: a policy may not set this one higher than that."""


class RuleDocument(Closed):
    """What people review of a rule. Its condition is the pure function of the same id in
    services.liaison.rules.
    """

    id: RuleId
    version: Annotated[int, Field(ge=1)]
    kind: Kind = "crisis"
    title: Annotated[str, Field(min_length=3, max_length=80)]
    when: Text
    """The condition, in words."""
    not_when: tuple[Text, ...] = ()
    """Suppressors: what keeps it silent although the condition holds."""
    ends: Text
    """Until when it stands."""
    notes: tuple[Text, ...] = ()
    """What a reader must know beyond that: what counts as what, how the urgency varies."""
    evidence: Annotated[tuple[Source, ...], Field(min_length=1)]
    recipients: Annotated[tuple[DeskRole, ...], Field(min_length=1)]
    urgency: Annotated[int, Field(ge=1, le=5)]
    purpose: Purpose
    next_step: dict[DeskRole, Text]
    """What each recipient has to do, in a sentence of its own that says nothing of others' duties.
    """
    next_step_when: dict[str, dict[DeskRole, Text]] = Field(default_factory=dict)
    """The same at a named moment at which `next_step` does not fit; whom it does not name it leaves
    as they were.
    """
    no_deadline: Text | None = None
    """Why its alerts have no instant by which to act, where some or all have none."""
    owner: Text
    effective_from: date
    effective_to: date | None = None
    """The day after its last, in London."""
    limits: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]+$")], Limit] = Field(
        default_factory=dict
    )
    withholds: dict[DeskRole, tuple[str, ...]] = Field(default_factory=dict)
    """Items of the disclosure matrix that this rule's alerts do not need, by recipient: the matrix
    less these.
    """

    ladder: Ladder | None = None
    """Its own escalation, where the urgency's is not right for it."""
    awaits: Annotated[str, Field(min_length=3, max_length=60)] | None = None
    """What its clock waits for, in a few words, e.g. `Ambulance response graded again`. Without it
    the title stands.
    """
    clock_is: Literal["legal-status"] | None = None
    """The item of the disclosure matrix that its clock is part of: who is shown the item is shown
    the clock.
    """
    reaches_family: bool = False
    """It is about reaching the family: who has to reach them sees what was tried."""
    refusal_goes_up: bool = False
    """A desk that declines it, or says it is not theirs, is heard by both agencies' supervisors,
    whatever the urgency.
    """
    always_on: bool = False
    """No policy may switch it off."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.ladder is not None:
            check_ladder("ladder", self.ladder)
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            raise ValueError("effective_to is not after effective_from; correct one of them")
        for name, limit in self.limits.items():
            if limit.not_longer_than is not None and limit.not_longer_than not in self.limits:
                raise ValueError(
                    f"limit {name} is not_longer_than {limit.not_longer_than}, which the rule "
                    "does not have; name one of its limits"
                )
        if len(set(self.recipients)) != len(self.recipients):
            raise ValueError("a recipient is named twice; name each once")
        if set(self.next_step) != set(self.recipients):
            raise ValueError("next_step needs one sentence for each recipient, and for nobody else")
        for moment, steps in self.next_step_when.items():
            if not set(steps) <= set(self.recipients):
                raise ValueError(f"next_step_when {moment} names who is no recipient; remove them")
        if strangers := set(self.withholds) - set(self.recipients):
            raise ValueError(
                f"withholds names {sorted(strangers)}, who are no recipients; remove them or add them there"
            )
        return self

    def steps(
        self, moment: str | None, recipients: Collection[DeskRole]
    ) -> tuple[tuple[DeskRole, str], ...]:
        """What each of these recipients has to do, at the moment that is named. KeyError for one
        that the rule does not have.
        """
        steps = self.next_step
        if moment is not None:
            steps = steps | self.next_step_when[moment]
        return tuple([step for step in steps.items() if step[0] in recipients])

    def effective_on(self, day: date) -> bool:
        """Whether the rule is in force on the day."""
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)


# Of each rule, and of what its recipients have to do at each of its moments, there are few.
@lru_cache(4096)
def in_words(
    steps: tuple[tuple[DeskRole, str], ...], steps_of: tuple[tuple[str, DeskRole, str], ...] = ()
) -> str:
    """What everybody has to do, each named; who has the same to do is named together. `steps_of`
    are the duties of single agencies.
    """
    roles_of: dict[str, list[str]] = {}
    for role, sentence in steps:
        roles_of.setdefault(sentence, []).append(role.replace("-", " "))
    for agency, role, sentence in steps_of:
        roles_of.setdefault(sentence, []).append(f"{role.replace('-', ' ')} of {agency}")
    return " ".join(
        f"{', '.join(roles).capitalize()}: {sentence}" for sentence, roles in roles_of.items()
    )


def check_ladder(name: str, ladder: Ladder) -> None:
    """Raises ValueError for a ladder without a supervisor or whose higher level comes first."""
    if "supervisor" not in ladder:
        raise ValueError(
            f"{name} has no supervisor; name after how many seconds the supervisor has the alert"
        )
    times = [after for _, after in ladder_of(ladder)]
    if times != sorted(set(times)):
        raise ValueError(
            f"{name}: each level must come later than the one below it; correct the seconds"
        )


_LEVELS: tuple[Level, ...] = get_args(Level)


def ladder_of(ladder: Ladder) -> tuple[tuple[Level, timedelta], ...]:
    """The rungs from below to above."""
    return tuple((level, timedelta(seconds=ladder[level])) for level in _LEVELS if level in ladder)


def read_document(name: str, text: str) -> RuleDocument:
    """The rule in the text of a file. Raises CatalogueError."""
    try:
        document = RuleDocument.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise CatalogueError(f"{name} is not YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = "/" + "/".join(str(part) for part in first["loc"])
        raise CatalogueError(
            f"{name} at {place}: {first['msg'].removeprefix('Value error, ')}"
        ) from error
    if name != f"{document.id}.yaml":
        raise CatalogueError(f"{name} holds rule {document.id}; name the file {document.id}.yaml")
    return document


def _load() -> Mapping[str, RuleDocument]:
    files = sorted(
        (file for file in resources.files(__package__).iterdir() if file.name.endswith(".yaml")),
        key=lambda file: file.name,
    )
    documents = (read_document(file.name, file.read_text(encoding="utf-8")) for file in files)
    return MappingProxyType({document.id: document for document in documents})


# By id, in order.
CATALOGUE = _load()


def as_time(limit: Limit, value: int) -> timedelta:
    """A limit in seconds as a span of time. Raises ValueError for another unit."""
    if limit.unit != "seconds":
        raise ValueError(f"this limit is a {limit.unit}, not a time")
    return timedelta(seconds=value)
