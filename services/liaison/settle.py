"""From what is known of some incidents to crises and alerts: one pure step, the same in the stream and in replay."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schemas.codes import AgencyKind
from schemas.received import Received
from schemas.registry import Registry
from services.identity.decide import identity_keys
from services.identity.person import UNKNOWN, IdentityDecision, PersonOnFile
from services.liaison import alert as life
from services.liaison.alert import Alert, AlertChange
from services.liaison.crisis.corrections import Effective, counted, together
from services.liaison.crisis.fold import Crisis, Folds, fold, sighting
from services.liaison.crisis.records import SiteReport
from services.liaison.crisis.subjects import area_of, described_key, descriptor_of, local_keys
from services.liaison.disclosure.addressing import Addressing
from services.liaison.disproportionality import evaluate_monitor
from services.liaison.evaluate import evaluate
from services.liaison.feeds import FeedHealth, evaluate_feed
from services.liaison.finding import EVERY_FEED, Standing
from services.liaison.linking.contacts import (
    ContactRow,
    Echo,
    by_name,
    contact_keys,
    contacts_of,
    echo_of,
    rows_of,
)
from services.liaison.linking.link import Bound, Sighting, group_within, link_keys
from services.liaison.policy import Policy
from services.liaison.rules import RULES
from services.liaison.tally import Counts, Tally, tally_of

_NAMESPACE = uuid.UUID("b7c2a1de-6a0c-5b6c-9d3f-3f1b7f0f5c22")

Key = tuple[str, str]

HORIZON = timedelta(hours=25)
"""How far back incidents may link by person or place; references link for ever. Longer than any window of linking."""


@dataclass(frozen=True, slots=True)
class IncidentFile:
    """All that is known of one incident. `crisis_id` is where it is now; None for a new one."""

    key: Key
    events: Sequence[Received]
    """In any order; what was made of them by `corrections.counted` is taken as it is."""
    identity: IdentityDecision | None = None
    crisis_id: str | None = None
    former: ContactRow | None = None
    """What other crises may have counted of it until now."""


@dataclass(frozen=True, slots=True)
class IncidentSettled:
    """One incident's row in the ledger."""

    key: Key
    opened_at: datetime
    last_seen_at: datetime
    keys: tuple[str, ...]
    """Coarse keys under which incidents that may link, and people it may be about, are found."""
    contact: ContactRow | None = None
    """What other crises may count of it; None for a record that is not counted."""


@dataclass(frozen=True, slots=True)
class SettledCrisis:
    """One crisis's row, its members, and when to look at it again."""

    crisis_id: str
    area: str | None
    opened_at: datetime
    last_event_at: datetime
    members: tuple[IncidentSettled, ...]
    look_again_at: datetime | None
    tally: Tally | None = None
    """What it counts for by ethnic group (R27); None where it is no mental-health crisis."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What must be written."""

    crises: tuple[SettledCrisis, ...]
    dissolved: tuple[str, ...]
    """Crises that lost all their incidents to others."""
    alerts: tuple[AlertChange, ...]
    echoes: tuple[Echo, ...] = ()
    """Which other crises must be looked at again, since they count an incident of these."""
    bounded: tuple[str, ...] = ()
    """Crises at which linking by place was stopped, because they would have grown too large."""


def new_crisis_id(key: Key) -> str:
    """The id of a crisis that begins with this incident."""
    return str(uuid.uuid5(_NAMESPACE, "|".join(key)))


