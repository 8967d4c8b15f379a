"""What a use of force is shown by, for the rules about restraint."""

from __future__ import annotations

from schemas.codes import ABD_SIGNS, ClinicalSign
from services.liaison.crisis.facts import Force
from services.liaison.finding import Evidence
from services.liaison.rules.shared.words import clock

AT_ONCE = frozenset(
    {ClinicalSign.CANNOT_BREATHE, ClinicalSign.SUDDEN_CALM, ClinicalSign.UNRESPONSIVE}
)
"""Signs after which nobody waits for a limit."""


_TOLD = ABD_SIGNS | AT_ONCE


def evidence_of(force: Force) -> tuple[Evidence, ...]:
    """How the person is held and since when, and the signs of danger that were seen."""
    return (_started(force), *_signs(force))


def _started(force: Force) -> Evidence:
    kinds = ", ".join(kind.value for kind in force.kinds)
    position = f", {force.position.value}" if force.position else ""
    return Evidence(
        f"Restraint since {clock(force.started.at)}: {kinds}{position}",
        force.started.at,
        force.started.event,
    )


def _signs(force: Force) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(f"Sign: {sign.value}", mark.at, mark.event)
        for sign, mark in force.signs
        if sign in _TOLD
    )
