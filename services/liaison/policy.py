"""The policy: what an operator edits without code. Limits of law and of national standards cannot
be loosened.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from schemas.london_time import LONDON
from schemas.model import Closed
from schemas.registry import Level
from schemas.strict_yaml import load
from services.liaison.alert.commands import Terms
from services.liaison.catalogue import (
    CATALOGUE,
    Ladder,
    Limit,
    RuleDocument,
    RuleId,
    as_time,
    check_ladder,
    ladder_of,
)

Seconds = Annotated[int, Field(ge=0, le=7 * 86_400)]

Urgency = Annotated[int, Field(ge=1, le=5)]

# Changes of the law whose day of commencement decides what a rule asks. s48: no police station as
# a place of safety. nominated-person: whom the person has named takes the place of the nearest
# relative.
Regime = Literal["mental-health-act-2025-s48", "mental-health-act-2025-nominated-person"]


# Where the policy file says nothing.
ESCALATION: Mapping[int, Ladder] = {
    1: {"supervisor": 120, "tactical": 300, "strategic": 900},
    2: {"supervisor": 600, "tactical": 1800, "strategic": 3600},
    3: {"supervisor": 1800, "tactical": 7200},
    4: {"supervisor": 28_800},
    5: {"supervisor": 259_200},
}


class PolicyError(ValueError):
    """The policy file cannot be used as it is. `faults`: each with file, place and remedy."""

    def __init__(self, *faults: str) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Policy(Closed):
    """Thresholds of the rules. What is not named is as the catalogue has it."""

    version: Annotated[int, Field(ge=1)]
    feed_silent_after_seconds: Annotated[int, Field(ge=5, le=3600)]
    acknowledge_within_seconds: dict[Annotated[int, Field(ge=1, le=5)], Seconds]
    acknowledgement_lasts_seconds: dict[Urgency, Seconds] = Field(
        default_factory=lambda: {1: 600, 2: 1800, 3: 3600, 4: 28_800, 5: 172_800}
    )
    """How long an acknowledgement or a claim is believed without an answer; then the alert sounds
    again [assumption].
    """
    claim_grace_seconds: Annotated[int, Field(ge=0, le=600)] = 20
    """Before another person may take over what somebody has claimed [assumption]."""
    longest_shelf_seconds: dict[Urgency, Seconds] = Field(
        default_factory=lambda: {2: 900, 3: 3600, 4: 28_800, 5: 86_400}
    )
    """The longest time on the shelf by urgency; never for 1 [assumption]."""
    escalation: dict[Urgency, Ladder] = Field(default_factory=lambda: dict(ESCALATION))
    """By urgency: seconds without an acknowledgement until each level has it (domain reference,
    section 7 [A]).
    """
    limits: dict[RuleId, dict[str, Annotated[int, Field(ge=0)]]] = Field(default_factory=dict)
    """By rule and limit, in the unit of the catalogue."""
    largest_crisis_incidents: Annotated[int, Field(ge=20, le=1000)] = 200
    """A crisis with so many incidents takes no further ones by place alone; its alerts say so
    [assumption].
    """
    largest_crisis_events: Annotated[int, Field(ge=200, le=20_000)] = 2000
    """The same for the events of its incidents [assumption]."""
    busy_place_incidents_a_day: Annotated[int, Field(ge=2, le=1000)] = 10
    """At a place that has so many, place and time alone join no incidents [assumption]."""
    busy_place_half_life_days: Annotated[int, Field(ge=1, le=90)] = 7
    """After how many days an incident counts half in them [assumption]."""
    switched_off: dict[RuleId, Annotated[str, Field(min_length=3, max_length=300)]] = Field(
        default_factory=dict
    )
    """Rules that are not run here, each with the reason."""
    regimes: dict[Regime, date | None] = Field(default_factory=dict)
    """First day of a change of the law, in London; without one it is not in force."""

    @model_validator(mode="after")
    def _within_law_and_standards(self) -> Self:
        if set(self.acknowledge_within_seconds) != {1, 2, 3, 4, 5}:
            raise ValueError(
                "acknowledge_within_seconds needs a limit for each urgency from 1 to 5"
            )
        if set(self.acknowledgement_lasts_seconds) != {1, 2, 3, 4, 5}:
            raise ValueError(
                "acknowledgement_lasts_seconds needs a time for each urgency from 1 to 5"
            )
        if set(self.escalation) != {1, 2, 3, 4, 5}:
            raise ValueError("escalation needs a ladder for each urgency from 1 to 5")
        # a life at risk is not put aside
        if 1 in self.longest_shelf_seconds:
            raise ValueError(
                "longest_shelf_seconds names urgency 1; a P1 is never shelved, remove it"
            )
        for urgency, ladder in self.escalation.items():
            check_ladder(f"escalation of urgency {urgency}", ladder)
        for rule, named in self.limits.items():
            for name, value in named.items():
                _check(rule, name, value)
        for rule in self.switched_off:
            _check_switched_off(rule)
        for document in CATALOGUE.values():
            self._check_order(document)
        return self

    def _check_order(self, document: RuleDocument) -> None:
        """Raises ValueError where a limit is longer than the one that it leads up to."""
        for name, limit in document.limits.items():
            longest = limit.not_longer_than
            if longest is None:
                continue
            # a warning after the limit it warns of would never be seen
            if self.number(document.id, name) > self.number(document.id, longest):
                raise ValueError(f"{document.id} {name} is longer than its {longest}; shorten it")

    def number(self, rule: str, name: str) -> int:
        """The limit of a rule in its own unit. KeyError for one that does not exist."""
        changed = self.limits.get(rule)
        if changed is not None and name in changed:
            return changed[name]
        return CATALOGUE[rule].limits[name].value

    def limit(self, rule: str, name: str) -> timedelta:
        """The limit of a rule that is a time."""
        changed = self.limits.get(rule)
        if changed is not None and name in changed:
            return as_time(CATALOGUE[rule].limits[name], changed[name])
        return _shipped_time(rule, name)

    def acknowledge_within(self, urgency: int) -> timedelta:
        """How long a desk has to acknowledge."""
        return timedelta(seconds=self.acknowledge_within_seconds[urgency])

    def acknowledgement_lasts(self, urgency: int) -> timedelta:
        """How long an acknowledgement is believed."""
        return timedelta(seconds=self.acknowledgement_lasts_seconds[urgency])

    def ladder(self, rule: str, urgency: int) -> tuple[tuple[Level, timedelta], ...]:
        """The rungs for an alert of the rule: the rule's own where its document has some, else the
        urgency's.
        """
        of_rule = None
        if rule in CATALOGUE:
            of_rule = CATALOGUE[rule].ladder
        return ladder_of(of_rule or self.escalation[urgency])

    def terms(self) -> Terms:
        """What commands are bound by."""
        longest = {
            urgency: timedelta(seconds=seconds)
            for urgency, seconds in self.longest_shelf_seconds.items()
        }
        return Terms(timedelta(seconds=self.claim_grace_seconds), longest)

    @property
    def feed_silent_after(self) -> timedelta:
        """How long a feed's silence is believed."""
        return timedelta(seconds=self.feed_silent_after_seconds)

    def runs(self, rule: str, at: datetime) -> bool:
        """Whether the rule is in force at the instant."""
        return rule not in self.switched_off and CATALOGUE[rule].effective_on(
            at.astimezone(LONDON).date()
        )

    def regime_begins(self, name: Regime) -> datetime | None:
        """The first instant of a change of the law; None while it is not in force."""
        day = self.regimes.get(name)
        if day is None:
            return None
        return datetime(day.year, day.month, day.day, tzinfo=LONDON)

    def regime(self, name: Regime, at: datetime) -> bool:
        """Whether the change of the law is in force at the instant."""
        since = self.regimes.get(name)
        return since is not None and at.astimezone(LONDON).date() >= since


