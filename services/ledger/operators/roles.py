"""The roles that the ledger knows, and a grant of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["operator", "supervisor", "reviewer", "governance", "privacy-officer"]
ROLES: tuple[Role, ...] = get_args(Role)
Origin = Literal["provider", "administrator", "trying"]


@dataclass(frozen=True, slots=True)
class Grant:
    """A role at an agency, or at one desk of it."""

    role: Role
    agency: str
    desk: str | None = None
