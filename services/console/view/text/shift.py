"""The shift report."""

from __future__ import annotations

from typing import Final

TEXT: Final[dict[str, str]] = {
    "shift_title": "Shift report",
    "shift_csv": "As a table (CSV)",
    "stretch_8h": "8 hours",
    "shift_capped": "Only the newest {most} alerts are here: choose a shorter time for all of them.",
    "shift_came": "Alerts",
    "shift_answered": "Answered",
    "shift_late": "Acknowledged after their limit",
    "shift_late_one": "after its limit",
    "shift_never": "Never acknowledged",
    "shift_waits": "Wait for an answer",
    "shift_waits_title": "Waits for the next shift",
    "shift_over_title": "Over",
    "shift_alert": "Alert",
    "shift_answer": "Answer",
    "shift_nobody": "nobody",
    "shift_none": "None.",
}