# The rules ask for the same limits with every event. What is kept hangs on the catalogue alone,
# which does not change while the program runs; it has fewer limits than are kept.
@lru_cache(1024)
def _shipped_time(rule: str, name: str) -> timedelta:
    limit = CATALOGUE[rule].limits[name]
    return as_time(limit, limit.value)


def _check(rule: str, name: str, value: int) -> None:
    if rule not in CATALOGUE:
        raise ValueError(f"limits names {rule}, which is not in the catalogue; see `liaison rules`")
    if name not in CATALOGUE[rule].limits:
        has = ", ".join(CATALOGUE[rule].limits) or "none"
        raise ValueError(
            f"limits of {rule} names {name}, which the rule does not have; it has: {has}"
        )
    limit = CATALOGUE[rule].limits[name]
    if value < limit.least:
        raise ValueError(f"{rule} {name} must be {limit.least} or more: {limit.says}")
    # whoever runs this may be stricter than the law, never laxer
    if limit.basis != "assumption" and _looser(limit, value):
        kind = "national standard"
        if limit.basis == "legal":
            kind = "limit of law"
        at_most = "or more"
        if limit.looser == "higher":
            at_most = "or less"
        raise ValueError(
            f"{rule} {name} is a {kind} ({limit.says}) and cannot be loosened; set {limit.value} {at_most}"
        )


def _check_switched_off(rule: str) -> None:
    if rule not in CATALOGUE:
        raise ValueError(
            f"switched_off names {rule}, which is not in the catalogue; see `liaison rules`"
        )
    if CATALOGUE[rule].always_on:
        raise ValueError(f"{rule} cannot be switched off; remove it from switched_off")


def _looser(limit: Limit, value: int) -> bool:
    if limit.looser == "higher":
        return value > limit.value
    return value < limit.value


def load_policy(path: Path | None = None) -> Policy:
    """The policy in the file, or the shipped one. Raises PolicyError naming file, place and remedy."""
    name = "policy.yaml (shipped)"
    if path:
        name = str(path)
    try:
        text = (path or resources.files("services.liaison") / "policy.yaml").read_text(
            encoding="utf-8"
        )
        return Policy.model_validate(load(text))
    except OSError as error:
        raise PolicyError(f"{name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PolicyError(f"{name} is not in UTF-8; save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise PolicyError(f"{name} is not YAML: {error}") from error
    except ValidationError as error:
        raise PolicyError(*(f"{name} at {fault}" for fault in _said(error))) from error


def _said(error: ValidationError) -> list[str]:
    """Each fault with its place."""
    return [
        "/"
        + "/".join(str(part) for part in fault["loc"])
        + f": {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors()
    ]
