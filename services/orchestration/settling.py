"""From incidents that changed to alerts in the ledger: what batches, deadlines and people's
decisions all do.

Everything happens in the caller's transaction, with the zone locked: what is read, decided and
written is of one moment. The decision itself is the heart's pure `settle`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol

from schemas.events.detention import DetentionDetained
from schemas.registry import Registry
from services.identity.model import Model, shipped
from services.identity.person import IdentityDecision, Item, PersonOnFile
from services.liaison.alert import AlertChange, alert_due
from services.liaison.crisis.corrections import Effective
from services.liaison.crisis.fold import Folds
from services.liaison.crisis.records import SiteReport
from services.liaison.crisis.subjects import (
    SITE_REPORTS_COUNT,
    describing,
    descriptor_of,
    site_reports_of,
)
from services.liaison.disproportionality import SUBJECT, next_week
from services.liaison.linking.candidates import link_keys
from services.liaison.linking.contacts import PERSON_WINDOW, PLACE_WINDOW, ContactRow, contact_keys
from services.liaison.linking.sighting import sighting
from services.liaison.policy import Policy
from services.liaison.settle import settle
from services.liaison.settlement import HORIZON, IncidentFile, Key, Settlement
from services.orchestration.busy_places import learned_of_places
from services.orchestration.feeds import heard_up_to
from services.orchestration.ledger import (
    ContactNames,
    DecisionKept,
    Identity,
    LinkNames,
    Transaction,
)
from services.orchestration.matching import decide_all, decide_subjects
from services.orchestration.parked import Parked
from services.orchestration.register import people_on_file

_NOTHING_READ: Mapping[Key, Effective] = MappingProxyType({})
_NOBODY_DECIDED: Mapping[Key, IdentityDecision] = MappingProxyType({})


class Beside(Protocol):
    """What looks at every settlement beside the live policy, and may fail without harm."""

    async def look(
        self, transaction: Transaction, judge: Callable[[Policy], Settlement], now: datetime
    ) -> None:
        """Judge by another policy. Never raises for a fault of its own."""


@dataclass
class Settled:
    """What settling did, for whoever counts it."""

    changes: list[AlertChange] = field(default_factory=list)
    crisis_of: dict[Key, str] = field(default_factory=dict)
    """The crisis of each incident that was settled."""
    bounded: list[str] = field(default_factory=list)
    """Crises at which linking by place was stopped, because they would have grown too large."""
    asked: dict[Identity, Item] = field(default_factory=dict)
    """What would decide whom an event describes of whom it is not sure."""
    elsewhere: set[str] = field(default_factory=set)
    """Crises that count one of these incidents, and are to be looked at again for it."""
    failures: list[Exception] = field(default_factory=list)
    """Why crises were parked."""

    def add(self, other: Settled) -> None:
        """What was settled after it."""
        self.changes += other.changes
        self.crisis_of |= other.crisis_of
        self.bounded += other.bounded
        self.asked |= other.asked
        self.elsewhere |= other.elsewhere
        self.failures += other.failures


class Settling:
    """Settles incidents by one registry, one policy and one identity model; keeps what was folded
    before.
    """

    def __init__(
        self,
        registry: Registry,
        policy: Policy,
        shadow: Beside | None = None,
        model: Model | None = None,
    ) -> None:
        self.registry, self.policy, self.shadow = registry, policy, shadow
        self.model = model or shipped()
        self.folds = Folds()

    async def step(
        self, transaction: Transaction, touched: Collection[Key], now: datetime
    ) -> Settled:
        """The crises of these incidents alone, with what counts elsewhere named and not looked at.
        A parked crisis is left as it is, unless one of its own incidents is touched."""
        events, identities, around = await self._neighbourhood(transaction, touched, now)
        settlement = await self._settle(transaction, around, now, events, identities)
        done = _settled(settlement)
        done.asked = _asked(events, identities)
        # an incident that is new or changed counts elsewhere too (repeated contact, a follow-up
        # that was due)
        echoes = [echo for echo in settlement.echoes if echo.keys]
        if echoes:
            done.elsewhere = await transaction.echoed(echoes)
            done.elsewhere -= {crisis.crisis_id for crisis in settlement.crises}
        return done

    async def crises_around(
        self, transaction: Transaction, incident: Key, now: datetime
    ) -> list[str]:
        """The crises that are settled together with the incident, in order."""
        _, _, around = await self._neighbourhood(transaction, [incident], now)
        return sorted({crisis for crisis in around.values() if crisis is not None})

    async def _neighbourhood(
        self, transaction: Transaction, touched: Collection[Key], now: datetime
    ) -> tuple[dict[Key, Effective], dict[Key, IdentityDecision], dict[Key, str | None]]:
        events = await transaction.events_of(touched)
        identities = await decide_all(transaction, events, self.model)
        around = await transaction.neighbourhood(
            [incident for incident, effective in events.items() if effective.given],
            _link_names(events, identities, now),
        )
        return events, identities, _judgeable(around, touched, await transaction.parked())

    async def settle_crises(
        self, transaction: Transaction, crises: Collection[str], now: datetime
    ) -> Settled:
        """Look at whole crises again, because an instant has come. The zone is locked."""
        around = await transaction.incidents_of(sorted(crises))
        return _settled(await self._settle(transaction, around, now))

    async def look_in_shadow(
        self, transaction: Transaction, crises: Collection[str], now: datetime
    ) -> None:
        """Have the shadow alone look at whole crises again. The zone is locked; nothing live is
        written.
        """
        if self.shadow is None or not crises:
            return
        # one that cannot be judged is tried by the live policy alone
        judgeable = set(crises) - (await transaction.parked()).keys()
        around = await transaction.incidents_of(sorted(judgeable))
        _, judge = await self._judge(transaction, around, now)
        await self.shadow.look(transaction, lambda policy: judge(alerts=(), policy=policy), now)

    async def _settle(
        self,
        transaction: Transaction,
        around: Mapping[Key, str | None],
        now: datetime,
        events: Mapping[Key, Effective] = _NOTHING_READ,
        identities: Mapping[Key, IdentityDecision] = _NOBODY_DECIDED,
    ) -> Settlement:
        files, judge = await self._judge(transaction, around, now, events, identities)
        crises = {crisis for crisis in around.values() if crisis is not None}
        crises.update(crisis for file in files for crisis in file.crisis_ids.values())
        alerts = await transaction.alerts(crises=sorted(crises))
        settlement = judge(alerts=alerts, policy=self.policy)
        await keep_decisions(transaction, files, now)
        await _keep_crises(transaction, settlement, now)
        if self.shadow is not None:  # before the log, whose place is held until the commit
            await self.shadow.look(transaction, lambda policy: judge(alerts=(), policy=policy), now)
        await keep_alerts(transaction, settlement.alerts, now)
        judged = crises & (await transaction.parked()).keys()
        if judged:
            await transaction.unpark(judged)
        return settlement

    async def _judge(
        self,
        transaction: Transaction,
        around: Mapping[Key, str | None],
        now: datetime,
        events: Mapping[Key, Effective] = _NOTHING_READ,
        identities: Mapping[Key, IdentityDecision] = _NOBODY_DECIDED,
    ) -> tuple[Sequence[IncidentFile], partial[Settlement]]:
        """Everything that settling these incidents needs, but the policy and what it alerted
        before.
        """
        files, people = await incident_files(transaction, around, self.model, events, identities)
        decisions = await transaction.link_decisions(around)
        contacts = await _contacts(transaction, files)
        return files, partial(
            settle,
            files,
            people,
            now=now,
            folds=self.folds,
            heard=heard_up_to(await transaction.feed_states(), self.registry),
            registry=self.registry,
            decisions=decisions,
            contacts=contacts,
            contact_files=await _contact_files(transaction, files, contacts),
            site_reports=await _site_reports(transaction, files),
            by_day=await learned_of_places(transaction, files, self.policy),
        )


def _judgeable(
    around: Mapping[Key, str | None], touched: Collection[Key], parked: Mapping[str, Parked]
) -> dict[Key, str | None]:
    """Without the incidents of parked crises, but for those that are judged with a touched one."""
    tried: set[str] = set()
    for incident in touched:
        crisis = around.get(incident)
        if crisis is not None and crisis in parked:
            tried.add(parked[crisis].scene)
    left = {crisis for crisis, row in parked.items() if row.scene not in tried}
    return {incident: crisis for incident, crisis in around.items() if crisis not in left}


def _settled(settlement: Settlement) -> Settled:
    crisis_of = {
        member.key: crisis.crisis_id
        for crisis in settlement.crises
        for member in crisis.members
        if not member.subject
    }
    return Settled(list(settlement.alerts), crisis_of, list(settlement.bounded))


def _asked(
    events: Mapping[Key, Effective], identities: Mapping[Key, IdentityDecision]
) -> dict[Identity, Item]:
    """What would decide whom each incident is about, by the event that described them last."""
    asked: dict[Identity, Item] = {}
    for incident, effective in events.items():
        item = identities[incident].missing
        received = describing(effective)
        if item is not None and received is not None:
            asked[received.identity] = item
    return asked


def _link_names(
    events: Mapping[Key, Effective], identities: Mapping[Key, IdentityDecision], now: datetime
) -> LinkNames:
    sightings = [
        sighting(effective, identities[incident].person_id)
        for incident, effective in events.items()
    ]
    names = {name for sighted in sightings for name in link_keys(sighted)}
    # what one agency says of another's reference links for ever, what is near only for a time
    ever = sorted(name for name in names if name.startswith("incident:"))
    oldest = min((sighted.opened_at for sighted in sightings), default=now)
    return LinkNames(sorted(names), ever, oldest - HORIZON)


async def incident_files(
    transaction: Transaction,
    crises: Mapping[Key, str | None],
    model: Model,
    events: Mapping[Key, Effective] = _NOTHING_READ,
    identities: Mapping[Key, IdentityDecision] = _NOBODY_DECIDED,
) -> tuple[list[IncidentFile], dict[str, PersonOnFile]]:
    """What is known of the incidents, with the decision whom each is about, and the people whom
    they are about. `events` are what this transaction has read already, `identities` what it has
    decided."""
    effective = {incident: events[incident] for incident in crises if incident in events}
    unread = [incident for incident in crises if incident not in events]
    if unread:
        effective |= await transaction.events_of(unread)
    decisions = {k: identities[k] for k in effective if k in identities}
    undecided = {k: statements for k, statements in effective.items() if k not in identities}
    if undecided:
        decisions |= await decide_all(transaction, undecided, model)
    several = await decide_subjects(transaction, effective, model)
    attached = {d.person_id for d in decisions.values() if d.person_id is not None}
    for subjects in several.values():
        attached |= {d.person_id for d in subjects.values() if d.person_id is not None}
    people = await people_on_file(transaction, attached)
    contact_rows = await transaction.contact_rows(effective)
    further = await transaction.further_subjects(effective)
    files = [
        IncidentFile(
            key,
            statements,
            decisions[key],
            crises[key],
            contact_rows.get(key),
            identities=several.get(key, {}),
            crisis_ids=further.get(key, {}),
        )
        for key, statements in sorted(effective.items())
    ]
    return files, people


async def _contacts(transaction: Transaction, files: Iterable[IncidentFile]) -> list[ContactRow]:
    """Other incidents about the same person, telephone or property as one of these, as far back as
    a rule counts.
    """
    names: set[str] = set()
    opened: list[datetime] = []
    for file in files:
        person_id = file.identity.person_id if file.identity is not None else None
        names |= contact_keys(file.events, person_id)
        opened += [received.event.time for received in file.events]
    if not names or not opened:
        return []
    first = min(opened)
    people = sorted(name for name in names if name.startswith("person:"))
    places = sorted(names.difference(people))
    return await transaction.contacts(
        ContactNames(people, first - PERSON_WINDOW, places, first - PLACE_WINDOW)
    )


async def _contact_files(
    transaction: Transaction, files: Iterable[IncidentFile], contacts: Iterable[ContactRow]
) -> list[IncidentFile]:
    """What is said of the calls that may count as an earlier contact: of a call that was described,
    one about somebody else is none, whether or not both are looked at in this step."""
    described = [file for file in files if descriptor_of(file.events) is not None]
    if not described:
        return []
    settled_keys = {file.key for file in files}
    calls = [
        row.key
        for row in contacts
        if row.crisis_at is not None
        and row.key not in settled_keys
        and row.agency_kind in {"police", "ambulance"}
        and not any(name.startswith("person:") for name in row.keys)
    ]
    if not calls:
        return []
    events = await transaction.events_of(calls)
    return [IncidentFile(key, effective) for key, effective in sorted(events.items())]


async def _site_reports(
    transaction: Transaction, files: Iterable[IncidentFile]
) -> tuple[SiteReport, ...]:
    """What places of safety said lately, where somebody detained is among the incidents."""
    detained = [
        received.event.time
        for file in files
        for received in file.events
        if type(received.event.data) is DetentionDetained
    ]
    if not detained:
        return ()
    return site_reports_of(await transaction.site_events(min(detained) - SITE_REPORTS_COUNT))


async def keep_decisions(
    transaction: Transaction, files: Iterable[IncidentFile], now: datetime
) -> None:
    """Keep each decision about a person that is new, and close the one before it."""
    decisions: dict[Key, DecisionKept] = {}
    for file in files:
        identity = file.identity
        if identity is None or identity.rule == "no-descriptor":
            continue
        evidence: dict[str, Any] = {
            "rule": identity.rule,
            "candidates": list(identity.candidates),
            "evidence": [asdict(field_evidence) for field_evidence in identity.evidence],
        }
        if identity.missing is not None:
            evidence["missing"] = identity.missing.value
        decisions[file.key] = DecisionKept(
            identity.outcome, identity.person_id, evidence, identity.matcher_version
        )
    if not decisions:
        return
    standing = await transaction.identity_decisions(decisions)
    changed = {
        incident: decision
        for incident, decision in decisions.items()
        if incident not in standing or not standing[incident].says_the_same(decision)
    }
    if changed:
        await transaction.replace_decisions(changed, now)


async def _keep_crises(transaction: Transaction, settlement: Settlement, now: datetime) -> None:
    await transaction.save_crises(settlement, now)
    due: dict[str, datetime | None] = {c.crisis_id: c.look_again_at for c in settlement.crises}
    due |= dict.fromkeys(settlement.dissolved)
    await transaction.set_deadlines("crisis", due)
    tallies = {c.crisis_id: c.tally for c in settlement.crises}
    await transaction.save_tallies(tallies, settlement.dissolved)
    if any(tally is not None for tally in tallies.values()):
        # the first crisis ever that counts begins the weekly look
        await transaction.begin_deadline("monitor", SUBJECT, next_week(now))


async def keep_alerts(
    transaction: Transaction, changes: Sequence[AlertChange], now: datetime
) -> int:
    """Write alerts and when time next does something to each. Gives the newest sequence of the log."""
    if not changes:
        return 0
    due = {change.alert.alert_id: alert_due(change.alert) for change in changes}
    await transaction.set_deadlines("alert", due)
    return await transaction.save_alerts(changes, now)
