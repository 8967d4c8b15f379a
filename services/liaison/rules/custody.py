"""R13, R14 and R15: somebody vulnerable in custody is assessed, has an appropriate adult, and is not released into nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from schemas.codes import CrisisIndicator
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import Custody, RiskAssessment
from services.liaison.finding import DeskRole, Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.follow_up import contact_after
from services.liaison.rules.rule import clock, duration, rule
from services.liaison.time.spans import FOREVER, held_for, spans
from services.liaison.time.working_days import is_working_day

_LONDON = ZoneInfo("Europe/London")
_NO_REASON = frozenset({CrisisIndicator.RESTRAINT, CrisisIndicator.SECTION_135_136})
"""Signs that are no reason of their own to suspect vulnerability: most people who are arrested are held, and whoever is
kept under s136 is looked after by R05."""
_SUICIDE = frozenset(
    {CrisisIndicator.SUICIDAL, CrisisIndicator.SUICIDE_ATTEMPT, CrisisIndicator.SELF_HARM}
)


def _arrived(custody: Custody) -> Mark:
    return custody.arrived or custody.opened


def _over(custody: Custody) -> datetime:
    return FOREVER if custody.released is None else custody.released.at


def _trusts(crisis: Crisis, at: datetime) -> tuple[str, ...]:
    return tuple(sorted({p.agency for p in crisis.open_pathways(at)}))


def _history(crisis: Crisis, custody: Custody, policy: Policy) -> tuple[str, datetime] | None:
    """What speaks of a mental-health history, and since when it does: a care pathway open at arrival or closed not long
    before it, or a sign since."""
    arrived = _arrived(custody)
    if crisis.open_pathways(arrived.at):
        return "open to a mental-health trust", arrived.at
    ended = (
        [p.closed_at for p in crisis.person.pathways if p.closed_at]
        if crisis.person is not None
        else []
    )
    if any(
        timedelta(0) <= arrived.at - e <= RISK.limit(policy, "closed_pathway_counts") for e in ended
    ):
        return "lately under a mental-health trust", arrived.at
    signs = [
        i
        for i in crisis.indicators
        if i.event is not None and i.kind is not CrisisIndicator.RESTRAINT
    ]
    if signs:
        first = min(signs, key=lambda i: i.at)
        return f"sign of a crisis before: {first.kind.value}", max(first.at, arrived.at)
    return None


def _to(crisis: Crisis, at: datetime) -> tuple[tuple[DeskRole, ...], tuple[str, ...]]:
    """Custody, and the trust that knows the person where there is one."""
    trusts = _trusts(crisis, at)
    return (("custody", "mental-health-crisis"), trusts) if trusts else (("custody",), ())


def _denied(
    crisis: Crisis, assessment: RiskAssessment, since: datetime
) -> Iterator[tuple[str, datetime, str]]:
    """What the assessment says there is not, and the record says there is; and from when it contradicts it."""
    if assessment.mental_health_disclosed is False:
        yield "none disclosed", max(assessment.mark.at, since), "no mental-health history"
    suicidal = min((i.at for i in crisis.indicators if i.kind in _SUICIDE), default=None)
    if assessment.self_harm_risk is False and suicidal is not None:
        yield "no risk of self-harm", max(assessment.mark.at, suicidal), "no risk of self-harm"


def risk_unseen(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R13: history, and no risk assessment in time; or one whose answers contradict it; or no health professional."""
    for custody in crisis.custodies:
        known = _history(crisis, custody, policy)
        if known is None:
            continue
        arrived, over = _arrived(custody), _over(custody)
        said, since = known
        roles, trusts = _to(crisis, arrived.at)
        began = (
            Evidence(f"Arrived in custody at {clock(arrived.at)}", arrived.at, arrived.event),
            Evidence(f"Mental-health history: {said}", since),
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
            return RISK.finds(
                policy,
                anchor=custody.opened.event,
                holds=holds,
                reason=reason,
                evidence=(*began, *more),
                stage=stage,
                recipients=roles,
                agencies=(custody.key[0], *trusts),
                relies_on=(custody.key[0],),
            )

        assessed = min((a.mark.at for a in custody.risk_assessments), default=FOREVER)
        within = RISK.limit(policy, "assessed_within")
        for _, end in held_for(spans([(arrived.at, min(assessed, over))]), within):
            start = max(arrived.at + within, since)
            if start < end:
                yield found(
                    "not-assessed",
                    (start, end),
                    f"In custody since {clock(arrived.at)} with a mental-health history; no risk assessment in "
                    f"{duration(within)}.",
                )
        for number, each in enumerate(custody.risk_assessments):
            following = custody.risk_assessments[number + 1 :]
            # a health professional who has been there since has seen for themselves
            after = min(
                (m.at for m, _ in custody.health_checks if m.at > each.mark.at), default=FOREVER
            )
            end = min(over, following[0].mark.at if following else FOREVER, after)
            for denied, start, words in _denied(crisis, each, since):
                if start < end:
                    yield found(
                        "contradicted",
                        (start, end),
                        f"The risk assessment of {clock(each.mark.at)} says {words}; the record says otherwise.",
                        (
                            Evidence(
                                f"Risk assessment at {clock(each.mark.at)}: {denied}",
                                each.mark.at,
                                each.mark.event,
                            ),
                        ),
                    )
                    break
        seen = min((m.at for m, _ in custody.health_checks), default=FOREVER)
        within = RISK.limit(policy, "health_professional_within")
        for _, end in held_for(spans([(arrived.at, min(seen, over))]), within):
            start = max(arrived.at + within, since)
            if start < end:
                yield found(
                    "not-seen",
                    (start, end),
                    f"In custody since {clock(arrived.at)} with a mental-health history; seen by no health "
                    f"professional in {duration(within)}.",
                )


def _vulnerable_since(crisis: Crisis, custody: Custody) -> datetime | None:
    """When there was first a reason to suspect that the person may be vulnerable (PACE Code C 1.4)."""
    reasons = [
        a.mark.at for a in custody.risk_assessments if a.mental_health_disclosed or a.self_harm_risk
    ]
    arrived = _arrived(custody).at
    if custody.vulnerable:
        reasons.append(arrived)
    if crisis.open_pathways(arrived):
        reasons.append(arrived)
    reasons += [
        max(i.at, arrived)
        for i in crisis.indicators
        if i.event is not None and i.kind not in _NO_REASON
    ]
    return min(reasons, default=None)


def without_adult(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R14: a vulnerable person, and no appropriate adult when an interview is planned or the limit has passed."""
    for custody in crisis.custodies:
        since = _vulnerable_since(crisis, custody)
        if since is None:
            continue
        arrived = _arrived(custody)
        over = min(
            _over(custody),
            FOREVER if custody.appropriate_adult is None else custody.appropriate_adult.at,
        )
        evidence = (
            Evidence(
                f"A reason to treat as vulnerable since {clock(since)}", since, custody.opened.event
            ),
        )
        limit = max(arrived.at, since) + ADULT.limit(policy, "adult_within")
        starts: list[tuple[datetime, str, datetime, str]] = [
            (
                limit,
                "not-arranged",
                limit,
                f"Vulnerable, and no appropriate adult since {clock(arrived.at)}.",
            )
        ]
        for said, planned in custody.interviews:
            reason = f"Interview or charge planned for {clock(planned)}; no appropriate adult is arranged."
            starts.append((max(said.at, since), "interview", planned, reason))
        ordered = sorted(starts)
        for number, (start, stage, act_by, reason) in enumerate(ordered):
            later = ordered[number + 1][0] if number + 1 < len(ordered) else FOREVER
            end = min(over, later)
            if start < end:
                yield ADULT.finds(
                    policy,
                    anchor=custody.opened.event,
                    holds=(start, end),
                    reason=reason,
                    evidence=evidence,
                    stage=stage,
                    act_by=act_by,
                    agencies=(custody.key[0],),
                    relies_on=(custody.key[0],),
                )


def _out_of_hours(at: datetime, policy: Policy) -> bool:
    """When no day service can take anybody over: at night, at weekends and on bank holidays, in London."""
    local = at.astimezone(_LONDON)
    first, last = policy.number("R15", "day_begins_hour"), policy.number("R15", "day_ends_hour")
    return not first <= local.hour < last or not is_working_day(local.date())


def _taken_on(crisis: Crisis, at: datetime) -> bool:
    """The person did not go free: a detention under s135 or s136 went on, to which they were taken."""
    return any(d.detained.at <= at < d.over for d in crisis.detentions)


def _held_again(crisis: Crisis, custody: Custody, at: datetime) -> datetime:
    """When the person was next detained or in custody: somebody is with them then."""
    again = [d.detained.at for d in crisis.detentions if d.detained.at > at]
    again += [
        _arrived(c).at for c in crisis.custodies if c.key != custody.key and _arrived(c).at > at
    ]
    return min(again, default=FOREVER)


def released(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R15: released with signs of a crisis and no assessment before it; at night, suicidal, referred to nobody; and then
    no contact."""
    for custody in crisis.custodies:
        if custody.released is None or _taken_on(crisis, custody.released.at):
            continue
        at = custody.released
        disclosed = [
            a for a in custody.risk_assessments if a.mental_health_disclosed or a.self_harm_risk
        ]
        suicidal = any(a.self_harm_risk for a in disclosed) or any(
            i.kind in _SUICIDE and i.at <= at.at for i in crisis.indicators
        )
        signs = bool(disclosed) or any(
            i.at <= at.at and i.event is not None and i.kind is not CrisisIndicator.RESTRAINT
            for i in crisis.indicators
        )
        if not signs:
            continue
        referred = min((r.sent.at for r in crisis.referrals if r.sent is not None), default=FOREVER)
        contact = min(contact_after(crisis, at.at), _held_again(crisis, custody, at.at))
        reasons = []
        if not custody.pre_release_risk_assessed:
            reasons.append("no risk assessment before release")
        if (
            suicidal
            and custody.referred_to is None
            and referred > at.at
            and _out_of_hours(at.at, policy)
        ):
            reasons.append("out of hours, with a marker for suicide, and referred to nobody")
        roles, trusts = _to(crisis, at.at)
        recipients = tuple(dict.fromkeys((*roles, "mental-health-crisis")))
        evidence = (Evidence(f"Released at {clock(at.at)}", at.at, at.event),)
        silent = at.at + RELEASE.limit(policy, "contact_within")
        if reasons and at.at < min(contact, silent):
            yield RELEASE.finds(
                policy,
                anchor=at.event,
                holds=(at.at, min(contact, silent)),
                stage="released",
                evidence=evidence,
                reason=f"Released from custody at {clock(at.at)} with signs of a crisis: {'; '.join(reasons)}.",
                recipients=recipients,
                agencies=(custody.key[0], *trusts),
                relies_on=(custody.key[0],),
            )
        if silent < contact:
            yield RELEASE.finds(
                policy,
                anchor=at.event,
                holds=(silent, min(contact, silent + timedelta(days=7))),
                urgency=3,
                reason=f"Released from custody with signs of a crisis; no contact in {duration(silent - at.at)}.",
                evidence=evidence,
                stage="no-contact",
                recipients=("mental-health-crisis",),
                agencies=trusts,
                relies_on_services=("mental-health-trust",),
            )


RISK = rule("R13", risk_unseen)

ADULT = rule("R14", without_adult)

RELEASE = rule("R15", released)
