"""One crisis that cannot be judged holds up no other: it is parked, told, and tried again.

Each crisis stands for itself. What fails is found by halves, in savepoints; it keeps the alerts it
has, and they go on sounding and climbing. Doubt adds an alert (rule R31) and takes none away.
"""

from __future__ import annotations

import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from services.liaison.alert import alert_due
from services.liaison.settle import new_crisis_id
from services.liaison.settlement import IncidentSettled, Key, SettledCrisis, Settlement
from services.liaison.unjudged import unjudged
from services.orchestration.apart import alone, apart
from services.orchestration.ledger import LinkNames, Transaction
from services.orchestration.parked import Parked
from services.orchestration.settling import Settled, Settling, keep_alerts

FIRST_AGAIN = timedelta(minutes=1)
LAST_AGAIN = timedelta(hours=1)
"""A parked crisis is tried again after the first, then after twice as long each time, up to this."""


def again_after(tries: int) -> timedelta:
    """How long until it is tried again, after so many tries that failed."""
    wait = FIRST_AGAIN
    for _ in range(1, tries):
        wait = min(wait * 2, LAST_AGAIN)
    return wait


def reason_of(error: BaseException) -> str:
    """What failed and where in the program. Never what it says: that may be of a person."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/services/" in frame.filename]
    if not ours:
        return type(error).__name__
    file = ours[-1].filename.rpartition("/services/")[2]
    return f"{type(error).__name__} in services/{file}:{ours[-1].lineno} ({ours[-1].name})"


async def settle_touched(
    transaction: Transaction, settling: Settling, touched: Collection[Key], now: datetime
) -> Settled:
    """Everything from the incidents that changed to alerts in the ledger, whatever one of their
    crises does. The zone is locked."""
    parking = _Parking(transaction, settling, now)
    for incidents in await parking.tried_again(touched):
        await parking.try_again(incidents)
    ordinary = sorted(set(touched) - parking.handled)
    stepped = await apart(transaction, ordinary, parking.step)
    for settled in stepped.results:
        parking.done.add(settled)
    for incident, _ in stepped.failures:
        await parking.find_culprit(incident)
    await parking.look_elsewhere()
    return parking.done


async def settle_due(
    transaction: Transaction, settling: Settling, crises: Collection[str], now: datetime
) -> Settled:
    """Look at whole crises again, because an instant has come, whatever one of them does. The zone
    is locked."""
    parking = _Parking(transaction, settling, now)
    await parking.settle_crises(crises)
    return parking.done


class _Parking:
    """One instant's settling of one transaction."""

    def __init__(self, transaction: Transaction, settling: Settling, now: datetime) -> None:
        self._transaction, self._settling, self._now = transaction, settling, now
        self.done = Settled()
        self.handled: set[Key] = set()
        """Touched incidents of parked crises, which were tried by themselves."""

    async def step(self, incidents: Sequence[Key]) -> Settled:
        """These incidents with what links to them."""
        return await self._settling.step(self._transaction, incidents, self._now)

    async def tried_again(self, touched: Collection[Key]) -> list[list[Key]]:
        """The touched incidents of parked crises, by scene: something of them has changed."""
        parked = await self._transaction.parked()
        if not parked:
            return []
        scenes: dict[str, list[Key]] = {}
        for incident, crisis in (await self._tied(touched)).items():
            if incident in touched and crisis is not None and crisis in parked:
                scenes.setdefault(parked[crisis].scene, []).append(incident)
                self.handled.add(incident)
        return [sorted(incidents) for _, incidents in sorted(scenes.items())]

    async def try_again(self, incidents: Sequence[Key]) -> None:
        """A parked scene with what links to it, and by itself where that fails; else it stays
        parked."""
        tied = sorted({*await self._tied(incidents), *incidents})
        settled, error = await alone(self._transaction, partial(self.step, tied))
        if settled is None:
            crises = await self._crises_of(tied)
            settled, error = await alone(self._transaction, partial(self._whole, sorted(crises)))
        if settled is not None:
            self.done.add(settled)
        elif error is not None:
            await self._park(tied, error)

    async def find_culprit(self, incident: Key) -> None:
        """Settling this incident fails: with one of the crises that link to it, or by itself."""
        # what failed for another incident may be parked by now
        settled, error = await alone(self._transaction, partial(self.step, [incident]))
        if settled is None:
            crises = await self._crises_of(await self._tied([incident]))
            for crisis in await self._around(incident):
                if crisis not in crises:
                    await self.settle_crises([crisis])
            settled, error = await alone(self._transaction, partial(self.step, [incident]))
        if settled is not None:
            self.done.add(settled)
        elif error is not None:
            await self._park([incident], error)

    async def _around(self, incident: Key) -> list[str]:
        look = partial(self._settling.crises_around, self._transaction, incident, self._now)
        crises, _ = await alone(self._transaction, look)
        return crises or []

    async def look_elsewhere(self) -> None:
        """The crises that count an incident which is new or changed."""
        elsewhere = self.done.elsewhere - (await self._transaction.parked()).keys()
        self.done.elsewhere = set()
        await self.settle_crises(elsewhere)

    async def settle_crises(self, crises: Collection[str]) -> None:
        """Whole crises; parked ones are tried where their time has come, and else wait."""
        parked = await self._transaction.parked()
        settled = await apart(self._transaction, sorted(set(crises) - parked.keys()), self._whole)
        for result in settled.results:
            self.done.add(result)
        for crisis, error in settled.failures:
            await self._park(await self._transaction.incidents_of([crisis]), error)
        scenes: dict[str, list[Parked]] = {}
        for crisis in sorted(parked.keys() & set(crises)):
            scenes.setdefault(parked[crisis].scene, []).append(parked[crisis])
        for _, rows in sorted(scenes.items()):
            await self._look_at_parked(rows)

    async def _whole(self, crises: Sequence[str]) -> Settled:
        return await self._settling.settle_crises(self._transaction, crises, self._now)

    async def _look_at_parked(self, rows: Sequence[Parked]) -> None:
        crises = [row.crisis_id for row in rows]
        incidents = await self._transaction.incidents_of(crises)
        if not incidents:
            # nothing is left to judge
            await self._transaction.unpark(crises)
        elif min(row.again_at for row in rows) <= self._now:
            await self.try_again(sorted(incidents))
        else:
            await self._tell(rows, incidents)
            again: dict[str, datetime | None] = {row.crisis_id: row.again_at for row in rows}
            await self._transaction.set_deadlines("crisis", again)

    async def _tied(self, incidents: Iterable[Key]) -> Mapping[Key, str | None]:
        """These incidents and those of their scenes, whatever else links to them."""
        incident_keys, nothing = sorted(incidents), LinkNames((), (), self._now)
        # what a person has decided of two incidents brings the other one too: it is not of the scene
        near = await self._transaction.neighbourhood(incident_keys, nothing)
        crises = {crisis for crisis in map(near.get, incident_keys) if crisis is not None}
        of_scenes = await self._transaction.incidents_of(sorted(crises))
        return dict.fromkeys(incident_keys) | of_scenes

    async def _crises_of(self, incidents: Collection[Key]) -> set[str]:
        tied = await self._tied(incidents)
        crises = {crisis for crisis in tied.values() if crisis is not None}
        for subjects in (await self._transaction.further_subjects(tied)).values():
            crises.update(subjects.values())
        return crises

    async def _park(self, incidents: Iterable[Key], error: Exception) -> None:
        """Set the crises of these incidents aside, with all of their scene."""
        tied = await self._tied(incidents)
        for incident, crisis in sorted(tied.items()):
            if crisis is None:
                await self._found_crisis(incident)
        tied = await self._tied(tied)
        crises = sorted(await self._crises_of(tied))
        parked = await self._transaction.parked()
        rows = [self._row(crisis, crises[0], parked.get(crisis), error) for crisis in crises]
        await self._transaction.park(rows)
        again: dict[str, datetime | None] = {row.crisis_id: row.again_at for row in rows}
        await self._transaction.set_deadlines("crisis", again)
        self.done.failures.append(error)
        for incident, crisis in tied.items():
            if crisis is not None:
                self.done.crisis_of[incident] = crisis
        await self._tell(rows, tied)

    def _row(self, crisis: str, scene: str, standing: Parked | None, error: Exception) -> Parked:
        since, tries = self._now, 1
        if standing is not None:
            since, tries = standing.since, standing.tries + 1
        again = self._now + again_after(tries)
        return Parked(crisis, scene, since, reason_of(error), tries, self._now, again)

    async def _found_crisis(self, incident: Key) -> None:
        """A crisis of its own for an incident that is in none yet, so that it can be told of."""
        crisis_id, now = new_crisis_id(incident), self._now
        member = IncidentSettled(incident, now, now, ())
        crisis = SettledCrisis(crisis_id, None, now, now, (member,), None, crisis_id)
        await self._transaction.save_crises(Settlement((crisis,), (), ()), now)

    async def _tell(self, rows: Sequence[Parked], incidents: Iterable[Key]) -> None:
        """Rule R31, and what time brings to the alerts of the crises. What fails in it stops
        nothing: the crisis is parked all the same."""
        agencies = {agency for agency, _ in incidents}
        for row in rows:
            _, error = await alone(self._transaction, partial(self._told, row, agencies))
            if error is not None:
                self.done.failures.append(error)

    async def _told(self, row: Parked, agencies: Collection[str]) -> None:
        alerts = await self._transaction.alerts(crises=[row.crisis_id])
        changes = unjudged(
            row.crisis_id,
            row.since,
            agencies,
            alerts,
            self._now,
            policy=self._settling.policy,
            registry=self._settling.registry,
        )
        due = {alert.alert_id: alert_due(alert) for alert in alerts}
        await self._transaction.set_deadlines("alert", due)
        await keep_alerts(self._transaction, changes, self._now)
        self.done.changes += changes
