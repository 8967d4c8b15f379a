"""The catalogue of rules."""

from __future__ import annotations

from services.liaison.rules import (
    absence,
    completeness,
    consultation,
    conveyance,
    crisis_plan,
    crisis_referral,
    custody,
    departure,
    destination,
    detention_clock,
    disproportionality,
    emergency,
    family,
    follow_up,
    frequent_contact,
    handover,
    harm,
    no_place,
    police_station,
    referral,
    refusal,
    repeat_contact,
    restraint,
    silence,
    welfare,
)
from services.liaison.rules.rule import Rule

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        emergency.RULE,
        restraint.EMERGENCY,
        restraint.DURATION,
        conveyance.RULE,
        police_station.ADULT,
        police_station.CHILD,
        repeat_contact.RULE,
        frequent_contact.RULE,
        detention_clock.RULE,
        no_place.RULE,
        handover.RULE,
        absence.RULE,
        custody.RISK,
        custody.ADULT,
        custody.RELEASE,
        crisis_plan.RULE,
        refusal.RULE,
        welfare.RULE,
        departure.RULE,
        family.RULE,
        consultation.RULE,
        destination.RULE,
        harm.SERIOUS,
        harm.AFTER,
        referral.RULE,
        completeness.RULE,
        disproportionality.RULE,
        follow_up.RULE,
        crisis_referral.RULE,
        silence.RULE,
    )
}
"""By id, in the order of the catalogue."""

__all__ = ["RULES", "Rule"]
