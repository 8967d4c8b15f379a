"""The desks and feeds of the registry, as the console names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process

from schemas.registry import Registry, load_registry
from services.runtime.settings import Settings

# How many desks are offered where what was typed is none, and how like they are at least, of 100.
LIKE, LIKE_FROM = 8, 60
# How an alert says where it is by area: the label, and what stands between two that it may be.
AREA, OR = "Area", " or "


@dataclass(frozen=True, slots=True)
class Desk:
    """An operating position that may be signed in at."""

    desk: str
    name: str
    agency: str
    agency_name: str
    role: str = ""
    """As the registry has it: what may be disclosed to it follows from this."""
    phone: str | None = None
    """To be rung by other desks."""


@dataclass(frozen=True, slots=True)
class Desks:
    """What the screen needs of the registry."""

    desks: Mapping[str, Desk]
    feeds: Mapping[str, str] = field(default_factory=dict)
    """Feed id to the name of its agency."""
    areas: Mapping[str, str] = field(default_factory=dict)
    """Area id to its name."""

    @classmethod
    def of(
        cls,
        desks: Iterable[Desk],
        feeds: Mapping[str, str] | None = None,
        areas: Mapping[str, str] | None = None,
    ) -> Desks:
        """From a list."""
        return cls({desk.desk: desk for desk in desks}, feeds or {}, areas or {})

    def with_area_named(self, facts: Mapping[str, str]) -> dict[str, str]:
        """What is shown of a crisis, label to words, with its areas as people call them."""
        named = dict(facts)
        if AREA in named:
            areas = named[AREA].split(OR)
            named[AREA] = OR.join(self.areas.get(area, area) for area in areas)
        return named

    def short(self, desk: str) -> str:
        """The desk's own name, where there is no room for its agency's."""
        place = self.desks.get(desk)
        return desk if place is None else place.name

    def name(self, desk: str) -> str:
        """The desk as people say it; its id where the registry no longer holds it."""
        place = self.desks.get(desk)
        if place is None:
            return desk
        if place.name.startswith(place.agency_name):
            return place.name
        return f"{place.agency_name}: {place.name}"

    def phone(self, desk: str) -> str | None:
        """The desk's telephone, where the registry has one."""
        place = self.desks.get(desk)
        if place is None:
            return None
        return place.phone

    def typed(self, words: str) -> Desk | None:
        """The desk that somebody typed, by its name or its id, whatever the case; None where no desk,
        or more than one, is called so."""
        wanted = " ".join(words.split()).casefold()
        matching = [
            place
            for place in self.desks.values()
            if wanted in {place.desk.casefold(), self.name(place.desk).casefold()}
        ]
        if len(matching) != 1:
            return None
        return matching[0]

    def like(self, words: str) -> list[Desk]:
        """The desks whose names are most like the words, the likest first."""
        if not words.strip():
            return []
        names = {desk: f"{self.name(desk)} {desk}" for desk in self.desks}
        matches = process.extract(
            words,
            names,
            scorer=fuzz.partial_token_set_ratio,
            processor=default_process,
            limit=LIKE,
            score_cutoff=LIKE_FROM,
        )
        return [self.desks[desk] for _, _, desk in matches]

    def of_agency(self, agency: str) -> list[str]:
        """The agency's desks."""
        return [desk.desk for desk in self.desks.values() if desk.agency == agency]

    @property
    def agencies(self) -> dict[str, str]:
        """Every agency that has a desk, with its name."""
        return {desk.agency: desk.agency_name for desk in self.desks.values()}

    @property
    def agency_of(self) -> dict[str, str]:
        """Every desk, with its agency."""
        return {desk.desk: desk.agency for desk in self.desks.values()}

    def grouped(self) -> list[tuple[str, list[Desk]]]:
        """By agency, both in alphabetical order."""
        ordered = sorted(self.desks.values(), key=lambda desk: (desk.agency_name, desk.name))
        return [
            (agency, list(group))
            for agency, group in groupby(ordered, key=lambda desk: desk.agency_name)
        ]


def desks_of(registry: Registry) -> Desks:
    """Every desk, and for every feed its agency's name."""
    return Desks.of(
        (
            Desk(desk.id, desk.name, agency.id, agency.name, desk.role, desk.phone)
            for agency in registry.agencies
            for desk in agency.desks
        ),
        {
            feed.id: f"{agency.name} ({feed.id})"
            for agency in registry.agencies
            for feed in agency.feeds
        },
        {area.id: area.name for area in registry.areas},
    )


def desks_of_registry(settings: Settings) -> Desks:
    """From the file in the settings, or the shipped one. Raises RegistryError."""
    return desks_of(load_registry(settings.registry_path))


def agency_names(registry: Registry) -> dict[str, str]:
    """Every agency's name, also of those without a desk."""
    return {agency.id: agency.name for agency in registry.agencies}
