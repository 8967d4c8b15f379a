"""Rule R27 over counts: rate ratios with control limits, small numbers suppressed, nobody recognisable.

A group's rate is compared with everybody else's whose group is known. What decides is the exact conditional test (Fisher);
of all comparisons of a week together at most one in `chance_one_in` would be outside by chance alone (Holm). The limits of
the ratio are log-normal (Katz). A group or a rest with too few crises, or with too few in whom it happened, is not compared
and not shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from statistics import NormalDist
from zoneinfo import ZoneInfo

from services.liaison.finding import Evaluation, Evidence, Finding, Standing
from services.liaison.policy import Policy
from services.liaison.rules.r27_disproportionality import RULE
from services.liaison.rules.shared.words import day
from services.liaison.tally import GROUPS, MEASURES, Count, Counts, EthnicGroup, Measure

_LONDON = ZoneInfo("Europe/London")
SUBJECT = "disproportionality"
"""Names the monitor in its deadline and in its alerts."""
_LOOKED_AT = time(7)
_ROUNDED_TO = 5
"""Counts are shown to the nearest five, so that two weeks' tables do not tell who was added."""
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
    """The last Monday 07:00 in London at or before the instant: the counts are of the time until then."""
    local = now.astimezone(_LONDON)
    monday = local.date() - timedelta(days=local.weekday())
    at = datetime.combine(monday, _LOOKED_AT, _LONDON)
    return at if at <= now else datetime.combine(monday - timedelta(days=7), _LOOKED_AT, _LONDON)


def next_week(now: datetime) -> datetime:
    """The first Monday 07:00 in London after the instant."""
    return datetime.combine(this_week(now).date() + timedelta(days=7), _LOOKED_AT, _LONDON)


def window(now: datetime, policy: Policy) -> tuple[datetime, datetime]:
    """Of which crises the counts are, by when they began: [since, until)."""
    until = this_week(now)
    return until - RULE.limit(policy, "window"), until


@dataclass(frozen=True, slots=True)
class Comparison:
    """One group against everybody else whose group is known."""

    measure: Measure
    group: EthnicGroup
    own: Count
    rest: Count
    ratio: float
    low: float
    high: float
    chance: float
    """How often it would be so far from equal by chance alone, allowing for how many comparisons are made."""
    outside: bool
    """Higher than the control limits allow, and by enough to matter."""


def compare(counts: Counts, policy: Policy) -> tuple[Comparison, ...]:
    """Every comparison for which there are enough, by measure and group."""
    alpha = 1 / RULE.number(policy, "chance_one_in")
    least = RULE.number(policy, "least_ratio") / 100
    found = list(_comparable(counts, policy, NormalDist().inv_cdf(1 - alpha / 2)))
    running = 0.0
    judged: dict[int, Comparison] = {}
    order = sorted(range(len(found)), key=lambda i: (found[i].chance, i))
    for number, index in enumerate(order):
        each = found[index]
        running = max(running, min(1.0, each.chance * (len(found) - number)))
        judged[index] = replace(
            each, chance=running, outside=running < alpha and each.ratio >= least
        )
    return tuple(judged[i] for i in range(len(found)))


def _comparable(counts: Counts, policy: Policy, width: float) -> Iterator[Comparison]:
    enough, cell = RULE.number(policy, "minimum_crises"), RULE.number(policy, "minimum_cell")
    for measure in MEASURES:
        known = {g: counts.get((measure, g), _NOTHING) for g in GROUPS if g != "not-known"}
        for group, own in known.items():
            rest = Count(
                sum(c.happened for g, c in known.items() if g != group),
                sum(c.of for g, c in known.items() if g != group),
            )
            if min(own.of, rest.of) >= enough and own.happened >= cell:
                yield _compared(measure, group, own, rest, width)


