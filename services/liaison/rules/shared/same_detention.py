"""One detention told as two: a site opens a record of its own although the person is detained
already.
"""

from __future__ import annotations

from services.liaison.crisis.facts import Crisis, Detention


def restarted_from(crisis: Crisis, later: Detention) -> Detention | None:
    """The detention that `later` tells again: another agency's, whose clock runs and which has not
    ended.

    Two people detained in one crisis are two detentions of one force; a place of safety that opens
    its own record while the police's is open is about the person who was brought.
    """
    for earlier in crisis.detentions:
        started = earlier.clock_started
        # another agency's only: a force that detains twice under two references has
        # detained two people
        if (
            earlier.agency != later.agency
            and started is not None
            and started.at <= later.detained.at < earlier.over
            and earlier.detained < later.detained
        ):
            return earlier
    return None
