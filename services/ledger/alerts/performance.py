"""How the desks of an agency fare with their alerts: load against the figures commonly cited from
EEMUA 191 and ISA-18.2, what waits, how soon it is acknowledged, and which rules are found useful.

The figures come from secondary sources (the standards are not freely available): nothing here
claims conformity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.ledger.alerts.alarm_load import FLOOD_ENTERS
from services.liaison.alert.life import LIAISON
from services.liaison.alert.states import NEW_ALARM
from services.runtime.postgres import Connection

PERIOD = timedelta(minutes=10)
# New alarms in ten minutes at one position, on average: target, and the most that can be managed
# (EEMUA 191).
TARGET_PER_PERIOD, MOST_PER_PERIOD = 1.0, 2.0
TARGET_PER_HOUR = 6
# The most in any ten minutes.
PEAK_LIMIT = FLOOD_ENTERS
# Share of ten-minute periods in flood.
FLOOD_SHARE_LIMIT = 0.01


@dataclass(frozen=True, slots=True)
class DeskLoad:
    """One desk over a stretch of time."""

    desk: str
    presented: int
    per_period: float
    """New alarms in ten minutes, on average."""
    peak: int
    """Most in any of the ten-minute periods, counted from the beginning of the stretch."""
    flood_share: float
    """Share of the periods with more than ten."""
    hours: tuple[int, ...]
    """New alarms in each hour of the stretch, the oldest first."""
    standing_day: int
    """Unanswered for more than 24 hours."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert that nobody at the desk has answered."""

    alert_id: str
    desk: str
    urgency: int
    title: str
    raised_at: datetime
    acknowledge_by: datetime
    acknowledged_at: datetime | None
    escalated: int
    """Rungs of the ladder that it has climbed."""


@dataclass(frozen=True, slots=True)
class Promptness:
    """Time from raised to acknowledged, in seconds, by urgency."""

    urgency: int
    count: int
    median: float
    p90: float
    within: int
    """How many of them within the limit."""
    never: int
    """Ended or still there without anybody having acknowledged."""


@dataclass(frozen=True, slots=True)
class RuleLoad:
    """One rule at the agency's desks."""

    rule: str
    presented: int
    share: float
    useful: int
    not_useful: int


