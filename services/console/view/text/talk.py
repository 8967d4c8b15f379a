"""What desks say to each other, and who was told and what they answered."""

from __future__ import annotations

from typing import Final

TEXT: Final[dict[str, str]] = {
    "told_and_answered": "Told and answered",
    "told_nobody": "No other desk has an alert that this desk has.",
    "talk_desk": "Desk",
    "talk_phone": "Telephone",
    "talk_answer": "What it answered",
    "talk_disputed": "Both agencies' supervisors are told",
    "talk_acknowledged": "Seen {when}, no answer yet",
    "talk_waits": "Told, not seen yet",
    "talk": "Messages between desks",
    "talk_none": "No desk has written anything.",
    "talk_own": "This desk",
    "talk_fresh": "new here",
    "talk_seen": "Seen by",
    "talk_seen_elsewhere": "other desks: {n}",
    "talk_unseen": "No other desk has seen it yet.",
    "talk_see": "Seen: say so to the others",
    "talk_words": "Say to the desks that were told of this crisis",
    "talk_hint": (
        "At most 300 characters, plain text. It is kept and can be read by every desk that was or "
        "will be told of this crisis. Do not write a name, date of birth, NHS number, diagnosis or "
        "treatment, and nothing of a person whose record is restricted or who refused sharing: ring "
        "instead."
    ),
    "talk_send": "Send",
    "message_nothing-written": "Nothing was sent: nothing is written.",
    "message_text-too-long": "Nothing was sent: a message has 300 characters at the most.",
    "message_control-character": (
        "Nothing was sent: it holds a control character. Write plain text."
    ),
}
