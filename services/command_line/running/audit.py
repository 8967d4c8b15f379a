"""`liaison audit`: whether the audit is as it was written, and what it holds of somebody."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from pathlib import Path

import click

from services.command_line.running.on_ledger import on_ledger
from services.ledger import audit as ledger_audit
from services.ledger.evidence import records
from services.ledger.evidence.chain import ChainWalk, Entry, Head, Tampering
from services.ledger.evidence.seal import heads_of
from services.runtime.clock import SystemClock
from services.runtime.postgres import Connection

SHOWN = 100


@click.group()
def audit() -> None:
    """The record of what people did and saw: whether it is whole, and what it says of somebody."""


@audit.command()
@click.option(
    "--heads",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What was published each minute: the file of LIAISON_AUDIT_HEADS_PATH, or the topic "
    "audit.sealed as lines. Finds what the ledger alone cannot: an end that was cut off.",
)
def verify(path: Path | None) -> None:
    """Find every record that was altered, removed or inserted, and say which; exit 1 where there is one."""
    published: list[Head] = []
    if path is not None:
        try:
            published = heads_of(path.read_text(encoding="utf-8").splitlines())
        except ValueError as error:
            raise click.UsageError(f"{path}: {error}") from error

    async def walk(connection: Connection) -> tuple[int, list[Tampering]]:
        sealed = await records.sealed_heads(connection)
        chain = ChainWalk(await records.heads(connection), [*published, *sealed])
        total = 0
        tamperings: list[Tampering] = []
        async for entry in records.entries(connection):
            total += 1
            tamperings += chain.step(entry)
        tamperings += chain.end()
        return total, tamperings

    # records and ends of one moment: what is written meanwhile is no tampering
    total, tamperings = on_ledger(walk, isolation="repeatable_read")
    for tampering in tamperings[:SHOWN]:
        click.echo(f"{tampering.kind}\t{tampering.sentence}")
    if len(tamperings) > SHOWN:
        click.echo(f"and {len(tamperings) - SHOWN} more")
    if tamperings:
        raise SystemExit(1)
    beside = "no published ends were given (--heads)"
    if path is not None:
        beside = f"as are the {len(published)} published ends"
    click.echo(f"{total} records are as they were written, {beside}")


@audit.command()
@click.option("--subject", help="A record, crisis, alert, incident (agency/reference) or person.")
@click.option("--person", help="A person's id, with their records, incidents, crises and alerts.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Not before this instant, UTC.",
)
@click.option(
    "--by",
    default=getpass.getuser,
    show_default="this account",
    help="Who asks for it, for the audit.",
)
def export(subject: str | None, person: str | None, since: datetime | None, by: str) -> None:
    """Records as JSON lines: for section 62 of the Data Protection Act 2018 and for subject access."""
    if subject is None and person is None and since is None:
        raise click.UsageError("say whose: --subject, --person or --since")
    now = SystemClock().now()
    if since is not None:
        since = since.replace(tzinfo=UTC)

    async def read(connection: Connection) -> list[Entry]:
        names: list[str] | None = None
        if person is not None:
            names = await records.names_of_person(connection, person)
        if subject is not None:
            names = [*(names or ()), subject]
        entries = await records.entries_about(connection, names, since)
        detail = {"records": len(entries), "since": since.isoformat() if since else None}
        place = person or subject or "audit"
        await ledger_audit.write(connection, "audit.exported", by, place, detail, now)
        return entries

    for entry in on_ledger(read):
        click.echo(json.dumps(_line(entry), ensure_ascii=False))


def _line(entry: Entry) -> dict[str, object]:
    return {
        "number": entry.audit_id,
        "at": entry.at.isoformat(),
        "action": entry.action,
        "actor": entry.actor,
        "subject": entry.subject,
        "detail": json.loads(entry.detail),
        "chain": entry.chain,
        "place": entry.place,
        "hash": entry.hash.hex(),
    }
