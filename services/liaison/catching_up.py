"""Which agencies are in the middle of telling what happened while their feed was not heard.

What comes one after the other from a feed that catches up is true only until the rest has come: a
detention without the acceptance that followed four minutes later. So nothing new is raised on it
until the agency has been quiet about the crisis for a moment; and not for ever, since a feed that
stays late has its own alert and what it says must be believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from schemas.received import Received
from services.liaison.policy import Policy
from services.liaison.rules.r30_silence import RULE as FEED_RULE


def catching_up(
    events: Iterable[Received], now: datetime, policy: Policy
) -> Mapping[str, datetime]:
    """By agency until when to wait, unless more comes of it late."""
    late_from = FEED_RULE.limit(policy, "late_from")
    quiet = FEED_RULE.limit(policy, "catch_up_quiet")
    longest = FEED_RULE.limit(policy, "trouble_lasts")
    late: dict[str, list[datetime]] = {}
    for received in events:
        came = received.received_at
        # as far back as shows that it has gone on for too long
        if came <= now < came + 2 * longest and came - received.event.recorded_at > late_from:
            late.setdefault(received.agency, []).append(came)
    waiting: dict[str, datetime] = {}
    for agency, instants in late.items():
        # back from the newest, to where the feed had been quiet: that is when this catching
        # up began
        newest_first = sorted(instants, reverse=True)
        first = newest_first[0]
        for instant in newest_first:
            if first - instant >= quiet:
                break
            first = instant
        until = min(newest_first[0] + quiet, first + longest)
        if until > now:
            waiting[agency] = until
    return waiting
