"""What a ledger has kept, as values that compare: of PostgreSQL and of memory alike, for the contract that both keep."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.registry import Registry
from services.ledger.alerts import store as alert_store
from services.ledger.crises.store import contact_rows
from services.ledger.transaction import PostgresLedger
from services.liaison.alert import Alert
from services.liaison.crisis.division import incident_of, subject_of
from services.liaison.linking.contacts import ContactRow
from services.orchestration.receipts import messages
from services.simulation.ledger.memory import MemoryLedger

Kept = dict[str, Any]


def _plain(value: Any) -> Any:
    """In JSON values, as both say it: a tuple is a list, an instant its text."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    return json.loads(json.dumps(value, sort_keys=True, default=_text))


def _text(value: Any) -> Any:
    # an object within a list too: as text, its sets would stand in an order of the process
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, datetime):
        # asyncpg gives PostgreSQL's infinity without a zone
        return (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    return str(value)


def _sorted(values: Iterable[Any]) -> list[Any]:
    """In an order of their own: what is written at one instant has none."""
    return sorted((_plain(value) for value in values), key=json.dumps)


def _alerts(alerts: Iterable[Alert]) -> list[Any]:
    return sorted((_plain(asdict(alert)) for alert in alerts), key=lambda a: str(a["alert_id"]))


def _receipts(bodies: Iterable[bytes]) -> list[Any]:
    """By agency and instant, each receipt by itself: how many go in one message is not compared."""
    found = []
    for body in bodies:
        event = json.loads(body)
        agency = event["data"]["agency"]
        found += [(agency, event["time"], receipt) for receipt in event["data"]["receipts"]]
    return _sorted(found)


def _incident(
    crisis: str, opened: datetime, seen: datetime, keys: Iterable[str], row: ContactRow | None
) -> Any:
    return _plain([crisis, opened, seen, sorted(keys), row])


async def kept_in_postgres(ledger: PostgresLedger) -> Kept:
    """Everything that the orchestration has written."""
    async with ledger.transaction() as transaction:
        fetch = transaction.connection.fetch
        incidents = await fetch("SELECT * FROM incident")
        keys = [(r["agency"], r["reference"]) for r in incidents]
        contacts = await contact_rows(transaction.connection, keys)
        about = await fetch("SELECT DISTINCT crisis_id::text AS crisis, feed FROM alert")
        alerts = await alert_store.load(
            transaction.connection,
            crises=[r["crisis"] for r in about if r["crisis"]],
            feeds=[r["feed"] for r in about if r["feed"]],
            ids=await transaction.monitor_alerts(),
        )
        return {
            "crises": _sorted(
                await fetch_rows(
                    fetch,
                    "crisis_id::text, area, further_areas, opened_at, last_event_at FROM crisis WHERE dissolved_at IS NULL",
                )
            ),
            "incidents": {
                "/".join(key): _incident(
                    str(r["crisis_id"]),
                    r["opened_at"],
                    r["last_seen_at"],
                    r["link_keys"],
                    contacts.get(key),
                )
                for key, r in zip(keys, incidents, strict=True)
            },
            "busy places": _sorted(
                await fetch_rows(fetch, "place, day, incidents FROM place_day WHERE incidents <> 0")
            ),
            "register": _sorted(
                await fetch_rows(fetch, "agency, local_person, person_id::text FROM local_record")
            ),
            "decisions about people": _sorted(
                await fetch_rows(
                    fetch,
                    """agency, incident, outcome, person_id::text, evidence, matcher_version, decided_at
                         FROM identity_decision""",
                )
            ),
            "alerts": _alerts(alerts),
            "log": _sorted(
                await fetch_rows(
                    fetch, "alert_id::text, desk, transition, at, actor, reason FROM alert_log"
                )
            ),
            "disclosed": _sorted(
                await fetch_rows(
                    fetch,
                    "alert_id::text, desk, agency, purpose, items, disclosed_at FROM disclosure",
                )
            ),
            "deadlines": _sorted(await fetch_rows(fetch, "kind, subject, due_at FROM deadline")),
            "feeds": _sorted((await transaction.feed_states()).values()),
            "parked": _sorted((await transaction.parked()).values()),
            "rejections": _sorted(
                await fetch_rows(fetch, "feed, code, pointer, received_at FROM rejection")
            ),
            "receipts": _receipts(
                [
                    r["body"]
                    for r in await fetch("SELECT body FROM outbox WHERE topic LIKE 'receipts.%'")
                ]
            ),
            "tallies": _sorted(
                await fetch_rows(
                    fetch,
                    """crisis_id::text, ethnic_group, opened_at, s136, force, low_grade, clock_due_at, clock_over_at
                         FROM crisis_tally""",
                )
            ),
            "audit": _sorted(
                await fetch_rows(fetch, "action, actor, subject, detail, at FROM audit")
            ),
            "desk messages": _sorted(
                await fetch_rows(
                    fetch,
                    "message_id::text, alert_id::text, desk, actor, words, sent_at FROM desk_message",
                )
            ),
            "desk message views": _sorted(
                await fetch_rows(
                    fetch, "message_id::text, desk, actor, seen_at FROM desk_message_view"
                )
            ),
            "reviews": _sorted(
                await fetch_rows(
                    fetch,
                    "agency, incident, verdict, local_agency, local_person, undone_at FROM identity_review",
                )
            ),
            "record links": _sorted(
                await fetch_rows(
                    fetch,
                    "kept_agency, kept_person, other_agency, other_person, verdict, undone_at FROM record_link",
                )
            ),
            "further subjects": _sorted(
                await fetch_rows(fetch, "agency, reference, subject, crisis_id::text FROM subject")
            ),
            "incident links": _sorted(
                await fetch_rows(
                    fetch,
                    """left_agency, left_reference, '' AS left_subject, right_agency, right_reference, '' AS right_subject,
                       decision, decided_at FROM link_decision
                       UNION ALL
                       SELECT left_agency, left_reference, left_subject, right_agency, right_reference, right_subject,
                       decision, decided_at FROM subject_link""",
                )
            ),
        }


async def fetch_rows(fetch: Any, what: str) -> list[list[Any]]:
    """The rows of a query as lists."""
    return [list(row.values()) for row in await fetch(f"SELECT {what}")]


async def kept_in_memory(ledger: MemoryLedger, registry: Registry) -> Kept:
    """The same of memory."""
    tallies: Mapping[str, Any] = ledger.tallies.rows
    bodies = [
        message.body
        for receipts, now in ledger.receipts.rows
        for message in messages(receipts, registry, now)
    ]
    return {
        "crises": _sorted(
            [c.crisis_id, c.area, c.further_areas, c.opened_at, c.last_event_at]
            for c in ledger.crises.rows.values()
        ),
        "incidents": {
            "/".join(key): _incident(
                row.crisis_id,
                row.settled.opened_at,
                row.settled.last_seen_at,
                row.settled.keys,
                row.settled.contact,
            )
            for key, row in ledger.incidents.rows.items()
        },
        "busy places": _sorted(
            [place, day, count]
            for place, days in ledger.place_days.rows.items()
            for day, count in days.items()
            if count
        ),
        "register": _sorted([*key, row.person_id] for key, row in ledger.register.rows.items()),
        "decisions about people": _sorted(
            [*key, d.outcome, d.person_id, d.evidence, d.matcher_version, at]
            for key, d, at in ledger.decided.rows
        ),
        "alerts": _alerts(ledger.alert_rows.rows.values()),
        "log": _sorted(
            [t.alert_id, t.desk, t.kind, t.at, t.actor, t.reason] for t in ledger.log.rows
        ),
        "disclosed": _sorted(
            [alert, d.desk, d.agency, d.purpose, d.items, at]
            for alert, d, at in ledger.disclosed.rows
        ),
        "deadlines": _sorted([*key, at] for key, at in ledger.deadlines.rows.items()),
        "feeds": _sorted(ledger.feeds.rows.values()),
        "parked": _sorted(ledger.parked_crises.rows.values()),
        "rejections": _sorted(
            [q.feed, q.rejected.fault.code, q.rejected.fault.pointer, at]
            for q, at in ledger.rejections.rows.values()
        ),
        "receipts": _receipts(bodies),
        "tallies": _sorted(
            [
                crisis,
                t.group,
                t.opened_at,
                t.s136,
                t.force,
                t.low_grade,
                t.clock_due_at,
                t.clock_over_at,
            ]
            for crisis, t in tallies.items()
        ),
        "audit": _sorted(
            [a.action, a.actor, a.subject, a.detail, a.at] for a in ledger.audited.rows
        ),
        "desk messages": _sorted(
            [m.message_id, m.alert_id, m.desk, m.actor, m.words, m.sent_at]
            for m in ledger.messages.rows.values()
        ),
        "desk message views": _sorted(
            [v.message_id, v.desk, v.actor, v.seen_at] for v in ledger.views.rows.values()
        ),
        "reviews": _sorted(
            [*row.review.incident, row.review.verdict, *row.review.record, row.undone_at]
            for row in ledger.reviewed.rows.values()
        ),
        "record links": _sorted(
            [
                *row.link.kept,
                *row.link.other,
                "same" if row.link.same else "different",
                row.undone_at,
            ]
            for row in ledger.links.rows.values()
        ),
        "incident links": _sorted(
            [
                *incident_of(row.left),
                subject_of(row.left),
                *incident_of(row.right),
                subject_of(row.right),
                row.verdict,
                row.decided_at,
            ]
            for row in ledger.link_decided.rows.values()
        ),
        "further subjects": _sorted(
            [*incident, subject, crisis]
            for incident, subjects in ledger.further.rows.items()
            for subject, crisis in subjects.items()
        ),
    }


async def next_but_feeds(ledger: PostgresLedger | MemoryLedger) -> datetime | None:
    """When the next deadline is that is not a look at a feed."""
    if isinstance(ledger, MemoryLedger):
        rows = ledger.deadlines.rows.items()
        return min((at for (kind, _), at in rows if kind != "feed"), default=None)
    due: datetime | None = await ledger.pool.fetchval(
        "SELECT min(due_at) FROM deadline WHERE kind <> 'feed'"
    )
    return due
