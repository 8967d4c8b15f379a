"""The whole product in memory: what the stream does with PostgreSQL, for replay and for tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.events import care, keeping
from schemas.received import SITE, Received
from schemas.registry import Registry
from services.identity.candidates import gather
from services.identity.decide import NO_REGISTER, decide, described_once, identity_keys
from services.identity.frequency import LEAST_REGISTER
from services.identity.model import frequencies
from services.identity.person import PersonOnFile, own_register
from services.identity.register import LocalRecord, fold_local, people_of, person_id_of, person_ids
from services.liaison import alert as life
from services.liaison.alert import Acknowledge, Alert, AlertChange, Command, Transition
from services.liaison.alert_changes import settle_feed, settle_monitor
from services.liaison.crisis.corrections import Effective, counted, effective
from services.liaison.crisis.fold import Folds
from services.liaison.crisis.records import SiteReport
from services.liaison.crisis.subjects import (
    day_of,
    described_key,
    descriptor_of,
    local_key,
    local_person_of,
    site_reports_of,
)
from services.liaison.disproportionality import SUBJECT, next_week, window
from services.liaison.feeds import ON_TIME, FeedHealth, Timing, timing
from services.liaison.linking.candidates import link_keys
from services.liaison.linking.contacts import AWAITING_PLACE, ContactRow, Echo, contact_keys
from services.liaison.linking.sighting import sighting
from services.liaison.policy import Policy
from services.liaison.rules.r30_silence import RULE as FEED_RULE
from services.liaison.settle import settle
from services.liaison.settlement import HORIZON, IncidentFile, Key, SettledCrisis, Settlement
from services.liaison.tally import count

REOPEN = timedelta(hours=72)
"""Incidents whose person is looked at again when a person is registered or corrected later."""


@dataclass
class _Incident:
    key: Key
    events: list[Received] = field(default_factory=list)
    crisis_id: str | None = None
    keys: tuple[str, ...] = ()
    last_seen_at: datetime | None = None
    contact: ContactRow | None = None
    _counted: Effective | None = None

    def add(self, received: Received) -> None:
        """Another event of it."""
        self.events.append(received)
        self._counted = None

    @property
    def counted(self) -> Effective:
        """The events that count."""
        if self._counted is None:
            self._counted = counted(self.events)
        return self._counted


def _locals(agency: str, data: care.PersonData) -> frozenset[tuple[str, str]]:
    """The local records that an event of the register is about."""
    named = {data.local_person}
    named |= {getattr(data, name) for name in ("merged", "split_off") if hasattr(data, name)}
    return frozenset((agency, local) for local in named)


class MemoryLedger:
    """Takes events and the passing of time; keeps incidents, people, crises, alerts and deadlines."""

    def __init__(self, registry: Registry, policy: Policy) -> None:
        self.registry, self.policy = registry, policy
        self.alerts: dict[str, Alert] = {}
        self.log: list[Transition] = []
        self._alerts_of: dict[str, dict[str, None]] = defaultdict(dict)
        self.crises: dict[str, SettledCrisis] = {}
        self._folds = Folds()
        self._seen: set[tuple[str, str]] = set()
        self._incident_of: dict[tuple[str, str], Key] = {}
        self._locals_of: dict[tuple[str, str], frozenset[tuple[str, str]]] = {}
        self._waiting: dict[tuple[str, str], list[Received]] = defaultdict(list)
        self._incidents: dict[Key, _Incident] = {}
        self._by_key: dict[str, set[Key]] = defaultdict(set)
        self._by_contact: dict[str, set[Key]] = defaultdict(set)
        self._site_reports: tuple[SiteReport, ...] = ()
        self._sites: dict[Key, list[Received]] = defaultdict(list)
        self._locals: dict[tuple[str, str], list[Received]] = defaultdict(list)
        self._records: dict[tuple[str, str], LocalRecord] = {}
        self._register_is_current = True
        self._people: dict[str, PersonOnFile] = {}
        self._common = NO_REGISTER
        self._records_by_key: dict[int, set[tuple[str, str]]] = defaultdict(set)
        self._person_of_record: dict[tuple[str, str], str] = {}
        self.heard: dict[str, datetime] = {}
        self._late: dict[str, tuple[datetime, timedelta]] = {}
        self._ahead: dict[str, tuple[datetime, timedelta]] = {}
        self._due: dict[tuple[str, str], datetime] = {}
        self._separated: frozenset[frozenset[Key]] = frozenset()
        self._joined: frozenset[frozenset[Key]] = frozenset()

    # -- what comes in ------------------------------------------------------------------------------------------------

    def receive(self, events: Sequence[Received], now: datetime) -> None:
        """One batch. Repeats are harmless."""
        touched: set[Key] = set()
        people_changed: set[str] = set()
        for feed in dict.fromkeys(r.feed for r in events):
            self.hear(feed, now, timing((r for r in events if r.feed == feed), now))
        for received in events:
            if received.event.identity in self._seen:
                continue
            self._seen.add(received.event.identity)
            data = received.event.data
            if isinstance(data, care.PersonData):
                people_changed |= self._register(received, _locals(received.agency, data))
            elif isinstance(data, keeping.EventCorrected | keeping.EventRetracted):
                target = (
                    received.event.source,
                    data.corrects if isinstance(data, keeping.EventCorrected) else data.retracts,
                )
                if (known := self._incident_of.get(target)) is not None:
                    touched |= self._take_in(received, known)
                elif target in self._locals_of:
                    people_changed |= self._register(received, self._locals_of[target])
                else:
                    self._waiting[target].append(received)
            elif (key := received.record_key) is not None:
                touched |= self._take_in(received, key)
        for name in people_changed:
            touched |= {
                key
                for key in self._by_key.get(name, set())
                if (seen := self._incidents[key].last_seen_at) is not None and now - seen <= REOPEN
            }
        if touched:
            self._settle(touched, now)

    def _take_in(self, received: Received, key: Key) -> set[Key]:
        """An event of the incident, with the corrections that waited for it, and those that waited for these."""
        self._incident_of[received.event.identity] = key
        if key[1].startswith(SITE):
            self._sites[key].append(received)
            self._site_reports = site_reports_of(r for said in self._sites.values() for r in said)
            touched = set(self._by_contact[AWAITING_PLACE])
        else:
            self._incidents.setdefault(key, _Incident(key)).add(received)
            touched = {key}
        for waiting in self._waiting.pop(received.event.identity, []):
            self._take_in(waiting, key)
        return touched

    def hear(self, feed: str, now: datetime, how: Timing = ON_TIME) -> None:
        """The feed gave a sign of life."""
        self._note(self._late, feed, now, how.late, FEED_RULE.limit(self.policy, "late_from"))
        self._note(self._ahead, feed, now, how.ahead, FEED_RULE.limit(self.policy, "ahead_from"))
        self.heard[feed] = max(self.heard.get(feed, now), now)
        silent_after = timedelta(seconds=self.registry.feeds_by_id[feed][1].silent_after_seconds)
        standing = any(self.alerts[i].stands for i in self._alerts_of[feed])
        again = [
            since + FEED_RULE.limit(self.policy, "trouble_lasts")
            for since, _ in (t[feed] for t in (self._late, self._ahead) if feed in t)
        ]
        self._due[("feed", feed)] = (
            now if standing else min([self.heard[feed] + silent_after, *again])
        )

    @staticmethod
    def _note(
        kept: dict[str, tuple[datetime, timedelta]],
        feed: str,
        now: datetime,
        seconds: float | None,
        limit: timedelta,
    ) -> None:
        """Since when it is so, and by how much; what a batch says nothing of stays as it was."""
        if seconds is None:
            return
        if seconds > limit.total_seconds():
            kept[feed] = (kept.get(feed, (now, limit))[0], timedelta(seconds=seconds))
        else:
            kept.pop(feed, None)

    def _health(self, feed: str) -> FeedHealth:
        agency, described = self.registry.feeds_by_id[feed]
        late, ahead = self._late.get(feed), self._ahead.get(feed)
        return FeedHealth(
            feed=feed,
            agency=agency.id,
            last_heard_at=self.heard[feed],
            silent_after=timedelta(seconds=described.silent_after_seconds),
            late_since=late and late[0],
            late_by=late[1] if late else timedelta(0),
            ahead_since=ahead and ahead[0],
            ahead_by=ahead[1] if ahead else timedelta(0),
        )

    def _record(self, local: tuple[str, str]) -> LocalRecord:
        return fold_local(*local, effective(self._locals[local])[0])

    def _keep_local(self, received: Received, locals_: frozenset[tuple[str, str]]) -> None:
        for local in locals_:
            self._locals[local].append(received)
        self._locals_of[received.event.identity] = locals_
        for waiting in self._waiting.pop(received.event.identity, []):
            self._keep_local(waiting, locals_)

    def _register(self, received: Received, locals_: frozenset[tuple[str, str]]) -> set[str]:
        """Take in what an NHS organisation says; gives the identity keys of the people it is and was about."""
        changed = self._described(locals_)
        self._keep_local(received, locals_)
        changed |= {local_key(*local) for local in locals_}
        for local in locals_:
            self._records.pop(local, None)
        self._register_is_current = False
        return changed | self._described(locals_)

    def _described(self, locals_: frozenset[tuple[str, str]]) -> set[str]:
        said = (d for local in locals_ for d in self._record(local).descriptors)
        return {described_key(key) for d in said for key in identity_keys(d)}

    def _read_register(self) -> None:
        """Fold what has changed of the register since it was last asked: once a batch, not once an event."""
        if self._register_is_current:
            return
        self._register_is_current = True
        for local in self._locals:
            if local not in self._records:
                self._records[local] = self._record(local)
        records = list(self._records.values())
        self._people = people_of(records)
        if len(records) >= LEAST_REGISTER:
            self._common = frequencies(
                described_once(r.descriptors) for r in records if r.descriptors
            )
        self._records_by_key.clear()
        self._person_of_record = person_ids(records)
        for record in records:
            for descriptor in record.descriptors:
                for number in identity_keys(descriptor):
                    self._records_by_key[number].add((record.agency, record.local_person))

    # -- time and people ----------------------------------------------------------------------------------------------

    def next_due(self, *kinds: str) -> datetime | None:
        """The next instant at which something must be looked at: of the kinds `crisis`, `alert`, `feed`,
        `monitor`; of all without."""
        return min(
            (at for (kind, _), at in self._due.items() if not kinds or kind in kinds), default=None
        )

    def tick(self, now: datetime) -> None:
        """Take every deadline that is due."""
        for kind, subject in sorted(k for k, at in self._due.items() if at <= now):
            if self._due.get((kind, subject), now) > now:
                continue  # set anew by what came before it
            self._due.pop((kind, subject), None)
            alert = self.alerts[subject] if kind == "alert" else None
            feed = subject if kind == "feed" else alert.feed if alert is not None else None
            crisis = self.crises.get((alert.crisis_id or "") if alert is not None else subject)
            if kind == "monitor" or (
                alert is not None and alert.crisis_id is None and alert.feed is None
            ):
                self._settle_monitor(now)
            elif feed is not None:
                self._settle_feed(feed, now)
            elif crisis is not None:
                self._settle({m.key for m in crisis.members}, now)

    def command(
        self, alert_id: str, desk: str, command: Command, actor: str, now: datetime
    ) -> None:
        """A person at a desk does something. Raises CommandRefused, KeyError."""
        change = life.answer(self.alerts[alert_id], desk, command, actor, now, self.policy.terms())
        self._write([change])
        crisis = change.alert.crisis_id
        if crisis is not None:
            self._write(life.inhibit([self.alerts[i] for i in self._alerts_of[crisis]], now))

    def acknowledge(self, alert_id: str, desk: str, actor: str, now: datetime) -> None:
        """A person at a desk acknowledges. Raises CommandRefused, KeyError."""
        self.command(alert_id, desk, Acknowledge(), actor, now)

    def separate(self, one: Key, other: Key, now: datetime) -> None:
        """A person decides that two incidents are not one crisis."""
        pair = frozenset({one, other})
        self._separated, self._joined = self._separated | {pair}, self._joined - {pair}
        self._settle({one, other}, now)

    def join(self, one: Key, other: Key, now: datetime) -> None:
        """A person decides that two incidents are one crisis."""
        pair = frozenset({one, other})
        self._separated, self._joined = self._separated - {pair}, self._joined | {pair}
        self._settle({one, other}, now)

    # -- the step -----------------------------------------------------------------------------------------------------

    def _file(self, key: Key) -> IncidentFile:
        incident = self._incidents[key]
        local = local_person_of(incident.counted)
        if local is not None and (known := self._person_of(local)) is not None:
            decision = own_register(known)
        else:
            said = descriptor_of(incident.counted)
            near = gather({n: self._records_by_key.get(n, ()) for n in identity_keys(said)})
            ids = {self._person_of_record[record] for record in near}
            decision = decide(
                said,
                (self._people[i] for i in ids),
                as_of=day_of(incident.counted),
                frequencies=self._common,
            )
        return IncidentFile(key, incident.counted, decision, incident.crisis_id, incident.contact)

    def _person_of(self, local: tuple[str, str]) -> str | None:
        if local not in self._locals:
            return None
        person = person_id_of(self._record(local))
        return person if person in self._people else None

    def _neighbourhood(self, touched: Iterable[Key], now: datetime) -> set[Key]:
        """The touched incidents, those that may link to them, and the whole crises of all of these."""
        wanted = {k for k in touched if k in self._incidents}
        seen_now = [
            sighting(f.events, f.identity.person_id if f.identity else None)
            for f in map(self._file, wanted)
        ]
        oldest = min((s.opened_at for s in seen_now), default=now) - HORIZON
        for name in {name for each in seen_now for name in link_keys(each)}:
            for key in self._by_key.get(name, set()):
                seen = self._incidents[key].last_seen_at
                if name.startswith("incident:") or seen is None or seen >= oldest:
                    wanted.add(key)
        for pair in self._separated | self._joined:
            if pair & wanted:
                wanted |= {k for k in pair if k in self._incidents}
        ids = {i for k in wanted if (i := self._incidents[k].crisis_id) is not None}
        return wanted | {m.key for i in ids for m in self.crises[i].members}

    def _settle(self, touched: Iterable[Key], now: datetime) -> None:
        echoes = self._settle_once(self._neighbourhood(touched, now), now)
        again = {
            key
            for echo in echoes
            for name in echo.keys
            for key in self._by_contact[name]
            if (row := self._incidents[key].contact) is not None
            and row.opened_at >= echo.opened_from
        } - set(touched)
        if again:
            ids = {i for k in again if (i := self._incidents[k].crisis_id) is not None}
            self._settle_once({m.key for i in ids for m in self.crises[i].members}, now)

    def _contacts(self, files: Iterable[IncidentFile]) -> list[ContactRow]:
        """Rows of incidents that share a person, telephone or property with one of these."""
        names = {
            name
            for f in files
            for name in contact_keys(f.events, f.identity.person_id if f.identity else None)
        }
        near = {key for name in names for key in self._by_contact[name]}
        return [row for key in sorted(near) if (row := self._incidents[key].contact) is not None]

    def _settle_once(self, keys: set[Key], now: datetime) -> Sequence[Echo]:
        self._read_register()
        files = [self._file(k) for k in sorted(keys)]
        ids = {f.crisis_id for f in files if f.crisis_id is not None}
        settlement = settle(
            files,
            self._people,
            [self.alerts[i] for e in sorted(ids) for i in self._alerts_of[e]],
            now,
            heard=self._known_up_to(),
            policy=self.policy,
            registry=self.registry,
            separated=self._separated,
            joined=self._joined,
            contacts=self._contacts(files),
            site_reports=self._site_reports,
            folds=self._folds,
        )
        self._keep(settlement, now)
        return settlement.echoes

    def _keep(self, settlement: Settlement, now: datetime) -> None:
        for gone in settlement.dissolved:
            self.crises.pop(gone, None)
            self._due.pop(("crisis", gone), None)
        for crisis in settlement.crises:
            self.crises[crisis.crisis_id] = crisis
            if crisis.tally is not None:
                self._due.setdefault(("monitor", SUBJECT), next_week(now))
            for row in crisis.members:
                incident = self._incidents[row.key]
                for name in set(incident.keys) - set(row.keys):
                    self._by_key[name].discard(row.key)
                for name in row.keys:
                    self._by_key[name].add(row.key)
                for name in incident.contact.keys if incident.contact else ():
                    self._by_contact[name].discard(row.key)
                for name in row.contact.keys if row.contact else ():
                    self._by_contact[name].add(row.key)
                incident.keys, incident.last_seen_at, incident.contact = (
                    row.keys,
                    row.last_seen_at,
                    row.contact,
                )
                incident.crisis_id = crisis.crisis_id
            if crisis.look_again_at is not None:
                self._due[("crisis", crisis.crisis_id)] = crisis.look_again_at
            else:
                self._due.pop(("crisis", crisis.crisis_id), None)
        self._write(settlement.alerts)

    def _known_up_to(self) -> dict[str, datetime]:
        found = {feed: self._health(feed).heard_up_to() for feed in self.heard}
        return {feed: at for feed, at in found.items() if at is not None}

    def _settle_feed(self, feed: str, now: datetime) -> None:
        health = self._health(feed)
        changes, again = settle_feed(
            health,
            [self.alerts[i] for i in self._alerts_of[feed]],
            now,
            policy=self.policy,
            registry=self.registry,
        )
        self._write(changes)
        if again is not None:
            self._due[("feed", feed)] = again

    def _settle_monitor(self, now: datetime) -> None:
        tallies = (e.tally for e in self.crises.values() if e.tally is not None)
        changes, again = settle_monitor(
            count(tallies, *window(now, self.policy)),
            [self.alerts[i] for i in self._alerts_of[""]],
            now,
            policy=self.policy,
            registry=self.registry,
        )
        self._write(changes)
        if again is not None:
            self._due[("monitor", SUBJECT)] = again

    def _write(self, changes: Iterable[AlertChange]) -> None:
        for change in changes:
            former, alert = self.alerts.get(change.alert.alert_id), change.alert
            self.alerts[alert.alert_id] = alert
            if former is not None and former.crisis_id != alert.crisis_id:
                self._alerts_of[former.crisis_id or former.feed or ""].pop(alert.alert_id, None)
            self._alerts_of[alert.crisis_id or alert.feed or ""][alert.alert_id] = None
            self.log += change.transitions
            if (due := life.alert_due(alert)) is not None:
                self._due[("alert", alert.alert_id)] = due
            else:
                self._due.pop(("alert", alert.alert_id), None)
