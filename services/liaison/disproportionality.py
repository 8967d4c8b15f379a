"""Rule R27 over counts: rate ratios with control limits, small numbers suppressed, nobody
recognisable.

A group's rate is compared with everybody else's whose group is known. What decides is the exact
conditional test (Fisher); of all comparisons of a week together at most one in `chance_one_in`
would be outside by chance alone (Holm). The limits of the ratio are log-normal (Katz). A group or a
rest with too few crises, or with too few in whom it happened, is not compared and not shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from statistics import NormalDist

from schemas.london_time import LONDON
from services.liaison.finding import Evaluation, Evidence, Finding, Standing
from services.liaison.policy import Policy
from services.liaison.rules.r27_disproportionality import RULE
from services.liaison.rules.shared.words import day
from services.liaison.tally import GROUPS, MEASURES, Count, Counts, EthnicGroup, Measure

# Names the monitor in its deadline and in its alerts.
SUBJECT = "disproportionality"
_LOOKED_AT = time(7)
# Counts are shown to the nearest five, so that two weeks' tables do not tell who was added.
_ROUNDED_TO = 5
_NOTHING = Count(0, 0)

SAID: dict[Measure, str] = {
    "s136": "detained under section 136",
    "force": "force used",
    "low-grade": "ambulance graded below emergency",
    "clock-breach": "kept beyond the time of section 136",
}
_GROUP_NAMES: dict[EthnicGroup, str] = {
    "white": "White",
    "mixed": "Mixed",
    "asian": "Asian or Asian British",
    "black": "Black or Black British",
    "other": "Other ethnic groups",
    "not-known": "Not known or not stated",
}


def this_week(now: datetime) -> datetime:
    """The last Monday 07:00 in London at or before the instant: the counts are of the time until
    then.
    """
    local = now.astimezone(LONDON)
    monday = local.date() - timedelta(days=local.weekday())
    at = datetime.combine(monday, _LOOKED_AT, LONDON)
    if at <= now:
        return at
    return datetime.combine(monday - timedelta(days=7), _LOOKED_AT, LONDON)


def next_week(now: datetime) -> datetime:
    """The first Monday 07:00 in London after the instant."""
    return datetime.combine(this_week(now).date() + timedelta(days=7), _LOOKED_AT, LONDON)


def window(now: datetime, policy: Policy) -> tuple[datetime, datetime]:
    """Of which crises the counts are, by when they began: [since, until)."""
    until = this_week(now)
    return until - RULE.limit(policy, "window"), until


@dataclass(frozen=True, slots=True)
class Comparison:
    """One group against everybody else whose group is known."""

    measure: Measure
    group: EthnicGroup
    ratio: float
    low: float
    high: float
    chance: float
    """How often it would be so far from equal by chance alone, allowing for how many comparisons
    are made.
    """
    outside: bool
    """Higher than the control limits allow, and by enough to matter."""


def compare(counts: Counts, policy: Policy) -> tuple[Comparison, ...]:
    """Every comparison for which there are enough, by measure and group."""
    alpha = 1 / RULE.number(policy, "chance_one_in")
    least = RULE.number(policy, "least_ratio") / 100
    comparisons = list(_comparable(counts, policy, NormalDist().inv_cdf(1 - alpha / 2)))
    running = 0.0
    judged: dict[int, Comparison] = {}
    order = sorted(range(len(comparisons)), key=lambda index: (comparisons[index].chance, index))
    for number, index in enumerate(order):
        comparison = comparisons[index]
        running = max(running, min(1.0, comparison.chance * (len(comparisons) - number)))
        judged[index] = replace(
            comparison, chance=running, outside=running < alpha and comparison.ratio >= least
        )
    return tuple(judged[index] for index in range(len(comparisons)))


def _comparable(counts: Counts, policy: Policy, width: float) -> Iterator[Comparison]:
    enough, cell = RULE.number(policy, "minimum_crises"), RULE.number(policy, "minimum_cell")
    for measure in MEASURES:
        by_group = {
            name: counts.get((measure, name), _NOTHING) for name in GROUPS if name != "not-known"
        }
        for group, of_group in by_group.items():
            rest = Count(
                sum(count.happened for name, count in by_group.items() if name != group),
                sum(count.of for name, count in by_group.items() if name != group),
            )
            if min(of_group.of, rest.of) >= enough and of_group.happened >= cell:
                yield _compared(measure, group, of_group, rest, width)


def _compared(
    measure: Measure, group: EthnicGroup, of_group: Count, rest: Count, width: float
) -> Comparison:
    # half an event more each where a ratio would not exist (Haldane)
    more = 0.5
    if rest.happened:
        more = 0.0
    hits, total = of_group.happened + more, of_group.of + more
    rest_hits, rest_total = rest.happened + more, rest.of + more
    ratio = (hits / total) / (rest_hits / rest_total)
    error = math.sqrt(max(0.0, 1 / hits - 1 / total + 1 / rest_hits - 1 / rest_total))
    return Comparison(
        measure,
        group,
        ratio,
        ratio * math.exp(-width * error),
        ratio * math.exp(width * error),
        min(1.0, 2 * min(_at_least(of_group, rest), _at_most(of_group, rest))),
        False,
    )


def _log_choose(size: int, picks: int) -> float:
    return math.lgamma(size + 1) - math.lgamma(picks + 1) - math.lgamma(size - picks + 1)


def _chances(of_group: Count, rest: Count, values: range) -> float:
    """How likely it is that so many fall to the group, all totals given (hypergeometric)."""
    whole = _log_choose(of_group.of + rest.of, of_group.happened + rest.happened)
    total = of_group.happened + rest.happened
    possible = range(
        max(values.start, total - rest.of, 0), min(values.stop - 1, of_group.of, total) + 1
    )
    terms = [
        _log_choose(of_group.of, hits) + _log_choose(rest.of, total - hits) - whole
        for hits in possible
    ]
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def _at_least(of_group: Count, rest: Count) -> float:
    return _chances(of_group, rest, range(of_group.happened, of_group.of + 1))


def _at_most(of_group: Count, rest: Count) -> float:
    return _chances(of_group, rest, range(of_group.happened + 1))


def evaluate_monitor(counts: Counts, now: datetime, policy: Policy) -> Evaluation:
    """What is outside the limits this week, one finding a measure, and when to look again."""
    since, until = window(now, policy)
    if not policy.runs(RULE.id, until):
        return Evaluation((), next_week(now))
    outside = [comparison for comparison in compare(counts, policy) if comparison.outside]
    standing = tuple(
        Standing(_finding(measure, of_measure, since, until, policy), "verified")
        for measure in MEASURES
        if (of_measure := [comparison for comparison in outside if comparison.measure == measure])
    )
    return Evaluation(standing, next_week(now))


def _finding(
    measure: Measure,
    comparisons: list[Comparison],
    since: datetime,
    until: datetime,
    policy: Policy,
) -> Finding:
    groups = "; ".join(
        f"{_GROUP_NAMES[comparison.group]}, {comparison.ratio:.1f} times the rate of everybody else"
        for comparison in comparisons
    )
    return RULE.finds(
        policy,
        anchor=("monitor", f"{SUBJECT}/{measure}"),
        holds=(until, datetime.max.replace(tzinfo=until.tzinfo)),
        stage=", ".join(comparison.group for comparison in comparisons),
        title=f"{RULE.title}: {SAID[measure]}",
        reason=f"From {day(since)} to {day(until)}: {groups}.",
        evidence=tuple(
            Evidence(
                # no counts: the board's table may have to hide this group's to protect another's
                f"{_GROUP_NAMES[comparison.group]}: control limits of the ratio {comparison.low:.1f} to {comparison.high:.1f}",
                until,
            )
            for comparison in comparisons
        ),
    )


def _rounded(number: int) -> int:
    return _ROUNDED_TO * round(number / _ROUNDED_TO)


@dataclass(frozen=True, slots=True)
class Cell:
    """One group in the published table; None where the number is suppressed."""

    group: EthnicGroup
    name: str
    happened: int | None
    of: int | None
    ratio: float | None
    """Against everybody else whose group is known; None where it is not compared."""
    low: float | None
    high: float | None
    outside: bool


@dataclass(frozen=True, slots=True)
class Published:
    """One measure's row of the table for the governance page. There are no totals, which would give
    a suppressed cell away.
    """

    measure: Measure
    said: str
    cells: tuple[Cell, ...]


def published(counts: Counts, policy: Policy) -> tuple[Published, ...]:
    """The counts that may be shown, to the nearest five. A group in whom it happened fewer times
    than `minimum_cell` is suppressed, also where it never did; where it is the only one of its row,
    so is the next smallest."""
    cell = RULE.number(policy, "minimum_cell")
    compared = {
        (comparison.measure, comparison.group): comparison for comparison in compare(counts, policy)
    }
    rows = []
    for measure in MEASURES:
        by_group = {name: counts.get((measure, name), _NOTHING) for name in GROUPS}
        hidden = {name for name, comparison in by_group.items() if comparison.happened < cell}
        if len(hidden) == 1:
            rest = sorted((by_group[name].happened, name) for name in GROUPS if name not in hidden)
            hidden.add(rest[0][1])
        cells = [
            _hidden_cell(group)
            if group in hidden
            else _cell(group, count, compared.get((measure, group)))
            for group, count in by_group.items()
        ]
        rows.append(Published(measure, SAID[measure], tuple(cells)))
    return tuple(rows)


def _hidden_cell(group: EthnicGroup) -> Cell:
    return Cell(group, _GROUP_NAMES[group], None, None, None, None, None, False)


def _cell(group: EthnicGroup, count: Count, comparison: Comparison | None) -> Cell:
    name, happened, total = _GROUP_NAMES[group], _rounded(count.happened), _rounded(count.of)
    if comparison is None:
        return Cell(group, name, happened, total, None, None, None, False)
    return Cell(
        group,
        name,
        happened,
        total,
        round(comparison.ratio, 1),
        round(comparison.low, 1),
        round(comparison.high, 1),
        comparison.outside,
    )
