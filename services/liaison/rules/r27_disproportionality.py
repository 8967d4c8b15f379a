"""R27: what happens to people in a crisis differs by ethnic group by more than chance; its
condition is over counts.
"""

from __future__ import annotations

from services.liaison.rules.shared.rule import rule

RULE = rule(__name__, None)
