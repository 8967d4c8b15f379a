"""The view for the wall."""

from __future__ import annotations

from typing import Final

TEXT: Final[dict[str, str]] = {
    "wall_title": "Waiting now",
    "wall_as_at": "As at {at}. A screen whose time stands still is old.",
    "wall_oldest": "Longest since",
    "wall_limit": "First to be acknowledged by",
    "wall_over": "over",
}
