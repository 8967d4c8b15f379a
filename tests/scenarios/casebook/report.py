"""What the casebook shows: for each case which alert came, how long after it could first be known, and to whom.

`python -m tests.scenarios.casebook.report` writes `docs/casebook.md` anew; a test holds the page to what the heart does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from schemas.london_time import LONDON
from schemas.scenario import Scenario, load_scenario
from services.liaison.alert import Alert
from services.liaison.policy import load_policy
from services.simulation.comparison import raised_at
from services.simulation.replay import Outcome, run
from tests.own_registry import own_registry

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "casebook.md"
TEN_MINUTES = timedelta(minutes=10)


def cases() -> list[Path]:
    """The files of the cases, without the ordinary day."""
    return sorted(path for path in HERE.glob("*.yaml") if path.stem[0].isdigit())


def _delay(
    scenario: Scenario, outcome: Outcome, rule: str, knowable: str
) -> tuple[Alert, timedelta]:
    alert = min(
        (alert for alert in outcome.alerts if alert.rule == rule),
        key=lambda alert: raised_at(alert, outcome.log),
    )
    return alert, raised_at(alert, outcome.log) - scenario.instant(knowable)


def _said(delay: timedelta) -> str:
    seconds = int(delay.total_seconds())
    return (
        "at once" if seconds <= 2 else f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"
    )


def _peak(times: Sequence[datetime]) -> int:
    ordered = sorted(times)
    return max(
        (sum(1 for transition in ordered if at <= transition < at + TEN_MINUTES) for at in ordered),
        default=0,
    )


def load_by_desk(outcomes: Iterable[tuple[Scenario, Outcome]]) -> dict[str, list[datetime]]:
    """When each desk was first told of an alert, all cases laid on one day by the time of day in London."""
    instants: dict[str, list[datetime]] = defaultdict(list)
    day = datetime(2026, 11, 24, tzinfo=LONDON)
    for _, outcome in outcomes:
        for alert in outcome.alerts:
            for desk in {
                transition.desk
                for transition in outcome.log
                if transition.alert_id == alert.alert_id and transition.kind == "raised"
            }:
                first = min(
                    transition.at
                    for transition in outcome.log
                    if transition.alert_id == alert.alert_id
                    and transition.desk == desk
                    and transition.kind == "raised"
                )
                local = first.astimezone(LONDON)
                instants[desk].append(
                    day.replace(hour=local.hour, minute=local.minute, second=local.second)
                )
    return instants


def page() -> str:
    """The whole page."""
    registry, policy = own_registry(), load_policy()
    ran = [(s := load_scenario(path), run(s, registry, policy)) for path in cases()]
    ordinary = load_scenario(HERE / "ordinary-day.yaml")
    quiet = run(ordinary, registry, policy)
    lines = [
        "# The casebook",
        "",
        "Made by `python -m tests.scenarios.casebook.report`; a test holds it to what the rules do. The cases are synthetic,",
        "patterned on the kinds of failure that the Independent Commission and later inquiries describe, and were written from",
        "the rules' evidence. The delay counts from the first moment at which the failure could be known from what the agencies",
        "had said; where it is not nought, the rule waits on purpose (its catalogue file says for what).",
        "",
        "| case | alert | delay | desks told first |",
        "|---|---|---|---|",
    ]
    for scenario, outcome in ran:
        for expected in scenario.expect:
            if expected.knowable is None:
                continue
            alert, delay = _delay(scenario, outcome, expected.rule, expected.knowable)
            lines.append(
                f"| {scenario.title} | {alert.rule} P{alert.urgency} | {_said(delay)} | {', '.join(expected.desks)} |"
            )
    matters = len(
        {
            case.data.get("incident")
            or case.data.get("absence")
            or case.data.get("referral")
            or case.data.get("follow_up")
            for case in ordinary.events
        }
    )
    lines += [
        "",
        f"An ordinary day of {matters} records ({len(ordinary.events)} events), handled as they should be, raised "
        f"{len(quiet.alerts)} alerts.",
        "",
        "## Load",
        "",
        f"All cases laid on one day by the time of day: {len(ran)} failures in a day are a bad day. Figures commonly cited from",
        "ISA-18.2 and EEMUA 191: at most one alarm in ten minutes on average, 150 a day, never more than ten in ten minutes.",
        "Desks above another are told only as nobody answers in these cases.",
        "",
        "| desk | alerts a day | most in an hour | most in ten minutes |",
        "|---|---|---|---|",
    ]
    load = load_by_desk(ran)
    for desk, times in sorted(load.items(), key=lambda item: (-len(item[1]), item[0]))[:12]:
        hours = Counter(time.hour for time in times)
        lines.append(f"| {desk} | {len(times)} | {max(hours.values())} | {_peak(times)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
