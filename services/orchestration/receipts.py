"""Receipts to the agencies: that each event was received, and what became of it. They go out with
the batch's own transaction.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from schemas.events.keeping import FeedHeartbeat
from schemas.receipts import NOTES_MAX, RECEIPTS_GIVEN, RECEIPTS_MAX
from schemas.registry import TRACE_SOURCE_END, Registry
from services.identity.missing import ASKING
from services.identity.person import Item
from services.intake.faults import Fault
from services.liaison.alert import AlertChange
from services.orchestration.ledger import Located, Message, Receipts

_MESSAGES = uuid.UUID("5a0b0c2c-93f5-5c79-8c3f-3cf4b63a2f10")
_TOKENS = uuid.UUID("e6f3d6f4-6f3e-5b7d-9f0e-2d5c8c4d8e21")
SOURCE = "/liaison/receipts"
_ID_MAX = 200


def messages(receipts: Receipts, registry: Registry, now: datetime) -> list[Message]:
    """One message an agency, more where there are many."""
    return [
        _message(agency, chunk, now)
        for agency, agency_receipts in sorted(_by_agency(receipts, registry).items())
        for chunk in _chunks(agency_receipts)
    ]


def token(crisis: str, agency: str) -> str:
    """An agency's own name for a crisis."""
    return str(uuid.uuid5(_TOKENS, f"{agency}|{crisis}"))


def _by_agency(receipts: Receipts, registry: Registry) -> dict[str, list[dict[str, Any]]]:
    alarms = _alarms(receipts.changes, registry)
    receipts_of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for outcome, located in (("accepted", receipts.new), ("repeated", receipts.repeated)):
        for entry in located:
            received = entry.accepted.received
            if isinstance(received.event.data, FeedHeartbeat) or received.event.source.endswith(
                TRACE_SOURCE_END
            ):
                continue
            row = _place(received.feed, outcome, entry.partition, entry.offset) | {
                "id": received.event.id
            }
            if outcome == "accepted":
                row |= _notes(entry, receipts)
            key = received.record_key
            crisis = receipts.crisis_of.get(key) if key is not None else None
            if outcome == "accepted" and crisis is not None:
                row["crisis"] = token(crisis, received.agency)
                if raised := alarms.get((crisis, received.agency)):
                    row["alerts"] = dict(sorted(raised.items()))
            receipts_of[received.agency].append(row)
    for bad in receipts.rejected:
        fault = bad.rejected.fault
        row = _place(bad.feed, "rejected", bad.partition, bad.offset)
        row |= {"id": _readable_id(bad.rejected.body), "code": fault.code, "pointer": fault.pointer}
        receipts_of[bad.agency].append(row | {"remedy": fault.remedy})
    return receipts_of


def _notes(located: Located, receipts: Receipts) -> dict[str, Any]:
    """What was left out of the event, why a correction does not fit, and what would say whom it
    describes.
    """
    identity = located.accepted.received.event.identity
    notes = [*located.accepted.notes, *receipts.unfit.get(identity, ())]
    if identity in receipts.asked:
        notes.append(_asking(receipts.asked[identity]))
    if not notes:
        return {}
    return {
        "notes": [
            {"code": note.code, "pointer": note.pointer, "remedy": note.remedy}
            for note in notes[:NOTES_MAX]
        ]
    }


def _asking(item: Item) -> Fault:
    return Fault(
        "/data/person", "person-not-sure", "who is meant is not sure", ASKING[item].to_sender
    )


def _place(feed: str, outcome: str, partition: int, offset: int) -> dict[str, Any]:
    return {"feed": feed, "outcome": outcome, "partition": partition, "offset": offset}


def _alarms(
    changes: Iterable[AlertChange], registry: Registry
) -> dict[tuple[str, str], Counter[str]]:
    """New alarms by (crisis, agency) and rule: of the agency's own desks, and of no other's."""
    alarms: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for change in changes:
        crisis = change.alert.crisis_id
        for alarm in change.new_alarms():
            if alarm.desk in registry.desks_by_id and crisis is not None:
                agency = registry.desks_by_id[alarm.desk][0].id
                alarms[(crisis, agency)][change.alert.rule] += 1
    return alarms


def _readable_id(body: bytes) -> str | None:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    name = document.get("id") if isinstance(document, dict) else None
    return name if isinstance(name, str) and 0 < len(name) <= _ID_MAX else None


def _chunks(receipts: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    """As many as a message takes, each with its notes."""
    chunk: list[dict[str, Any]] = []
    weight = 0
    for receipt in receipts:
        added = 1 + len(receipt.get("notes", ()))
        if chunk and weight + added > RECEIPTS_MAX:
            yield chunk
            chunk, weight = [], 0
        chunk.append(receipt)
        weight += added
    if chunk:
        yield chunk


def _message(agency: str, receipts: list[dict[str, Any]], now: datetime) -> Message:
    """A place in a topic is taken once, unless it is created anew: the first and last of these, and
    when they were taken, make the message's id.
    """
    places = sorted((r["feed"], r["partition"], r["offset"], r["outcome"]) for r in receipts)
    message = uuid.uuid5(_MESSAGES, f"{agency}|{places[0]}|{places[-1]}|{len(places)}|{now}")
    body = {
        "specversion": "1.0",
        "id": str(message),
        "source": SOURCE,
        "type": RECEIPTS_GIVEN,
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "partitionkey": agency,
        "data": {"agency": agency, "receipts": receipts},
    }
    headers = {"message-id": str(message), "content-type": "application/cloudevents+json"}
    return Message(
        str(message), f"receipts.{agency}", agency.encode(), headers, json.dumps(body).encode(), now
    )