def _crisis_ids(
    groups: Sequence[frozenset[Key]],
    files: Mapping[Key, IncidentFile],
    sightings: Mapping[Key, Sighting],
) -> list[str]:
    """A crisis keeps the id its earliest incident has; of two parts of a split one keeps it, the other gets its own."""
    order = sorted(
        range(len(groups)), key=lambda i: min((sightings[k].opened_at, k) for k in groups[i])
    )
    ids = [""] * len(groups)
    taken: set[str] = set()
    for index in order:
        members = sorted(groups[index], key=lambda k: (sightings[k].opened_at, k))
        held = (files[k].crisis_id for k in members)
        chosen = next((e for e in held if e is not None and e not in taken), None)
        if chosen is None:
            chosen = new_crisis_id(members[0])
            if chosen in taken:
                chosen = str(uuid.uuid5(_NAMESPACE, "|".join(f"{a}/{r}" for a, r in members)))
        taken.add(chosen)
        ids[index] = chosen
    return ids


def _identity(members: Iterable[IncidentFile]) -> IdentityDecision:
    """One decision for the crisis. Incidents attached to different people make it a possible match, never a choice."""
    decisions = [m.identity for m in sorted(members, key=lambda m: m.key) if m.identity is not None]
    attached = [d for d in decisions if d.outcome == "attached"]
    people = sorted({d.person_id for d in attached if d.person_id})
    if len(people) == 1:
        return attached[0]
    if people:
        return IdentityDecision(
            "possible", None, tuple(people), (), "incidents-disagree", attached[0].matcher_version
        )
    return next((d for d in decisions if d.outcome == "possible"), UNKNOWN)


def _settled(
    standing: Iterable[Standing],
    known: dict[str, Alert],
    now: datetime,
    *,
    policy: Policy,
    registry: Registry,
    area: str | None,
    crisis: Crisis | None,
    crisis_id: str | None,
    feed: str | None = None,
) -> list[AlertChange]:
    """What a set of findings and the passing of time make of the alerts. Takes what it used out of `known`.

    First what the rules say, then which alert keeps quiet for a more urgent one, then what time has brought.
    """
    changes: dict[str, AlertChange] = {}
    alerts: dict[str, Alert] = {}
    addressing: dict[str, Addressing] = {}
    for each in standing:
        identity = life.alert_id(each.finding.key)
        former = known.pop(identity, None)
        to = addressing[identity] = Addressing(each, crisis, area, registry, policy)
        change: AlertChange | None
        if former is None or not former.stands:
            change = life.raise_alert(
                each,
                to.by_rule(),
                now,
                rule_version=RULES[each.finding.rule].version,
                zone=registry.zone,
                area=area,
                crisis_id=crisis_id,
                feed=feed,
                former=former,
            )
        else:
            alerts[identity] = former
            above = [to.desk(d.desk) for d in former.desks if d.origin != "rule" and not d.ended]
            change = life.update(
                former, each, to.by_rule(), now, crisis_id, also=[a for a in above if a is not None]
            )
        if change is not None:
            changes[identity], alerts[identity] = change, change.alert
    for quiet in life.inhibit(alerts.values(), now):
        identity = quiet.alert.alert_id
        changes[identity] = changes[identity].then(quiet) if identity in changes else quiet
        alerts[identity] = quiet.alert
    for identity, alert in alerts.items():
        passed = life.pass_time(alert, now, addressing[identity].desk)
        if passed is not None:
            changes[identity] = changes[identity].then(passed) if identity in changes else passed
    return list(changes.values())


def crisis_of(
    crisis_id: str,
    own: Sequence[IncidentFile],
    said: Mapping[Key, Effective],
    people: Mapping[str, PersonOnFile],
    registry: Registry,
    site_reports: tuple[SiteReport, ...] = (),
    folds: Folds | None = None,
) -> Crisis:
    """The crisis that these incidents make, without contacts outside it. `said` are their events as `counted` has them."""
    identity = _identity(own)
    events = together(said[f.key] for f in own)
    person = people.get(identity.person_id) if identity.person_id else None
    return fold(
        crisis_id, area_of(events, registry), events, person, identity, (), site_reports, folds
    )


