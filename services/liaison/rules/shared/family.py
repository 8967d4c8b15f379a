"""When the family was reached."""

from __future__ import annotations

from datetime import datetime

from services.liaison.crisis.facts import Crisis
from services.liaison.time.spans import FOREVER


def reached_after(crisis: Crisis, at: datetime) -> datetime:
    """The first time after an instant at which somebody of the family was reached. An attempt
    reaches nobody.
    """
    return min(
        (
            contact.mark.at
            for contact in crisis.family
            if contact.outcome != "contact-attempted" and contact.mark.at >= at
        ),
        default=FOREVER,
    )