async def desk_loads(
    connection: Connection, desks: Sequence[str], since: datetime, until: datetime
) -> list[DeskLoad]:
    """Of each desk over [since, until), the busiest first. A desk without alarms is in it, with
    noughts.
    """
    rows = await connection.fetch(
        """SELECT desk, floor(extract(epoch FROM at - $2) / 600)::int AS period, count(*) AS n FROM alert_log
            WHERE desk = ANY($1::text[]) AND at >= $2 AND at < $3 AND transition = ANY($4::text[])
              AND (transition <> 'disputed' OR actor = $5) GROUP BY 1, 2""",
        list(desks),
        since,
        until,
        sorted(NEW_ALARM),
        LIAISON,
    )
    old = await connection.fetch(
        """SELECT desk, count(*) AS n FROM alert_desk JOIN alert USING (alert_id)
            WHERE desk = ANY($1::text[]) AND alert.cleared_at IS NULL AND raised_at <= $2
              AND state IN ('raised', 'delivered', 'acknowledged', 'claimed') GROUP BY desk""",
        list(desks),
        until - timedelta(hours=24),
    )
    standing = {r["desk"]: r["n"] for r in old}
    periods = max(1, round((until - since) / PERIOD))
    hours = max(1, -(-periods // 6))
    figures: dict[str, dict[int, int]] = {desk: {} for desk in desks}
    for row in rows:
        figures[row["desk"]][row["period"]] = row["n"]
    loads = [
        _load(desk, by_period, periods, hours, standing.get(desk, 0))
        for desk, by_period in figures.items()
    ]
    return sorted(loads, key=lambda load: (-load.presented, load.desk))


def _load(
    desk: str, by_period: Mapping[int, int], periods: int, hours: int, standing: int
) -> DeskLoad:
    total = sum(by_period.values())
    hourly = [0] * hours
    for period, n in by_period.items():
        hourly[min(period // 6, hours - 1)] += n
    floods = sum(n > PEAK_LIMIT for n in by_period.values())
    return DeskLoad(
        desk,
        total,
        total / periods,
        max(by_period.values(), default=0),
        floods / periods,
        tuple(hourly),
        standing,
    )


async def waiting(connection: Connection, desks: Sequence[str], most: int = 200) -> list[Waiting]:
    """Alerts at the desks that stand and that nobody has answered, the most urgent and then the
    oldest first.
    """
    rows = await connection.fetch(
        """SELECT d.alert_id::text AS alert_id, d.desk, a.urgency, d.view ->> 'title' AS title, a.raised_at, d.acknowledge_by,
                  d.acknowledged_at, d.ladder_step AS escalated
             FROM alert_desk d JOIN alert a USING (alert_id)
            WHERE d.desk = ANY($1::text[]) AND d.state IN ('raised', 'delivered', 'acknowledged', 'claimed')
            ORDER BY d.acknowledged_at IS NOT NULL, a.urgency, a.raised_at, d.alert_id LIMIT $2""",
        list(desks),
        most,
    )
    return [Waiting(**dict(r)) for r in rows]


async def promptness(
    connection: Connection, desks: Sequence[str], since: datetime, until: datetime
) -> list[Promptness]:
    """By urgency, of the alerts that were raised in [since, until). One that is younger than its
    limit and not yet acknowledged is not counted."""
    rows = await connection.fetch(
        """SELECT a.urgency, count(d.acknowledged_at) AS count,
                  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d.acknowledged_at - a.raised_at)) AS median,
                  percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM d.acknowledged_at - a.raised_at)) AS p90,
                  count(*) FILTER (WHERE d.acknowledged_at <= d.acknowledge_by) AS within,
                  count(*) FILTER (WHERE d.acknowledged_at IS NULL) AS never
             FROM alert_desk d JOIN alert a USING (alert_id)
            WHERE d.desk = ANY($1::text[]) AND a.raised_at >= $2 AND a.raised_at < $3 AND d.origin = 'rule'
              AND (d.acknowledged_at IS NOT NULL OR d.acknowledge_by < $3)
            GROUP BY a.urgency ORDER BY a.urgency""",
        list(desks),
        since,
        until,
    )
    return [
        Promptness(
            r["urgency"], r["count"], r["median"] or 0.0, r["p90"] or 0.0, r["within"], r["never"]
        )
        for r in rows
    ]


async def rule_loads(
    connection: Connection, desks: Sequence[str], since: datetime, until: datetime
) -> list[RuleLoad]:
    """Which rules gave the desks alarms in [since, until), the most frequent first, and what was
    said of their use.
    """
    rows = await connection.fetch(
        """WITH given AS (
               SELECT a.rule, count(*) AS n FROM alert_log l JOIN alert a USING (alert_id)
                WHERE l.desk = ANY($1::text[]) AND l.at >= $2 AND l.at < $3 AND l.transition = ANY($4::text[])
                  AND (l.transition <> 'disputed' OR l.actor = $5) GROUP BY a.rule),
             said AS (
               SELECT a.rule, count(*) FILTER (WHERE f.useful) AS useful, count(*) FILTER (WHERE NOT f.useful) AS not_useful
                 FROM alert_feedback f JOIN alert a USING (alert_id)
                WHERE f.desk = ANY($1::text[]) AND f.at >= $2 AND f.at < $3 GROUP BY a.rule)
           SELECT rule, coalesce(n, 0) AS n, coalesce(useful, 0) AS useful, coalesce(not_useful, 0) AS not_useful
             FROM given FULL JOIN said USING (rule) ORDER BY coalesce(n, 0) DESC, rule""",
        list(desks),
        since,
        until,
        sorted(NEW_ALARM),
        LIAISON,
    )
    total = sum(r["n"] for r in rows)
    return [
        RuleLoad(r["rule"], r["n"], r["n"] / total if total else 0.0, r["useful"], r["not_useful"])
        for r in rows
    ]
