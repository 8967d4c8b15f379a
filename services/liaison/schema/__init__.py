"""What is written from the catalogue: JSON Schemas of the policy and of a rule's document, for
editors, and `docs/rules.md`. `python -m services.liaison.schema` writes them.

The schemas say what a schema can say. What needs the catalogue (a limit that the rule does not
have, one of law that is loosened, a desk that nobody staffs) is said by `liaison rules check`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from schemas.generate import DIALECT
from services.liaison.catalogue import RuleDocument
from services.liaison.policy import Policy
from services.liaison.schema import document

FOLDER = Path(__file__).parent
DOCUMENT = FOLDER.parents[2] / "docs/rules.md"


def _text(model: type[Policy] | type[RuleDocument], title: str) -> str:
    schema: dict[str, Any] = {"$schema": DIALECT, **model.model_json_schema(), "title": title}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def files() -> dict[Path, str]:
    """Every generated file and its text."""
    return {
        FOLDER / "policy.schema.json": _text(Policy, "Rule policy"),
        FOLDER / "rule.schema.json": _text(RuleDocument, "A rule of the catalogue"),
        DOCUMENT: document.text(),
    }


def write() -> None:
    """Write them."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
