"""R30: a feed that says nothing, not even that it is alive, or that was stopped."""

from __future__ import annotations

from services.liaison.rules.shared.rule import rule

RULE = rule(__name__, None)
