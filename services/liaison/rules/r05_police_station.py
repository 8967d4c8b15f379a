"""R05: a police station as place of safety: for an adult on strict conditions, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.crisis.records import Custody, CustodyReview
from services.liaison.finding import EVERY_FEED, Evidence, Finding
from services.liaison.policy import Policy, Regime
from services.liaison.rules.shared.age import age_at
from services.liaison.rules.shared.police_station import custodies_of, on_the_way, there
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.stages import Stage, over_time
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER, Spans, both, held_for, since, spans, without

SECTION_48: Regime = "mental-health-act-2025-s48"


_CONDITIONS = (
    ("inspector_authority", "the authority of an inspector or above"),
    ("imminent_risk", "imminent risk of serious injury or death"),
    ("no_other_place", "that no other place of safety can be expected to take the person"),
    ("health_professional_available", "that a health-care professional is available"),
)


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R05: not under the conditions of SI 2017/1036, or at all once section 48 of the Act of 2025
    is in force.
    """
    never = since(policy.regime_begins(SECTION_48))
    for detention in crisis.detentions:
        if age_at(crisis, detention.detained.at, policy) == "under-18":
            continue
        for mark, end in (*on_the_way(detention), *there(crisis, detention)):
            for stretch in both(spans([(mark.at, end)]), never):
                yield RULE.finds(
                    policy,
                    anchor=detention.detained.event,
                    holds=stretch,
                    stage="never",
                    reason="A police station may no longer be used as a place of safety "
                    f"(Mental Health Act 2025 s48); this person's is one since {clock(mark.at)}.",
                    evidence=(_station(mark),),
                    act_by=stretch[0],
                    moment="never",
                )
        for mark, end in there(crisis, detention):
            allowed = without(spans([(mark.at, end)]), never)
            yield from _conditions(crisis, policy, detention, mark, allowed)
            yield from _checks(crisis, policy, detention, mark, allowed)
            yield from _reviews(crisis, policy, detention, mark, allowed)


def _station(mark: Mark) -> Evidence:
    return Evidence(
        f"Police station as place of safety since {clock(mark.at)}", mark.at, mark.event
    )


def _relies(detention: Detention, custodies: list[Custody]) -> tuple[str, ...]:
    return tuple(
        sorted(
            {
                f"{detention.agency}{EVERY_FEED}",
                *(f"{custody.key[0]}{EVERY_FEED}" for custody in custodies),
            }
        )
    )


def _conditions(
    crisis: Crisis, policy: Policy, detention: Detention, mark: Mark, allowed: Spans
) -> Iterator[Finding]:
    custodies = custodies_of(crisis, detention)
    reviews = sorted(
        (
            review
            for custody in custodies
            for review in custody.reviews
            if review.mark.at >= detention.detained.at
        ),
        key=lambda review: review.mark,
    )
    health_checks = [
        check.at
        for custody in custodies
        for check, _ in custody.health_checks
        if check.at >= mark.at
    ]
    due = mark.at + RULE.limit(policy, "conditions_recorded_within")

    def at(instant: datetime) -> Stage | None:
        stated = _stated(tuple(review for review in reviews if review.mark.at <= instant))
        if (
            any(seen_at <= instant for seen_at in health_checks)
            and stated["health_professional_available"] is None
        ):
            stated["health_professional_available"] = True
        denied = [words for name, words in _CONDITIONS if stated[name] is False]
        missing = (
            [words for name, words in _CONDITIONS if stated[name] is None] if instant >= due else []
        )
        if not denied and not missing:
            return None
        sentences = [f"Recorded as not so: {'; '.join(denied)}."] if denied else []
        sentences += [f"Not recorded: {'; '.join(missing)}."] if missing else []
        if not custodies:
            sentences.append("No custody record is linked.")
        return Stage(
            "conditions-denied" if denied else "conditions", RULE.urgency, " ".join(sentences)
        )

    changes = (due, *(review.mark.at for review in reviews), *health_checks)
    for begin, end in allowed:
        for stretch, stage in over_time(changes, begin, end, at):
            yield RULE.finds(
                policy,
                anchor=detention.detained.event,
                holds=stretch,
                stage=stage.name,
                reason=f"A police station is the place of safety since {clock(mark.at)}. {stage.sentence}",
                evidence=(_station(mark),),
                act_by=due,
                relies_on=_relies(detention, custodies),
            )


