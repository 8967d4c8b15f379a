"""`liaison replay`: scenario files through the heart, without Kafka or PostgreSQL."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from schemas.registry import load_registry
from schemas.scenario import LONDON, Scenario, ScenarioError, load_scenario
from services.liaison.catalogue import CATALOGUE
from services.liaison.policy import load_policy
from services.simulation.explain import Explanation, WhyNot, explain, why_not
from services.simulation.replay import Outcome, raised_at, run


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
        ended = (
            f" (ended {alert.cleared_at.astimezone(LONDON):%H:%M:%S})" if alert.cleared_at else ""
        )
        click.echo(
            f"  {at:%H:%M:%S}  P{alert.urgency} {alert.rule}  {alert.detail['title']}{ended}"
        )
        click.echo(f"            {alert.detail['reason']}")
        click.echo(f"            to {', '.join(d.desk for d in alert.desks)}")
    for difference in outcome.differences:
        click.secho(f"  DIFFERS  {difference}", fg="red")
    if not outcome.alerts and not outcome.differences:
        click.echo("  no alert, as expected")


def _instant(value: datetime) -> str:
    return value.isoformat()


def _moment(scenario: Scenario, moment: str | None) -> datetime:
    try:
        return scenario.instant(scenario.until if moment is None else moment)
    except (ValueError, KeyError) as error:
        raise click.BadParameter(
            f"{moment} is no instant; write it as 14:30", param_hint="--at"
        ) from error


def _clock(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%H:%M:%S}"


def _print_reason(reason: Explanation) -> None:
    click.secho(
        f"  {reason.rule} version {reason.rule_version}, policy version {reason.policy_version}",
        bold=True,
    )
    click.echo(f"    holds since {_clock(reason.holds_since)}")
    if reason.act_by is not None:
        click.echo(f"    act by {_clock(reason.act_by)}")
    for said in reason.events:
        click.echo(f"    event {said.source} {said.id}: {said.type} of {_clock(said.at)}")
    for name, value, unit in reason.limits:
        click.echo(f"    limit {name}: {value} {unit}")
    for suppressor in reason.not_applying:
        click.echo(f"    did not apply: {suppressor}")


def _print_why_not(path: Path, answer: WhyNot) -> None:
    click.secho(f"{path.name}: {answer.rule} at {_clock(answer.at)}", bold=True)
    if answer.stands:
        click.echo("  it stands")
    if answer.not_run is not None:
        click.echo(f"  the rule is not run: {answer.not_run}")
    for at, why in answer.ended:
        click.echo(f"  it stood, and ended at {_clock(at)}: {why}")
    if answer.comes_at is not None:
        click.echo(f"  not yet: it comes at {_clock(answer.comes_at)} if nothing more is said")
    for said in answer.silenced_by:
        click.echo(
            f"  it would stand without {said.type} of {_clock(said.at)} ({said.source} {said.id})"
        )
    for name in answer.limits_not_reached:
        click.echo(f"  it would stand if the limit {name} were nought")
    if answer.condition_missing:
        click.echo("  what was said does not make its condition, and no single change would:")
        click.echo(f"    {CATALOGUE[answer.rule].when}")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document for machines.")
@click.option("--explain", "explained", is_flag=True, help="Say of each alert what it rests on.")
@click.option(
    "--why-not", "silent", metavar="RULE", help="Say why no alert of the rule stands, by its id."
)
@click.option(
    "--at",
    "moment",
    help="For --why-not: the instant, e.g. 14:30 in London; the scenario's end without it.",
)
def replay(
    paths: tuple[Path, ...], as_json: bool, explained: bool, silent: str | None, moment: str | None
) -> None:
    """Run scenario files or folders on a virtual clock.

    Prints each alert with its time and reason. Exit 1 with the difference when an expectation fails or an unexpected
    alert comes, 2 when a file cannot be used. With --why-not it answers that instead and exits 0.
    """
    if silent is None and moment is not None:
        raise click.UsageError("--at goes with --why-not RULE")
    if silent is not None and silent not in CATALOGUE:
        raise click.BadParameter(
            f"{silent} is not in the catalogue; see `liaison rules list`", param_hint="--why-not"
        )
    registry, policy = load_registry(), load_policy()
    documents = []
    files = scenario_files(paths)
    if not files:
        raise click.UsageError(
            "no scenario file there: give .yaml files or a folder that holds some"
        )
    for path in files:
        try:
            scenario = load_scenario(path)
            if silent is not None:
                answer = why_not(silent, _moment(scenario, moment), scenario, registry, policy)
                documents.append(
                    {
                        "scenario": path.name,
                        **asdict(answer),
                        "condition_missing": answer.condition_missing,
                    }
                )
                if not as_json:
                    _print_why_not(path, answer)
                continue
            outcome = run(scenario, registry, policy)
        except ScenarioError as error:
            click.secho(str(error), fg="red", err=True)
            raise SystemExit(2) from error
        document = _document(path, outcome)
        reasons = (
            [explain(a, scenario, registry, policy) for a in outcome.alerts] if explained else []
        )
        if explained:
            document["explanations"] = [asdict(each) for each in reasons]
        documents.append(document)
        if not as_json:
            _print(path, scenario.title, outcome)
            for each in reasons:
                _print_reason(each)
    if silent is not None:
        if as_json:
            click.echo(json.dumps(documents, indent=1, default=_instant))
        return
    failed = sum(not d["passed"] for d in documents)
    if as_json:
        click.echo(
            json.dumps({"scenarios": documents, "failed": failed}, indent=1, default=_instant)
        )
    else:
        click.echo(f"{len(documents)} scenarios, {failed} differ")
    raise SystemExit(1 if failed else 0)
