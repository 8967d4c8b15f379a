"""Whom incidents are about, decided on what the ledger holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from schemas.received import Received
from services.identity.decide import decide_among, described_once, identity_keys
from services.identity.person import IdentityDecision, own_register, reviewed
from services.identity.score import values_weighed
from services.ledger.decoded import Decoded
from services.ledger.frequency import frequencies
from services.ledger.register import people_of_locals
from services.ledger.shortlist import shortlist
from services.liaison.settle import Key
from services.liaison.subjects import day_of, descriptor_of, local_person_of
from services.runtime.postgres import Connection


async def decide_all(
    connection: Connection, events: Mapping[Key, Sequence[Received]], decoded: Decoded
) -> dict[Key, IdentityDecision]:
    """A decision for each incident: what a person decided, else the agency's own register, else the weight of evidence."""
    said = {key: descriptor_of(own) for key, own in events.items()}
    locals_ = {key: local for key, own in events.items() if (local := local_person_of(own)) is not None}
    verdicts = await identity_reviews(connection, events)
    meant = {local for each in verdicts.values() for _, local in each}
    on_file = await people_of_locals(connection, {*locals_.values(), *meant})
    found: dict[Key, IdentityDecision] = {}
    separated: dict[Key, set[str]] = {}
    for key in events:
        judged = verdicts.get(key, ())
        separated[key] = {on_file[local] for verdict, local in judged if verdict == "different" and local in on_file}
        same = {on_file[local] for verdict, local in judged if verdict == "same" and local in on_file}
        known = on_file.get(locals_[key]) if key in locals_ else None
        if len(same) == 1 and not same & separated[key]:
            found[key] = reviewed(same.pop())
        elif known is not None and known not in separated[key]:
            found[key] = own_register(known)
    near = await shortlist(connection, {k: identity_keys(said[k]) for k in events if k not in found}, decoded)
    spoken_of = {k: described_once((d,)) for k in near if (d := said[k]) is not None}
    weighed = (values_weighed(own, (c.known for c in near[k])) for k, own in spoken_of.items())
    common = await frequencies(connection, frozenset().union(*weighed))
    for key, candidates in near.items():
        apart = separated[key]
        among = (c for c in candidates if c.person_id not in apart)
        found[key] = decide_among(said[key], among, as_of=day_of(events[key]), frequencies=common)
    return found


async def identity_reviews(connection: Connection, keys: Iterable[Key]) -> dict[Key, tuple[tuple[str, Key], ...]]:
    """What people decided of these incidents, and has not been undone: (verdict, a record of the person meant)."""
    wanted = list(keys)
    rows = await connection.fetch(
        """SELECT agency, incident, verdict, local_agency, local_person FROM identity_review
            WHERE undone_at IS NULL AND (agency, incident) IN (SELECT * FROM unnest($1::text[], $2::text[]))""",
        [k[0] for k in wanted], [k[1] for k in wanted],
    )  # fmt: skip
    found: dict[Key, list[tuple[str, Key]]] = defaultdict(list)
    for r in rows:
        found[(r["agency"], r["incident"])].append((r["verdict"], (r["local_agency"], r["local_person"])))
    return {key: tuple(each) for key, each in found.items()}
