"""Whom the stream's own functions attach rightly and wrongly against a register that `identity_ledger` has written and kept.

    python -m tests.benchmarks.identity_outcomes --folder DIR --people N [--events 20000] [--shared-buffers 14GB] [--json]

The people of the register are made once more from the same numbers, and described otherwise than they were: descriptions that
nothing was set by. Rates by group as in `identity`, beside which it stands because that one holds its people in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
import orjson

from services.identity.register import local_person_id
from services.identity.training.evaluation import Outcome, figures
from services.ledger.events.decoded import Decoded
from services.runtime.embedded.postgres import EmbeddedPostgres
from services.runtime.postgres import create_pool
from tests.benchmarks.identity import Judged, printed, rates_of
from tests.benchmarks.identity_ledger import (
    AGENCY,
    BATCH,
    Described,
    Part,
    decided,
    descriptor,
    parts_of,
    read_once,
    set_buffers,
)
from tests.londoners import descriptions_of, register
from tests.own_registry import own_registry


def others_described(count: int, part: Part) -> Described:
    """So many other descriptions of the people of a part."""
    drawn = register(part.people, part.descriptions, part.chance, part.first)
    return descriptions_of(drawn, count, random.Random(1000 * part.number + 6), part.first)


def described(
    people: int, events: int, came_with: int
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Descriptions of people of every part, and their truth."""
    parts = parts_of(people, came_with, "", "", "")
    # all of a register of ten million would take a quarter of an hour; some parts of it stand for the rest
    spread = parts[:: -(-len(parts) // 40)]
    describing = partial(others_described, -(-events // len(spread)))
    asked: list[dict[str, str]] = []
    truth: list[dict[str, str]] = []
    with (
        get_context("spawn").Pool() as workers,
        click.progressbar(
            workers.imap(describing, spread), len(spread), label="Describing", file=sys.stderr
        ) as done,
    ):
        for rows, true in done:
            asked += rows
            truth += true
    return asked, truth


async def _outcomes(
    dsn: str, rows: list[dict[str, str]], truth: list[dict[str, str]]
) -> list[Judged]:
    pool = await create_pool(dsn)
    decoded = Decoded(own_registry())
    judged: list[Judged] = []
    async with pool.acquire() as connection:
        with click.progressbar(
            range(0, len(rows), BATCH), label="Deciding", file=sys.stderr
        ) as starts:
            for start in starts:
                part = slice(start, start + BATCH)
                people = await decided(connection, [descriptor(row) for row in rows[part]], decoded)
                for person, true in zip(people, truth[part], strict=True):
                    meant = local_person_id(AGENCY, true["person_id"]) if true["person_id"] else ""
                    groups = {
                        key: value
                        for key, value in true.items()
                        if key not in {"query_id", "person_id"}
                    }
                    judged.append(
                        (Outcome("attach" if person else "possible", person or "", meant), groups)
                    )
    await pool.close()
    return judged


def measured(folder: Path, people: int, events: int, buffers: str) -> dict[str, Any]:
    """The figures. What is not attached counts as left to a person here: only attachments are asked about."""
    came_with = len(orjson.loads((folder / "descriptions.json").read_bytes())[0])
    rows, truth = described(people, events, came_with)
    postgres = EmbeddedPostgres(folder / "postgres")
    postgres.start()
    try:
        asyncio.run(set_buffers(postgres, buffers))
        postgres.stop()
        postgres.start()
        asyncio.run(read_once(postgres))
        judged = asyncio.run(_outcomes(postgres.dsn(), rows, truth))
    finally:
        postgres.stop()
    whole = figures(outcome for outcome, _ in judged)
    return {
        "people": people,
        "events": whole.events,
        "attached_rightly": round(whole.right.share, 4),
        "attached_wrongly": whole.wrong.count,
        "precision": round(whole.precision.share, 5),
        "precision_between": [round(end, 5) for end in whole.precision.interval],
        "groups": rates_of(judged),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, required=True, help="what identity_ledger --folder has kept"
    )
    parser.add_argument("--people", type=int, required=True, help="its --people")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--shared-buffers", default="2GB", help="of PostgreSQL, e.g. 14GB")
    parser.add_argument("--json", action="store_true", help="one JSON document for machines")
    options = parser.parse_args()
    figures = measured(options.folder, options.people, options.events, options.shared_buffers)
    print(json.dumps(figures) if options.json else "\n".join(printed({"the ledger": figures})))


if __name__ == "__main__":
    main()
