"""What one crisis sees of its scene: its own subject's events, who else is there, and what may be
its subject's too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from schemas.received import Received
from schemas.registry import Registry
from services.identity.person import UNKNOWN, IdentityDecision, PersonOnFile
from services.liaison.crisis.corrections import Effective, together
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.fold import Folds, fold
from services.liaison.crisis.records import SiteReport
from services.liaison.crisis.subjects import areas_of
from services.liaison.finding import Evaluation, Standing
from services.liaison.linking.grouping import Grouping
from services.liaison.linking.sighting import Key as SubjectKey
from services.liaison.parts import Part
from services.liaison.settlement import Key

Group = frozenset[SubjectKey]


@dataclass(frozen=True)
class SceneView:
    """One crisis in its scene."""

    crisis_id: str
    parts: tuple[Part, ...]
    """Its own subject's, by key."""
    around: tuple[Part, ...]
    """Of others of the scene: who is there counts for this crisis too."""
    doubtful: tuple[Part, ...]
    """Of subjects that may be this one: they may raise an alert, and take none away."""
    is_one_of_others: bool
    """Its subject is one of several people of one log or reference, and it is not known which."""
    left_apart: bool
    scene: str

    @cached_property
    def identity(self) -> IdentityDecision:
        """Whom the crisis is about."""
        return identity_of(self.parts)

    @cached_property
    def events(self) -> Effective:
        """What is said of its subject."""
        return together(part.events for part in self.parts)

    @cached_property
    def around_events(self) -> Effective:
        """What is said of others of the scene."""
        return together(part.events for part in self.around)

    @property
    def statements(self) -> Iterator[Received]:
        """All that was said of its subject, with what was taken back."""
        return (received for part in self.parts for received in part.events.given)

    @cached_property
    def contact_keys(self) -> Mapping[Key, frozenset[str]]:
        """The contact keys of each of its incidents."""
        keys: dict[Key, frozenset[str]] = {}
        for part in self.parts:
            keys[part.incident] = keys.get(part.incident, frozenset()) | part.contact_keys
        return keys

    @property
    def all_contact_keys(self) -> frozenset[str]:
        """What it shares with others about the same person, telephone or property."""
        return frozenset().union(*self.contact_keys.values())

    @cached_property
    def not_counted(self) -> frozenset[Key]:
        """Incidents that are no earlier contact of this person: its own, the scene's and doubtful
        ones.
        """
        several = (self.parts, self.around, self.doubtful)
        return frozenset(part.incident for parts in several for part in parts)

    def contradicts(self, parts: Iterable[Part]) -> bool:
        """Whether the crisis is known to be about somebody else than one of these."""
        return any(part.contradicts(other) for other in parts for part in self.parts)

    def fold(
        self,
        people: Mapping[str, PersonOnFile],
        registry: Registry,
        site_reports: tuple[SiteReport, ...],
        folds: Folds | None,
    ) -> Crisis:
        """The crisis on what is known of its subject, without contacts outside it."""
        crisis = self._folded(
            self.events, self.around_events, people, registry, site_reports, folds
        )
        if self.left_apart:
            return replace(crisis, incidents_left_apart=True)
        return crisis

    def fold_with_doubtful(
        self,
        people: Mapping[str, PersonOnFile],
        registry: Registry,
        site_reports: tuple[SiteReport, ...],
        certain: Crisis,
    ) -> Crisis:
        """The crisis as it would be if what is doubtful were its subject's."""
        # what is doubtful is taken as the subject's own here, and so it is nobody else's
        doubtful = {part.key for part in self.doubtful}
        around = together(part.events for part in self.around if part.key not in doubtful)
        events = together(part.events for part in (*self.parts, *self.doubtful))
        crisis = self._folded(events, around, people, registry, site_reports, None)
        return replace(
            crisis, contacts=certain.contacts, incidents_left_apart=certain.incidents_left_apart
        )

    def _folded(
        self,
        events: Effective,
        around: Effective,
        people: Mapping[str, PersonOnFile],
        registry: Registry,
        site_reports: tuple[SiteReport, ...],
        folds: Folds | None,
    ) -> Crisis:
        person = None
        if self.identity.person_id is not None:
            person = people.get(self.identity.person_id)
        areas = areas_of(events, registry) or areas_of(around, registry)
        area = next(iter(areas), None)
        crisis = fold(
            self.crisis_id, area, events, person, self.identity, (), site_reports, folds, around
        )
        if len(areas) > 1:
            return replace(crisis, further_areas=areas[1:])
        return crisis

    def named(self, evaluation: Evaluation) -> Evaluation:
        """Findings that begin with an event of somebody else of the scene have this crisis in their
        key: two crises may begin with the arrival of one police unit, and are two alerts."""
        # alone in its scene the key is that of the event, and stays so when others come
        if not self.around:
            return evaluation
        events_here = {received.identity for received in self.events}
        subject = "/".join(min(part.key for part in self.parts))
        standing = [
            entry
            if entry.finding.anchor in events_here
            else Standing(replace(entry.finding, about=subject), entry.verification)
            for entry in evaluation.standing
        ]
        held_back = (self._key_of(key, events_here, subject) for key in evaluation.held_back)
        return replace(evaluation, standing=tuple(standing), held_back=frozenset(held_back))

    @staticmethod
    def _key_of(key: str, events_here: Collection[tuple[str, str]], subject: str) -> str:
        _, source, event = key.split("|", 2)
        if (source, event) in events_here:
            return key
        return f"{key}|{subject}"


