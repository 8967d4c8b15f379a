"""R05 and R06: a police station as place of safety: for an adult on strict conditions or not at all, for a child never."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from schemas.codes import PlaceOfSafetyKind
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.crisis.records import Custody, CustodyReview
from services.liaison.finding import EVERY_FEED, Evidence, Finding
from services.liaison.policy import Policy, Regime
from services.liaison.rules.age import age_at
from services.liaison.rules.rule import clock, duration, rule
from services.liaison.rules.stages import Stage, over_time
from services.liaison.time.spans import FOREVER, Spans, both, held_for, since, spans, without

SECTION_48: Regime = "mental-health-act-2025-s48"

_CONDITIONS = (
    ("inspector_authority", "the authority of an inspector or above"),
    ("imminent_risk", "imminent risk of serious injury or death"),
    ("no_other_place", "that no other place of safety can be expected to take the person"),
    ("health_professional_available", "that a health-care professional is available"),
)


def _custodies(crisis: Crisis, detention: Detention) -> list[Custody]:
    """The custody records of the detention: of its force, and of its incident where they name one."""
    force = any(i.kind == "police" and i.key[0] == detention.agency for i in crisis.incidents)
    return [
        c
        for c in crisis.custodies
        if not force
        or (
            c.key[0] == detention.agency
            and (c.incident is None or c.incident == detention.incident[1])
        )
    ]


def _on_the_way(detention: Detention) -> Iterator[tuple[Mark, datetime]]:
    """Each journey to a police station, until another begins, a place of safety is reached, or the detention is over."""
    journeys = sorted(detention.conveyed, key=lambda c: c.mark)
    for number, journey in enumerate(journeys):
        if journey.to is not PlaceOfSafetyKind.POLICE_STATION:
            continue
        after = [v.mark.at for v in detention.visits if v.mark.at >= journey.mark.at]
        after += [e.at for e in detention.escapes if e.at >= journey.mark.at]
        after += [each.mark.at for each in journeys[number + 1 :]]
        yield journey.mark, min((*after, detention.over))


def _there(crisis: Crisis, detention: Detention) -> Iterator[tuple[Mark, datetime]]:
    """Each stay at a police station; it also ends when the custody record is closed."""
    released = [c.released for c in _custodies(crisis, detention)]
    for visit, end in detention.stays:
        if visit.kind is not PlaceOfSafetyKind.POLICE_STATION:
            continue
        gone = [r.at for r in released if r is not None and r.at >= visit.mark.at]
        all_gone = max(gone) if gone and len(gone) == len(released) else FOREVER
        yield visit.mark, min(end, all_gone)


def child(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R06: somebody who is, or by looks may be, under 18 is on the way to a police station or at one."""
    for detention in crisis.detentions:
        places = [(m, end, "destination", "on the way to") for m, end in _on_the_way(detention)]
        places += [(m, end, "there", "at") for m, end in _there(crisis, detention)]
        for mark, end, stage, where in sorted(places, key=lambda p: p[0]):
            age = age_at(crisis, mark.at, policy.number("R06", "apparent_age_below"))
            if age not in ("under-18", "may-be-under-18") or mark.at >= end:
                continue
            who = (
                "Under 18 by date of birth"
                if age == "under-18"
                else "Age not known and looks young: may be under 18"
            )
            yield CHILD.finds(
                policy,
                anchor=detention.detained.event,
                holds=(mark.at, end),
                stage=f"{stage}, {age}",
                reason=f"{who}; detained under {detention.power.value} and {where} a police station since "
                f"{clock(mark.at)}.",
                evidence=(
                    Evidence(
                        f"Detained under {detention.power.value} and {where} a police station",
                        mark.at,
                        mark.event,
                    ),
                ),
            )