class _Heard:
    """When feeds were last heard, seen from one crisis after another."""

    def __init__(self, registry: Registry, heard: Mapping[str, datetime]) -> None:
        self._registry, self._heard = registry, heard
        self._longest: dict[str, datetime] = {}
        for agency in registry.agencies:
            if every := [heard[feed.id] for feed in agency.feeds if feed.id in heard]:
                self._longest[agency.id] = self._longest[f"{agency.id}{EVERY_FEED}"] = min(every)
        self._serving: dict[str | None, list[tuple[AgencyKind, str]]] = {}

    def by_agency(self, events: Iterable[Received]) -> dict[str, datetime]:
        """When each agency was last heard on the feeds that carry what it says of these incidents.

        Another of its feeds being well proves nothing: custody may be heard while dispatch is silent. Of an agency that
        has said nothing here yet, any feed may be the one that would, so the one that was silent longest counts; so it
        does under the agency's name with EVERY_FEED after it.
        """
        carried: dict[str, set[str]] = {}
        for agency, feed in {(r.agency, r.feed) for r in events}:
            carried.setdefault(agency, set()).add(feed)
        found = dict(self._longest)
        for agency, feeds in carried.items():
            found.pop(agency, None)
            known = [self._heard[feed] for feed in feeds if feed in self._heard]
            if known and agency in self._registry.agencies_by_id:
                found[agency] = min(known)
        return found

    def services(
        self, area: str | None, heard: Mapping[str, datetime]
    ) -> Mapping[AgencyKind, list[str]]:
        """The agencies of each kind that serve the area and were ever heard: one that never was is not connected."""
        if area not in self._serving:
            self._serving[area] = [
                (a.kind, a.id)
                for a in self._registry.agencies
                if area is None or not a.areas or area in a.areas
            ]
        found: dict[AgencyKind, list[str]] = {}
        for kind, agency in self._serving[area]:
            if agency in heard:
                found.setdefault(kind, []).append(agency)
        return found


