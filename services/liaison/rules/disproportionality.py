"""R27: what happens to people in a crisis differs by ethnic group by more than chance; its condition is over counts."""

from __future__ import annotations

from services.liaison.rules.rule import rule

RULE = rule("R27", None)
