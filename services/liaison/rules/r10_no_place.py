"""R10: a person is detained under s136 and no place of safety takes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from schemas.codes import DetentionPower
from schemas.received import Mark
from services.liaison.crisis.facts import Crisis, Detention, end_of
from services.liaison.crisis.records import PlaceRequest, SiteReport
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.age import age_at
from services.liaison.rules.shared.in_turn import in_turn
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.same_detention import restarted_from
from services.liaison.rules.shared.stages import Stage, over_time
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER, Spans, spans, without


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """None accepted in time, several have refused, or every known site is full; until one accepts
    or is reached.
    """
    for detention in crisis.detentions:
        if detention.power is not DetentionPower.SECTION_136 or detention.kept_at is not None:
            continue
        if restarted_from(crisis, detention) is not None:
            continue
        requests = _requests_for(crisis, detention)
        began = detention.detained
        arrived = end_of(detention.clock_started)
        over = min(arrived, detention.over, *(escape.at for escape in detention.escapes))
        waiting = without(
            spans([(began.at, over)]), _accepted(requests), _on_the_way(detention, requests)
        )
        # a site for the other age is no place for this person, however free it is
        adult = age_at(crisis, began.at, policy) != "under-18"
        reports = [report for report in crisis.site_reports if report.for_under_18 is not adult]
        due = [
            began.at + RULE.limit(policy, name) for name in ("accepted_within", "strategic_after")
        ]
        refused = sorted(
            request.refused[0].at for request in requests if request.refused is not None
        )
        changes = (*due, *refused, *(report.mark.at for report in reports))
        full = _full(reports, over)
        at = partial(_stage, policy=policy, detention=detention, requests=requests, full=full)
        for begin, end in waiting:
            for stretch, stage in over_time(changes, begin, end, partial(at, begin)):
                yield RULE.finds(
                    policy,
                    anchor=began.event,
                    holds=stretch,
                    stage=stage.name,
                    reason=stage.sentence,
                    evidence=(
                        Evidence(
                            f"Detained under s136 at {clock(began.at)}", began.at, began.event
                        ),
                        *stage.evidence,
                    ),
                    act_by=due[1],
                    relies_on=tuple(sorted({detention.agency})),
                    relies_on_services=("mental-health-trust",),
                )


def _requests_for(crisis: Crisis, detention: Detention) -> list[PlaceRequest]:
    """The requests for this person: of the detention's incident, and what a site says of one of
    their numbers under a reference of its own. Where nobody else is detained, all there are."""
    # one detained: whoever asked for a place asked for them, under whatever reference
    if len(crisis.detentions) == 1:
        return list(crisis.place_requests)
    numbers = {
        request.request
        for request in crisis.place_requests
        if request.incident == detention.incident
    }
    return [
        request
        for request in crisis.place_requests
        if request.incident == detention.incident or request.request in numbers
    ]


def _accepted(requests: list[PlaceRequest]) -> Spans:
    """A site accepted, and did not take it back."""
    stretches = []
    for request in requests:
        if request.accepted is not None:
            # a refusal before the acceptance was overtaken by it
            back = FOREVER
            if request.refused is not None and request.refused[0] > request.accepted:
                back = request.refused[0].at
            stretches.append((request.accepted.at, back))
    return spans(stretches)


def _on_the_way(detention: Detention, requests: list[PlaceRequest]) -> Spans:
    """On the way to a named place of safety that has not refused."""
    refused = {
        request.site
        for request in requests
        if request.refused is not None
        and (request.accepted is None or request.refused[0] > request.accepted)
    }
    journeys = sorted(detention.conveyed, key=lambda journey: journey.mark)
    stretches = []
    for journey, following in in_turn(journeys):
        if journey.to is not None and journey.site not in refused:
            end = FOREVER
            if following is not None:
                end = following.mark.at
            stretches.append((journey.mark.at, end))
    return spans(stretches)


def _full(reports: list[SiteReport], over: datetime) -> Spans:
    """When every site that has reported said that it has no free place."""
    free: dict[tuple[str, str], int] = {}
    stretches = []
    for report, following in in_turn(reports):
        free[(report.agency, report.site)] = report.free
        if not any(free.values()):
            end = over
            if following is not None:
                end = following.mark.at
            stretches.append((report.mark.at, end))
    return spans(stretches)


def _refused_until(requests: list[PlaceRequest], at: datetime) -> list[Mark]:
    """One refusal a site: a site that is asked twice and refuses twice is one site."""
    refused = {
        request.site: request.refused[0]
        for request in requests
        if request.refused is not None and request.refused[0].at <= at
    }
    return sorted(refused.values())


def _stage(
    begin: datetime,
    at: datetime,
    *,
    policy: Policy,
    detention: Detention,
    requests: list[PlaceRequest],
    full: Spans,
) -> Stage | None:
    began = detention.detained.at
    within, strategic = (
        RULE.limit(policy, name) for name in ("accepted_within", "strategic_after")
    )
    refused = _refused_until(requests, at)
    many = len(refused) >= RULE.number(policy, "refusals")
    none_free = any(start <= at < end for start, end in full)
    late, very_late = at >= began + within, at >= began + strategic
    if not (late or many or none_free):
        return None
    sentences, names = [f"Detained at {clock(began)}; no place of safety has accepted."], []
    if very_late:
        names = [f"{int(strategic.total_seconds() // 60)}-minutes"]
    elif late:
        names = ["late"]
    if late:
        waited = within
        if very_late:
            waited = strategic
        sentences = [
            f"Detained at {clock(began)}; after {duration(waited)} no place of safety has accepted."
        ]
    if refused:
        sentences.append(f"Refused so far: {len(refused)}.")
    if none_free:
        sentences.append("Every site that reports has no free place.")
    if very_late:
        sentences.append("Tell the strategic manager on call.")
    if many:
        names.append("refused")
    # the stage's name keeps every reason, so that each further one makes the alert worse; a site
    # that has a place again does not make it better
    if any(max(start, begin) <= at and end > begin for start, end in full):
        names.append("full")
    evidence = tuple(
        Evidence(f"A site refused at {clock(mark.at)}", mark.at, mark.event) for mark in refused
    )
    return Stage(", ".join(names), RULE.urgency, " ".join(sentences), evidence)


RULE = rule(__name__, condition)
