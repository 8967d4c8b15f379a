"""How well the natures of two incidents go together, as evidence that they are one crisis.

A weight is a log-likelihood ratio in nats: how much more often two records of *one* crisis bear
these natures than two unrelated records would. The table comes from what the natures mean, not
from counting; `tests/benchmarks/linking.py` measures what it is worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from schemas.codes import Nature

# The coarse natures the table knows. 'assistance' is one service saying that it goes to help
# another; 'traffic' is a stop or a parking matter; 'alarm' a signal from a building.
NATURES = frozenset(
    {
        "crisis",
        "medical",
        "welfare",
        "disturbance",
        "collision",
        "fire",
        "alarm",
        "assistance",
        "property",
        "traffic",
        "administrative",
    }
)

# The coarse nature of each nature of the contract; None where it says nothing of what happened.
CATEGORIES: Mapping[Nature, str | None] = MappingProxyType(
    {
        Nature.MENTAL_HEALTH_CRISIS: "crisis",
        Nature.SUICIDAL: "crisis",
        Nature.SELF_HARM: "crisis",
        Nature.WELFARE_CONCERN: "welfare",
        Nature.MISSING: "welfare",
        Nature.DISTURBANCE: "disturbance",
        Nature.VIOLENCE: "disturbance",
        Nature.MEDICAL: "medical",
        Nature.TRAFFIC_COLLISION: "collision",
        Nature.TRAFFIC_STOP: "traffic",
        Nature.FIRE: "fire",
        Nature.CRIME: "property",
        Nature.ADMINISTRATIVE: "administrative",
        Nature.OTHER: None,
    }
)

# Two known natures the table does not bring together.
MISMATCH = -1.0

# One side is work that no emergency brings about: a traffic stop, paperwork.
ROUTINE = -2.5

# One side says that it helps another service, and what the other is doing is not known.
ASSISTANCE = 1.5

_ROUTINE_NATURES = frozenset({"traffic", "administrative"})

_TOGETHER: Mapping[frozenset[str], float] = MappingProxyType(
    {
        frozenset({"crisis"}): 2.0,
        frozenset({"crisis", "medical"}): 1.5,
        frozenset({"crisis", "welfare"}): 1.5,
        frozenset({"crisis", "disturbance"}): 1.5,
        frozenset({"crisis", "assistance"}): 2.0,
        frozenset({"medical"}): 0.5,
        frozenset({"medical", "welfare"}): 0.5,
        frozenset({"medical", "disturbance"}): 0.5,
        frozenset({"medical", "collision"}): 1.5,
        frozenset({"medical", "fire"}): 0.5,
        frozenset({"medical", "assistance"}): 3.0,
        frozenset({"welfare"}): 1.0,
        frozenset({"welfare", "disturbance"}): 0.5,
        frozenset({"welfare", "assistance"}): 1.0,
        frozenset({"disturbance"}): 1.0,
        frozenset({"disturbance", "assistance"}): 0.5,
        frozenset({"collision"}): 3.0,
        frozenset({"collision", "fire"}): 1.5,
        frozenset({"collision", "assistance"}): 2.0,
        frozenset({"fire"}): 2.0,
        frozenset({"fire", "alarm"}): 2.0,
        frozenset({"fire", "assistance"}): 3.0,
        frozenset({"alarm"}): 1.5,
        frozenset({"alarm", "assistance"}): 2.0,
        frozenset({"assistance"}): 0.5,
        frozenset({"property"}): 0.5,
    }
)


def nature_weight(left: str | None, right: str | None) -> float:
    """Weight of two natures together, in nats; 0 where either is not given or not known here."""
    # one side says nothing: half of what two would say against it, and a helper speaks for
    # itself
    if left not in NATURES or right not in NATURES:
        if _ROUTINE_NATURES & {left, right}:
            return ROUTINE / 2
        if "assistance" in (left, right):
            return ASSISTANCE
        return 0.0
    if _ROUTINE_NATURES & {left, right}:
        return ROUTINE
    return _TOGETHER.get(frozenset({left, right}), MISMATCH)


def category_of(nature: Nature) -> str | None:
    """The coarse nature; None where the nature says nothing of what happened."""
    return CATEGORIES[nature]
