"""From incidents that changed to alerts in the ledger: what the stream, the deadlines and people's decisions all do.

Everything happens in the caller's transaction, with the zone locked (`crisis_store.lock_zone`): what is read, decided and written
is of one moment. The decision itself is the heart's pure `settle`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Protocol

from schemas.events.detention import DetentionDetained
from schemas.received import Received
from schemas.registry import Registry
from services.identity.model import Model, shipped
from services.identity.person import IdentityDecision
from services.ledger.alerts import store as alert_store
from services.ledger.crises import store as crisis_store
from services.ledger.events.decoded import Decoded
from services.ledger.events.receipts import Receipts
from services.ledger.people.matching import decide_all
from services.liaison.alert import AlertChange
from services.liaison.crisis.fold import Folds
from services.liaison.crisis.records import SiteReport
from services.liaison.crisis.subjects import SITE_REPORTS_COUNT
from services.liaison.linking.candidates import link_keys
from services.liaison.linking.sighting import sighting
from services.liaison.policy import Policy
from services.liaison.settle import settle
from services.liaison.settlement import IncidentFile, Key, Settlement
from services.runtime import metrics
from services.runtime.postgres import Connection


class Beside(Protocol):
    """What looks at every settlement beside the live policy, and may fail without harm."""

    async def look(
        self, connection: Connection, judge: Callable[[Policy], Settlement], now: datetime
    ) -> None:
        """Judge by another policy. Never raises for a fault of its own."""


class Settling:
    """Settles incidents by one registry, one policy and one identity model; holds the cache of decoded events."""

    def __init__(
        self,
        registry: Registry,
        policy: Policy,
        shadow: Beside | None = None,
        model: Model | None = None,
    ) -> None:
        self.model = model or shipped()
        self.registry, self.policy, self.shadow = registry, policy, shadow
        self.decoded = Decoded(registry)
        self.folds = Folds()

    async def settle(
        self, connection: Connection, touched: set[Key], now: datetime, said: Receipts | None = None
    ) -> Sequence[AlertChange]:
        """Everything from the incidents that changed to alerts in the ledger; where each now is, into `said`. The zone is
        locked."""
        own = await crisis_store.events_of(connection, touched, self.decoded)
        whom = await decide_all(connection, own, self.decoded, self.model)
        seen = [sighting(said, whom[key].person_id) for key, said in own.items()]
        names = {name for each in seen for name in link_keys(each)}
        since = min((each.opened_at for each in seen), default=now)
        around = await crisis_store.neighbourhood(
            connection, [k for k in own if own[k]], sorted(names), since
        )
        settlement = await self._settle(connection, around, now, own, whom)
        if said is not None:
            said.crisis_of = {m.key: e.crisis_id for e in settlement.crises for m in e.members}
        changes = list(settlement.alerts)
        # an incident that is new or changed counts elsewhere too (repeated contact, a follow-up that was due)
        elsewhere = await crisis_store.echoed(
            connection, settlement.echoes, (e.crisis_id for e in settlement.crises)
        )
        if elsewhere:
            changes += await self.settle_crises(connection, elsewhere, now)
        return changes

    async def settle_crises(
        self, connection: Connection, crises: Sequence[str], now: datetime
    ) -> Sequence[AlertChange]:
        """Look at whole crises again, because an instant has come. The zone is locked."""
        settlement = await self._settle(
            connection, await crisis_store.incidents_of(connection, crises), now
        )
        return settlement.alerts

    async def look_in_shadow(
        self, connection: Connection, crises: Sequence[str], now: datetime
    ) -> None:
        """Have the shadow alone look at whole crises again. The zone is locked; nothing live is written."""
        if self.shadow is not None and crises:
            around = await crisis_store.incidents_of(connection, crises)
            _, judge = await self._judge(connection, around, now)
            await self.shadow.look(connection, lambda policy: judge(alerts=(), policy=policy), now)

    async def _judge(
        self,
        connection: Connection,
        around: dict[Key, str | None],
        now: datetime,
        read: Mapping[Key, list[Received]] = MappingProxyType({}),
        whom: Mapping[Key, IdentityDecision] = MappingProxyType({}),
    ) -> tuple[Sequence[IncidentFile], partial[Settlement]]:
        """Everything that settling these incidents needs, but the policy and what it alerted before."""
        found, people = await crisis_store.files(
            connection, around, self.decoded, self.model, read, whom
        )
        separated, joined = await crisis_store.decisions(connection, around)
        return found, partial(
            settle,
            found,
            people,
            now=now,
            folds=self.folds,
            heard=await heard(connection, self.registry),
            registry=self.registry,
            separated=separated,
            joined=joined,
            contacts=await crisis_store.contacts(connection, found),
            site_reports=await self._site_reports(connection, found),
        )

    async def _settle(
        self,
        connection: Connection,
        around: dict[Key, str | None],
        now: datetime,
        read: Mapping[Key, list[Received]] = MappingProxyType({}),
        whom: Mapping[Key, IdentityDecision] = MappingProxyType({}),
    ) -> Settlement:
        found, judge = await self._judge(connection, around, now, read, whom)
        known = await alert_store.load(
            connection, crises={e for e in around.values() if e is not None}
        )
        settlement = judge(alerts=known, policy=self.policy)
        metrics.CRISES_BOUNDED.inc(len(settlement.bounded))
        await crisis_store.save_decisions(connection, found, now)
        await crisis_store.save_crises(connection, settlement, self.registry.zone, now)
        if self.shadow is not None:  # before the log, whose sequence is held until the commit
            await self.shadow.look(connection, lambda policy: judge(alerts=(), policy=policy), now)
        await alert_store.save(connection, settlement.alerts, self.registry, now)
        return settlement

    async def _site_reports(
        self, connection: Connection, found: Sequence[IncidentFile]
    ) -> tuple[SiteReport, ...]:
        """What places of safety said lately, where somebody detained is among the incidents."""
        detained = [
            r.event.time
            for f in found
            for r in f.events
            if isinstance(r.event.data, DetentionDetained)
        ]
        if not detained:
            return ()
        return await crisis_store.site_reports(
            connection, min(detained) - SITE_REPORTS_COUNT, self.decoded
        )


async def heard(connection: Connection, registry: Registry) -> dict[str, datetime]:
    """Up to when what each feed had to say is known: when it was last heard, less how late it is."""
    rows = await connection.fetch(
        """SELECT feed, CASE WHEN late_since IS NULL THEN last_heard_at
                             ELSE last_heard_at - make_interval(secs => late_seconds) END AS last_heard_at
             FROM feed_state WHERE last_heard_at IS NOT NULL"""
    )
    return {r["feed"]: r["last_heard_at"] for r in rows if r["feed"] in registry.feeds_by_id}
