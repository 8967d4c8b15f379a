"""R12: a detained patient absent without leave is graded, known to the police, returned when found,
in time to be retaken; and who searches for somebody hears that they were met.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.codes import AbsenceKind, AgencyKind, LegalStatus, Nature, RiskLevel
from schemas.london_time import LONDON
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, IncidentState, end_of
from services.liaison.crisis.records import Absence, Key
from services.liaison.finding import DeskRole, Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER, Spans, both, held_for, spans

# Hospital order with restrictions: taken as high risk until it is graded otherwise.
RESTRICTED = LegalStatus.SECTION_37_41
NOT_DETAINED = frozenset({LegalStatus.INFORMAL, LegalStatus.NOT_APPLICABLE})
# What a call about the absence itself is opened as.
SEARCH = frozenset({Nature.MISSING, Nature.WELFARE_CONCERN, Nature.ADMINISTRATIVE})

# The desks that own a search of an agency of each kind. Councils and departments search for
# nobody: they ring the police.
SEARCHERS: Mapping[AgencyKind, tuple[DeskRole, ...]] = {
    # the control room where the person is can send; the force's supervisor answers for the search
    "police": ("police-control", "police-supervisor"),
    "ambulance": ("ambulance-control",),
    "mental-health-trust": ("mental-health-crisis",),
    "local-authority": (),
    "acute-trust": (),
    "operations": (),
}


@dataclass(frozen=True, slots=True)
class _Search:
    """Somebody is searched for by an agency that has no power to retake them: by whom, since when
    and until when.
    """

    owner: str
    kind: AgencyKind
    begun: datetime
    over: datetime
    incident: Key | None
    """The call that is the search."""
    linked: tuple[Key, ...] = ()
    """Other agencies' incidents that the owner knows of."""
    high_risk_at: datetime = FOREVER


@dataclass(frozen=True, slots=True, order=True)
class _Meeting:
    """An agency met the person: the event, until when it counts, what it was, and whose."""

    mark: Mark
    until: datetime
    words: str
    kind: AgencyKind
    incident: Key | None
    """The incident or log that it is of."""


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """For each open absence without leave. Missing and walk-out patients who are not detained are
    no such absence.
    """
    for absence in crisis.absences:
        if not _is_without_leave(absence):
            continue
        over = end_of(absence.ended)
        yield from _incomplete(crisis, policy, absence, over)
        yield from _met(crisis, policy, absence, over)
        yield from _power(crisis, policy, absence, over)
    yield from _searched(crisis, policy)


def _is_without_leave(absence: Absence) -> bool:
    return absence.kind is AbsenceKind.AWOL and absence.legal_status not in NOT_DETAINED


def _high(absence: Absence) -> Spans:
    """When the risk is held to be high: the last grade says so, or the patient is restricted and
    not graded yet.
    """
    # a restricted patient is a risk by order of the court until somebody has looked
    marks = [(absence.opened.at, absence.legal_status is RESTRICTED)]
    marks += [(mark.at, risk is RiskLevel.HIGH) for mark, risk in absence.grades]
    following = [at for at, _ in marks[1:]] + [FOREVER]
    return spans((at, then) for (at, high), then in zip(marks, following, strict=True) if high)


def _police_told(crisis: Crisis, absence: Absence) -> datetime:
    if absence.agency_kind == "police":
        return absence.opened.at
    calls = [
        incident.opened_at
        for incident in crisis.incidents
        if incident.kind == "police"
        and (incident.closed is None or incident.closed.at > absence.opened.at)
    ]
    calls += [mark.at for mark in crisis.police_asked]
    return min(calls, default=FOREVER)


def _incomplete(
    crisis: Crisis, policy: Policy, absence: Absence, over: datetime
) -> Iterator[Finding]:
    """The two things that the ward has to do at once. One alert: where both are missing, the police
    come first.
    """
    opened = absence.opened
    police_told = _police_told(crisis, absence)
    within = RULE.limit(policy, "police_told_within")
    untold = held_for(both(_high(absence), spans([(opened.at, min(police_told, over))])), within)
    why = "The risk is graded high"
    if absence.legal_status is RESTRICTED:
        why = "The patient is restricted (s37/41)"
    for stretch in untold:
        yield RULE.finds(
            policy,
            anchor=opened.event,
            holds=stretch,
            urgency=1,
            stage="police-not-told",
            moment="police-not-told",
            act_by=opened.at + within,
            title="Absent without leave and the police not told",
            reason=f"A detained patient is absent without leave since {clock(opened.at)}. {why}, and after "
            f"{duration(within)} the police have no call about it.",
            evidence=_known(absence),
            recipients=_everybody(crisis),
            agencies=(absence.key[0],),
            relies_on=(absence.key[0],),
            relies_on_services=("police",),
        )
    graded = min((mark.at for mark, _ in absence.grades), default=FOREVER)
    within = RULE.limit(policy, "graded_within")
    first = min((start for start, _ in untold), default=FOREVER)
    for start, end in held_for(spans([(opened.at, min(graded, over))]), within):
        if start < first:
            yield RULE.finds(
                policy,
                anchor=opened.event,
                holds=(start, min(end, first)),
                stage="not-graded",
                moment="not-graded",
                act_by=opened.at + within,
                title="Absent without leave and the risk not graded",
                reason=f"A detained patient is absent without leave since {clock(opened.at)} and after "
                f"{duration(within)} the risk is not graded.",
                evidence=_known(absence),
                recipients=("mental-health-crisis",),
                agencies=(absence.key[0],),
                relies_on=(absence.key[0],),
            )


