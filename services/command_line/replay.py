"""`liaison replay`: scenario files through the heart, without Kafka or PostgreSQL."""

from __future__ import annotations

import json
from pathlib import Path

import click

from schemas.registry import load_registry
from schemas.scenario import LONDON, ScenarioError, load_scenario
from services.liaison.policy import load_policy
from services.liaison.replay import Outcome, raised_at, run


def scenario_files(paths: tuple[Path, ...]) -> list[Path]:
    """Files as given, and every .yaml in folders, sorted."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return found


def _document(path: Path, outcome: Outcome) -> dict[str, object]:
    return {
        "scenario": path.name,
        "passed": not outcome.differences,
        "differences": list(outcome.differences),
        "alerts": [
            {
                "rule": a.rule,
                "title": a.detail["title"],
                "reason": a.detail["reason"],
                "raised": raised_at(a, outcome.log).isoformat(),
                "cleared": a.cleared_at.isoformat() if a.cleared_at else None,
                "urgency": a.urgency,
                "verification": a.detail["verification"],
                "desks": [d.desk for d in a.desks],
            }
            for a in outcome.alerts
        ],
    }


def _print(path: Path, title: str, outcome: Outcome) -> None:
    click.secho(f"{path.name}: {title}", bold=True)
    for alert in outcome.alerts:
        at = raised_at(alert, outcome.log).astimezone(LONDON)
        ended = f" (ended {alert.cleared_at.astimezone(LONDON):%H:%M:%S})" if alert.cleared_at else ""
        click.echo(f"  {at:%H:%M:%S}  P{alert.urgency} {alert.rule}  {alert.detail['title']}{ended}")
        click.echo(f"            {alert.detail['reason']}")
        click.echo(f"            to {', '.join(d.desk for d in alert.desks)}")
    for difference in outcome.differences:
        click.secho(f"  DIFFERS  {difference}", fg="red")
    if not outcome.alerts and not outcome.differences:
        click.echo("  no alert, as expected")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document for machines.")
def replay(paths: tuple[Path, ...], as_json: bool) -> None:
    """Run scenario files or folders on a virtual clock.

    Prints each alert with its time and reason. Exit 1 with the difference when an expectation fails or an unexpected
    alert comes, 2 when a file cannot be used.
    """
    registry, policy = load_registry(), load_policy()
    documents = []
    files = scenario_files(paths)
    if not files:
        raise click.UsageError("no scenario file there: give .yaml files or a folder that holds some")
    for path in files:
        try:
            scenario = load_scenario(path)
            outcome = run(scenario, registry, policy)
        except ScenarioError as error:
            click.secho(str(error), fg="red", err=True)
            raise SystemExit(2) from error
        documents.append(_document(path, outcome))
        if not as_json:
            _print(path, scenario.title, outcome)
    failed = sum(not d["passed"] for d in documents)
    if as_json:
        click.echo(json.dumps({"scenarios": documents, "failed": failed}, indent=1))
    else:
        click.echo(f"{len(documents)} scenarios, {failed} differ")
    raise SystemExit(1 if failed else 0)
