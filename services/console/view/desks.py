"""The desks and feeds of the registry, as the console names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from schemas.registry import Registry, load_registry
from services.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """An operating position that may be signed in at."""

    desk: str
    name: str
    agency: str
    agency_name: str
    role: str = ""
    """As the registry has it: what may be disclosed to it follows from this."""


@dataclass(frozen=True, slots=True)
class Desks:
    """What the screen needs of the registry."""

    desks: Mapping[str, Desk]
    feeds: Mapping[str, str] = field(default_factory=dict)
    """Feed id to the name of its agency."""

    @classmethod
    def of(cls, desks: Iterable[Desk], feeds: Mapping[str, str] | None = None) -> Desks:
        """From a list."""
        return cls({d.desk: d for d in desks}, feeds or {})

    def name(self, desk: str) -> str:
        """The desk as people say it; its id where the registry no longer holds it."""
        known = self.desks.get(desk)
        if known is None:
            return desk
        return (
            known.name
            if known.name.startswith(known.agency_name)
            else f"{known.agency_name}: {known.name}"
        )

    @property
    def agencies(self) -> dict[str, str]:
        """Every agency that has a desk, with its name."""
        return {d.agency: d.agency_name for d in self.desks.values()}

    @property
    def agency_of(self) -> dict[str, str]:
        """Every desk, with its agency."""
        return {d.desk: d.agency for d in self.desks.values()}

    def grouped(self) -> list[tuple[str, list[Desk]]]:
        """By agency, both in alphabetical order."""
        ordered = sorted(self.desks.values(), key=lambda d: (d.agency_name, d.name))
        return [
            (agency, list(group)) for agency, group in groupby(ordered, key=lambda d: d.agency_name)
        ]


def desks_of(registry: Registry) -> Desks:
    """Every desk, and for every feed its agency's name."""
    return Desks.of(
        (Desk(d.id, d.name, a.id, a.name, d.role) for a in registry.agencies for d in a.desks),
        {f.id: f"{a.name} ({f.id})" for a in registry.agencies for f in a.feeds},
    )


def desks_of_registry(settings: Settings) -> Desks:
    """From the file in the settings, or the shipped one. Raises RegistryError."""
    return desks_of(load_registry(settings.registry_path))