def identity_of(parts: Iterable[Part]) -> IdentityDecision:
    """One decision for the crisis. Incidents that somebody joined although they are attached to
    different people make it a possible match, never a choice."""
    decisions = [part.identity for part in sorted(parts, key=lambda part: part.key)]
    attached = [decision for decision in decisions if decision.outcome == "attached"]
    # two incidents that people joined and that are attached to two: somebody is wrong, and it
    # is not for this code to say who
    people = sorted(filter(None, {decision.person_id for decision in attached}))
    if len(people) == 1:
        return attached[0]
    if people:
        return IdentityDecision(
            "possible", None, tuple(people), (), "incidents-disagree", attached[0].matcher_version
        )
    return next((decision for decision in decisions if decision.outcome == "possible"), UNKNOWN)


def views_of(
    grouping: Grouping, parts: Mapping[SubjectKey, Part], ids: Mapping[Group, str]
) -> list[SceneView]:
    """Each crisis in its scene, by id."""
    scenes = {crisis: scene for scene in grouping.scenes for crisis in scene}
    doubtful: dict[Group, list[Group]] = {}
    for doubt in grouping.doubts:
        for crisis in doubt.of:
            doubtful.setdefault(crisis, []).append(doubt.members)
    one_of_others = {doubt.members for doubt in grouping.doubts if doubt.one_of_them}
    tied = _tied(grouping, ids)
    views = []
    for group, crisis_id in sorted(ids.items(), key=lambda pair: pair[1]):
        parts_here = [parts[key] for key in sorted(group)]
        around = [crisis for crisis in scenes.get(group, ()) if crisis != group]
        views.append(
            SceneView(
                crisis_id=crisis_id,
                parts=tuple(parts_here),
                around=_parts_of(around, parts),
                doubtful=_parts_of(doubtful.get(group, ()), parts),
                is_one_of_others=group in one_of_others,
                left_apart=not grouping.left_apart.isdisjoint(group),
                scene=tied[crisis_id],
            )
        )
    return views


def _parts_of(groups: Iterable[Group], parts: Mapping[SubjectKey, Part]) -> tuple[Part, ...]:
    return tuple(parts[key] for group in sorted(groups, key=min) for key in sorted(group))


def _tied(grouping: Grouping, ids: Mapping[Group, str]) -> dict[str, str]:
    """For each crisis the least id of those that a scene or a doubt ties to it."""
    tied = {crisis_id: {crisis_id} for crisis_id in ids.values()}
    several = [list(scene) for scene in grouping.scenes]
    several += [[doubt.members, *doubt.of] for doubt in grouping.doubts]
    for groups in several:
        merged = set().union(*(tied[ids[group]] for group in groups))
        # all share one set, so that a third that joins reaches the first
        for crisis_id in merged:
            tied[crisis_id] = merged
    return {crisis_id: min(tied_ids) for crisis_id, tied_ids in tied.items()}
