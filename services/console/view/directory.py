"""The registry's agencies as the console's desks and feeds."""

from __future__ import annotations

from schemas.registry import Registry, load_registry
from services.console.view.desks import Desk, Desks
from services.runtime.settings import Settings


def desks_of(registry: Registry) -> Desks:
    """Every desk, and for every feed its agency's name."""
    return Desks.of(
        (Desk(d.id, d.name, a.id, a.name, d.role) for a in registry.agencies for d in a.desks),
        {f.id: f"{a.name} ({f.id})" for a in registry.agencies for f in a.feeds},
    )


def desks_of_registry(settings: Settings) -> Desks:
    """From the file in the settings, or the shipped one. Raises RegistryError."""
    return desks_of(load_registry(settings.registry_path))
