"""How long deciding whom an event is about takes against a large register in PostgreSQL.

    python -m tests.benchmarks.identity_ledger [--people 1000000] [--events 2000] [--rate 500] [--folder DIR] [--json]

Synthetic Londoners are written into the ledger's tables as the stream would have written them (one record and one event
each), in an embedded PostgreSQL. Then descriptions of a call or custody desk, half of people not on file, are decided as the
stream does it: one after another, and offered at a rate. Before that as many others, so that memory holds what it would in
an hour's work. PostgreSQL has 2 GB of shared buffers. With `--folder` the register is kept there, and used again (it takes
minutes to write).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
import click
import orjson

from schemas.person import PersonDescriptor
from schemas.registry import load_registry
from services.command_line.measure import percentiles
from services.identity.decide import decide_among, described_once, identity_keys
from services.identity.described import described
from services.identity.frequency import ALL, stored, values_of
from services.identity.known import known_of
from services.identity.register import LocalRecord, local_person_id
from services.identity.score import values_weighed
from services.ledger.decoded import Decoded
from services.ledger.frequency import frequencies
from services.ledger.shortlist import shortlist
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.garbage import keep_what_started
from services.runtime.migrations import migrate
from services.runtime.postgres import create_pool
from tests.londoners import register_and_descriptions

AGENCY = "slam"
BATCH = 100
AT = datetime(2026, 1, 1, tzinfo=UTC)
SLICE = 20_000


def descriptor(row: Mapping[str, str]) -> PersonDescriptor:
    """A row of people or of descriptions as an agency's event has it."""
    name = {k: row[c] for k, c in (("given", "given_name"), ("family", "family_name")) if row[c]}
    said: dict[str, Any] = {
        "nhs_number": row["nhs_number"] or None, "names": [name] if name else [],
        "date_of_birth": row["date_of_birth"] or None, "apparent_age": row.get("apparent_age") or None,
        "sex": row["sex"] or None, "addresses": [{"postcode": row["postcode"]}] if " " in row["postcode"] else [],
        "phones": [row["phone"]] if row["phone"] else [],
    }  # fmt: skip
    if said["date_of_birth"]:
        try:
            datetime.fromisoformat(said["date_of_birth"])
        except ValueError:
            said["date_of_birth"] = None
    return PersonDescriptor.model_validate({k: v for k, v in said.items() if v is not None})