def _meetings(crisis: Crisis, begun: datetime, search: Collection[Key]) -> Iterator[_Meeting]:
    """Where an agency met the person since the absence or the search began. `search` are the
    incidents that are about it.
    """
    for incident in crisis.incidents:
        reported = incident.reported
        # the trust's own record is where the patient is missing from
        if reported is None or reported.at < begun or incident.kind == "mental-health-trust":
            continue
        # the call that looks for the patient has not met them
        about_it = not set(search).isdisjoint((incident.key, *incident.linked))
        if incident.nature not in SEARCH and not about_it:
            words, until = f"a call of {incident.key[0]}", _nobody_met(incident)
            yield _Meeting(reported, until, words, incident.kind, incident.key)
    for custody in crisis.custodies:
        if custody.arrived is not None and custody.arrived.at >= begun:
            words, log = f"custody of {custody.key[0]}", None
            if custody.incident is not None:
                log = (custody.key[0], custody.incident)
            yield _Meeting(custody.arrived, FOREVER, words, "police", log)
    for detention in crisis.detentions:
        if detention.detained.at >= begun:
            words = f"a detention by {detention.agency}"
            yield _Meeting(detention.detained, FOREVER, words, "police", detention.incident)
    for key, mark, person_seen in crisis.checks:
        if person_seen and mark.at >= begun:
            yield _Meeting(mark, FOREVER, f"a welfare check by {key[0]}", "police", key)


def _nobody_met(incident: IncidentState) -> datetime:
    """When a call turned out to have met nobody; FOREVER where it stands."""
    if incident.outcome in ("no-trace", "duplicate"):
        return end_of(incident.closed)
    return FOREVER


def _met(crisis: Crisis, policy: Policy, absence: Absence, over: datetime) -> Iterator[Finding]:
    search: set[Key] = set()
    if absence.incident:
        search.add((absence.key[0], absence.incident))
    meetings = [
        meeting
        for meeting in _meetings(crisis, absence.opened.at, search)
        if meeting.mark.at < min(meeting.until, over)
    ]
    if not meetings:
        return
    meeting = min(meetings)
    mark = meeting.mark
    roles: tuple[DeskRole, ...] = ("mental-health-crisis", _police_desk(crisis))
    if meeting.kind == "ambulance":
        roles = (*roles, "ambulance-control")
    urgency = 2
    if any(start <= mark.at < end for start, end in _high(absence)):
        urgency = 1
    yield RULE.finds(
        policy,
        anchor=mark.event,
        holds=(mark.at, min(meeting.until, over)),
        act_by=mark.at,
        urgency=urgency,
        title="Patient absent without leave has been met",
        reason=f"A patient who is absent without leave since {clock(absence.opened.at)} is the subject of {meeting.words} at "
        f"{clock(mark.at)}. The absence is still open.",
        evidence=(
            Evidence(f"The subject of {meeting.words} at {clock(mark.at)}", mark.at, mark.event),
            *_known(absence),
        ),
        recipients=roles,
        agencies=(absence.key[0],),
        relies_on=(absence.key[0],),
    )


def _searches(crisis: Crisis) -> Iterator[_Search]:
    """Searches for a missing person, and absences of who is not detained."""
    for incident in crisis.incidents:
        if incident.nature is Nature.MISSING and incident.reported is not None:
            yield _Search(
                owner=incident.key[0],
                kind=incident.kind,
                begun=incident.last_opened_at,
                over=end_of(incident.closed),
                incident=incident.key,
                linked=incident.linked,
                high_risk_at=incident.high_risk_at or FOREVER,
            )
    for absence in crisis.absences:
        if absence.reported is not None and not _is_without_leave(absence):
            high = min((start for start, _ in _high(absence)), default=FOREVER)
            log = None
            if absence.incident:
                log = (absence.key[0], absence.incident)
            yield _Search(
                owner=absence.key[0],
                kind=absence.agency_kind,
                begun=absence.opened.at,
                over=end_of(absence.ended),
                incident=log,
                high_risk_at=high,
            )


def _first_meeting(crisis: Crisis, search: _Search) -> _Meeting | None:
    """The first that the search's owner need not know of: not of the search itself, of no call of
    the owner's own, nor of one that the owner has linked with it.
    """
    about_it: set[Key] = set()
    if search.incident is not None:
        about_it.add(search.incident)
    # the owner's own calls and those it has linked are on its screen already
    opened = {call.reported for call in crisis.incidents if call.key[0] == search.owner}
    meetings = [
        meeting
        for meeting in _meetings(crisis, search.begun, about_it)
        if meeting.mark.at < min(meeting.until, search.over) and meeting.mark not in opened
    ]
    news = [
        meeting
        for meeting in meetings
        if meeting.incident not in about_it and meeting.incident not in search.linked
    ]
    return min(news, default=None)


