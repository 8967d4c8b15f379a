"""How long deciding whom an event is about takes against a large register in PostgreSQL.

    python -m tests.benchmarks.identity_ledger [--people 1000000] [--events 2000] [--rate 500] [--folder DIR]
        [--shared-buffers 2GB] [--warm] [--json]

Synthetic Londoners are written into the ledger's tables as the stream would have written them (one record and one event
each), in an embedded PostgreSQL. Then descriptions of a call or custody desk, half of people not on file, are decided as the
stream does it: one after another, and offered at a rate. Before that as many others, so that memory holds what it would in
an hour's work, or with `--warm` what a day's would. With `--folder` the register is kept there, and used again (it takes
three minutes a million to write). The first million carry an NHS number where one can be made: the range 999 has no more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import asyncpg
import click
import orjson

from schemas.person import PersonDescriptor
from schemas.registry import Registry
from services.command_line.measuring.measure import percentiles
from services.identity.decide import identity_keys
from services.identity.described import described
from services.identity.frequency import ALL, stored, values_of
from services.identity.known import known_of
from services.identity.model import shipped
from services.identity.register import LocalRecord, local_person_id
from services.ledger.events.decoded import Decoded
from services.ledger.transaction import PostgresTransaction
from services.orchestration.ledger import DescribedPerson
from services.orchestration.matching import decide_described
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.garbage import keep_what_started
from services.runtime.migrations import migrate
from services.runtime.postgres import create_pool
from tests.londoners import register_and_descriptions
from tests.own_registry import own_registry

AGENCY = "slam"
BATCH = 100
AT = datetime(2026, 1, 1, tzinfo=UTC)
PART = 50_000
"""People made and written at a time by one process."""


def descriptor(row: Mapping[str, str]) -> PersonDescriptor:
    """A row of people or of descriptions as an agency's event has it."""
    name = {k: row[c] for k, c in (("given", "given_name"), ("family", "family_name")) if row[c]}
    said: dict[str, Any] = {
        "nhs_number": row["nhs_number"] or None,
        "names": [name] if name else [],
        "date_of_birth": row["date_of_birth"] or None,
        "apparent_age": row.get("apparent_age") or None,
        "sex": row["sex"] or None,
        "addresses": [{"postcode": row["postcode"]}] if " " in row["postcode"] else [],
        "phones": [row["phone"]] if row["phone"] else [],
    }
    if said["date_of_birth"]:
        try:
            datetime.fromisoformat(said["date_of_birth"])
        except ValueError:
            said["date_of_birth"] = None
    return PersonDescriptor.model_validate({k: v for k, v in said.items() if v is not None})


