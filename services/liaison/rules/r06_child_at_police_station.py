"""R06: a police station is no place of safety for a child."""

from __future__ import annotations

from collections.abc import Iterator

from services.liaison.crisis.facts import Crisis
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.shared.age import age_at
from services.liaison.rules.shared.police_station import on_the_way, there
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R06: somebody who is, or by looks may be, under 18 is on the way to a police station or at
    one.
    """
    for detention in crisis.detentions:
        places = [
            (start, end, "destination", "on the way to") for start, end in on_the_way(detention)
        ]
        places += [(start, end, "there", "at") for start, end in there(crisis, detention)]
        for mark, end, stage, where in sorted(places, key=lambda place: place[0]):
            age = age_at(crisis, mark.at, policy)
            if age not in ("under-18", "may-be-under-18") or mark.at >= end:
                continue
            # by looks alone it is a doubt, and a doubt about a child raises the alert all the same
            age_words = "Age not known and looks young: may be under 18"
            if age == "under-18":
                age_words = "Under 18 by date of birth"
            yield RULE.finds(
                policy,
                anchor=detention.detained.event,
                holds=(mark.at, end),
                act_by=mark.at,
                stage=f"{stage}, {age}",
                reason=f"{age_words}; detained under {detention.power.value} and {where} a police station since "
                f"{clock(mark.at)}.",
                evidence=(
                    Evidence(
                        f"Detained under {detention.power.value} and {where} a police station",
                        mark.at,
                        mark.event,
                    ),
                ),
            )


RULE = rule(__name__, condition)
