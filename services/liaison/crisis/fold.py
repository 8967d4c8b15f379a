"""The fold: from events in any order of arrival to the facts of one crisis."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from schemas.received import Received
from services.identity.person import IdentityDecision, Outcome, PersonOnFile
from services.liaison.crisis.corrections import Effective, counted
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import Contact, SiteReport
from services.liaison.crisis.state import Folding
from services.liaison.crisis.subjects import SITE_REPORTS_COUNT


class Folds:
    """Folds that go on: an event that occurs after all the others is taken alone, not with all
    before it once more.

    What is held is used only while the events it was made of are, one by one, the first of those
    that are given; so it can be out of date and never wrong: the result is the same as of `fold` (a
    property test). Of so many crises at most, the latest used.
    """

    def __init__(self, most: int = 5000) -> None:
        self._most = most
        self._held: OrderedDict[str, tuple[list[Received], Folding]] = OrderedDict()

    def take(self, crisis_id: str, events: Effective) -> Folding:
        """A folding that has taken these events."""
        folded, folding = self._held.pop(crisis_id, ([], None))
        count = len(folded)
        # an event that came late belongs in between: the fold begins anew, or it would hang on the
        # order of arrival
        if folding is None or events[:count] != folded:
            folding, count = Folding(), 0
        for received in events[count:]:
            folding.take(received)
        self._held[crisis_id] = (list(events), folding)
        while len(self._held) > self._most:
            self._held.popitem(last=False)
        return folding


def fold(
    crisis_id: str,
    area: str | None,
    events: Iterable[Received],
    person: PersonOnFile | None,
    identity: IdentityDecision | None = None,
    contacts: tuple[Contact, ...] = (),
    site_reports: tuple[SiteReport, ...] = (),
    folds: Folds | None = None,
    around: Sequence[Received] = (),
) -> Crisis:
    """The crisis that these events make, in whatever order and however often they came.

    `person` counts only if `identity` attaches it; with no decision given the caller vouches for
    it. `around` is what is said of others of the same scene: who is there and who was asked for
    counts for all of them, what is done to or for a person does not. Nothing of the result depends
    on when an event was received. `folds` spares what was folded before; the result is the same.
    """
    effective = counted(events)
    attached = person
    outcome: Outcome = "unknown"
    if person is not None:
        outcome = "attached"
    if identity is not None:
        outcome = identity.outcome
        if identity.outcome != "attached" or (person and identity.person_id != person.person_id):
            attached = None
    folding = None
    if around:
        folding = _folded_among_others(effective, counted(around))
    if folding is None:
        folding = (folds or Folds(most=1)).take(crisis_id, effective)
    believed = _believed(folding, site_reports)
    return folding.crisis(crisis_id, area, attached, outcome, effective.faults, contacts, believed)


def _folded_among_others(events: Effective, of_others: Effective) -> Folding | None:
    """Folded anew, where there are others; None where there are none."""
    if not of_others:
        return None
    folding = Folding()
    identities = {received.identity for received in events}
    incidents = {received.record_key for received in events}
    merged = sorted((*events, *of_others), key=lambda received: received.order)
    for received in merged:
        if received.identity in identities:
            folding.take(received)
        else:
            # of others only who is there and who was asked for counts: what is done to them is
            # theirs
            folding.take_around(received, same_log=received.record_key in incidents)
    return folding


def _believed(folding: Folding, site_reports: tuple[SiteReport, ...]) -> tuple[SiteReport, ...]:
    """The reports of free places that count: those not too old when the person was detained."""
    detentions = folding.detentions.by_reference.values()
    if not detentions:
        return ()
    # what was said of free places a day before says nothing of this night
    oldest = min(detention.detained.at for detention in detentions) - SITE_REPORTS_COUNT
    return tuple(report for report in site_reports if report.mark.at >= oldest)
