"""From what is known of some incidents to crises and alerts: one pure step, the same in the stream and in replay."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from schemas.registry import Registry
from services.identity.decide import identity_keys
from services.identity.person import UNKNOWN, IdentityDecision, PersonOnFile
from services.liaison import alert as life
from services.liaison.alert import Alert, AlertChange
from services.liaison.alert_changes import alert_changes
from services.liaison.catching_up import catching_up
from services.liaison.crisis.corrections import Effective, counted, together
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.fold import Folds, fold
from services.liaison.crisis.records import SiteReport
from services.liaison.crisis.subjects import area_of, described_key, descriptor_of, local_keys
from services.liaison.evaluate import evaluate
from services.liaison.finding import Evaluation
from services.liaison.heard import Heard
from services.liaison.linking.candidates import link_keys
from services.liaison.linking.contacts import (
    ContactRow,
    by_name,
    contact_keys,
    contacts_of,
    echo_of,
    rows_of,
)
from services.liaison.linking.grouping import Bound, group_within
from services.liaison.linking.sighting import Sighting, sighting
from services.liaison.policy import Policy
from services.liaison.rules.r09_detention_clock import RULE as DETENTION_CLOCK
from services.liaison.settlement import (
    IncidentFile,
    IncidentSettled,
    Key,
    SettledCrisis,
    Settlement,
)
from services.liaison.tally import tally_of

_NAMESPACE = uuid.UUID("b7c2a1de-6a0c-5b6c-9d3f-3f1b7f0f5c22")


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


def _evaluated(
    crisis: Crisis,
    own: Sequence[IncidentFile],
    said: Mapping[Key, Effective],
    known: dict[str, Alert],
    now: datetime,
    well: Heard,
    policy: Policy,
) -> Evaluation:
    """What stands of a crisis. What waits for the rest of what an agency has to say is taken out of `known`: it stays as
    it is."""
    events = [received for file in own for received in said[file.key].given]
    agencies = well.by_agency(events)
    waiting = catching_up(events, now, policy)
    sources = {received.event.source: received.agency for received in events if waiting}
    services = well.services(crisis.area, agencies)
    evaluation = evaluate(crisis, now, agencies, policy, services, waiting, sources)
    for key in evaluation.held_back:
        known.pop(life.alert_id(key), None)
    return evaluation


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
    well = Heard(registry, heard)
    for alone, own in folded:
        crisis_id, area = alone.crisis_id, alone.area
        mine = frozenset().union(*(keys[f.key] for f in own))
        inside = {f.key for f in own}
        others = {
            row.key: row for name in mine for row in near.get(name, ()) if row.key not in inside
        }
        counting = contacts_of(alone, mine, others.values())
        crisis = replace(alone, contacts=counting) if counting else alone
        found = _evaluated(crisis, own, said, known, now, well, policy)
        changes += alert_changes(
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
                tally_of(crisis, DETENTION_CLOCK.limit(policy, "period")),
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