def _searched(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """Who searches is told of the first meeting, once for all who do."""
    retaken = [absence for absence in crisis.absences if _is_without_leave(absence)]
    met: dict[_Meeting, list[_Search]] = {}
    for search in _searches(crisis):
        meeting = _first_meeting(crisis, search)
        # who searches for nobody is told nothing: the police who were asked have it
        if meeting is None or not SEARCHERS[search.kind]:
            continue
        # where the power to retake runs, that alert tells the police who search too
        at = meeting.mark.at
        if not any(absence.opened.at <= at < end_of(absence.ended) for absence in retaken):
            met.setdefault(meeting, []).append(search)
    for meeting, searches in sorted(met.items()):
        yield _found(policy, meeting, searches)


def _found(policy: Policy, meeting: _Meeting, searches: Collection[_Search]) -> Finding:
    mark = meeting.mark
    begun = min(search.begun for search in searches)
    # several search for one person: one alert, to all of them
    owners = tuple(sorted({search.owner for search in searches}))
    roles: list[DeskRole] = []
    for search in searches:
        roles += SEARCHERS[search.kind]
    if meeting.kind == "ambulance":
        roles.append("ambulance-control")
    urgency = 2
    if any(search.high_risk_at <= mark.at for search in searches):
        urgency = 1
    return RULE.finds(
        policy,
        anchor=mark.event,
        holds=(mark.at, min(meeting.until, max(search.over for search in searches))),
        act_by=mark.at,
        urgency=urgency,
        moment="search",
        title="Person searched for has been met",
        reason=f"A person for whom {' and '.join(owners)} search since {clock(begun)} is the subject of {meeting.words} at "
        f"{clock(mark.at)}. The search is still open.",
        evidence=(
            Evidence(f"The subject of {meeting.words} at {clock(mark.at)}", mark.at, mark.event),
            Evidence(f"Searched for since {clock(begun)}", begun),
        ),
        recipients=tuple(dict.fromkeys(roles)),
        agencies=owners,
        relies_on=owners,
    )


def _power(crisis: Crisis, policy: Policy, absence: Absence, over: datetime) -> Iterator[Finding]:
    """Its anchor is its own, as it stands beside what else is said of the absence."""
    ends = absence.power_valid_until
    if ends is None:
        return
    end_words = f"{ends.astimezone(LONDON):%d %b %Y %H:%M}"
    # the alert about the power stands beside the one about the absence, and must not take its
    # key
    source, event = absence.opened.event
    warned = max(ends - RULE.limit(policy, "power_warning_before"), absence.opened.at)
    stages = (
        (
            warned,
            min(ends, over),
            "power-ends",
            "Power to retake ends",
            f"The power to retake a patient absent without leave ends at {end_words}.",
        ),
        (
            max(ends, absence.opened.at),
            over,
            "power-ended",
            "Power to retake has ended",
            f"The power to retake a patient absent without leave ended at {end_words}; the absence is still open.",
        ),
    )
    for start, end, stage, title, reason in stages:
        if start < end:
            yield RULE.finds(
                policy,
                anchor=(source, f"{event}/power"),
                holds=(start, end),
                stage=stage,
                moment=stage,
                reason=reason,
                title=title,
                evidence=_known(absence),
                recipients=_everybody(crisis),
                agencies=(absence.key[0],),
                act_by=ends,
                relies_on=(absence.key[0],),
            )


def _police_desk(crisis: Crisis) -> DeskRole:
    """Where the area is not known, the force's supervisor, not every control desk it has."""
    if crisis.area:
        return "police-control"
    return "police-supervisor"


def _everybody(crisis: Crisis) -> tuple[DeskRole, ...]:
    return (_police_desk(crisis), "mental-health-crisis", "ambulance-control")


def _known(absence: Absence) -> tuple[Evidence, ...]:
    """What a searcher needs, and what of it is not recorded."""
    opened = absence.opened
    last_seen, grade, until = "not recorded", "not graded", "not recorded"
    if absence.last_seen_at is not None:
        last_seen = f"at {clock(absence.last_seen_at)}"
    photo = {True: "held", False: "none", None: "not recorded"}[absence.photo_held]
    if absence.grades:
        grade = absence.grades[-1][1].value
    power = absence.power_valid_until
    if power is not None:
        until = f"{power.astimezone(LONDON):%d %b %Y %H:%M}"
    return (
        Evidence(f"Absence reported at {clock(opened.at)}", opened.at, opened.event),
        Evidence(
            f"Risk: {grade}. Last seen: {last_seen}. Photograph: {photo}. May be retaken until: {until}",
            opened.at,
        ),
    )


RULE = rule(__name__, condition)
