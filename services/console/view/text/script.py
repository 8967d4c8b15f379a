"""What the browser says by itself."""

from __future__ import annotations

from typing import Final

# For the browser; handed over in a data attribute.
SCRIPT: Final[dict[str, str]] = {
    "live": "Live. Last heard {n} s ago.",
    "stale": "FEED STALE {n} s: this screen is not being renewed. Use the telephone procedures.",
    "lost": "Connection lost {n} s ago; trying again. Use the telephone procedures.",
    "left": "{t} left",
    "over": "{t} overdue",
    "failed": "This was not done: the console did not answer. Try again.",
    "none": "No alert is in this list.",
    "skew": "This computer's clock is {n} s off. The times here are the server's.",
    "muted": "Sound muted for {t} more.",
    "armed": "Sound is on.",
    "not_armed": "SOUND NOT CHECKED: play the test sound before you rely on it.",
    "off": "SOUND FAILED: alerts do not sound here.",
    "new_many": "{n} new alerts. The most urgent: {urgency}. {title}",
    "since": "{t} ago",
    "waiting_none": "None",
    "title": "({n}) ",
    "key_acknowledge": "acknowledge",
    "key_claim": "claim",
    "key_accept": "accept",
    "key_answer": "answer",
    "key_crisis": "whole crisis",
    "key_mute": "mute",
    "new": "New alert. {urgency}. {title}",
    "renewed": "Renewed at {at}: something of this crisis has changed.",
    "unseen": "This alert was off the screen. Press again to do it.",
    "above": "▲ {n} new above. The most urgent: {urgency}. {title}",
    "changed": (
        "Something of this crisis has changed. The page is renewed when you have finished writing."
    ),
    "page_old": "This page is {t} old. Load it again.",
}
