"""How well a matcher decided, where the truth is known: whole and by group, with confidence intervals.

Groups (name origin, ethnicity, sex, age band, fixed abode) are joined here, for the audit only: the matcher never sees
them. The calibration chooses the weight at which an attachment is safe on outcomes, not on the model's probabilities.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, lgamma, log, log1p, sqrt

GAP = 1.5
"""A group attached wrongly this many times as often as the whole is a finding."""
BY_CHANCE = 0.025
"""What chance alone makes in more than one of forty groups may be chance."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One decision beside the truth."""

    decision: str
    person_id: str
    truth: str
    """Empty: the person is not on file."""
    weight: float | None = None
    group: str = ""

    @property
    def attached(self) -> bool:
        """The event was attached to somebody."""
        return self.decision == "attach"

    @property
    def right(self) -> bool:
        """And to the right person."""
        return self.attached and self.person_id == self.truth and bool(self.truth)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval (Wilson)."""

    count: int
    of: int

    @property
    def share(self) -> float:
        """Between 0 and 1; 0 where there is nothing to count."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end."""
        if not self.of:
            return 0.0, 1.0
        z, n, p = 1.959964, self.of, self.share
        middle, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, (middle - half) / (1 + z * z / n)), min(
            1.0, (middle + half) / (1 + z * z / n)
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of the events of one group."""

    group: str
    events: int
    right: Rate
    """Of the events whose person is on file."""
    wrong: Rate
    """Of all events: attached to the wrong person, or although nobody is on file."""
    possible: Rate
    """Of all events: left to a person."""
    missed: Rate
    """Of the events whose person is on file: neither attached nor possible."""
    precision: Rate
    """Of the attachments."""


def figures(outcomes: Iterable[Outcome], group: str = "all") -> Figures:
    """The figures of these outcomes together."""
    listed = list(outcomes)
    known = sum(bool(o.truth) for o in listed)
    attached, right = sum(o.attached for o in listed), sum(o.right for o in listed)
    possible = [o for o in listed if o.decision in {"possible", "many"}]
    missed = sum(bool(o.truth) and o.decision in {"unknown", "insufficient"} for o in listed)
    return Figures(
        group,
        len(listed),
        Rate(right, known),
        Rate(attached - right, len(listed)),
        Rate(len(possible), len(listed)),
        Rate(missed, known),
        Rate(right, attached),
    )


def by_group(outcomes: Iterable[Outcome]) -> list[Figures]:
    """The whole first, then every group by name."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        groups[each.group].append(each)
    whole = figures([o for group in groups.values() for o in group])
    named = {g: o for g, o in groups.items() if g}
    return [whole, *(figures(named[g], g) for g in sorted(named))]


def findings(tables: list[Figures]) -> list[str]:
    """Groups that are attached wrongly more than 1.5 times as often as the whole, and whether chance alone may do it.

    It may if so many or more would be seen, at the rate of the whole, in one of forty such groups. By the binomial itself:
    Wilson's interval of few events is too narrow at its lower end. Events count as independent; one person's many are not.
    """
    whole = tables[0].wrong.share
    return [
        f"{t.group}: wrong {t.wrong.share * 10_000:.1f} per 10,000 events, the whole {whole * 10_000:.1f}"
        f"{'' if 1 - _at_most(t.wrong.count - 1, t.events, whole) < BY_CHANCE else ' (too few events to tell it from chance)'}"
        for t in tables[1:]
        if t.wrong.count and t.wrong.share > GAP * whole
    ]


def _at_most(wrong: int, of: int, p: float) -> float:
    """The chance of at most so many wrong ones, each with chance p."""
    total = lgamma(of + 1)
    return sum(
        exp(total - lgamma(k + 1) - lgamma(of - k + 1) + k * log(p) + (of - k) * log1p(-p))
        for k in range(wrong + 1)
    )


def upper_bound(wrong: int, of: int, confidence: float = 0.95) -> float:
    """One-sided upper bound of the rate (Clopper and Pearson): what it is below with this confidence."""
    if wrong >= of:
        return 1.0
    low, high = wrong / of, 1.0 - 1e-12
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if middle <= 0 or _at_most(wrong, of, middle) > 1 - confidence
            else (low, middle)
        )
    return high


@dataclass(frozen=True, slots=True)
class Threshold:
    """The lowest weight at which attaching is safe, and on how much that rests."""

    weight: float
    attached: int
    wrong: int
    bound: float


def threshold(judged: Iterable[tuple[float, bool]], at_most: float = 0.001) -> Threshold | None:
    """The lowest weight at and above which the bound on wrong attachments holds; None where no weight is shown to be safe.

    `judged` are (weight, right) of attachments that people judged. Equal weights stand or fall together.
    """
    by_weight: Mapping[float, list[bool]] = defaultdict(list)
    for weight, right in judged:
        by_weight[weight].append(right)
    found: Threshold | None = None
    attached = wrong = 0
    for weight in sorted(by_weight, reverse=True):
        attached += len(by_weight[weight])
        wrong += sum(not right for right in by_weight[weight])
        if wrong > at_most * attached + 40:
            break  # no later weight can make it good in any register that people can judge
        bound = upper_bound(wrong, attached)
        if bound <= at_most:
            found = Threshold(weight, attached, wrong, bound)
    return found


__all__ = [
    "Figures",
    "Outcome",
    "Rate",
    "Threshold",
    "by_group",
    "figures",
    "findings",
    "threshold",
    "upper_bound",
]
