"""When a mental-health service was in contact after a crisis."""

from __future__ import annotations

from datetime import datetime

from services.liaison.crisis.facts import Crisis
from services.liaison.time.spans import FOREVER


def contact_after(crisis: Crisis, at: datetime) -> datetime:
    """The first contact by a mental-health service after an instant: a follow-up completed, or a
    referral seen.
    """
    done = [
        follow_up.completed.at for follow_up in crisis.follow_ups if follow_up.completed is not None
    ]
    done += [
        contact.completed_at for contact in crisis.contacts if contact.completed_at is not None
    ]
    done += [
        mark.at
        for referral in crisis.referrals
        for mark, _, outcome in referral.outcomes
        if outcome == "seen"
    ]
    return min((completed for completed in done if completed >= at), default=FOREVER)
