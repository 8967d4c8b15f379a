"""Where every chain ends, told outside the ledger each minute: who rewrites a chain to its very end
cannot rewrite what others have read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from schemas.receipts import AUDIT_SEALED, AUDIT_TOPIC
from services.ledger import audit
from services.ledger.events.store import put_in_outbox
from services.ledger.evidence.chain import Head
from services.ledger.evidence.records import heads
from services.orchestration.ledger import Message
from services.runtime.postgres import Connection

_MESSAGES = uuid.UUID("3f0c3a3e-6f55-5c0e-9d83-0a9a1d0c77b4")
# Who seals, as the audit names it: no person.
ACTOR = "auditor"


async def seal(connection: Connection, now: datetime) -> str:
    """Keep where every chain ends as a record of its own, which binds them into one, and put the
    ends, with that record among them, in the outbox. Gives the same as a line for a file."""
    detail = {"heads": _told(await heads(connection))}
    number = await audit.write(connection, "audit.sealed", ACTOR, "audit", detail, now)
    message = str(uuid.uuid5(_MESSAGES, f"{number}|{now}"))
    document = json.dumps(
        {
            "specversion": "1.0",
            "id": message,
            "source": "/liaison/audit",
            "type": AUDIT_SEALED,
            "time": now.isoformat(),
            "datacontenttype": "application/json",
            "partitionkey": "audit",
            "data": {"number": number, "heads": _told(await heads(connection))},
        }
    )
    headers = {"message-id": message, "content-type": "application/cloudevents+json"}
    outgoing = Message(message, AUDIT_TOPIC, b"audit", headers, document.encode(), now)
    await put_in_outbox(connection, [outgoing])
    return document


def heads_of(lines: Iterable[str | bytes]) -> list[Head]:
    """The ends that a file of such lines, or the topic's records, tell of. Raises ValueError for
    what is none."""
    published = []
    for number, line in enumerate(lines, start=1):
        try:
            for end in json.loads(line)["data"]["heads"]:
                published.append(
                    Head(int(end["chain"]), int(end["place"]), bytes.fromhex(end["hash"]))
                )
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"line {number} does not say where the chains ended") from error
    return published


def _told(ends: Sequence[Head]) -> list[dict[str, Any]]:
    return [{"chain": head.chain, "place": head.place, "hash": head.hash.hex()} for head in ends]
