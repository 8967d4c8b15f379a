"""The catalogue of rules."""

from __future__ import annotations

from services.liaison.rules import (
    consultation,
    conveyance,
    crisis_plan,
    departure,
    detention_clock,
    emergency,
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
        crisis_plan.RULE,
        welfare.RULE,
        departure.RULE,
        consultation.RULE,
        silence.RULE,
    )
}
"""By id, in the order of the catalogue."""

__all__ = ["RULES", "Rule"]
