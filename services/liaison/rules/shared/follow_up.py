"""When a mental-health service was in contact after a crisis."""

from __future__ import annotations

from datetime import datetime

from services.liaison.crisis.facts import Crisis
from services.liaison.time.spans import FOREVER


def contact_after(crisis: Crisis, at: datetime) -> datetime:
    """The first contact by a mental-health service after an instant: a follow-up completed, or a referral seen."""
    done = [f.completed.at for f in crisis.follow_ups if f.completed is not None]
    done += [c.completed_at for c in crisis.contacts if c.completed_at is not None]
    done += [m.at for r in crisis.referrals for m, _, what in r.outcomes if what == "seen"]
    return min((d for d in done if d >= at), default=FOREVER)
