"""The agency registry: one versioned file that says which agencies, areas, desks and feeds there
are.

`load_registry()` reads the shipped London, whose entries are to be verified by each agency before
use (`verified: false`).
"""

from __future__ import annotations

from schemas.registry.agencies import TRACE_SOURCE_END, Agency, Area, Contact, Desk, Feed
from schemas.registry.loading import load_registry
from schemas.registry.registry import BEYOND_DEGREES, Registry, RegistryError
from schemas.registry.roles import (
    MANAGERS,
    ROLES_OF,
    SERVED_EVERYWHERE,
    SUPERVISOR_OF,
    DeskRole,
    Level,
)

__all__ = [
    "BEYOND_DEGREES",
    "MANAGERS",
    "ROLES_OF",
    "SERVED_EVERYWHERE",
    "SUPERVISOR_OF",
    "TRACE_SOURCE_END",
    "Agency",
    "Area",
    "Contact",
    "Desk",
    "DeskRole",
    "Feed",
    "Level",
    "Registry",
    "RegistryError",
    "load_registry",
]
