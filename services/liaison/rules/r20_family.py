"""R20: the family, a carer or the nearest relative (later: the nominated person) is not left
without word.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from schemas.received import Mark
from services.liaison.crisis.facts import Crisis
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy, Regime
from services.liaison.rules.shared.family import reached_after
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER

NOMINATED_PERSON: Regime = "mental-health-act-2025-nominated-person"
# After that it is for the records.
_STANDS = timedelta(days=7)
_SERIOUS = frozenset({"death", "serious-injury", "suicide-attempt"})
_KIN = frozenset({"family", "carer"})


def _attempts(crisis: Crisis, since: datetime, until: datetime) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(f"Contact tried at {clock(contact.mark.at)}", contact.mark.at, contact.mark.event)
        for contact in crisis.family
        if contact.outcome == "contact-attempted" and since <= contact.mark.at < until
    )


# (due, since what, until when it is owed, what happened, the moment for the next step).
_Owed = tuple[datetime, Mark, datetime, str, str | None]


def _in_order(owed: _Owed) -> tuple[datetime, Mark]:
    return owed[0], owed[1]


def _owed(crisis: Crisis, policy: Policy) -> Iterator[_Owed]:
    """What is owed to the family, for whatever happened."""
    soon, later = (
        RULE.limit(policy, "after_serious_within"),
        RULE.limit(policy, "called_back_within"),
    )
    for detention in crisis.detentions:
        due = detention.detained.at + soon
        # released before the limit nobody is owed a call; what was owed and not done is owed after
        # the detention too
        over = due + _STANDS
        if detention.over <= due:
            over = detention.over
        yield due, detention.detained, over, f"detained at {clock(detention.detained.at)}", None
    yield from _owed_after_harm(crisis, soon)
    for incident in crisis.incidents:
        caller, at = incident.caller, incident.caller_at
        if caller is None or at is None:
            continue
        if caller.wants_call_back and caller.relation in _KIN:
            yield (
                at.at + later,
                at,
                FOREVER,
                f"a relative or carer rang at {clock(at.at)} and asked to be called back",
                "call-back",
            )


def _owed_after_harm(crisis: Crisis, soon: timedelta) -> Iterator[_Owed]:
    for harm in crisis.harms:
        if harm.harm in _SERIOUS:
            due = harm.mark.at + soon
            yield due, harm.mark, FOREVER, f"{harm.harm} at {clock(harm.mark.at)}", None


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """One alert a crisis: the first that is owed and not done."""
    for due, since, ends, event_words, moment in sorted(_owed(crisis, policy), key=_in_order):
        reached = reached_after(crisis, since.at)
        if min(reached, ends) <= due:
            continue
        tried = _attempts(crisis, since.at, reached)
        waited, attempts = duration(due - since.at), "."
        if tried:
            attempts = f", {len(tried)} attempts are recorded."
        relative, usual = "nearest relative", None
        if policy.regime(NOMINATED_PERSON, since.at):
            relative, usual = "nominated person", "nominated-person"
        yield RULE.finds(
            policy,
            anchor=since.event,
            holds=(due, min(reached, ends)),
            act_by=due,
            moment=moment or usual,
            reason=f"Family, carer or {relative}: {event_words}; in {waited} nobody has been reached{attempts}",
            evidence=(
                Evidence(event_words[0].upper() + event_words[1:], since.at, since.event),
                *tried,
            ),
            relies_on=crisis.agencies("police", "ambulance"),
            relies_on_services=("mental-health-trust",),
        )
        # one alert a crisis: who rings the family tells all of it
        return


RULE = rule(__name__, condition)
