"""What came to a desk in a shift, who answered it and when, and what waits at its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.ledger.alerts.desk import Outcome
from services.liaison.alert.states import State
from services.runtime.postgres import Connection

# More than anybody could have read in one shift; of more the newest are told.
MOST = 2000


@dataclass(frozen=True, slots=True)
class ShiftAlert:
    """One alert of the shift at the desk."""

    alert_id: str
    rule: str
    urgency: int
    title: str
    raised_at: datetime
    acknowledge_by: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    claimed_by: str | None
    outcome: Outcome | None
    outcome_reason: str | None
    answered_at: datetime | None
    answered_by: str | None
    cleared_at: datetime | None
    state: State

    @property
    def waits(self) -> bool:
        """Whether somebody at the desk still has to answer it."""
        return self.state in {"raised", "delivered", "acknowledged", "claimed", "shelved"}

    @property
    def late(self) -> bool:
        """Whether it was acknowledged after its limit."""
        return self.acknowledged_at is not None and self.acknowledged_at > self.acknowledge_by


@dataclass(frozen=True, slots=True)
class ShiftCounts:
    """The shift in a line."""

    came: int
    answered: int
    late: int
    never_acknowledged: int
    """Ended, or over their limit at the end of the shift, with nobody having acknowledged them."""
    waits: int


async def of_shift(
    connection: Connection, desk: str, since: datetime, until: datetime
) -> list[ShiftAlert]:
    """What was raised at the desk in [since, until), and what was raised before it and waits still;
    the newest last. The newest `MOST` at the most."""
    rows = await connection.fetch(
        """SELECT d.alert_id::text AS alert_id, a.rule, a.urgency, d.view ->> 'title' AS title, a.raised_at,
                  d.acknowledge_by, d.acknowledged_at, d.acknowledged_by, d.claimed_by, d.outcome, d.outcome_reason,
                  d.answered_at, d.answered_by, d.cleared_at, d.state
             FROM alert_desk d JOIN alert a USING (alert_id)
            WHERE d.desk = $1 AND a.raised_at < $3
              AND (a.raised_at >= $2 OR d.state IN ('raised', 'delivered', 'acknowledged', 'claimed', 'shelved'))
            ORDER BY a.raised_at DESC, d.alert_id DESC LIMIT $4""",
        desk,
        since,
        until,
        MOST,
    )
    return [ShiftAlert(**dict(row)) for row in reversed(rows)]


def counted(alerts: Iterable[ShiftAlert], until: datetime) -> ShiftCounts:
    """The alerts of a shift that ends at the instant, in numbers."""
    came = answered = late = never = waits = 0
    for alert in alerts:
        came += 1
        answered += alert.outcome is not None
        late += alert.late
        waits += alert.waits
        over = alert.cleared_at is not None or alert.acknowledge_by < until
        never += alert.acknowledged_at is None and over
    return ShiftCounts(came, answered, late, never, waits)
