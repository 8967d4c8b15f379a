"""Somebody whom the police hold."""

from __future__ import annotations

from tests.unit.liaison.script import Script


def held(
    nature: str = "mental-health-crisis",
    kinds: tuple[str, ...] = ("physical-restraint",),
    **data: object,
) -> Script:
    """Police hold a person from the tenth minute; the ambulance service has graded its call C2."""
    crisis = Script().police("incident.reported", 0, nature=nature)
    crisis.ambulance("incident.reported", 1, nature="medical", ambulance_category="C2")
    crisis.police("resource.on-scene", 8, resource="MX21", kind="police-unit")
    return crisis.police("force.started", 10, force="F-1", kinds=list(kinds), **data)