def _slices(rows: Iterable[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    each = iter(rows)
    while part := list(islice(each, SLICE)):
        yield part


async def write(connection: Any, people: list[dict[str, str]], feed: str, source: str) -> None:
    """The register's tables, by COPY."""
    counted: Counter[str] = Counter()
    offset = 0
    with click.progressbar(length=len(people), label="Register", file=sys.stderr) as bar:
        for part in _slices(people):
            records, events, keys = [], [], []
            for row in part:
                who = descriptor(row)
                values = sorted(stored(*v) for v in values_of(described([who])))
                counted.update(values)
                counted[ALL] += 1
                known = known_of(LocalRecord(AGENCY, row["id"], (who,), (), None, None))
                records.append((AGENCY, row["id"], local_person_id(AGENCY, row["id"]), values, json.dumps(known)))
                keys += [(k, AGENCY, row["id"]) for k in identity_keys(who)]
                data = {
                    "local_person": row["id"],
                    "person": who.model_dump(mode="json", exclude_defaults=True),
                }
                kind = "uk.crisisliaison.person.registered.v1"
                body = {
                    "specversion": "1.0", "id": row["id"], "source": source, "time": AT.isoformat(), "type": kind,
                    "datacontenttype": "application/json", "data": data,
                }  # fmt: skip
                events.append((
                    source, row["id"], kind, feed, AGENCY, [row["id"]], AT, AT, AT, "register", 0, offset, b"",
                    orjson.dumps(body),
                ))  # fmt: skip
                offset += 1
            async with connection.transaction():
                await connection.copy_records_to_table(
                    "local_record", records=records, columns=["agency", "local_person", "person_id", "counted", "known"]
                )
                await connection.copy_records_to_table(
                    "event", records=events,
                    columns=["source", "id", "type", "feed", "agency", "local_people", "occurred_at", "recorded_at",
                             "received_at",
                             "topic", "partition", "offset", "content_hash", "body"],
                )  # fmt: skip
                await connection.copy_records_to_table(
                    "identity_key", records=keys, columns=["key", "agency", "local_person"]
                )
            bar.update(len(part))
            identity_keys.cache_clear()
    await connection.copy_records_to_table(
        "value_frequency", records=list(counted.items()), columns=["value", "records"]
    )
    await connection.execute("ANALYZE")


async def decided(connection: Any, asked: list[PersonDescriptor], decoded: Decoded) -> list[str | None]:
    """As the stream decides (services.ledger.whom), for the events of one batch."""
    keys = {(AGENCY, f"i-{n}"): identity_keys(said) for n, said in enumerate(asked)}
    near = list((await shortlist(connection, keys, decoded)).values())
    spoken_of = [described_once((said,)) for said in asked]
    weighed = (values_weighed(own, (c.known for c in held)) for own, held in zip(spoken_of, near, strict=True))
    seen = await frequencies(connection, frozenset().union(*weighed))
    return [
        decide_among(said, held, as_of=AT.date(), frequencies=seen).person_id
        for said, held in zip(asked, near, strict=True)
    ]


async def measured(count: int, events: int, rate: float, folder: Path | None) -> dict[str, Any]:
    """The figures."""
    registry = load_registry()
    feed = next(f for a, f in registry.feeds_by_id.values() if a.id == AGENCY)
    people, everything, truths = register_and_descriptions(count, 2 * events, random.Random(5))
    before, asked, truth = everything[:events], everything[events:], truths[events:]
    kept = folder is not None and (folder / "PG_VERSION").exists()
    postgres = EmbeddedPostgres(folder)
    postgres.start()
    try:
        first = await asyncpg.connect(postgres.dsn())
        await migrate(first, AT)
        began = time.perf_counter()
        if not kept:
            await write(first, people, feed.id, feed.sources[0])
        await first.execute("ALTER SYSTEM SET shared_buffers = '2GB'")
        await first.close()
        on_register = len(people)
        people.clear()  # a million rows in this process are the benchmark's own burden
        keep_what_started()
        postgres.stop()
        postgres.start()
        loaded = time.perf_counter() - began
        pool = await create_pool(postgres.dsn())
        decoded = Decoded(registry)
        alone: list[float] = []
        right = wrong = 0
        async with pool.acquire() as connection:
            for row in before:
                await decided(connection, [descriptor(row)], decoded)
            for row, true in zip(asked, truth, strict=True):
                said = descriptor(row)
                start = time.perf_counter()
                (person,) = await decided(connection, [said], decoded)
                alone.append(time.perf_counter() - start)
                right += person is not None and person == local_person_id(AGENCY, true["person_id"])
                wrong += person is not None and person != local_person_id(AGENCY, true["person_id"])
            offered = await _offered(connection, [descriptor(r) for r in asked], decoded, rate)
            size = await connection.fetchval("SELECT pg_database_size(current_database())")
        await pool.close()
    finally:
        postgres.stop()
    on_file = sum(bool(t["person_id"]) for t in truth)
    return {
        "people": on_register, "events": events, "load_s": round(loaded), "database_mb": round(size / 2**20),
        "attached_rightly": round(right / on_file, 4), "attached_wrongly": wrong, "alone_ms": percentiles(alone),
        f"offered_{rate:g}_per_second_ms": percentiles(offered),
    }  # fmt: skip


async def _offered(connection: Any, said: list[PersonDescriptor], decoded: Decoded, rate: float) -> list[float]:
    """From the moment each was due, one worker taking what has come so far together, at most BATCH of them."""
    start = time.perf_counter()
    waited: list[float] = []
    while (number := len(waited)) < len(said):
        if (wait := start + number / rate - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        come = min(len(said), int((time.perf_counter() - start) * rate) + 1, number + BATCH)
        await decided(connection, said[number:come], decoded)
        done = time.perf_counter()
        waited += [done - start - n / rate for n in range(number, come)]
    return waited


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=500.0)
    parser.add_argument("--folder", type=Path, help="keep the register here, and use what is kept")
    parser.add_argument("--json", action="store_true", help="one JSON document for machines")
    asked = parser.parse_args()
    figures = asyncio.run(measured(asked.people, asked.events, asked.rate, asked.folder))
    print(json.dumps(figures) if asked.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))


if __name__ == "__main__":
    main()
