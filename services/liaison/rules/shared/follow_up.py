"""When a mental-health service was in contact after a crisis."""

from __future__ import annotations

from datetime import datetime

from services.liaison.crisis.facts import Crisis, end_of
from services.liaison.time.spans import FOREVER


def contact_after(crisis: Crisis, at: datetime) -> datetime:
    """The first contact by a mental-health service after an instant: a follow-up completed, or a
    referral seen.
    """
    done = [end_of(follow_up.completed) for follow_up in crisis.follow_ups]
    # of other crises: a person who is followed up is followed up for all of them
    done += [contact.completed_at or FOREVER for contact in crisis.contacts]
    for referral in crisis.referrals:
        done += [mark.at for mark, _, outcome in referral.outcomes if outcome == "seen"]
    return min((completed for completed in done if completed >= at), default=FOREVER)
