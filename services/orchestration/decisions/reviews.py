"""What people decide about whom an incident is about.

| call | what it does |
|---|---|
| `review` | the same person (attach), a different one (detach, and never joined again by itself),
or cannot tell | | `undo` | takes a review back; what the matcher says counts again |

A review re-evaluates the incident's crisis, and what it leaves, in the same transaction: alerts
rise and end at once. Rows are only added; an undone one is closed. Two people at once: one wins,
the other is told who and when (`DecisionRefused`: already-reviewed, unknown-incident,
unknown-person, unknown-review, reason-needed). Only these ids are in the audit, never what anybody
is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.liaison.settlement import Key
from services.orchestration.decisions.common import DecisionRefused, reasoned
from services.orchestration.ledger import NewReview, ReviewKept, ReviewVerdict, Transaction
from services.orchestration.parking import settle_touched
from services.orchestration.settling import Settling


async def review(
    transaction: Transaction,
    settling: Settling,
    incident: Key,
    person_id: str,
    verdict: ReviewVerdict,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> int:
    """Keep the verdict and look at the crisis again. Gives the id for `undo`. Raises
    DecisionRefused.
    """
    reason = reasoned(reason)
    await transaction.lock_zone()
    if not await transaction.subjects_together(incident):
        raise DecisionRefused("unknown-incident", "There is no such incident.")
    records = await transaction.records_of_people([person_id])
    if not records:
        raise DecisionRefused(
            "unknown-person",
            "There is no such person on file any more; look at the incident again.",
        )
    reviews = (await transaction.reviews([incident])).get(incident, ())
    about_person = [judgement for judgement in reviews if judgement.record in records]
    _refuse_a_second(reviews, about_person)
    for judgement in about_person:
        # nobody could tell until now
        await transaction.undo_review(judgement.review_id, actor, now)
    new = NewReview(incident, person_id, min(records), verdict, actor, reason)
    number = await transaction.keep_review(new, now)
    detail = {"person": person_id, "review": number}
    await transaction.audit(f"identity.{verdict}", actor, "/".join(incident), detail, now)
    await settle_touched(transaction, settling, {incident}, now)
    return number


def _refuse_a_second(reviews: Sequence[ReviewKept], about_person: Sequence[ReviewKept]) -> None:
    """Somebody has said already whom the incident is about, or whether it is this person."""
    verdicts = [judgement for judgement in reviews if judgement.verdict == "same"]
    verdicts += [judgement for judgement in about_person if judgement.verdict == "different"]
    if verdicts:
        first = verdicts[0]
        raise DecisionRefused(
            "already-reviewed",
            f"{first.actor} decided this at {first.decided_at:%H:%M} UTC: {first.verdict}. Undo that first.",
        )


async def undo(
    transaction: Transaction,
    settling: Settling,
    review_id: int,
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    """Take a review back: what the matcher says counts again. Raises DecisionRefused."""
    reason = reasoned(reason)
    await transaction.lock_zone()
    undone = await transaction.undo_review(review_id, actor, now)
    if undone is None:
        raise DecisionRefused(
            "unknown-review", "That decision is not there any more: somebody has undone it."
        )
    incident, person_id = undone
    detail = {"person": person_id, "review": review_id, "reason": reason}
    await transaction.audit("identity.undone", actor, "/".join(incident), detail, now)
    await settle_touched(transaction, settling, {incident}, now)
