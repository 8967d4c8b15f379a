"""What settling is given of an incident, and what must be written of it, of its crisis and of their
alerts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.received import Received
from services.identity.person import IdentityDecision
from services.liaison.alert import AlertChange
from services.liaison.linking.contacts import ContactRow, Echo
from services.liaison.tally import Tally

Key = tuple[str, str]

# How far back incidents may link by person or place; references link for ever. Longer than any
# window of linking.
HORIZON = timedelta(hours=25)


@dataclass(frozen=True, slots=True)
class IncidentFile:
    """All that is known of one incident. `crisis_id` is where it is now; None for a new one."""

    key: Key
    events: Sequence[Received]
    """In any order; what was made of them by `corrections.counted` is taken as it is."""
    identity: IdentityDecision | None = None
    crisis_id: str | None = None
    former: ContactRow | None = None
    """What other crises may have counted of it until now."""
    identities: Mapping[str, IdentityDecision] = field(default_factory=dict)
    """Of a log about several people, who each of the further subjects is. `identity` is of whom it
    described last.
    """
    crisis_ids: Mapping[str, str] = field(default_factory=dict)
    """Where each of the further subjects is now."""


@dataclass(frozen=True, slots=True)
class IncidentSettled:
    """One incident's row in the ledger, or that of a further subject of it."""

    key: Key
    opened_at: datetime
    last_seen_at: datetime
    keys: tuple[str, ...]
    """Coarse keys under which incidents that may link, and people it may be about, are found."""
    contact: ContactRow | None = None
    """What other crises may count of it; None for a record that is not counted, and for a further
    subject.
    """
    subject: str = ""
    """Which of its subjects; empty for the only one, or for the log itself."""


@dataclass(frozen=True, slots=True)
class SettledCrisis:
    """One crisis's row, its members, and when to look at it again."""

    crisis_id: str
    area: str | None
    opened_at: datetime
    last_event_at: datetime
    members: tuple[IncidentSettled, ...]
    look_again_at: datetime | None
    scene: str
    """The least crisis of those that one log, a reference or a doubt ties to it, itself among them:
    to be looked at together.
    """
    further_areas: tuple[str, ...] = ()
    """Where its place may lie in several: those beside `area`."""
    tally: Tally | None = None
    """What it counts for by ethnic group (R27); None where it is no mental-health crisis."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What must be written."""

    crises: tuple[SettledCrisis, ...]
    dissolved: tuple[str, ...]
    """Crises that lost all their incidents to others."""
    alerts: tuple[AlertChange, ...]
    echoes: tuple[Echo, ...] = ()
    """Which other crises must be looked at again, since they count an incident of these."""
    bounded: tuple[str, ...] = ()
    """Crises at which linking by place was stopped, because they would have grown too large."""
