"""The pages of the rules: what each means, why, and how much it was worth here."""

from __future__ import annotations

from typing import Final

TEXT: Final[dict[str, str]] = {
    "rules_page_title": "The rules",
    "rules_page_hint": (
        "When each rule gives an alarm, to whom, and what it rests on. People of the field review these texts."
    ),
    "rules_page_link": "All rules",
    "rule_off": "Switched off here",
    "rule_when": "When",
    "rule_not_when": "Not when",
    "rule_ends": "It ends when",
    "rule_notes": "To know",
    "rule_to": "Who is told",
    "rule_step": "What to do",
    "rule_urgency": "Urgency",
    "rule_here": "This desk",
    "rule_answer_within": "Answer expected within",
    "rule_deadline_none": "Why there is no time by which to act",
    "rule_limits": "Limits",
    "rule_limit": "Limit",
    "rule_limit_value": "Value",
    "rule_limit_basis": "It is",
    "rule_limit_says": "From",
    "rule_changed": "set here, the catalogue has {value}",
    "rule_sources": "What it rests on",
    "rule_version": "Version {version}, in force since {since}; owner: {owner}.",
    "rule_worth": "At this agency's desks in the last 30 days",
    "rule_worth_none": "It gave no alarm here in the last 30 days.",
    "rule_unknown": "There is no such rule.",
    "rule_unknown_remedy": "Open the list of rules and choose one there.",
}
