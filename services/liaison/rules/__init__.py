"""The rules: one module a rule, named after its document in the catalogue; what several share is in
`shared`.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module

from services.liaison.rules.shared.rule import Rule

# How the module of a rule is named: its id and a word for it, e.g. r01_emergency.
MODULE = re.compile(r"r\d\d_[a-z0-9_]+")


def _rules() -> Iterator[Rule]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    for name in names:
        if MODULE.fullmatch(name):
            yield import_module(f"{__name__}.{name}").RULE


# By id, in the order of the catalogue.
RULES: dict[str, Rule] = {rule.id: rule for rule in _rules()}

__all__ = ["RULES", "Rule"]
