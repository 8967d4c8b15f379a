"""R24: after a death or serious injury the family is told and the record of force is complete."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.codes import CrisisIndicator
from services.liaison.crisis.facts import Crisis
from services.liaison.crisis.records import Harm
from services.liaison.finding import Evidence, Finding
from services.liaison.policy import Policy
from services.liaison.rules.r23_serious_harm import RULE as SERIOUS
from services.liaison.rules.shared.family import reached_after
from services.liaison.rules.shared.rule import rule
from services.liaison.rules.shared.serious_harm import DSI, contact_before
from services.liaison.rules.shared.words import clock, duration
from services.liaison.time.spans import FOREVER


def _concerns_us(crisis: Crisis, harm: Harm, policy: Policy) -> bool:
    """Around contact with the police, in a crisis of mental health, or of somebody in mental-health
    care: not every death to which an ambulance is called."""
    if contact_before(crisis, harm, SERIOUS.limit(policy, "contact_window")) is not None:
        return True
    signs = any(
        indicator.event is not None and indicator.kind is not CrisisIndicator.RESTRAINT
        for indicator in crisis.indicators
    )
    return signs or bool(crisis.open_pathways(harm.mark.at))


def condition(crisis: Crisis, policy: Policy) -> Iterator[Finding]:
    """R24: after it nobody of the family was reached in time; or a use of force of that crisis has
    no end on record.
    """
    serious = sorted(
        (report for report in crisis.harms if report.harm in DSI), key=lambda report: report.mark
    )
    if not serious or not any(_concerns_us(crisis, report, policy) for report in serious):
        return
    # from the first harm: a death that follows leaves the family no second time to wait
    harm = serious[0].mark
    evidence = (Evidence(f"{serious[0].harm} at {clock(harm.at)}", harm.at, harm.event),)
    within = RULE.limit(policy, "family_within")
    due, reached = harm.at + within, reached_after(crisis, harm.at)
    force_within = RULE.limit(policy, "force_record_within")
    open_ends = [force for force in crisis.forces if not force.end_recorded]
    force_due = FOREVER
    if open_ends:
        force_due = max(harm.at, *(force.started.at for force in open_ends)) + force_within
    if due < min(reached, force_due):
        yield RULE.finds(
            policy,
            anchor=harm.event,
            holds=(due, min(reached, force_due)),
            stage="family",
            evidence=evidence,
            act_by=due,
            reason=f"After a death or serious injury nobody of the family has been reached in {duration(within)}.",
            relies_on=crisis.agencies("police", "ambulance"),
            relies_on_services=("mental-health-trust",),
        )
    if force_due < FOREVER:
        # the second stage takes the first one's words along: one alert says all that is open
        and_family = ""
        if reached > force_due:
            and_family = "; and nobody of the family has been reached"
        yield RULE.finds(
            policy,
            anchor=harm.event,
            holds=(force_due, FOREVER),
            stage="force-record",
            moment="force-record",
            act_by=force_due,
            reason="After a death or serious injury the record of force is not complete in "
            f"{duration(force_within)}{and_family}.",
            evidence=(
                *evidence,
                *(
                    Evidence(
                        f"Force since {clock(force.started.at)} without an end",
                        force.started.at,
                        force.started.event,
                    )
                    for force in open_ends
                ),
            ),
            relies_on=tuple(sorted({force.agency for force in open_ends})),
        )


RULE = rule(__name__, condition)
