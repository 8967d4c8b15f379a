"""PostgreSQL's own roles and privileges, as they are and as they should be."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import asyncpg

from services.ledger.access.rights import ROLE_NAMES, Right, rights, role_of
from services.runtime.errors import LiaisonError
from services.runtime.postgres import Connection

EVERYBODY = "PUBLIC"
# Who applies while another does waits; the number is this act's alone.
_LOCK = 0x11A1502


class RolesError(LiaisonError):
    """The ledger's roles cannot be made."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Between what the roles may and what they should."""

    missing_roles: Sequence[str]
    missing: Sequence[Right]
    surplus: Sequence[Right]
    """Also of everybody (PUBLIC)."""

    @property
    def sentences(self) -> list[str]:
        """One line for whoever decides."""
        return [
            *(f"+ role {role}" for role in self.missing_roles),
            *(f"+ {right}" for right in self.missing),
            *(f"- {right}" for right in self.surplus),
        ]


async def difference(connection: Connection) -> Difference:
    """What would have to change in this ledger."""
    roles = [role_of(name) for name in ROLE_NAMES]
    rows = await connection.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY($1::text[])", roles
    )
    present = await _present(connection, [*roles, EVERYBODY])
    target = rights()
    return Difference(
        sorted(set(roles) - {row["rolname"] for row in rows}),
        sorted(target - present),
        sorted(present - target),
    )


async def apply(connection: Connection) -> Difference:
    """Make the roles, which cannot sign in until somebody lets them, and give and take privileges.
    Gives what it changed. Raises RolesError where this user may not."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    changes = await difference(connection)
    try:
        for role in changes.missing_roles:
            await connection.execute(f"CREATE ROLE {role} NOLOGIN")
        for right in changes.missing:
            await connection.execute(f"GRANT {_clause(right)} TO {right.role}")
        for right in changes.surplus:
            await connection.execute(f"REVOKE {_clause(right)} FROM {right.role}")
    except asyncpg.InsufficientPrivilegeError as error:
        raise RolesError(
            f"{error}: run it as the owner of the ledger, who may make roles (CREATEROLE)"
            " or for whom they were made"
        ) from error
    return changes


def _clause(right: Right) -> str:
    kind = "SEQUENCE " if right.privilege == "USAGE" else ""
    columns = f" ({right.column})" if right.column else ""
    return f"{right.privilege}{columns} ON {kind}{right.relation}"


async def _present(connection: Connection, roles: Collection[str]) -> frozenset[Right]:
    """What they have on the relations of the ledger, the owner's own rights aside."""
    rows = await connection.fetch(
        """WITH given AS (
               SELECT c.relname, c.relowner, a.grantee, a.privilege_type, '' AS attname
                 FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a
                WHERE c.relnamespace = current_schema()::regnamespace
               UNION ALL
               SELECT c.relname, c.relowner, a.grantee, a.privilege_type, t.attname
                 FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid
                CROSS JOIN LATERAL aclexplode(t.attacl) a
                WHERE c.relnamespace = current_schema()::regnamespace)
           SELECT relname, privilege_type, attname,
                  CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS role
             FROM given WHERE grantee <> relowner"""
    )
    return frozenset(
        Right(row["role"], row["relname"], row["privilege_type"], row["attname"])
        for row in rows
        if row["role"] in roles
    )
