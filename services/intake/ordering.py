"""Under which key an event goes to Kafka."""

from __future__ import annotations

from typing import Any


def key_of(event: dict[str, Any]) -> bytes | None:
    """What keeps the events of one incident or person in order: their opaque reference, never a
    name or NHS number.
    """
    data = event.get("data", {})
    for name in ("incident", "local_person", "custody", "absence", "referral", "follow_up"):
        if isinstance(data.get(name), str):
            return str(data[name]).encode()
    return None
