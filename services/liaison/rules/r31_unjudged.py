"""R31: a crisis that could not be read, folded, judged or written, and was set aside alone."""

from __future__ import annotations

from services.liaison.rules.shared.rule import rule

RULE = rule(__name__, None)
