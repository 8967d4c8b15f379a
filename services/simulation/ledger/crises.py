"""Incidents and crises in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.liaison.crisis.division import incident_of, subject_key, subject_of
from services.liaison.linking.busyness import PlaceDay, changes, place_days
from services.liaison.linking.contacts import ContactRow, Echo
from services.liaison.linking.decisions import LinkDecision, LinkVerdict
from services.liaison.linking.sighting import Key as SubjectKey
from services.liaison.settlement import IncidentSettled, Key, SettledCrisis, Settlement
from services.liaison.tally import Counts, Tally, count
from services.orchestration.ledger import ContactNames, LinkNames
from services.simulation.ledger.tables import Index, Journal, Table


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident and the crisis it is in."""

    settled: IncidentSettled
    crisis_id: str


class MemoryCrises:
    """By their keys, as PostgreSQL has them."""

    def __init__(self, journal: Journal) -> None:
        self.crises: Table[str, SettledCrisis] = Table(journal)
        self.incidents: Table[Key, IncidentRow] = Table(journal)
        self.further: Table[Key, Mapping[str, str]] = Table(journal)
        self._by_scene: Index[str, str] = Index(journal)
        self.link_decided: Table[tuple[SubjectKey, SubjectKey], LinkDecision] = Table(journal)
        self.tallies: Table[str, Tally] = Table(journal)
        self.place_days: Table[str, Mapping[date, int]] = Table(journal)
        self._by_link: Index[str, Key] = Index(journal)
        self._by_contact: Index[str, Key] = Index(journal)

    async def neighbourhood(
        self, incidents: Collection[Key], names: LinkNames
    ) -> dict[Key, str | None]:
        """These incidents, those that may link to them or of whom a person has decided with them,
        and all of the crises of these; each with its crisis."""
        near = set(self._by_link.under(names.ever))
        for incident in self._by_link.under(names.lately):
            if self.incidents.rows[incident].settled.last_seen_at >= names.seen_since:
                near.add(incident)
        near.update(incidents)
        for left, right in self.link_decided.rows:
            pair = {incident_of(left), incident_of(right)}
            if not pair.isdisjoint(incidents):
                near |= pair
        crises = {row.crisis_id for row in self.incidents.some(near).values()}
        for subjects in self.further.some(near).values():
            crises.update(subjects.values())
        return dict.fromkeys(incidents) | await self.incidents_of(crises)

    async def incidents_of(self, crises: Collection[str]) -> dict[Key, str | None]:
        """The incidents of crises and of all others of their scenes, each with its crisis."""
        scenes = {crisis.scene for crisis in self.crises.some(crises).values()}
        tied = set(self._by_scene.under(scenes))
        return {
            member.key: self.incidents.rows[member.key].crisis_id
            for crisis in self.crises.some(tied).values()
            for member in crisis.members
        }

    async def further_subjects(self, incidents: Collection[Key]) -> dict[Key, dict[str, str]]:
        """Of incidents that are about several people, the crisis of each further subject."""
        return {key: dict(subjects) for key, subjects in self.further.some(incidents).items()}

    async def subjects_together(self, subject: SubjectKey) -> tuple[SubjectKey, ...]:
        """The subjects of the crisis that this one is in, in order; empty where there is no such
        subject.
        """
        crisis_id = self._crisis_of(subject)
        if crisis_id is None:
            return ()
        members = self.crises.rows[crisis_id].members
        return tuple(sorted(subject_key(*member.key, member.subject) for member in members))

    def _crisis_of(self, subject: SubjectKey) -> str | None:
        incident = incident_of(subject)
        name = subject_of(subject)
        if name:
            return self.further.rows.get(incident, {}).get(name)
        row = self.incidents.rows.get(incident)
        if row is None:
            return None
        return row.crisis_id

    async def incidents_linked(self, names: Collection[str], seen_since: datetime) -> set[Key]:
        """Incidents under one of these link keys that were seen since."""
        rows = self.incidents.rows
        return {
            incident
            for incident in self._by_link.under(names)
            if rows[incident].settled.last_seen_at >= seen_since
        }

    async def contact_rows(self, incidents: Collection[Key]) -> dict[Key, ContactRow]:
        """What other crises may have counted of these incidents until now."""
        contacts = {}
        for incident, row in self.incidents.some(incidents).items():
            if row.settled.contact is not None:
                contacts[incident] = row.settled.contact
        return contacts

    async def contacts(self, names: ContactNames) -> list[ContactRow]:
        """Incidents under these contact keys that were opened since."""
        rows_found: dict[Key, ContactRow] = {}
        searches = ((names.people, names.people_since), (names.places, names.places_since))
        for keys, since in searches:
            for incident, contact in self._contacts_under(keys):
                if contact.opened_at >= since:
                    rows_found[incident] = contact
        return list(rows_found.values())

    def _contacts_under(self, names: Collection[str]) -> list[tuple[Key, ContactRow]]:
        rows = []
        for incident in self._by_contact.under(names):
            contact = self.incidents.rows[incident].settled.contact
            if contact is not None:
                rows.append((incident, contact))
        return rows

    async def incidents_under_contact(self, name: str) -> set[Key]:
        """Incidents with this contact key."""
        return set(self._by_contact.at(name))

    async def echoed(self, echoes: Sequence[Echo]) -> set[str]:
        """Crises that count an incident which is new or changed."""
        return {
            self.incidents.rows[incident].crisis_id
            for echo in echoes
            for incident, contact in self._contacts_under(echo.keys)
            if contact.opened_at >= echo.opened_from
        }

    async def link_decisions(self, incidents: Collection[Key]) -> list[LinkDecision]:
        """What people decided about subjects of these incidents."""
        return [
            decision
            for decision in self.link_decided.rows.values()
            if incident_of(decision.left) in incidents
        ]

    async def keep_link_decision(
        self,
        pair: tuple[SubjectKey, SubjectKey],
        verdict: LinkVerdict,
        actor: str,
        reason: str,
        now: datetime,
    ) -> None:
        """Keep what a person decided about two subjects."""
        left, right = sorted(pair)
        self.link_decided.put((left, right), LinkDecision(left, right, verdict, now))

    async def save_crises(self, settlement: Settlement, now: datetime) -> None:
        """Write crises and their incidents."""
        for crisis_id in settlement.dissolved:
            self._move_to_scene(crisis_id, ())
            self.crises.remove(crisis_id)
        further: dict[Key, dict[str, str]] = {}
        for crisis in settlement.crises:
            self._move_to_scene(crisis.crisis_id, (crisis.scene,))
            self.crises.put(crisis.crisis_id, crisis)
            for member in crisis.members:
                subjects = further.setdefault(member.key, {})
                if member.subject:
                    subjects[member.subject] = crisis.crisis_id
                else:
                    self._save_incident(member, crisis.crisis_id)
        for incident, subjects in further.items():
            if subjects:
                self.further.put(incident, subjects)
            else:
                self.further.remove(incident)

    def _move_to_scene(self, crisis_id: str, scenes: Collection[str]) -> None:
        earlier = self.crises.rows.get(crisis_id)
        self._by_scene.move(crisis_id, () if earlier is None else (earlier.scene,), scenes)

    def _save_incident(self, settled: IncidentSettled, crisis_id: str) -> None:
        earlier = self.incidents.rows.get(settled.key)
        former_links: Collection[str] = ()
        former_contacts: Collection[str] = ()
        if earlier is not None:
            former_links = earlier.settled.keys
            former_contacts = _contact_keys(earlier.settled)
        former_days: frozenset[PlaceDay] = frozenset()
        if earlier is not None:
            former_days = place_days(earlier.settled.opened_at, former_links)
        self._count_at_places(former_days, place_days(settled.opened_at, settled.keys))
        self._by_link.move(settled.key, former_links, settled.keys)
        self._by_contact.move(settled.key, former_contacts, _contact_keys(settled))
        self.incidents.put(settled.key, IncidentRow(settled, crisis_id))

    def _count_at_places(self, former: frozenset[PlaceDay], present: frozenset[PlaceDay]) -> None:
        for (place, day), change in changes(former, present).items():
            days = dict(self.place_days.rows.get(place, {}))
            days[day] = days.get(day, 0) + change
            self.place_days.put(place, days)

    async def incidents_by_day(
        self, places: Collection[str], since: date
    ) -> Mapping[str, Mapping[date, int]]:
        """How many incidents were opened at these places, by day, from that day on."""
        return {
            place: {day: count for day, count in days.items() if day >= since and count > 0}
            for place, days in self.place_days.some(places).items()
        }

    async def save_tallies(
        self, tallies: Mapping[str, Tally | None], dissolved: Collection[str]
    ) -> None:
        """Write what each crisis counts for; one that counts for nothing any more is taken out."""
        for crisis_id, tally in tallies.items():
            if tally is None:
                self.tallies.remove(crisis_id)
            else:
                self.tallies.put(crisis_id, tally)
        for crisis_id in dissolved:
            self.tallies.remove(crisis_id)

    async def tally_counts(self, since: datetime, until: datetime) -> Counts:
        """What all crises count for."""
        return count(self.tallies.rows.values(), since, until)


def _contact_keys(settled: IncidentSettled) -> Collection[str]:
    if settled.contact is not None:
        return settled.contact.keys
    return ()
