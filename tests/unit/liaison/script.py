"""A crisis told event by event, as the agencies would report it, and what the rules make of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.codes import AgencyKind
from schemas.envelope import decode
from schemas.events import TYPE_PREFIX
from schemas.received import Received
from services.identity.person import IdentityDecision, PersonOnFile
from services.identity.register import fold_local, people_of
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.fold import fold
from services.liaison.evaluate import evaluate
from services.liaison.finding import Evaluation, Finding, Standing
from services.liaison.policy import load_policy
from tests.own_registry import own_registry

START = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
REGISTRY, POLICY = own_registry(), load_policy()

POLICE, AMBULANCE, TRUST = "met-cad", "las-cad", "slam-ehr"
_REFERENCE = {POLICE: "CAD-1", AMBULANCE: "LAS-1"}


def minute(minutes: float) -> datetime:
    """So many minutes after the crisis began."""
    return START + timedelta(minutes=minutes)


def event(
    feed: str,
    kind: str,
    at: datetime,
    event_id: str,
    data: Mapping[str, Any],
    received_at: datetime | None = None,
) -> Received:
    """One event as intake hands it on, received at the instant it happened unless another is given."""
    agency, described = REGISTRY.feeds_by_id[feed]
    document = {
        "specversion": "1.0",
        "id": event_id,
        "source": described.sources[0],
        "type": f"{TYPE_PREFIX}{kind}.v1",
        "time": at.isoformat(),
        "data": dict(data),
    }
    return Received(
        decode(json.dumps(document).encode()), agency.id, agency.kind, feed, received_at or at
    )


@dataclass
class Script:
    """What was said so far. Each agency has one incident unless another is named."""

    events: list[Received] = field(default_factory=list)
    register: list[Received] = field(default_factory=list)
    person: PersonOnFile | None = None

    def say(self, feed: str, kind: str, at: float, /, **data: Any) -> Script:
        """An agency says something of its incident, `at` minutes after the beginning."""
        named = (
            {"incident": _REFERENCE[feed]} if feed in _REFERENCE and "incident" not in data else {}
        )
        if kind.startswith("event."):
            named = {}
        identity = data.pop("event_id", f"e{len(self.events) + 1}")
        self.events.append(event(feed, kind, minute(at), identity, named | data))
        return self

    def police(self, kind: str, at: float, /, **data: Any) -> Script:
        """The police say something of their incident."""
        return self.say(POLICE, kind, at, **data)

    def ambulance(self, kind: str, at: float, /, **data: Any) -> Script:
        """The ambulance service says something of its incident."""
        return self.say(AMBULANCE, kind, at, **data)

    def on_file(self, kind: str, at: datetime, /, **data: Any) -> Script:
        """The trust says something of the person P-1 on its file; the incident is about that person."""
        statement = event(
            TRUST, kind, at, f"r{len(self.register) + 1}", {"local_person": "P-1"} | data
        )
        self.register.append(statement)
        record = fold_local(statement.agency, "P-1", self.register)
        (self.person,) = people_of([record]).values()
        return self

    def copy(self) -> Script:
        """The same so far; what is said to one is not said to the other."""
        return replace(self, events=list(self.events), register=list(self.register))

    def crisis(self, identity: IdentityDecision | None = None) -> Crisis:
        """The crisis these events make."""
        return fold("crisis", "southwark", self.events, self.person, identity)

    def evaluation(
        self,
        at: float,
        last_heard: Mapping[str, datetime] | None = None,
        services: Mapping[AgencyKind, tuple[str, ...]] | None = None,
    ) -> Evaluation:
        """What stands `at` minutes after the beginning, all feeds being well where nothing else is said."""
        now = minute(at)
        well = dict.fromkeys(REGISTRY.agencies_by_id, now)
        return evaluate(
            self.crisis(), now, well if last_heard is None else last_heard, POLICY, services or {}
        )

    def standing(self, rule: str, at: float) -> list[Standing]:
        """The findings of a rule that stand then."""
        return [
            standing for standing in self.evaluation(at).standing if standing.finding.rule == rule
        ]

    def stands(self, rule: str, at: float) -> bool:
        """Whether the rule's alert stands `at` minutes after the beginning."""
        return bool(self.standing(rule, at))

    def finding(self, rule: str, at: float) -> Finding:
        """The one finding of the rule that stands then."""
        (finding,) = self.standing(rule, at)
        return finding.finding


def limit(rule: str, name: str) -> float:
    """A limit of a rule, in minutes."""
    return POLICY.limit(rule, name) / timedelta(minutes=1)


SECOND = 1 / 60
"""One second, in minutes."""
