"""From what is known of some incidents to crises and alerts: one pure step, the same in the stream
and in replay.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.registry import Registry
from services.identity.person import PersonOnFile
from services.liaison import alert as life
from services.liaison.alert import Alert, AlertChange
from services.liaison.alert_changes import alert_changes
from services.liaison.catching_up import catching_up
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.fold import Folds
from services.liaison.crisis.records import SiteReport
from services.liaison.evaluate import evaluate, possibly
from services.liaison.finding import Evaluation
from services.liaison.heard import Heard
from services.liaison.linking.busyness import NOTHING_LEARNED, Busyness, ByDay
from services.liaison.linking.contacts import (
    ContactRow,
    Echo,
    by_name,
    contacts_of,
    echo_of,
    rows_of,
    shares_property_only,
)
from services.liaison.linking.decisions import LinkDecision, PairsDecided, pairs_decided
from services.liaison.linking.evidence import LinkEvidence, place_suffices
from services.liaison.linking.grouping import Bound, Grouping, group_within
from services.liaison.linking.sighting import Key as SubjectKey
from services.liaison.parts import Part, parts_of
from services.liaison.policy import Policy
from services.liaison.rules.r09_detention_clock import RULE as DETENTION_CLOCK
from services.liaison.scene_of import SceneView, views_of
from services.liaison.settlement import IncidentFile, Key, SettledCrisis, Settlement
from services.liaison.tally import tally_of

_NAMESPACE = uuid.UUID("b7c2a1de-6a0c-5b6c-9d3f-3f1b7f0f5c22")


def new_crisis_id(key: SubjectKey) -> str:
    """The id of a crisis that begins with this subject."""
    return str(uuid.uuid5(_NAMESPACE, "|".join(key)))


def settle(
    files: Iterable[IncidentFile],
    people: Mapping[str, PersonOnFile],
    alerts: Iterable[Alert],
    now: datetime,
    *,
    heard: Mapping[str, datetime],
    policy: Policy,
    registry: Registry,
    decisions: Sequence[LinkDecision] = (),
    contacts: Iterable[ContactRow] = (),
    contact_files: Iterable[IncidentFile] = (),
    site_reports: tuple[SiteReport, ...] = (),
    folds: Folds | None = None,
    by_day: ByDay = NOTHING_LEARNED,
) -> Settlement:
    """Group the subjects into crises, evaluate each at `now`, and say what changes.

    `files` must hold every incident of every crisis that is touched and of every crisis of the same
    scene, and every incident that may link to one of them; `alerts` every alert of those crises.
    `heard` is when each feed was last heard, `decisions` what people decided about two subjects.
    `contacts` are rows of other incidents that share a person, telephone or property with one of
    these, `contact_files` what is said of those that may be about somebody else: they are no
    incidents of this step. `site_reports` are what places of safety said of their free places, in
    order; `by_day` is how many incidents there were at their places. The same input gives the same
    output, in whatever order it is given; `folds` only spares what was folded before.
    """
    by_key = {file.key: file for file in files}
    parts = _parts_by_key(by_key.values(), people)
    busyness = _busyness(policy, registry, by_day)
    views = _views(parts, policy, busyness, decisions)
    of_incident: dict[Key, list[Part]] = defaultdict(list)
    for part in parts.values():
        of_incident[part.incident].append(part)
    for file in contact_files:
        if file.key not in by_key:
            of_incident[file.key] += parts_of(file, people)
    step = _Step(
        people,
        policy,
        registry,
        Heard(registry, heard),
        site_reports,
        folds,
        now,
        of_incident,
        busyness,
    )
    # of an incident that is here its events are known: its row would be of before
    settled = step.settle(views, [row for row in contacts if row.key not in by_key])
    changes = _alert_changes(settled, alerts, now, policy, registry)
    crises = tuple(judged.row(policy) for judged in settled)
    dissolved = _ids_before(by_key.values()) - {crisis.crisis_id for crisis in crises}
    return Settlement(
        crises,
        tuple(sorted(dissolved)),
        tuple(changes),
        tuple(_echoes(crises, by_key)),
        tuple(j.crisis.crisis_id for j in settled if j.crisis.incidents_left_apart),
    )


def _parts_by_key(
    files: Iterable[IncidentFile], people: Mapping[str, PersonOnFile]
) -> dict[SubjectKey, Part]:
    return {part.key: part for file in files for part in parts_of(file, people)}


def _views(
    parts: Mapping[SubjectKey, Part],
    policy: Policy,
    busyness: Busyness,
    decisions: Sequence[LinkDecision],
) -> list[SceneView]:
    bound = Bound(policy.largest_crisis_incidents, policy.largest_crisis_events)
    grouping = _grouped(parts, bound, busyness, _pairs(decisions, parts))
    return views_of(grouping, parts, dict(_crisis_ids(grouping.crises, parts)))


def _pairs(decisions: Sequence[LinkDecision], parts: Mapping[SubjectKey, Part]) -> PairsDecided:
    # nearly always nobody has decided anything: no look at who goes by which name
    if not decisions:
        return PairsDecided()
    names = {name: key for key, part in parts.items() for name in part.subject.names}
    return pairs_decided(decisions, names)


def _alert_changes(
    settled: Iterable[_Judged],
    alerts: Iterable[Alert],
    now: datetime,
    policy: Policy,
    registry: Registry,
) -> list[AlertChange]:
    before = {alert.alert_id: alert for alert in alerts}
    changes: list[AlertChange] = []
    for judged in settled:
        # what waits for the rest of what an agency has to say stays as it is
        for key in judged.evaluation.held_back:
            before.pop(life.alert_id(key), None)
        changes += alert_changes(
            judged.evaluation.standing,
            before,
            now,
            policy=policy,
            registry=registry,
            area=judged.crisis.area,
            crisis=judged.crisis,
            crisis_id=judged.crisis.crisis_id,
        )
    # only what no crisis of the scene raises any longer is over: an alert may have moved between
    # them
    changes += [
        life.clear(alert, now, "the condition holds no more")
        for alert in before.values()
        if alert.stands
    ]
    return changes


def _ids_before(files: Iterable[IncidentFile]) -> set[str]:
    """The crises that the incidents and their further subjects were in."""
    ids: set[str] = set()
    for file in files:
        ids.update(file.crisis_ids.values())
        if file.crisis_id is not None:
            ids.add(file.crisis_id)
    return ids


def _echoes(crises: Iterable[SettledCrisis], files: Mapping[Key, IncidentFile]) -> Iterator[Echo]:
    for crisis in crises:
        for member in crisis.members:
            # a further subject is counted with its log
            if member.subject:
                continue
            echo = echo_of(member.contact, files[member.key].former)
            if echo is not None:
                yield echo


def crisis_of(
    crisis_id: str,
    files: Iterable[IncidentFile],
    people: Mapping[str, PersonOnFile],
    policy: Policy,
    registry: Registry,
    decisions: Sequence[LinkDecision] = (),
    site_reports: tuple[SiteReport, ...] = (),
    by_day: ByDay = NOTHING_LEARNED,
) -> tuple[Crisis, tuple[Part, ...]] | None:
    """The crisis of that id, without contacts outside it, and its subject's parts of the incidents.
    `files` are all of its scene. None where it has none of them."""
    parts = _parts_by_key(files, people)
    busyness = _busyness(policy, registry, by_day)
    for view in _views(parts, policy, busyness, decisions):
        if view.crisis_id == crisis_id:
            return view.fold(people, registry, site_reports, None), view.parts
    return None


def _grouped(
    parts: Mapping[SubjectKey, Part], bound: Bound, busyness: Busyness, pairs: PairsDecided
) -> Grouping:
    def counts(evidence: LinkEvidence) -> bool:
        if evidence.kind != "place":
            return True
        one, other = parts[evidence.left], parts[evidence.right]
        is_busy = busyness.meet_at_busy_place(one.sighting, other.sighting)
        return place_suffices(evidence, is_busy, one.likeness(other))

    return group_within(
        [part.sighting for part in parts.values()],
        bound,
        {key: len(part.events.given) for key, part in parts.items()},
        {key: part.crisis_id for key, part in parts.items()},
        separated=pairs.separated,
        joined=pairs.joined,
        contradicts=lambda one, other: parts[one].contradicts(parts[other]),
        counts=counts,
    )


def _busyness(policy: Policy, registry: Registry, by_day: ByDay) -> Busyness:
    return Busyness(
        by_day,
        registry.busy_places,
        policy.busy_place_half_life_days,
        policy.busy_place_incidents_a_day,
    )


def _crisis_ids(
    groups: Sequence[frozenset[SubjectKey]], parts: Mapping[SubjectKey, Part]
) -> Iterator[tuple[frozenset[SubjectKey], str]]:
    """A crisis keeps the id its earliest subject has; of two parts of a split one keeps it, the
    other gets its own.
    """

    def age(key: SubjectKey) -> tuple[datetime, SubjectKey]:
        return parts[key].sighting.opened_at, key

    # the oldest crisis chooses first, so that people who work on it keep the one they know
    used: set[str] = set()
    for group in sorted(groups, key=lambda group: min(map(age, group))):
        members = sorted(group, key=age)
        crisis_id = next(known_id for known_id in _ids_of(members, parts) if known_id not in used)
        used.add(crisis_id)
        yield group, crisis_id


def _ids_of(members: Sequence[SubjectKey], parts: Mapping[SubjectKey, Part]) -> Iterator[str]:
    """The ids that a crisis of these subjects, the earliest first, may have, the best first."""
    for key in members:
        crisis_id = parts[key].crisis_id
        if crisis_id is not None:
            yield crisis_id
    yield new_crisis_id(members[0])
    yield str(uuid.uuid5(_NAMESPACE, "|".join("/".join(key) for key in members)))


@dataclass(frozen=True)
class _Judged:
    """One crisis, folded and judged."""

    view: SceneView
    crisis: Crisis
    evaluation: Evaluation
    rows: Mapping[Key, ContactRow]

    def row(self, policy: Policy) -> SettledCrisis:
        """What is written of it."""
        members = tuple(part.row(self.rows.get(part.incident)) for part in self.view.parts)
        opened_at = min(member.opened_at for member in members)
        return SettledCrisis(
            crisis_id=self.crisis.crisis_id,
            area=self.crisis.area,
            opened_at=opened_at,
            last_event_at=self.crisis.last_event_at or opened_at,
            members=members,
            look_again_at=self.evaluation.look_again_at,
            scene=self.view.scene,
            further_areas=self.crisis.further_areas,
            tally=tally_of(self.crisis, DETENTION_CLOCK.limit(policy, "period")),
        )


@dataclass(frozen=True)
class _Step:
    """Judges crises at one instant."""

    people: Mapping[str, PersonOnFile]
    policy: Policy
    registry: Registry
    feeds: Heard
    site_reports: tuple[SiteReport, ...]
    folds: Folds | None
    now: datetime
    of_incident: Mapping[Key, Sequence[Part]]
    busyness: Busyness

    def settle(self, views: Sequence[SceneView], contacts: Iterable[ContactRow]) -> list[_Judged]:
        """Each crisis on what is known of its subject, and then on what may be its subject's too."""
        alone = {
            view.crisis_id: view.fold(self.people, self.registry, self.site_reports, self.folds)
            for view in views
        }
        rows = {view.crisis_id: rows_of(alone[view.crisis_id], view.contact_keys) for view in views}
        near = by_name([*contacts, *(row for several in rows.values() for row in several)])
        judged: list[_Judged] = []
        for view in views:
            crisis = self._with_contacts(alone[view.crisis_id], view, near)
            evaluation = view.named(self._evaluate(crisis, view))
            if view.is_one_of_others:
                # what it may say of one of them is said there, as possible
                evaluation = Evaluation((), evaluation.look_again_at, evaluation.held_back)
            own_rows = {row.key: row for row in rows[view.crisis_id]}
            judged.append(_Judged(view, crisis, evaluation, own_rows))
        return self._with_doubts(judged)

    def _with_contacts(
        self, crisis: Crisis, view: SceneView, near: Mapping[str, Sequence[ContactRow]]
    ) -> Crisis:
        keys = view.all_contact_keys
        rows = {row.key: row for name in sorted(keys) for row in near.get(name, ())}
        # an ambulance record that describes nobody is of whom the police record of its crisis
        # describes
        of_crisis: dict[str, list[Part]] = defaultdict(list)
        for key, row in rows.items():
            of_crisis[row.crisis] += self.of_incident.get(key, ())
        others = [
            row
            for key, row in rows.items()
            if key not in view.not_counted
            and not view.contradicts(of_crisis[row.crisis])
            and not self._is_of_the_crowd(view, row)
        ]
        counted = contacts_of(crisis, keys, others)
        if counted:
            return replace(crisis, contacts=counted)
        return crisis

    def _is_of_the_crowd(self, view: SceneView, row: ContactRow) -> bool:
        """Whether it shares nothing with the crisis but a busy property."""
        if not shares_property_only(view.all_contact_keys, row):
            return False
        if not any(self.busyness.is_at_busy_place(part.sighting) for part in view.parts):
            return False
        others = self.of_incident.get(row.key, ())
        return not any(part.likeness(other) == "alike" for part in view.parts for other in others)

    def _evaluate(self, crisis: Crisis, view: SceneView) -> Evaluation:
        statements = list(view.statements)
        agencies = self.feeds.by_agency(statements)
        services = self.feeds.services(crisis.areas, agencies)
        waiting = catching_up(statements, self.now, self.policy)
        sources = {statement.event.source: statement.agency for statement in statements if waiting}
        return evaluate(crisis, self.now, agencies, self.policy, services, waiting, sources)

    def _with_doubts(self, judged: list[_Judged]) -> list[_Judged]:
        """What stands only if an incident of an unknown subject is this one's is added once, where
        nothing says it yet.
        """
        keys = {standing.finding.key for j in judged for standing in j.evaluation.standing}
        complete = []
        for other in judged:
            view = other.view
            if not view.doubtful:
                complete.append(other)
                continue
            crisis = view.fold_with_doubtful(
                self.people, self.registry, self.site_reports, other.crisis
            )
            evaluation = possibly(other.evaluation, view.named(self._evaluate(crisis, view)), keys)
            # crises are judged in order of id, so the doubt is always added to the same
            # one
            keys |= {standing.finding.key for standing in evaluation.standing}
            complete.append(replace(other, evaluation=evaluation))
        return complete
