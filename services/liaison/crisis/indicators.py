"""Running state of the fold: which signs of a crisis were seen, and which of them are independent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schemas.codes import CrisisIndicator, Nature
from services.liaison.crisis.facts import Indicator

STRONG = frozenset(
    {CrisisIndicator.SUICIDE_ATTEMPT, CrisisIndicator.SECTION_135_136, CrisisIndicator.RESTRAINT}
)


_CALL_TAKING = frozenset({CrisisIndicator.MENTAL_HEALTH_CODE, CrisisIndicator.AMPDS_25})


_KNOWN = frozenset({CrisisIndicator.CRISIS_PLAN, CrisisIndicator.KNOWN_TO_SERVICES})


# The basis of every sign that the person is known to services, whoever says so.
KNOWN_TO_SERVICES = CrisisIndicator.KNOWN_TO_SERVICES.value


# Which sign of a mental-health crisis the nature of an incident is; None where it is none.
NATURE_INDICATORS: Mapping[Nature, CrisisIndicator | None] = {
    Nature.MENTAL_HEALTH_CRISIS: CrisisIndicator.MENTAL_HEALTH_CODE,
    Nature.SUICIDAL: CrisisIndicator.SUICIDAL,
    Nature.SELF_HARM: CrisisIndicator.SELF_HARM,
    Nature.WELFARE_CONCERN: None,
    Nature.MISSING: None,
    Nature.DISTURBANCE: None,
    Nature.VIOLENCE: None,
    Nature.MEDICAL: None,
    Nature.TRAFFIC_COLLISION: None,
    Nature.TRAFFIC_STOP: None,
    Nature.FIRE: None,
    Nature.CRIME: None,
    Nature.ADMINISTRATIVE: None,
    Nature.OTHER: None,
}


# The same of harm that was reported.
HARM_INDICATORS: Mapping[str, CrisisIndicator | None] = {
    "self-harm": CrisisIndicator.SELF_HARM,
    "suicide-attempt": CrisisIndicator.SUICIDE_ATTEMPT,
    "death": None,
    "serious-injury": None,
}


@dataclass(slots=True)
class Indicators:
    """Independent signs of a crisis.

    How a call was coded (its nature, a mental-health code, AMPDS card 25) is one act of one
    agency's call-taking and counts once an agency; two agencies' own call-taking are two. Any other
    sign counts once, whoever repeats it. A crisis plan and being known to services are one sign:
    nobody has a plan who is not known.
    """

    signs: list[Indicator] = field(default_factory=list)
    _bases: set[str] = field(default_factory=set)
    _stated: set[tuple[str, CrisisIndicator]] = field(default_factory=set)

    def state(
        self,
        kind: CrisisIndicator,
        agency: str,
        at: datetime,
        event: tuple[str, str] | None,
        *,
        call_taking: bool = False,
        strong: bool | None = None,
    ) -> None:
        """An agency states the sign. A repeat of what the agency already said changes nothing."""
        is_strong = strong
        if is_strong is None:
            is_strong = kind in STRONG
        if not is_strong:
            # one agency that repeats itself is one witness
            if (agency, kind) in self._stated:
                return
            self._stated.add((agency, kind))
        basis = _basis_of(kind, agency, call_taking, is_strong)
        if basis not in self._bases:
            self._bases.add(basis)
            self.signs.append(Indicator(kind, at, event, is_strong, basis))


def _basis_of(kind: CrisisIndicator, agency: str, call_taking: bool, is_strong: bool) -> str:
    """What makes the sign independent of others."""
    # one call-taker's code and nature are one judgement; two services' are two
    if call_taking or kind in _CALL_TAKING:
        return f"call:{agency}"
    if kind in _KNOWN:
        return KNOWN_TO_SERVICES
    # handcuffs that become a restraint must not keep the strong sign from counting
    if kind in STRONG and not is_strong:
        return f"{kind.value}-weak"
    return kind.value
