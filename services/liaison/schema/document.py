"""`docs/rules.md`: what all rules share, then each rule as its file in the catalogue has it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from services.liaison.catalogue import CATALOGUE, Basis, Certainty, Limit, RuleDocument, ladder_of

WIDTH = 120
_FOLDER = Path(__file__).parent
_CERTAINTY: dict[Certainty, str] = {
    "verified": "verified",
    "secondary": "secondary",
    "from-memory": "from memory",
    "assumption": "assumption",
}

_BASIS: dict[Basis, str] = {
    "legal": "law",
    "standard": "national standard",
    "assumption": "a setting",
}


def text() -> str:
    """The whole page."""
    before = (_FOLDER / "before_the_rules.md").read_text(encoding="utf-8")
    after = (_FOLDER / "after_the_rules.md").read_text(encoding="utf-8")
    sections = [section(rule) for rule in CATALOGUE.values()]
    return "\n".join([before, *sections, after])


def section(rule: RuleDocument) -> str:
    """One rule: its title, when, not when, until when, to whom, how urgent, what to do, with which
    limits, and why.
    """
    limits = [_limit(name, limit) for name, limit in rule.limits.items()]
    sources = [f"{source.says} ({_CERTAINTY[source.certainty]})" for source in rule.evidence]
    blocks = [
        f"## {rule.id} {rule.title}",
        _filled(f"**When.** {rule.when}"),
        _listed("**Not when**", rule.not_when),
        _filled(f"**Ends** when {rule.ends}."),
        *map(_filled, rule.notes),
        _filled(f"**To** {', '.join(rule.recipients)}. **Urgency** {rule.urgency}{_ladder(rule)}."),
        _listed("**Next step.**", [f"{role}: {words}" for role, words in rule.next_step.items()]),
        *(
            _listed(f"Next step, {moment}:", [f"{role}: {words}" for role, words in steps.items()])
            for moment, steps in rule.next_step_when.items()
        ),
        _filled(f"**No deadline.** {rule.no_deadline}") if rule.no_deadline else "",
        _listed("**Limits**", limits),
        _listed("**Why.**", sources),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _listed(heading: str, points: Sequence[str]) -> str:
    if not points:
        return ""
    return "\n".join([heading, "", *(_filled(f"- {point}", "  ") for point in points)])


def _filled(words: str, indent: str = "") -> str:
    return textwrap.fill(
        words, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _limit(name: str, limit: Limit) -> str:
    unit = {"seconds": "seconds", "count": "", "percent": "per cent"}[limit.unit]
    amount = f"{limit.value} {unit}".strip()
    return f"`{name}` ({amount}, {_BASIS[limit.basis]}): {limit.says}"


def _ladder(rule: RuleDocument) -> str:
    if rule.ladder is None:
        return ""
    rungs = [
        f"the {level} after {int(after.total_seconds())} seconds"
        for level, after in ladder_of(rule.ladder)
    ]
    return f"; unacknowledged also to {', '.join(rungs)}"
