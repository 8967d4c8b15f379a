"""The catalogue of rules."""

from __future__ import annotations

from services.liaison.rules import (
    absence,
    consultation,
    conveyance,
    crisis_plan,
    crisis_referral,
    departure,
    detention_clock,
    emergency,
    refusal,
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
        detention_clock.RULE,
        absence.RULE,
        crisis_plan.RULE,
        refusal.RULE,
        welfare.RULE,
        departure.RULE,
        consultation.RULE,
        crisis_referral.RULE,
        silence.RULE,
    )
}
"""By id, in the order of the catalogue."""

__all__ = ["RULES", "Rule"]
