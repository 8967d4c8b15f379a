"""Every word the screen shows, in one place, so that a Welsh one can stand beside it: a module for
each topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.console.view.text import (
    access,
    crisis,
    desk,
    oversight,
    people,
    rules,
    shift,
    talk,
    wall,
)
from services.liaison.rules import RULES

TOPICS = (access, desk, crisis, people, oversight, rules, shift, talk, wall)
# By key, whatever page it is on.
TEXT: Final[Mapping[str, str]] = {
    key: words for topic in TOPICS for key, words in topic.TEXT.items()
}


def rule_titles() -> dict[str, str]:
    """What each rule is called."""
    return {rule_id: rule.title for rule_id, rule in RULES.items()}
