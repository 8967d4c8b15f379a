"""Somebody in custody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.liaison.script import Script

LONG_AGO = datetime(2026, 9, 1, 9, tzinfo=UTC)


WHO: dict[str, Any] = {
    "nhs_number": "9990000018",
    "nhs_number_status": "01",
    "names": [{"given": "Kwabena", "family": "Asante-Reid"}],
    "date_of_birth": "1991-04-12",
}


def known() -> Script:
    """Somebody with an open care pathway."""
    crisis = Script().on_file("person.registered", LONG_AGO, person=WHO)
    return crisis.on_file(
        "pathway.opened", LONG_AGO + timedelta(minutes=5), pathway="CP-1", team="Community team"
    )


def custody(crisis: Script, kind: str, at: float, /, **data: Any) -> Script:
    """Custody says something of its record C-1."""
    return crisis.say("met-custody", f"custody.{kind}", at, custody="C-1", **data)


def held(crisis: Script | None = None, **data: Any) -> Script:
    """In custody since the first minute; seen by a health professional in the fifth."""
    return custody(
        custody(crisis or known(), "arrived", 0, suite="brixton", **data), "health-checked", 5
    )


def disclosed(**data: Any) -> Script:
    """Told the nurse of thoughts of suicide; released in the hundredth minute (15:40)."""
    crisis = custody(
        held(Script()), "risk-assessed", 20, mental_health_disclosed=True, self_harm_risk=True
    )
    return custody(crisis, "released", data.pop("at", 100), **data)
