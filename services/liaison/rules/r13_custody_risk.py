"""R13: a mental-health history is seen in custody: by the risk assessment, and by a health
professional.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.codes import CrisisIndicator
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import Custody, RiskAssessment
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.custody_record import SUICIDE, arrived_at, over_at, recipients_of
from services.liaison.rules.shared.in_turn import in_turn
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.signs import INDICATOR_TELLS, INDICATOR_WORDS
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER, held_for, spans

# The moment for the next step, by stage.
_MOMENTS = {"not-assessed": None, "contradicted": "contradicted", "not-seen": "not-seen"}

_IN_CARE = frozenset({"known-to-services"})


@dataclass(frozen=True, slots=True)
class _History:
    """What speaks of a mental-health history, and since when it does."""

    words: str
    since: datetime
    tells: frozenset[str]
    """Items of the disclosure matrix that the words are part of."""


def _history(crisis: Crisis, custody: Custody, policy: Policy) -> _History | None:
    """A care pathway open at arrival or closed not long before it, or a sign since."""
    arrived = arrived_at(custody)
    # care that is open weighs more than any sign: somebody knows this person
    if crisis.open_pathways(arrived.at):
        return _History("open to a mental-health trust", arrived.at, _IN_CARE)
    if _lately_in_care(crisis, arrived.at, RULE.limit(policy, "closed_pathway_counts")):
        return _History("lately under a mental-health trust", arrived.at, _IN_CARE)
    signs = [
        indicator
        for indicator in crisis.indicators
        if indicator.event is not None and indicator.kind is not CrisisIndicator.RESTRAINT
    ]
    if signs:
        first = min(signs, key=lambda sign: sign.at)
        return _History(
            f"sign of a crisis before: {INDICATOR_WORDS[first.kind]}",
            max(first.at, arrived.at),
            INDICATOR_TELLS[first.kind],
        )
    return None


def _lately_in_care(crisis: Crisis, at: datetime, lately: timedelta) -> bool:
    if crisis.person is None:
        return False
    ends = [pathway.closed_at for pathway in crisis.person.pathways if pathway.closed_at]
    return any(timedelta(0) <= at - ended_at <= lately for ended_at in ends)


def _denied(
    crisis: Crisis, assessment: RiskAssessment, since: datetime
) -> Iterator[tuple[str, datetime, str]]:
    """What the assessment says there is not, and the record says there is; and from when it
    contradicts it.
    """
    if assessment.mental_health_disclosed is False:
        yield "none disclosed", max(assessment.mark.at, since), "no mental-health history"
    suicidal = min(
        (indicator.at for indicator in crisis.indicators if indicator.kind in SUICIDE), default=None
    )
    if assessment.self_harm_risk is False and suicidal is not None:
        yield "no risk of self-harm", max(assessment.mark.at, suicidal), "no risk of self-harm"


@dataclass(frozen=True, slots=True)
class _Case:
    """One custody of somebody with a mental-health history."""

    crisis: Crisis
    policy: Policy
    custody: Custody
    history: _History

    def finding(
        self,
        stage: str,
        holds: tuple[datetime, datetime],
        reason: str,
        more: tuple[Evidence, ...] = (),
    ) -> Finding:
        """What is wrong with it, for custody and the trust that knows the person."""
        arrived = arrived_at(self.custody)
        roles, trusts = recipients_of(self.crisis, arrived.at)
        return RULE.finds(
            self.policy,
            anchor=self.custody.opened.event,
            holds=holds,
            reason=reason,
            evidence=(
                Evidence(f"Arrived in custody at {clock(arrived.at)}", arrived.at, arrived.event),
                Evidence(
                    f"Mental-health history: {self.history.words}",
                    self.history.since,
                    tells=self.history.tells,
                ),
                *more,
            ),
            stage=stage,
            recipients=roles,
            agencies=(self.custody.key[0], *trusts),
            relies_on=(self.custody.key[0],),
            moment=_MOMENTS[stage],
            act_by=holds[0],
        )

    def waited(self, until: datetime, within: timedelta) -> Iterator[tuple[datetime, datetime]]:
        """When the limit had passed since the arrival, and the history was known."""
        arrived = arrived_at(self.custody).at
        over = min(until, over_at(self.custody))
        for _, end in held_for(spans([(arrived, over)]), within):
            # a history that is learnt late makes nothing late in hindsight
            start = max(arrived + within, self.history.since)
            if start < end:
                yield start, end


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R13: history, and no risk assessment in time; or one whose answers contradict it; or no
    health professional.
    """
    for custody in crisis.custodies:
        history = _history(crisis, custody, policy)
        if history is not None:
            case = _Case(crisis, policy, custody, history)
            yield from _not_assessed(case)
            yield from _contradicted(case)
            yield from _not_seen(case)


def _not_assessed(case: _Case) -> Iterator[Finding]:
    assessments = (assessment.mark.at for assessment in case.custody.risk_assessments)
    within = RULE.limit(case.policy, "assessed_within")
    for stretch in case.waited(min(assessments, default=FOREVER), within):
        yield case.finding(
            "not-assessed",
            stretch,
            f"In custody since {clock(arrived_at(case.custody).at)} with a mental-health history; no risk assessment in "
            f"{duration(within)}.",
        )


def _contradicted(case: _Case) -> Iterator[Finding]:
    custody = case.custody
    for risk, following in in_turn(custody.risk_assessments):
        assessed = risk.mark
        # a health professional who has been there since has seen for themselves
        checks = (mark.at for mark, _ in custody.health_checks if mark.at > assessed.at)
        end = min(over_at(custody), min(checks, default=FOREVER))
        if following is not None:
            end = min(end, following.mark.at)
        for denied, start, words in _denied(case.crisis, risk, case.history.since):
            if start < end:
                said_no = f"Risk assessment at {clock(assessed.at)}: {denied}"
                yield case.finding(
                    "contradicted",
                    (start, end),
                    f"The risk assessment of {clock(assessed.at)} says {words}; the record says otherwise.",
                    (Evidence(said_no, assessed.at, assessed.event),),
                )
                # one assessment is put right once, whatever else it denies
                break


def _not_seen(case: _Case) -> Iterator[Finding]:
    checks = (mark.at for mark, _ in case.custody.health_checks)
    within = RULE.limit(case.policy, "health_professional_within")
    for stretch in case.waited(min(checks, default=FOREVER), within):
        yield case.finding(
            "not-seen",
            stretch,
            f"In custody since {clock(arrived_at(case.custody).at)} with a mental-health history; seen by no health "
            f"professional in {duration(within)}.",
        )


RULE = rule(__name__, condition)
