"""When a restraint is of somebody in a crisis or in danger, and what it is shown by."""

from __future__ import annotations

from schemas.codes import ABD_SIGNS, ClinicalSign, CrisisIndicator, ForceKind, RestraintPosition
from services.liaison.crisis.facts import Crisis, Force
from services.liaison.disclosure.vocabulary import SIGN_WORDS
from services.liaison.finding import Evidence
from services.liaison.rules.shared.words import clock
from services.liaison.time.spans import Spans, since

# Signs after which nobody waits for a limit.
AT_ONCE = frozenset(
    {ClinicalSign.CANNOT_BREATHE, ClinicalSign.SUDDEN_CALM, ClinicalSign.UNRESPONSIVE}
)
_DANGER = ABD_SIGNS | AT_ONCE
# Duration, position and signs are clinical facts; by what means somebody is held is the log of the
# force (domain reference §5.1).
_CLINICAL = frozenset({"force-clinical"})
_LOG = frozenset({"force-log"})


def crisis_signs_since(crisis: Crisis) -> Spans:
    """Since when there is a sign of a crisis that is not the restraint itself: most people who are
    arrested are held.
    """
    signs = (sign.at for sign in crisis.indicators if sign.kind is not CrisisIndicator.RESTRAINT)
    return since(min(signs, default=None))


def danger_since(force: Force) -> Spans:
    """Since when the restraint itself is dangerous: a sign of acute behavioural disturbance or of
    danger to life, or the person is held face down or on the ground."""
    sign = force.first_of(_DANGER)
    on_the_ground = (
        force.position is RestraintPosition.PRONE or ForceKind.GROUND_RESTRAINT in force.kinds
    )
    # held down the danger is there from the first second, whatever is seen
    if on_the_ground:
        return since(force.started.at)
    if sign is None:
        return ()
    return since(sign[1].at)


def evidence_of(force: Force) -> tuple[Evidence, ...]:
    """How the person is held and since when, and the signs of danger that were seen."""
    return (_started(force), _kinds(force), *_signs(force))


def _started(force: Force) -> Evidence:
    position = ""
    if force.position is not None:
        position = f", {force.position.value}"
    return Evidence(
        f"Restraint since {clock(force.started.at)}{position}",
        force.started.at,
        force.started.event,
        _CLINICAL,
    )


def _kinds(force: Force) -> Evidence:
    kinds = ", ".join(kind.value for kind in force.kinds)
    return Evidence(f"Force: {kinds}", force.started.at, force.started.event, _LOG)


def _signs(force: Force) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(f"Sign: {SIGN_WORDS[sign]}", mark.at, mark.event, _CLINICAL)
        for sign, mark in force.signs
        if sign in _DANGER
    )
