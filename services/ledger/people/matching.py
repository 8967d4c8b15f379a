"""Whom incidents are about, decided on what the ledger holds."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.person import PersonDescriptor
from schemas.received import Received
from services.identity.decide import decide_among, described_once, identity_keys
from services.identity.known import Candidate
from services.identity.model import Model
from services.identity.person import IdentityDecision, own_register, reviewed
from services.identity.score import values_weighed
from services.ledger.events.decoded import Decoded
from services.ledger.people.frequency import frequencies
from services.ledger.people.register import people_of_locals
from services.ledger.people.shortlist import shortlist
from services.liaison.crisis.subjects import day_of, descriptor_of, local_person_of
from services.liaison.settlement import Key
from services.runtime.postgres import Connection

PART = 25
"""Descriptions looked up at once. While PostgreSQL looks up the next of a large batch, this process weighs."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A description whose person is sought."""

    said: PersonDescriptor | None
    as_of: date | None
    """Day of the event, for apparent ages."""
    apart: Collection[str] = ()
    """People of whom a person has said that it is not about them."""


async def decide_all(
    connection: Connection, events: Mapping[Key, Sequence[Received]], decoded: Decoded, model: Model
) -> dict[Key, IdentityDecision]:
    """A decision for each incident: what a person decided, else the agency's own register, else the weight of evidence."""
    said = {key: descriptor_of(own) for key, own in events.items()}
    locals_ = {
        key: local for key, own in events.items() if (local := local_person_of(own)) is not None
    }
    verdicts = await identity_reviews(connection, events)
    meant = {local for each in verdicts.values() for _, local in each}
    on_file = await people_of_locals(connection, {*locals_.values(), *meant})
    found: dict[Key, IdentityDecision] = {}
    separated: dict[Key, set[str]] = {}
    for key in events:
        judged = verdicts.get(key, ())
        separated[key] = {
            on_file[local]
            for verdict, local in judged
            if verdict == "different" and local in on_file
        }
        same = {
            on_file[local] for verdict, local in judged if verdict == "same" and local in on_file
        }
        known = on_file.get(locals_[key]) if key in locals_ else None
        if len(same) == 1 and not same & separated[key]:
            found[key] = reviewed(same.pop())
        elif known is not None and known not in separated[key]:
            found[key] = own_register(known)
    asked = {k: Asked(said[k], day_of(events[k]), separated[k]) for k in events if k not in found}
    return found | await decide_described(connection, asked, decoded, model)


async def decide_described(
    connection: Connection, asked: Mapping[Key, Asked], decoded: Decoded, model: Model
) -> dict[Key, IdentityDecision]:
    """A decision for each by the weight of evidence alone. The connection is the caller's while this runs."""
    keys = list(asked)
    parts = [keys[start : start + PART] for start in range(0, len(keys), PART)]

    def looked_up(part: list[Key]) -> Coroutine[Any, Any, dict[Key, list[Candidate]]]:
        return shortlist(connection, {k: identity_keys(asked[k].said) for k in part}, decoded)

    found: dict[Key, IdentityDecision] = {}
    coming: asyncio.Task[dict[Key, list[Candidate]]] | None = None
    try:
        for number, part in enumerate(parts):
            near = await (coming or looked_up(part))
            common = await frequencies(connection, _weighed(asked, near))
            if number + 1 < len(parts):
                coming = asyncio.create_task(looked_up(parts[number + 1]))
                await asyncio.sleep(0)  # the statement is on its way before this process is busy
            for key, candidates in near.items():
                one = asked[key]
                among = (c for c in candidates if c.person_id not in one.apart)
                found[key] = decide_among(
                    one.said, among, as_of=one.as_of, frequencies=common, model=model
                )
    finally:
        if coming is not None and not coming.done():
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
    return found


def _weighed(
    asked: Mapping[Key, Asked], near: Mapping[Key, Iterable[Candidate]]
) -> frozenset[tuple[str, str]]:
    """Of what it must be known how common it is, to weigh these."""
    spoken_of = (
        (described_once((said,)), held)
        for k, held in near.items()
        if (said := asked[k].said) is not None
    )
    return frozenset().union(
        *(values_weighed(own, (c.known for c in held)) for own, held in spoken_of)
    )


async def identity_reviews(
    connection: Connection, keys: Iterable[Key]
) -> dict[Key, tuple[tuple[str, Key], ...]]:
    """What people decided of these incidents, and has not been undone: (verdict, a record of the person meant)."""
    wanted = list(keys)
    rows = await connection.fetch(
        """SELECT agency, incident, verdict, local_agency, local_person FROM identity_review
            WHERE undone_at IS NULL AND (agency, incident) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [k[0] for k in wanted],
        [k[1] for k in wanted],
    )
    found: dict[Key, list[tuple[str, Key]]] = defaultdict(list)
    for r in rows:
        found[(r["agency"], r["incident"])].append(
            (r["verdict"], (r["local_agency"], r["local_person"]))
        )
    return {key: tuple(each) for key, each in found.items()}
