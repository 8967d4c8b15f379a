"""When the feeds that carry what an agency says of a crisis were last heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from schemas.codes import AgencyKind
from schemas.received import Received
from schemas.registry import Registry
from services.liaison.finding import EVERY_FEED


class Heard:
    """When feeds were last heard, seen from one crisis after another."""

    def __init__(self, registry: Registry, last_heard: Mapping[str, datetime]) -> None:
        self._registry, self._heard = registry, last_heard
        self._longest: dict[str, datetime] = {}
        for agency in registry.agencies:
            # the feed that was silent longest speaks for an agency that has said
            # nothing here: the event that is missing may be on it
            if every := [last_heard[feed.id] for feed in agency.feeds if feed.id in last_heard]:
                self._longest[agency.id] = self._longest[f"{agency.id}{EVERY_FEED}"] = min(every)
        self._serving: dict[tuple[str | None, ...], list[tuple[AgencyKind, str]]] = {}

    def by_agency(self, events: Iterable[Received]) -> dict[str, datetime]:
        """When each agency was last heard on the feeds that carry what it says of these incidents.

        Another of its feeds being well proves nothing: custody may be heard while dispatch is
        silent. Of an agency that has said nothing here yet, any feed may be the one that would, so
        the one that was silent longest counts; so it does under the agency's name with EVERY_FEED
        after it.
        """
        carried: dict[str, set[str]] = {}
        for agency, feed in {(received.agency, received.feed) for received in events}:
            carried.setdefault(agency, set()).add(feed)
        by_agency = dict(self._longest)
        for agency, feeds in carried.items():
            # a feed that carries its words and was never heard leaves it unheard, whatever else is
            # well
            by_agency.pop(agency, None)
            instants = [self._heard[feed] for feed in feeds if feed in self._heard]
            if instants and agency in self._registry.agencies_by_id:
                by_agency[agency] = min(instants)
        return by_agency

    def services(
        self, areas: tuple[str | None, ...], agencies_heard: Mapping[str, datetime]
    ) -> Mapping[AgencyKind, list[str]]:
        """The agencies of each kind that serve one of the areas and were ever heard: one that never was is
        not connected.
        """
        if areas not in self._serving:
            self._serving[areas] = [
                (served.kind, served.id)
                for served in self._registry.agencies
                if served.answers_for_place
                and (
                    not served.areas or any(area is None or area in served.areas for area in areas)
                )
            ]
        services: dict[AgencyKind, list[str]] = {}
        for kind, agency in self._serving[areas]:
            if agency in agencies_heard:
                services.setdefault(kind, []).append(agency)
        return services