def _stated(reviews: tuple[CustodyReview, ...]) -> dict[str, bool | None]:
    """Of each condition the last that was stated."""
    stated: dict[str, bool | None] = dict.fromkeys(name for name, _ in _CONDITIONS)
    for review in reviews:
        for name, before in stated.items():
            value = getattr(review, name)
            stated[name] = before if value is None else value
    return stated


def _checks(
    crisis: Crisis, policy: Policy, detention: Detention, mark: Mark, allowed: Spans
) -> Iterator[Finding]:
    custodies = custodies_of(crisis, detention)
    within, warn = (
        RULE.limit(policy, name) for name in ("health_check_within", "health_check_warning")
    )
    done = sorted(
        check for custody in custodies for check, _ in custody.health_checks if check.at > mark.at
    )
    for last, following in pairwise((mark, *done, None)):
        if last is None:
            continue
        gap = both(spans([(last.at, FOREVER if following is None else following.at)]), allowed)
        overdue = both(gap, since(last.at + within))
        for stage, stretches in (
            ("due", without(both(gap, since(last.at + warn)), overdue)),
            ("overdue", overdue),
        ):
            for stretch in stretches:
                last_event = (
                    "seen by a health-care professional"
                    if last is not mark
                    else "at the police station"
                )
                yield RULE.finds(
                    policy,
                    anchor=(last.source, f"{last.id}#health-check"),
                    holds=stretch,
                    stage=stage,
                    title="Half-hourly health check is due"
                    if stage == "due"
                    else "Half-hourly health check is overdue",
                    reason=f"Last {last_event} at {clock(last.at)}; at a police station the next check is due within "
                    f"{duration(within)}, at {clock(last.at + within)}.",
                    evidence=(_station(mark),),
                    act_by=last.at + within,
                    recipients=("custody",) if stage == "due" else RULE.recipients,
                    moment="health-check",
                    relies_on=_relies(detention, custodies),
                )


def _reviews(
    crisis: Crisis, policy: Policy, detention: Detention, mark: Mark, allowed: Spans
) -> Iterator[Finding]:
    custodies = custodies_of(crisis, detention)
    hourly, asleep = (
        RULE.limit(policy, name) for name in ("review_within", "review_asleep_within")
    )
    reviews = sorted(
        (review for custody in custodies for review in custody.reviews if review.mark.at > mark.at),
        key=lambda review: review.mark,
    )
    risks = sorted(
        (assessment for custody in custodies for assessment in custody.risk_assessments),
        key=lambda assessment: assessment.mark,
    )
    for last, following in pairwise((None, *reviews, None) if reviews else (None, None)):
        began = mark if last is None else last.mark
        risks_before = [
            risk.self_harm_risk
            for risk in risks
            if risk.mark.at <= began.at and risk.self_harm_risk is not None
        ]
        sleeping = last is not None and last.asleep and not (risks_before and risks_before[-1])
        within = asleep if sleeping else hourly
        gap = both(
            spans([(began.at, FOREVER if following is None else following.mark.at)]), allowed
        )
        for stretch in held_for(gap, within):
            yield RULE.finds(
                policy,
                anchor=(began.source, f"{began.id}#review"),
                holds=stretch,
                stage="review-overdue",
                title="Custody review is overdue",
                reason=f"No custody officer's review since {clock(began.at)}; it was due within {duration(within)}.",
                evidence=(_station(mark),),
                act_by=began.at + within,
                recipients=("custody", "police-control"),
                moment="review",
                relies_on=_relies(detention, custodies),
            )


RULE = rule(__name__, condition)
