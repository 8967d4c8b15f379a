"""R05: a police station as place of safety: for an adult on strict conditions, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, Detention, end_of
from services.liaison.crisis.records import Custody, CustodyReview, RiskAssessment
from services.liaison.finding import EVERY_FEED, DeskRole, Evidence, Finding
from services.liaison.policy import Policy, Regime
from services.liaison.rules.shared.age import age_at
from services.liaison.rules.shared.in_turn import in_turn
from services.liaison.rules.shared.police_station import custodies_of, on_the_way, there
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.stages import Stage, over_time
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import Spans, both, held_for, since, spans, without

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
        # for a child it is never lawful (s136A(1)), and R06 says so at once
        if age_at(crisis, detention.detained.at, policy) == "under-18":
            continue
        # once section 48 is in force the journey is unlawful already, not only the stay
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
        # as it was known at the instant: a review that is written later excuses nothing
        # before it
        stated = _stated(tuple(review for review in reviews if review.mark.at <= instant))
        was_seen = any(seen_at <= instant for seen_at in health_checks)
        # a professional who has seen the person was available, whether or not anybody ticked it
        if was_seen and stated["health_professional_available"] is None:
            stated["health_professional_available"] = True
        return _stage(stated, is_due=instant >= due, has_record=bool(custodies))

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


def _stage(stated: dict[str, bool | None], *, is_due: bool, has_record: bool) -> Stage | None:
    denied = [words for name, words in _CONDITIONS if stated[name] is False]
    # what is not recorded is missing only after there was time to record it; what is recorded as
    # not so is wrong at once
    missing = [words for name, words in _CONDITIONS if is_due and stated[name] is None]
    if not denied and not missing:
        return None
    name = "conditions"
    sentences = []
    if denied:
        name = "conditions-denied"
        sentences.append(f"Recorded as not so: {'; '.join(denied)}.")
    if missing:
        sentences.append(f"Not recorded: {'; '.join(missing)}.")
    if not has_record:
        sentences.append("No custody record is linked.")
    return Stage(name, RULE.urgency, " ".join(sentences))


def _stated(reviews: tuple[CustodyReview, ...]) -> dict[str, bool | None]:
    """Of each condition the last that was stated."""
    stated: dict[str, bool | None] = dict.fromkeys(name for name, _ in _CONDITIONS)
    for review in reviews:
        for name, before in stated.items():
            value = getattr(review, name)
            # a review that is silent about a condition takes nothing back
            if value is None:
                value = before
            stated[name] = value
    return stated


def _checks(
    crisis: Crisis, policy: Policy, detention: Detention, mark: Mark, allowed: Spans
) -> Iterator[Finding]:
    custodies = custodies_of(crisis, detention)
    within, warn = (
        RULE.limit(policy, name) for name in ("health_check_within", "health_check_warning")
    )
    # SI 2017/1036 reg 4: a health professional at least every thirty minutes, from the arrival
    # on
    done = sorted(
        check for custody in custodies for check, _ in custody.health_checks if check.at > mark.at
    )
    overdue_roles = RULE.recipients
    due_roles: tuple[DeskRole, ...] = ("custody",)
    for last, following in in_turn((mark, *done)):
        gap = both(spans([(last.at, end_of(following))]), allowed)
        overdue = both(gap, since(last.at + within))
        due = without(both(gap, since(last.at + warn)), overdue)
        last_event = "at the police station"
        if last is not mark:
            last_event = "seen by a health-care professional"
        for stage, stretches, recipients in (
            ("due", due, due_roles),
            ("overdue", overdue, overdue_roles),
        ):
            for stretch in stretches:
                yield RULE.finds(
                    policy,
                    anchor=(last.source, f"{last.id}#health-check"),
                    holds=stretch,
                    stage=stage,
                    title=f"Half-hourly health check is {stage}",
                    reason=f"Last {last_event} at {clock(last.at)}; at a police station the next check is due within "
                    f"{duration(within)}, at {clock(last.at + within)}.",
                    evidence=(_station(mark),),
                    act_by=last.at + within,
                    recipients=recipients,
                    moment="health-check",
                    relies_on=_relies(detention, custodies),
                )


def _reviews(
    crisis: Crisis, policy: Policy, detention: Detention, mark: Mark, allowed: Spans
) -> Iterator[Finding]:
    custodies = custodies_of(crisis, detention)
    reviews = sorted(
        (review for custody in custodies for review in custody.reviews if review.mark.at > mark.at),
        key=lambda review: review.mark,
    )
    risks = _risk_assessments(custodies)
    # the first gap begins with the stay itself, before any review
    for last, following in pairwise((None, *reviews, None)):
        began, next_review = mark, None
        if last is not None:
            began = last.mark
        if following is not None:
            next_review = following.mark
        within = _review_within(policy, last, risks)
        gap = both(spans([(began.at, end_of(next_review))]), allowed)
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


def _risk_assessments(custodies: list[Custody]) -> list[RiskAssessment]:
    risks = [assessment for custody in custodies for assessment in custody.risk_assessments]
    return sorted(risks, key=lambda assessment: assessment.mark)


def _review_within(
    policy: Policy, last: CustodyReview | None, risks: list[RiskAssessment]
) -> timedelta:
    """Hourly; less often for somebody who sleeps and of whom no risk of self-harm is known."""
    if last is None or not last.asleep:
        return RULE.limit(policy, "review_within")
    answers = [
        risk.self_harm_risk
        for risk in risks
        if risk.mark.at <= last.mark.at and risk.self_harm_risk is not None
    ]
    # the newest answer counts: a risk that was withdrawn lets the person sleep
    if answers and answers[-1]:
        return RULE.limit(policy, "review_within")
    return RULE.limit(policy, "review_asleep_within")


RULE = rule(__name__, condition)