def settle(
    files: Iterable[IncidentFile],
    people: Mapping[str, PersonOnFile],
    alerts: Iterable[Alert],
    now: datetime,
    *,
    heard: Mapping[str, datetime],
    policy: Policy,
    registry: Registry,
    separated: frozenset[frozenset[Key]] = frozenset(),
    joined: frozenset[frozenset[Key]] = frozenset(),
    contacts: Iterable[ContactRow] = (),
    site_reports: tuple[SiteReport, ...] = (),
    folds: Folds | None = None,
) -> Settlement:
    """Group the incidents into crises, evaluate each at `now`, and say what changes.

    `files` must hold every incident of every crisis that is touched, and every incident that may link to one of them;
    `alerts` every alert of those crises. `heard` is when each feed was last heard. `contacts` are rows of other
    incidents that share a person, telephone or property with one of these; `site_reports` what places of safety said of
    their free places, in order. The same input gives the same output, in whatever order it is given; `folds` only spares what
    was folded before.
    """
    by_key = {f.key: f for f in files}
    said = {k: counted(f.events) for k, f in by_key.items()}
    sightings = {
        k: sighting(said[k], f.identity.person_id if f.identity else None)
        for k, f in by_key.items()
    }
    grouping = group_within(
        sightings.values(),
        Bound(policy.largest_crisis_incidents, policy.largest_crisis_events),
        {k: len(said[k].given) for k in by_key},
        {k: f.crisis_id for k, f in by_key.items()},
        separated=separated,
        joined=joined,
    )
    groups = grouping.crises
    ids = _crisis_ids(groups, by_key, sightings)
    known = {a.alert_id: a for a in alerts}
    changes: list[AlertChange] = []
    crises: list[SettledCrisis] = []
    folded: list[tuple[Crisis, list[IncidentFile]]] = []
    bounded: list[str] = []
    rows_known = {row.key: row for row in contacts if row.key not in by_key}
    keys = {
        k: contact_keys(said[k], f.identity.person_id if f.identity else None)
        for k, f in by_key.items()
    }
    for members, crisis_id in sorted(zip(groups, ids, strict=True), key=lambda pair: pair[1]):
        own = [by_key[k] for k in sorted(members)]
        crisis = crisis_of(crisis_id, own, said, people, registry, site_reports, folds)
        if not grouping.left_apart.isdisjoint(members):
            crisis = replace(crisis, incidents_left_apart=True)
            bounded.append(crisis_id)
        folded.append((crisis, own))
        rows_known |= {row.key: row for row in rows_of(crisis, {k: keys[k] for k in members})}
    near = by_name(rows_known.values())
    well = _Heard(registry, heard)
    for alone, own in folded:
        crisis_id, area = alone.crisis_id, alone.area
        mine = frozenset().union(*(keys[f.key] for f in own))
        inside = {f.key for f in own}
        others = {
            row.key: row for name in mine for row in near.get(name, ()) if row.key not in inside
        }
        counting = contacts_of(alone, mine, others.values())
        crisis = replace(alone, contacts=counting) if counting else alone
        agencies = well.by_agency(r for f in own for r in said[f.key].given)
        found = evaluate(crisis, now, agencies, policy, well.services(area, agencies))
        changes += _settled(
            found.standing,
            known,
            now,
            policy=policy,
            registry=registry,
            area=area,
            crisis=crisis,
            crisis_id=crisis_id,
        )
        rows = tuple(
            IncidentSettled(
                f.key,
                sightings[f.key].opened_at,
                sightings[f.key].last_seen_at,
                tuple(
                    sorted(
                        link_keys(sightings[f.key])
                        | local_keys(said[f.key])
                        | {described_key(k) for k in identity_keys(descriptor_of(said[f.key]))}
                    )
                ),
                rows_known.get(f.key),
            )
            for f in own
        )
        crises.append(
            SettledCrisis(
                crisis_id,
                area,
                min(r.opened_at for r in rows),
                crisis.last_event_at or min(r.opened_at for r in rows),
                rows,
                found.look_again_at,
                tally_of(crisis, policy.limit("R09", "period")),
            )
        )
    changes += [
        life.clear(a, now, "the condition holds no more") for a in known.values() if a.stands
    ]
    had = {f.crisis_id for f in by_key.values() if f.crisis_id is not None}
    echoes = (echo_of(m.contact, by_key[m.key].former) for e in crises for m in e.members)
    return Settlement(
        tuple(crises),
        tuple(sorted(had - {e.crisis_id for e in crises})),
        tuple(changes),
        tuple(e for e in echoes if e is not None),
        tuple(bounded),
    )


def settle_feed(
    health: FeedHealth,
    alerts: Iterable[Alert],
    now: datetime,
    *,
    policy: Policy,
    registry: Registry,
) -> tuple[tuple[AlertChange, ...], datetime | None]:
    """Rule R30 for one feed: what changes, and when to look again."""
    known = {a.alert_id: a for a in alerts}
    found = evaluate_feed(health, now, policy)
    changes = _settled(
        found.standing,
        known,
        now,
        policy=policy,
        registry=registry,
        area=None,
        crisis=None,
        crisis_id=None,
        feed=health.feed,
    )
    changes += [life.clear(a, now, "the feed is heard again") for a in known.values() if a.stands]
    return tuple(changes), found.look_again_at


def settle_monitor(
    counts: Counts, alerts: Iterable[Alert], now: datetime, *, policy: Policy, registry: Registry
) -> tuple[tuple[AlertChange, ...], datetime | None]:
    """Rule R27 over the counts of the week: what changes, and when to look again."""
    known = {a.alert_id: a for a in alerts}
    found = evaluate_monitor(counts, now, policy)
    changes = _settled(
        found.standing,
        known,
        now,
        policy=policy,
        registry=registry,
        area=None,
        crisis=None,
        crisis_id=None,
    )
    changes += [
        life.clear(a, now, "within the control limits again") for a in known.values() if a.stands
    ]
    return tuple(changes), found.look_again_at
