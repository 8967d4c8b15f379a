"""Somebody who dies after the police were there."""

from __future__ import annotations

from tests.unit.liaison.script import Script


def left_and_died(after: float) -> Script:
    """Police were there until the thirtieth minute; he is found dead so many minutes later."""
    crisis = Script().police("incident.reported", 0, nature="mental-health-crisis")
    crisis.police("resource.on-scene", 10, resource="MX1", kind="police-unit")
    crisis.police("resource.left", 30, resource="MX1", kind="police-unit", handover_to="las")
    return crisis.police("harm.reported", 30 + after, harm="death")
