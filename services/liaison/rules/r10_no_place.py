"""R10: a person is detained under s136 and no place of safety takes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from schemas.codes import DetentionPower
from services.liaison.crisis.facts import Crisis, Detention
from services.liaison.crisis.records import PlaceRequest, SiteReport
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.age import age_at
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
        arrived = FOREVER if detention.clock_started is None else detention.clock_started.at
        over = min(arrived, detention.over, *(escape.at for escape in detention.escapes))
        waiting = without(
            spans([(began.at, over)]), _accepted(requests), _on_the_way(detention, requests)
        )
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
            back = (
                request.refused[0].at
                if request.refused is not None and request.refused[0] > request.accepted
                else FOREVER
            )
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
    for number, journey in enumerate(journeys):
        if journey.to is not None and journey.site not in refused:
            following = journeys[number + 1].mark.at if number + 1 < len(journeys) else FOREVER
            stretches.append((journey.mark.at, following))
    return spans(stretches)


def _full(reports: list[SiteReport], over: datetime) -> Spans:
    """When every site that has reported said that it has no free place."""
    free: dict[tuple[str, str], int] = {}
    stretches = []
    for number, report in enumerate(reports):
        free[(report.agency, report.site)] = report.free
        if not any(free.values()):
            stretches.append(
                (report.mark.at, reports[number + 1].mark.at if number + 1 < len(reports) else over)
            )
    return spans(stretches)


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
    refused = sorted(
        {
            request.site: request.refused[0]
            for request in requests
            if request.refused is not None and request.refused[0].at <= at
        }.values()
    )
    many = len(refused) >= RULE.number(policy, "refusals")
    none_free = any(start <= at < end for start, end in full)
    late = at >= began + within
    if not (late or many or none_free):
        return None
    sentences = []
    if late:
        waited = strategic if at >= began + strategic else within
        sentences.append(
            f"Detained at {clock(began)}; after {duration(waited)} no place of safety has accepted."
        )
    else:
        sentences.append(f"Detained at {clock(began)}; no place of safety has accepted.")
    if refused:
        sentences.append(f"Refused so far: {len(refused)}.")
    if none_free:
        sentences.append("Every site that reports has no free place.")
    if at >= began + strategic:
        sentences.append("Tell the strategic manager on call.")
    names = (
        [f"{int(strategic.total_seconds() // 60)}-minutes"]
        if at >= began + strategic
        else ["late"] * late
    )
    names += ["refused"] * many
    names += ["full"] * any(max(start, begin) <= at and end > begin for start, end in full)
    evidence = tuple(
        Evidence(f"A site refused at {clock(mark.at)}", mark.at, mark.event) for mark in refused
    )
    return Stage(", ".join(names), RULE.urgency, " ".join(sentences), evidence)


RULE = rule(__name__, condition)
