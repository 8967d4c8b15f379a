"""A test's service with the rights of its role and no others, as a live deployment runs it."""

from __future__ import annotations

import asyncpg

from services.ledger.access.rights import RoleName, role_of
from services.ledger.access.roles import apply


async def as_role(dsn: str, name: RoleName) -> str:
    """The address under which somebody has this service's rights in the ledger at the address."""
    owner = await asyncpg.connect(dsn)
    async with owner.transaction():
        await apply(owner)
    await owner.close()
    return address(dsn, name)


def address(dsn: str, name: RoleName) -> str:
    """The same where the roles are there."""
    between = "&" if "?" in dsn else "?"
    return f"{dsn}{between}role={role_of(name)}"