def adult(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R05: not under the conditions of SI 2017/1036, or at all once section 48 of the Act of 2025 is in force."""
    never = since(policy.regime_begins(SECTION_48))
    for detention in crisis.detentions:
        if (
            age_at(crisis, detention.detained.at, policy.number("R06", "apparent_age_below"))
            == "under-18"
        ):
            continue
        for mark, end in (*_on_the_way(detention), *_there(crisis, detention)):
            for stretch in both(spans([(mark.at, end)]), never):
                yield ADULT.finds(
                    policy,
                    anchor=detention.detained.event,
                    holds=stretch,
                    stage="never",
                    reason="A police station may no longer be used as a place of safety "
                    f"(Mental Health Act 2025 s48); this person's is one since {clock(mark.at)}.",
                    evidence=(_station(mark),),
                    act_by=stretch[0],
                    next_step="Move the person to another place of safety now. Trust: name the site that takes them.",
                )
        for mark, end in _there(crisis, detention):
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
        sorted({f"{detention.agency}{EVERY_FEED}", *(f"{c.key[0]}{EVERY_FEED}" for c in custodies)})
    )


def _conditions(
    crisis: Crisis, policy: Policy, detention: Detention, mark: Mark, allowed: Spans
) -> Iterator[Finding]:
    custodies = _custodies(crisis, detention)
    reviews = sorted(
        (r for c in custodies for r in c.reviews if r.mark.at >= detention.detained.at),
        key=lambda r: r.mark,
    )
    seen = [m.at for c in custodies for m, _ in c.health_checks if m.at >= mark.at]
    due = mark.at + ADULT.limit(policy, "conditions_recorded_within")

    def at(instant: datetime) -> Stage | None:
        said = _stated(tuple(r for r in reviews if r.mark.at <= instant))
        if any(s <= instant for s in seen) and said["health_professional_available"] is None:
            said["health_professional_available"] = True
        denied = [words for name, words in _CONDITIONS if said[name] is False]
        missing = (
            [words for name, words in _CONDITIONS if said[name] is None] if instant >= due else []
        )
        if not denied and not missing:
            return None
        told = [f"Recorded as not so: {'; '.join(denied)}."] if denied else []
        told += [f"Not recorded: {'; '.join(missing)}."] if missing else []
        if not custodies:
            told.append("No custody record is linked.")
        return Stage("conditions-denied" if denied else "conditions", ADULT.urgency, " ".join(told))

    changes = (due, *(r.mark.at for r in reviews), *seen)
    for begin, end in allowed:
        for stretch, stage in over_time(changes, begin, end, at):
            yield ADULT.finds(
                policy,
                anchor=detention.detained.event,
                holds=stretch,
                stage=stage.name,
                reason=f"A police station is the place of safety since {clock(mark.at)}. {stage.said}",
                evidence=(_station(mark),),
                act_by=due,
                relies_on=_relies(detention, custodies),
            )


def _stated(reviews: tuple[CustodyReview, ...]) -> dict[str, bool | None]:
    """Of each condition the last that was stated."""
    found: dict[str, bool | None] = dict.fromkeys(name for name, _ in _CONDITIONS)
    for review in reviews:
        for name, known in found.items():
            value = getattr(review, name)
            found[name] = known if value is None else value
    return found


def _checks(
    crisis: Crisis, policy: Policy, detention: Detention, mark: Mark, allowed: Spans
) -> Iterator[Finding]:
    custodies = _custodies(crisis, detention)
    within, warn = (ADULT.limit(policy, n) for n in ("health_check_within", "health_check_warning"))
    done = sorted(m for c in custodies for m, _ in c.health_checks if m.at > mark.at)
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
                what = (
                    "seen by a health-care professional"
                    if last is not mark
                    else "at the police station"
                )
                yield ADULT.finds(
                    policy,
                    anchor=(last.source, f"{last.id}#health-check"),
                    holds=stretch,
                    stage=stage,
                    title="Half-hourly health check is due"
                    if stage == "due"
                    else "Half-hourly health check is overdue",
                    reason=f"Last {what} at {clock(last.at)}; at a police station the next check is due within "
                    f"{duration(within)}, at {clock(last.at + within)}.",
                    evidence=(_station(mark),),
                    act_by=last.at + within,
                    recipients=("custody",) if stage == "due" else ADULT.recipients,
                    next_step="Custody: have a health-care professional see the person now and record it; if none is "
                    "available the person must be moved.",
                    relies_on=_relies(detention, custodies),
                )


def _reviews(
    crisis: Crisis, policy: Policy, detention: Detention, mark: Mark, allowed: Spans
) -> Iterator[Finding]:
    custodies = _custodies(crisis, detention)
    hourly, asleep = (ADULT.limit(policy, n) for n in ("review_within", "review_asleep_within"))
    reviews = sorted(
        (r for c in custodies for r in c.reviews if r.mark.at > mark.at), key=lambda r: r.mark
    )
    risks = sorted((a for c in custodies for a in c.risk_assessments), key=lambda a: a.mark)
    for last, following in pairwise((None, *reviews, None) if reviews else (None, None)):
        began = mark if last is None else last.mark
        known = [
            a.self_harm_risk
            for a in risks
            if a.mark.at <= began.at and a.self_harm_risk is not None
        ]
        sleeping = last is not None and last.asleep and not (known and known[-1])
        within = asleep if sleeping else hourly
        gap = both(
            spans([(began.at, FOREVER if following is None else following.mark.at)]), allowed
        )
        for stretch in held_for(gap, within):
            yield ADULT.finds(
                policy,
                anchor=(began.source, f"{began.id}#review"),
                holds=stretch,
                stage="review-overdue",
                title="Custody review is overdue",
                reason=f"No custody officer's review since {clock(began.at)}; it was due within {duration(within)}.",
                evidence=(_station(mark),),
                act_by=began.at + within,
                recipients=("custody", "police-control"),
                next_step="Custody: review now whether the conditions still hold and record it; if not, move the person.",
                relies_on=_relies(detention, custodies),
            )


ADULT = rule("R05", adult)

CHILD = rule("R06", child)
