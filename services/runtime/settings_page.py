"""`docs/settings.md`: every setting as the code has it. `python -m services.runtime.settings_page` writes
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from services.runtime.environment import FILE_END, PREFIX
from services.runtime.settings import SECRETS, Settings

PAGE = Path(__file__).parents[2] / "docs/settings.md"

# Whose settings begin so. What begins with none of these is everybody's.
SERVICE_OF: Mapping[str, str] = {
    "kafka_": "Kafka, for every service",
    "postgres_": "PostgreSQL, for every service",
    "console_": "The console",
    "oidc_": "Sign-in to the console",
    "gateway_": "The gateway",
    "pds_": "The trace of NHS numbers",
    "trace_": "The trace of NHS numbers",
    "audit": "The auditor",
    "relay_": "The relay",
    "metrics_": "Metrics and readiness, for every service",
}
EVERYBODY = "What several services read, and the stream"
FOR_TESTS = frozenset({"crash_at", "cursor_guard"})

HEAD = """# Settings

Made from `services/runtime/settings.py` by `python -m services.runtime.settings_page`; a test holds the two alike. Each is
an environment variable; one that begins with `LIAISON_` and is none ends every command with code 2. Where it says *or a file*,
the value may stand in a file that the variable with `_FILE` after its name names. Lengths of time are in seconds. What may stand
there is checked when a service starts.
"""


def heading_of(name: str) -> str:
    """The section that the setting stands in."""
    for prefix, heading in SERVICE_OF.items():
        if name.startswith(prefix):
            return heading
    return EVERYBODY


def kind_of(annotation: Any) -> str:
    """What may stand there, in words."""
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation) if value)
    if isinstance(annotation, UnionType):
        (inner,) = [member for member in get_args(annotation) if member is not NoneType]
        return kind_of(inner)
    return {Path: "path", str: "text", int: "whole number", float: "number", bool: "true or false"}[
        annotation
    ]


def bounds_of(field: FieldInfo) -> str:
    """The least and the most, where there are."""
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    stated = [
        f"{word} {getattr(constraint, name)}"
        for constraint in field.metadata
        for name, word in words.items()
        if getattr(constraint, name, None) is not None
    ]
    return ", ".join(stated)


def row_of(name: str, field: FieldInfo) -> str:
    """One line of the table."""
    variable = f"`{PREFIX}{name.upper()}`"
    if name in SECRETS:
        variable += f" or a file (`…{FILE_END}`)"
    default = "empty"
    if isinstance(field.default, bool):
        default = f"`{str(field.default).lower()}`"
    elif field.default not in ("", None):
        default = f"`{field.default}`"
    allowed = "; ".join(filter(None, (kind_of(field.annotation), bounds_of(field))))
    meaning = " ".join((field.description or "").split())
    return f"| {variable} | {meaning} | {allowed} | {default} |"


def _sections() -> Iterator[str]:
    by_heading: dict[str, list[str]] = {EVERYBODY: []}
    for name, field in Settings.model_fields.items():
        if name not in FOR_TESTS:
            by_heading.setdefault(heading_of(name), []).append(row_of(name, field))
    for heading, rows in by_heading.items():
        table = [
            "| variable | meaning | what may stand there | default |",
            "|---|---|---|---|",
            *rows,
        ]
        yield f"## {heading}\n\n" + "\n".join(table) + "\n"


def settings_page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_sections()])


if __name__ == "__main__":
    PAGE.write_text(settings_page(), encoding="utf-8")