@dataclass(frozen=True)
class Part:
    """So many people of a large register, made and written by one process."""

    number: int
    people: int
    descriptions: int
    dsn: str
    feed: str
    source: str

    @property
    def first(self) -> int:
        """The number of its first person."""
        return self.number * (PART + max(PART // 10, self.descriptions))

    @property
    def chance(self) -> random.Random:
        """What everybody in it follows from."""
        return random.Random(1000 * self.number + 5)


Described = tuple[list[dict[str, str]], list[dict[str, str]]]
"""Descriptions and their truth."""


def write_part(part: Part) -> tuple[dict[int, int], Described]:
    """Make the people and write them by COPY. Gives how common values are among them, and who is asked for."""
    made = register_and_descriptions(part.people, part.descriptions, part.chance, part.first)
    return asyncio.run(_copied(part, made[0])), made[1:]


async def _copied(part: Part, people: list[dict[str, str]]) -> dict[int, int]:
    counted: Counter[int] = Counter()
    records, events, keys = [], [], []
    for number, row in enumerate(people, start=part.number * PART + 1):
        who = descriptor(row)
        values = sorted(stored(*v) for v in values_of(described([who])))
        counted.update(values)
        counted[ALL] += 1
        known = orjson.dumps(
            known_of(LocalRecord(AGENCY, row["id"], (who,), (), None, None))
        ).decode()
        records.append(
            (number, AGENCY, row["id"], local_person_id(AGENCY, row["id"]), values, known)
        )
        keys += [(key, number) for key in identity_keys(who)]
        kind = "uk.crisisliaison.person.registered.v1"
        body = {
            "specversion": "1.0",
            "id": row["id"],
            "source": part.source,
            "time": AT.isoformat(),
            "type": kind,
            "datacontenttype": "application/json",
            "data": {
                "local_person": row["id"],
                "person": who.model_dump(mode="json", exclude_defaults=True),
            },
        }
        events.append(
            (
                part.source,
                row["id"],
                kind,
                part.feed,
                AGENCY,
                [row["id"]],
                AT,
                AT,
                AT,
                "register",
                0,
                number,
                b"",
                orjson.dumps(body),
            )
        )
    connection = await asyncpg.connect(part.dsn)
    for table, rows, columns in (
        ("local_record", records, "record_id agency local_person person_id counted known"),
        (
            "event",
            events,
            "source id type feed agency local_people occurred_at recorded_at received_at topic partition offset "
            "content_hash body",
        ),
        ("identity_key", keys, "key record_id"),
    ):
        await connection.copy_records_to_table(table, records=rows, columns=columns.split())
    await connection.close()
    return counted


async def _set(connection: Any, settings: Mapping[str, str | None]) -> None:
    for name, value in settings.items():
        await connection.execute(
            f"ALTER SYSTEM RESET {name}"
            if value is None
            else f"ALTER SYSTEM SET {name} = '{value}'"
        )


QUICK_LOAD = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "8GB",
    "maintenance_work_mem": "2GB",
}
"""While the register is written; taken back before anything is measured."""


def parts_of(count: int, descriptions: int, dsn: str, feed: str, source: str) -> list[Part]:
    """The parts of a register of so many people that comes with so many descriptions."""
    parts = -(-count // PART)
    each = -(-descriptions // parts)
    return [Part(n, min(PART, count - n * PART), each, dsn, feed, source) for n in range(parts)]


def write(postgres: EmbeddedPostgres, count: int, events: int, feed: str, source: str) -> Described:
    """The register's tables, in parts. The indexes of the keys are made when all are there: in minutes instead of hours."""
    asyncio.run(_prepared(postgres))
    each = parts_of(count, events, postgres.dsn(), feed, source)
    counted: Counter[int] = Counter()
    asked: list[dict[str, str]] = []
    truth: list[dict[str, str]] = []
    with (
        get_context("spawn").Pool(maxtasksperchild=20) as workers,
        click.progressbar(length=count, label="Register", file=sys.stderr) as bar,
    ):
        for values, described_people in workers.imap_unordered(write_part, each):
            counted.update(values)
            asked += described_people[0]
            truth += described_people[1]
            bar.update(PART)
    asyncio.run(_finished(postgres, counted))
    return asked, truth


async def _prepared(postgres: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(postgres.dsn())
    await migrate(connection, AT)
    await _set(connection, QUICK_LOAD)
    await connection.execute("SELECT pg_reload_conf()")
    await connection.execute("""ALTER TABLE identity_key DROP CONSTRAINT identity_key_pkey, DROP CONSTRAINT
        identity_key_record_id_fkey""")
    await connection.execute("DROP INDEX identity_key_record")
    await connection.close()


async def _finished(postgres: EmbeddedPostgres, counted: Mapping[int, int]) -> None:
    connection = await asyncpg.connect(postgres.dsn())
    print("Indexes", file=sys.stderr)
    await connection.execute("ALTER TABLE identity_key ADD PRIMARY KEY (key, record_id)")
    await connection.execute("CREATE INDEX identity_key_record ON identity_key (record_id)")
    await connection.execute(
        "ALTER TABLE identity_key ADD FOREIGN KEY (record_id) REFERENCES local_record (record_id) ON DELETE CASCADE"
    )
    await connection.copy_records_to_table(
        "value_frequency", records=list(counted.items()), columns=["value", "records"]
    )
    await connection.execute(
        "SELECT setval(pg_get_serial_sequence('local_record', 'record_id'), (SELECT max(record_id) FROM local_record))"
    )
    await _set(connection, dict.fromkeys(QUICK_LOAD))
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def decided(
    connection: Any, asked: list[PersonDescriptor], decoded: Decoded
) -> list[str | None]:
    """As the stream decides (services.ledger.whom), for the events of one batch."""
    sought = {(AGENCY, f"i-{n}"): DescribedPerson(said, AT.date()) for n, said in enumerate(asked)}
    found = await decide_described(
        PostgresTransaction(connection, own_registry(), decoded), sought, shipped()
    )
    return [found[key].person_id for key in sought]


_READ_WHOLE = (
    "SELECT count(*) FROM identity_key WHERE key >= -9223372036854775808",
    "SELECT count(known) FROM (SELECT known FROM local_record ORDER BY record_id OFFSET 0) AS l",
    "SELECT count(*) FROM local_record WHERE person_id >= '00000000-0000-0000-0000-000000000000'",
    "SELECT count(records) FROM (SELECT records FROM value_frequency ORDER BY value OFFSET 0) AS f",
)
"""By their indexes, so that what is read stays in shared buffers."""


async def set_buffers(postgres: EmbeddedPostgres, size: str) -> None:
    connection = await asyncpg.connect(postgres.dsn())
    await _set(connection, {"shared_buffers": size})
    await connection.close()


async def read_once(postgres: EmbeddedPostgres) -> None:
    """Read what deciding reads, once, as a server that has run for a day has."""
    connection = await asyncpg.connect(postgres.dsn())
    await connection.execute(
        "SET enable_seqscan = off; SET enable_bitmapscan = off; SET max_parallel_workers_per_gather = 0"
    )
    for query in _READ_WHOLE:
        await connection.fetchval(query)
    await connection.close()


def measured(
    count: int,
    events: int,
    rate: float,
    folder: Path | None,
    buffers: str = "2GB",
    warm: bool = False,
) -> dict[str, Any]:
    """The figures."""
    registry = own_registry()
    feed = next(f for a, f in registry.feeds_by_id.values() if a.id == AGENCY)
    kept = folder / "descriptions.json" if folder else None
    postgres = EmbeddedPostgres(folder / "postgres" if folder else None)
    postgres.start()
    try:
        began = time.perf_counter()
        if kept is None or not kept.exists():
            everybody = write(postgres, count, 2 * events, feed.id, feed.sources[0])
            if kept is not None:
                kept.write_bytes(orjson.dumps(everybody))
        else:
            everybody = orjson.loads(kept.read_bytes())
        loaded = time.perf_counter() - began
        asyncio.run(set_buffers(postgres, buffers))
        postgres.stop()
        postgres.start()
        if warm:
            asyncio.run(read_once(postgres))
        paired = list(zip(*everybody, strict=True))
        if len(paired) < 2 * events:
            raise SystemExit(
                f"the register in {folder} came with {len(paired)} descriptions: --events {len(paired) // 2} at most"
            )
        random.Random(11).shuffle(paired)
        return {"load_s": round(loaded)} | asyncio.run(
            _decided(postgres, registry, paired[:events], paired[events : 2 * events], rate)
        )
    finally:
        postgres.stop()


Pairs = list[tuple[dict[str, str], dict[str, str]]]


async def _decided(
    postgres: EmbeddedPostgres, registry: Registry, before: Pairs, asked: Pairs, rate: float
) -> dict[str, Any]:
    keep_what_started()
    pool = await create_pool(postgres.dsn())
    decoded = Decoded(registry)
    alone: list[float] = []
    right = wrong = 0
    async with pool.acquire() as connection:
        for row, _ in before:
            await decided(connection, [descriptor(row)], decoded)
        for row, true in asked:
            said = descriptor(row)
            start = time.perf_counter()
            (person,) = await decided(connection, [said], decoded)
            alone.append(time.perf_counter() - start)
            right += person is not None and person == local_person_id(AGENCY, true["person_id"])
            wrong += person is not None and person != local_person_id(AGENCY, true["person_id"])
        offered = await _offered(connection, [descriptor(r) for r, _ in asked], decoded, rate)
        size = await connection.fetchval("SELECT pg_database_size(current_database())")
        people = await connection.fetchval(
            "SELECT records FROM value_frequency WHERE value = $1", ALL
        )
    await pool.close()
    on_file = sum(bool(t["person_id"]) for _, t in asked)
    return {
        "people": people,
        "events": len(asked),
        "database_mb": round(size / 2**20),
        "attached_rightly": round(right / on_file, 4),
        "attached_wrongly": wrong,
        "alone_ms": percentiles(alone),
        f"offered_{rate:g}_per_second_ms": percentiles(offered),
    }


async def _offered(
    connection: Any, said: list[PersonDescriptor], decoded: Decoded, rate: float
) -> list[float]:
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--rate", type=float, default=500.0)
    parser.add_argument("--shared-buffers", default="2GB", help="of PostgreSQL, e.g. 14GB")
    parser.add_argument(
        "--warm",
        action="store_true",
        help="read keys, records and counts once before anything is measured",
    )
    parser.add_argument("--folder", type=Path, help="keep the register here, and use what is kept")
    parser.add_argument("--json", action="store_true", help="one JSON document for machines")
    asked = parser.parse_args()
    figures = measured(
        asked.people, asked.events, asked.rate, asked.folder, asked.shared_buffers, asked.warm
    )
    print(json.dumps(figures) if asked.json else "\n".join(f"{k}: {v}" for k, v in figures.items()))


if __name__ == "__main__":
    main()
