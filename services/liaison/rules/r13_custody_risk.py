"""R13: a mental-health history is seen in custody: by the risk assessment, and by a health
professional.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.codes import CrisisIndicator
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import Custody, RiskAssessment
from services.liaison.finding import DeskRole, Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.custody_record import SUICIDE, arrived_at, over_at, recipients_of
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER, held_for, spans

_MOMENTS = {"not-assessed": None, "contradicted": "contradicted", "not-seen": "not-seen"}
"""The moment for the next step, by stage."""


def _history(crisis: Crisis, custody: Custody, policy: Policy) -> tuple[str, datetime] | None:
    """What speaks of a mental-health history, and since when it does: a care pathway open at
    arrival or closed not long before it, or a sign since."""
    arrived = arrived_at(custody)
    if crisis.open_pathways(arrived.at):
        return "open to a mental-health trust", arrived.at
    ended = (
        [pathway.closed_at for pathway in crisis.person.pathways if pathway.closed_at]
        if crisis.person is not None
        else []
    )
    if any(
        timedelta(0) <= arrived.at - closed_at <= RULE.limit(policy, "closed_pathway_counts")
        for closed_at in ended
    ):
        return "lately under a mental-health trust", arrived.at
    signs = [
        indicator
        for indicator in crisis.indicators
        if indicator.event is not None and indicator.kind is not CrisisIndicator.RESTRAINT
    ]
    if signs:
        first = min(signs, key=lambda sign: sign.at)
        return f"sign of a crisis before: {first.kind.value}", max(first.at, arrived.at)
    return None


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


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R13: history, and no risk assessment in time; or one whose answers contradict it; or no
    health professional.
    """
    for custody in crisis.custodies:
        history = _history(crisis, custody, policy)
        if history is None:
            continue
        arrived, over = arrived_at(custody), over_at(custody)
        history_words, since = history
        roles, trusts = recipients_of(crisis, arrived.at)
        began = (
            Evidence(f"Arrived in custody at {clock(arrived.at)}", arrived.at, arrived.event),
            Evidence(f"Mental-health history: {history_words}", since),
        )

        def found(
            stage: str,
            holds: tuple[datetime, datetime],
            reason: str,
            more: tuple[Evidence, ...] = (),
            custody: Custody = custody,
            began: tuple[Evidence, ...] = began,
            roles: tuple[DeskRole, ...] = roles,
            trusts: tuple[str, ...] = trusts,
        ) -> Finding:
            return RULE.finds(
                policy,
                anchor=custody.opened.event,
                holds=holds,
                reason=reason,
                evidence=(*began, *more),
                stage=stage,
                recipients=roles,
                agencies=(custody.key[0], *trusts),
                relies_on=(custody.key[0],),
                moment=_MOMENTS[stage],
                act_by=holds[0],
            )

        assessed = min(
            (assessment.mark.at for assessment in custody.risk_assessments), default=FOREVER
        )
        within = RULE.limit(policy, "assessed_within")
        for _, end in held_for(spans([(arrived.at, min(assessed, over))]), within):
            start = max(arrived.at + within, since)
            if start < end:
                yield found(
                    "not-assessed",
                    (start, end),
                    f"In custody since {clock(arrived.at)} with a mental-health history; no risk assessment in "
                    f"{duration(within)}.",
                )
        for number, risk in enumerate(custody.risk_assessments):
            following = custody.risk_assessments[number + 1 :]
            # a health professional who has been there since has seen for themselves
            after = min(
                (mark.at for mark, _ in custody.health_checks if mark.at > risk.mark.at),
                default=FOREVER,
            )
            end = min(over, following[0].mark.at if following else FOREVER, after)
            for denied, start, words in _denied(crisis, risk, since):
                if start < end:
                    yield found(
                        "contradicted",
                        (start, end),
                        f"The risk assessment of {clock(risk.mark.at)} says {words}; the record says otherwise.",
                        (
                            Evidence(
                                f"Risk assessment at {clock(risk.mark.at)}: {denied}",
                                risk.mark.at,
                                risk.mark.event,
                            ),
                        ),
                    )
                    break
        health_check = min((mark.at for mark, _ in custody.health_checks), default=FOREVER)
        within = RULE.limit(policy, "health_professional_within")
        for _, end in held_for(spans([(arrived.at, min(health_check, over))]), within):
            start = max(arrived.at + within, since)
            if start < end:
                yield found(
                    "not-seen",
                    (start, end),
                    f"In custody since {clock(arrived.at)} with a mental-health history; seen by no health "
                    f"professional in {duration(within)}.",
                )


RULE = rule(__name__, condition)
