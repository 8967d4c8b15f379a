"""The console's own metrics; those that others read too are in services.runtime.metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

from services.runtime.metrics import CONSOLE

REQUESTS = Counter(
    "liaison_console_requests_total",
    "Requests answered, by route and class of status.",
    ["route", "status"],
    registry=CONSOLE,
)
REFUSED = Counter(
    "liaison_console_refused_total",
    "Signed-in people who were refused, by reason.",
    ["reason"],
    registry=CONSOLE,
)
SIGN_INS = Counter(
    "liaison_console_sign_ins_total", "Sign-ins by outcome.", ["outcome"], registry=CONSOLE
)
BREAK_GLASS = Counter(
    "liaison_console_break_glass_total",
    "Looks behind the glass that were opened.",
    ["agency"],
    registry=CONSOLE,
)
SOUND_ARMED = Gauge(
    "liaison_console_sound_armed",
    "1 while somebody at the desk has heard its test sound.",
    ["desk"],
    registry=CONSOLE,
)
JUDGED = Counter(
    "liaison_identity_judged_total",
    "Attachments of the blind sample that a reviewer has judged.",
    ["matcher_was"],
    registry=CONSOLE,
)
