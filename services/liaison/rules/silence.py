"""R30: a feed that says nothing, not even that it is alive, or that was stopped."""

from __future__ import annotations

from services.liaison.rules.rule import Rule

RULE = Rule(
    id="R30",
    version=1,
    title="A feed is silent",
    because="Resilience: assumption of this project (heartbeat every 15 s, silent after 60 s unless the registry says otherwise)",
    recipients=("operations",),
    urgency=1,
    next_step="Ring the agency's control room, then its integration contact. Until it is heard, what this feed would "
    "have said is unknown.",
    owner="operations",
    effective_from="2026-11-01",
    condition=None,
)