def _compared(
    measure: Measure, group: EthnicGroup, own: Count, rest: Count, width: float
) -> Comparison:
    a, n, c, m = float(own.happened), float(own.of), float(rest.happened), float(rest.of)
    if not rest.happened:
        # half an event more each, so that a ratio exists (Haldane)
        a, n, c, m = a + 0.5, n + 0.5, c + 0.5, m + 0.5
    ratio = (a / n) / (c / m)
    error = math.sqrt(max(0.0, 1 / a - 1 / n + 1 / c - 1 / m))
    return Comparison(
        measure,
        group,
        own,
        rest,
        ratio,
        ratio * math.exp(-width * error),
        ratio * math.exp(width * error),
        min(1.0, 2 * min(_at_least(own, rest), _at_most(own, rest))),
        False,
    )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _chances(own: Count, rest: Count, values: range) -> float:
    """How likely it is that so many fall to the group, all totals given (hypergeometric)."""
    whole = _log_choose(own.of + rest.of, own.happened + rest.happened)
    total = own.happened + rest.happened
    possible = range(max(values.start, total - rest.of, 0), min(values.stop - 1, own.of, total) + 1)
    terms = [_log_choose(own.of, x) + _log_choose(rest.of, total - x) - whole for x in possible]
    return min(1.0, math.fsum(math.exp(t) for t in terms))


def _at_least(own: Count, rest: Count) -> float:
    return _chances(own, rest, range(own.happened, own.of + 1))


def _at_most(own: Count, rest: Count) -> float:
    return _chances(own, rest, range(own.happened + 1))


def evaluate_monitor(counts: Counts, now: datetime, policy: Policy) -> Evaluation:
    """What is outside the limits this week, one finding a measure, and when to look again."""
    since, until = window(now, policy)
    if not policy.runs(RULE.id, until):
        return Evaluation((), next_week(now))
    outside = [c for c in compare(counts, policy) if c.outside]
    standing = tuple(
        Standing(_finding(measure, found, since, until, policy), "verified")
        for measure in MEASURES
        if (found := [c for c in outside if c.measure == measure])
    )
    return Evaluation(standing, next_week(now))


def _finding(
    measure: Measure, found: list[Comparison], since: datetime, until: datetime, policy: Policy
) -> Finding:
    groups = "; ".join(
        f"{_GROUP_NAMES[c.group]}, {c.ratio:.1f} times the rate of everybody else" for c in found
    )
    return RULE.finds(
        policy,
        anchor=("monitor", f"{SUBJECT}/{measure}"),
        holds=(until, datetime.max.replace(tzinfo=until.tzinfo)),
        stage=", ".join(c.group for c in found),
        title=f"{RULE.title}: {SAID[measure]}",
        reason=f"From {day(since)} to {day(until)}: {groups}.",
        evidence=tuple(
            Evidence(
                # no counts: the board's table may have to hide this group's to protect another's
                f"{_GROUP_NAMES[c.group]}: control limits of the ratio {c.low:.1f} to {c.high:.1f}",
                until,
            )
            for c in found
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
    """One measure's row of the table for the governance page. There are no totals, which would give a suppressed cell away."""

    measure: Measure
    said: str
    cells: tuple[Cell, ...]


def published(counts: Counts, policy: Policy) -> tuple[Published, ...]:
    """The counts that may be shown, to the nearest five. A group in whom it happened fewer times than `minimum_cell` is
    suppressed, also where it never did; where it is the only one of its row, so is the next smallest."""
    cell = RULE.number(policy, "minimum_cell")
    compared = {(c.measure, c.group): c for c in compare(counts, policy)}
    rows = []
    for measure in MEASURES:
        own = {g: counts.get((measure, g), _NOTHING) for g in GROUPS}
        hidden = {g for g, c in own.items() if c.happened < cell}
        if len(hidden) == 1:
            rest = sorted((own[g].happened, g) for g in GROUPS if g not in hidden)
            hidden.add(rest[0][1])
        cells = []
        for group, each in own.items():
            shown, beside = group not in hidden, compared.get((measure, group))
            told = beside if shown else None
            cells.append(
                Cell(
                    group,
                    _GROUP_NAMES[group],
                    _rounded(each.happened) if shown else None,
                    _rounded(each.of) if shown else None,
                    round(told.ratio, 1) if told else None,
                    round(told.low, 1) if told else None,
                    round(told.high, 1) if told else None,
                    bool(told and told.outside),
                )
            )
        rows.append(Published(measure, SAID[measure], tuple(cells)))
    return tuple(rows)
