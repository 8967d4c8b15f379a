"""How well a matcher decided, where the truth is known: whole and by group, with confidence
intervals.

Groups (name origin, ethnicity, sex, age band, fixed abode) are joined here, for the audit only: the
matcher never sees them. The calibration chooses the weight at which an attachment is safe on
outcomes, not on the model's probabilities.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, lgamma, log, log1p, sqrt

# A group attached wrongly this many times as often as the whole is a finding.
GAP = 1.5
# What chance alone makes in more than one of forty groups may be chance.
BY_CHANCE = 0.025


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
        if self.of:
            return self.count / self.of
        return 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end."""
        if not self.of:
            return 0.0, 1.0
        # the letters of Wilson's formula
        z, n, p = 1.959964, self.of, self.share
        middle = p + z * z / (2 * n)
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


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
    on_file = sum(bool(outcome.truth) for outcome in listed)
    attached = sum(outcome.attached for outcome in listed)
    right = sum(outcome.right for outcome in listed)
    possible = [outcome for outcome in listed if outcome.decision in {"possible", "many"}]
    missed = sum(
        bool(outcome.truth) and outcome.decision in {"unknown", "insufficient"}
        for outcome in listed
    )
    return Figures(
        group,
        len(listed),
        Rate(right, on_file),
        Rate(attached - right, len(listed)),
        Rate(len(possible), len(listed)),
        Rate(missed, on_file),
        Rate(right, attached),
    )


def by_group(outcomes: Iterable[Outcome]) -> list[Figures]:
    """The whole first, then every group by name."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.group].append(outcome)
    whole = figures([outcome for group in groups.values() for outcome in group])
    named = {group: members for group, members in groups.items() if group}
    return [whole, *(figures(named[group], group) for group in sorted(named))]


def findings(tables: list[Figures]) -> list[str]:
    """Groups that are attached wrongly more than 1.5 times as often as the whole, and whether
    chance alone may do it.

    It may if so many or more would be seen, at the rate of the whole, in one of forty such groups.
    By the binomial itself: Wilson's interval of few events is too narrow at its lower end. Events
    count as independent; one person's many are not.
    """
    whole = tables[0].wrong.share
    sentences = []
    for table in tables[1:]:
        wrong = table.wrong
        if not wrong.count or wrong.share <= GAP * whole:
            continue
        rates = (
            f"wrong {wrong.share * 10_000:.1f} per 10,000 events, the whole {whole * 10_000:.1f}"
        )
        by_chance = 1 - _at_most(wrong.count - 1, table.events, whole)
        caveat = " (too few events to tell it from chance)"
        if by_chance < BY_CHANCE:
            caveat = ""
        sentences.append(f"{table.group}: {rates}{caveat}")
    return sentences


def _at_most(wrong: int, of: int, chance: float) -> float:
    """The chance of at most so many wrong ones, each with this chance."""
    total = lgamma(of + 1)
    terms = []
    for count in range(wrong + 1):
        ways = total - lgamma(count + 1) - lgamma(of - count + 1)
        terms.append(exp(ways + count * log(chance) + (of - count) * log1p(-chance)))
    return sum(terms)


def upper_bound(wrong: int, of: int, confidence: float = 0.95) -> float:
    """One-sided upper bound of the rate (Clopper and Pearson): what it is below with this
    confidence.
    """
    if wrong >= of:
        return 1.0
    low, high = wrong / of, 1.0 - 1e-12
    for _ in range(60):
        middle = (low + high) / 2
        if middle <= 0 or _at_most(wrong, of, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


@dataclass(frozen=True, slots=True)
class Threshold:
    """The lowest weight at which attaching is safe, and on how much that rests."""

    weight: float
    attached: int
    wrong: int
    bound: float


def threshold(judged: Iterable[tuple[float, bool]], at_most: float = 0.001) -> Threshold | None:
    """The lowest weight at and above which the bound on wrong attachments holds; None where no
    weight is shown to be safe.

    `judged` are (weight, right) of attachments that people judged. Equal weights stand or fall
    together.
    """
    by_weight: Mapping[float, list[bool]] = defaultdict(list)
    for weight, right in judged:
        by_weight[weight].append(right)
    lowest: Threshold | None = None
    attached = wrong = 0
    for weight in sorted(by_weight, reverse=True):
        attached += len(by_weight[weight])
        wrong += sum(not right for right in by_weight[weight])
        if wrong > at_most * attached + 40:
            break  # no later weight can make it good in any register that people can judge
        bound = upper_bound(wrong, attached)
        if bound <= at_most:
            lowest = Threshold(weight, attached, wrong, bound)
    return lowest


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
