"""The licence of each part of a bill of materials, as a table: `licences.py SBOM.json`.

Exit 1 where a part states none: name it to whoever answers for licences before it is shipped.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


# Packages whose metadata names no licence, by what their source repository's LICENSE says.
STATED_ELSEWHERE = {"openlocationcode": "Apache-2.0 (github.com/google/open-location-code)"}


def licence_of(component: dict[str, Any]) -> str:
    """As the part states it: an expression, identifiers or names; empty where it states none."""
    stated = []
    for entry in component.get("licenses", ()):
        licence = entry.get("license", {})
        stated.append(entry.get("expression") or licence.get("id") or licence.get("name") or "")
    # a classifier and a field often say the same twice
    words = ", ".join(sorted({" ".join(text.split()) for text in stated if text.strip()}))
    return words or STATED_ELSEWHERE.get(component["name"], "")


def main() -> int:
    """Prints the table; the exit code."""
    document = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    unlicensed = []
    print("| part | version | licence |\n|---|---|---|")
    for component in sorted(document["components"], key=lambda part: part["name"].lower()):
        licence = licence_of(component)
        if not licence:
            unlicensed.append(component["name"])
        print(f"| {component['name']} | {component.get('version', '')} | {licence or 'none stated'} |")
    for name in unlicensed:
        print(f"{name} states no licence", file=sys.stderr)
    return 1 if unlicensed else 0


if __name__ == "__main__":
    sys.exit(main())
