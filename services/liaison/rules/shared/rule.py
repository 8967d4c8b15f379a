"""What a rule is: its reviewed document and one pure function over a crisis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from services.liaison.catalogue import CATALOGUE, CatalogueError, RuleDocument, in_words
from services.liaison.crisis.facts import Crisis
from services.liaison.finding import DeskRole, Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.words import told_on
from services.liaison.time.spans import open_end

Condition = Callable[[Crisis, Policy], Iterator[Finding]]


# by identity: there is one of each
@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule of the catalogue."""

    document: RuleDocument
    condition: Condition | None
    """None for a rule that is not over a crisis (R30)."""

    @property
    def id(self) -> str:
        """E.g. R01."""
        return self.document.id

    @property
    def version(self) -> int:
        """Counted up when what people reviewed changes."""
        return self.document.version

    @property
    def title(self) -> str:
        """What is wrong, for the screen."""
        return self.document.title

    @property
    def awaits(self) -> str:
        """What its clock waits for, for the screen."""
        return self.document.awaits or self.document.title

    @property
    def urgency(self) -> int:
        """1 to 5, unless the finding says otherwise."""
        return self.document.urgency

    @property
    def recipients(self) -> tuple[DeskRole, ...]:
        """Roles of desks."""
        return self.document.recipients

    def finds(
        self,
        policy: Policy,
        *,
        anchor: tuple[str, str],
        holds: tuple[datetime, datetime],
        reason: str,
        evidence: tuple[Evidence, ...],
        urgency: int | None = None,
        moment: str | None = None,
        moments: Mapping[str, str] | None = None,
        headlines: Mapping[DeskRole, str] | None = None,
        **more: Any,
    ) -> Finding:
        """A finding of this rule over the stretch of time `holds` (its end FOREVER: open), with
        what the document says filled in. `moment` is one of the document's `next_step_when`;
        `moments` are others for the desks of the agencies that are named, whose duty is another;
        `headlines` say what is wrong for a desk of each role.
        `more` are further fields of Finding.

        Instants in its sentences are told as on the day on which it begins to hold: of another day
        with their date.
        """
        document = self.document
        urgent = document.urgency
        # nought is no urgency, so `or` would do; it is written out because 1 is the most
        # urgent
        if urgency is not None:
            urgent = urgency
        recipients = more.pop("recipients", document.recipients)
        steps = _steps(self, moment, recipients)
        steps_of: tuple[tuple[str, DeskRole, str], ...] = ()
        if moments:
            steps_of = tuple(
                (agency, role, sentence)
                for agency, own_moment in sorted(moments.items())
                for role, sentence in _steps(self, own_moment, recipients)
            )
        more.setdefault("title", document.title)
        began = holds[0]
        if headlines:
            more["headlines"] = tuple(
                (role, told_on(sentence, began)) for role, sentence in sorted(headlines.items())
            )
        return Finding(
            rule=document.id,
            anchor=anchor,
            holds_from=began,
            until=open_end(holds[1]),
            urgency=urgent,
            reason=told_on(reason, began),
            next_step=in_words(steps, steps_of),
            steps=steps,
            steps_of=steps_of,
            recipients=recipients,
            evidence=tuple(
                [
                    Evidence(told_on(item.statement, began), item.at, item.event, item.tells)
                    for item in evidence
                ]
            ),
            acknowledge_within=policy.acknowledge_within(urgent),
            **more,
        )

    def limit(self, policy: Policy, name: str) -> timedelta:
        """A limit of this rule in seconds, as the policy has it."""
        return policy.limit(self.document.id, name)

    def number(self, policy: Policy, name: str) -> int:
        """A limit of this rule in its own unit, as the policy has it."""
        return policy.number(self.document.id, name)


# of few moments and recipients, and asked for with each finding
@lru_cache(4096)
def _steps(
    rule: Rule, moment: str | None, recipients: tuple[DeskRole, ...]
) -> tuple[tuple[DeskRole, str], ...]:
    return rule.document.steps(moment, recipients)


def rule(module: str, condition: Condition | None) -> Rule:
    """The rule whose module this is: `r01_emergency` holds the condition of R01. Raises
    CatalogueError where the catalogue has no document of it."""
    name = module.rpartition(".")[2]
    document = CATALOGUE.get(name[:3].upper())
    if document is None:
        raise CatalogueError(
            f"{name}.py is the module of no rule; name it after a rule of the catalogue, e.g. r01_emergency.py"
        )
    return Rule(document, condition)
