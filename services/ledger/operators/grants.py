"""What people may do in the console, and who gave or took it. A grant is closed, never deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.ledger import audit
from services.ledger.operators.roles import Grant, Origin, Role
from services.ledger.operators.sessions import tell_streams
from services.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class GrantLine:
    """One grant with its history, for an administrator."""

    handle: str
    operator_id: str
    role: Role
    agency: str
    desk: str | None
    origin: Origin
    granted_by: str
    granted_at: datetime
    revoked_at: datetime | None


async def set_grants(
    connection: Connection,
    operator_id: str,
    grants: Iterable[Grant],
    origin: Origin,
    by: str,
    at: datetime,
) -> None:
    """The grants of this origin are these from now on; those of other origins stay. Told to open
    streams."""
    current = await _current(connection, operator_id, origin)
    grants = set(grants)
    for grant in sorted(grants - current.keys(), key=repr):
        await connection.execute(
            "INSERT INTO operator_grant (operator_id, role, agency, desk, origin, granted_by, granted_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            operator_id,
            grant.role,
            grant.agency,
            grant.desk,
            origin,
            by,
            at,
        )
        await audit.write(connection, "grant.given", by, operator_id, _detail(grant), at)
    for grant in sorted(current.keys() - grants, key=repr):
        await connection.execute(
            "UPDATE operator_grant SET revoked_at = $2, revoked_by = $3 WHERE grant_id = $1",
            current[grant],
            at,
            by,
        )
        await audit.write(connection, "grant.taken", by, operator_id, _detail(grant), at)
    if grants != current.keys():
        await tell_streams(connection)


async def grants_of(connection: Connection, operator_id: str, origin: Origin) -> set[Grant]:
    """What they hold from this origin."""
    return set(await _current(connection, operator_id, origin))


async def every_grant(connection: Connection, *, ended: bool) -> list[GrantLine]:
    """Every role that somebody holds, whoever gave it; with `ended` also those that were taken
    away."""
    rows = await connection.fetch(
        """SELECT o.handle, g.operator_id, g.role, g.agency, g.desk, g.origin, g.granted_by, g.granted_at, g.revoked_at
             FROM operator_grant g JOIN operator o USING (operator_id) WHERE $1 OR g.revoked_at IS NULL
            ORDER BY o.handle, g.operator_id, g.granted_at, g.grant_id""",
        ended,
    )
    return [GrantLine(**row) for row in rows]


async def operators_known_as(connection: Connection, handle: str) -> list[str]:
    """Ids of those who have signed in with this staff number, or whose whole id it is."""
    rows = await connection.fetch(
        "SELECT operator_id FROM operator WHERE handle = $1 OR operator_id = $1", handle
    )
    return [row["operator_id"] for row in rows]


async def _current(connection: Connection, operator_id: str, origin: Origin) -> dict[Grant, int]:
    rows = await connection.fetch(
        """SELECT grant_id, role, agency, desk FROM operator_grant
            WHERE operator_id = $1 AND origin = $2 AND revoked_at IS NULL""",
        operator_id,
        origin,
    )
    return {Grant(row["role"], row["agency"], row["desk"]): row["grant_id"] for row in rows}


def _detail(grant: Grant) -> dict[str, Any]:
    return {"role": grant.role, "agency": grant.agency, "desk": grant.desk}
