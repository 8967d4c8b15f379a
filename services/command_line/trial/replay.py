"""`liaison replay`: scenario files through the heart, without Kafka or PostgreSQL."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from schemas.london_time import LONDON
from schemas.registry import Registry, RegistryError, load_registry
from schemas.scenario import Scenario, ScenarioError, load_scenario
from services.command_line.trial.backtest import Unusable
from services.liaison.catalogue import CATALOGUE
from services.liaison.policy import Policy, PolicyError, load_policy
from services.simulation.comparison import clock, raised_at
from services.simulation.explain import Explanation, WhyNot, explain, why_not
from services.simulation.replay import Outcome, run
from services.simulation.soundness import check_scenario


def scenario_files(paths: tuple[Path, ...]) -> list[Path]:
    """Files as given, and every .yaml in folders, sorted."""
    files: list[Path] = []
    for path in paths:
        files += sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return files


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


def _print(path: Path, scenario: Scenario, outcome: Outcome) -> None:
    click.secho(f"{path.name}: {scenario.title}", bold=True)
    for alert in outcome.alerts:
        at = clock(scenario, raised_at(alert, outcome.log))
        ended = ""
        if alert.cleared_at is not None:
            ended = f" (ended {clock(scenario, alert.cleared_at)})"
        click.echo(f"  {at}  P{alert.urgency} {alert.rule}  {alert.detail['title']}{ended}")
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
        return scenario.instant(moment or scenario.until)
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
    for event in reason.events:
        click.echo(f"    event {event.source} {event.id}: {event.type} of {_clock(event.at)}")
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
    for event in answer.silenced_by:
        click.echo(
            f"  it would stand without {event.type} of {_clock(event.at)} ({event.source} {event.id})"
        )
    for name in answer.limits_not_reached:
        click.echo(f"  it would stand if the limit {name} were nought")
    if answer.condition_missing:
        click.echo("  what was said does not make its condition, and no single change would:")
        click.echo(f"    {CATALOGUE[answer.rule].when}")


def _read(
    registry_file: Path | None, policy_file: Path | None, paths: tuple[Path, ...]
) -> tuple[Registry, Policy, list[Path]]:
    try:
        registry, policy = load_registry(registry_file), load_policy(policy_file)
    except (PolicyError, RegistryError) as error:
        raise Unusable(str(error)) from error
    files = scenario_files(paths)
    if not files:
        raise click.UsageError(
            "no scenario file there: give .yaml files or a folder that holds some"
        )
    return registry, policy, files


def _sound(path: Path, registry: Registry) -> Scenario:
    """Raises ScenarioError with each fault of the file."""
    scenario = load_scenario(path)
    check_scenario(scenario, registry)
    return scenario


def _unusable(path: Path, error: ScenarioError) -> dict[str, object]:
    return {
        "scenario": path.name,
        "passed": False,
        "faults": [asdict(fault) for fault in error.faults],
        "error": str(error),
    }


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
@click.option(
    "--registry",
    "registry_file",
    type=click.Path(path_type=Path),
    help="Agency registry file; the shipped London without it.",
)
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path),
    help="Policy file; the shipped one without it.",
)
def replay(
    paths: tuple[Path, ...],
    as_json: bool,
    explained: bool,
    silent: str | None,
    moment: str | None,
    registry_file: Path | None,
    policy_file: Path | None,
) -> None:
    """Run scenario files or folders on a virtual clock.

    Prints each alert with its time and reason. Exit 1 with the difference when an expectation fails
    or an unexpected alert comes, or with each fault of a file that cannot be used; the other files
    are run all the same. Exit 2 where registry, policy or command cannot be used. With --why-not it
    answers that instead.
    """
    if silent is None and moment is not None:
        raise click.UsageError("--at goes with --why-not RULE")
    if silent is not None and silent not in CATALOGUE:
        raise click.BadParameter(
            f"{silent} is not in the catalogue; see `liaison rules list`", param_hint="--why-not"
        )
    registry, policy, files = _read(registry_file, policy_file, paths)
    documents: list[dict[str, object]] = []
    for path in files:
        try:
            scenario = _sound(path, registry)
            if silent is None:
                document = _played(path, scenario, registry, policy, explained, as_json)
            else:
                at = _moment(scenario, moment)
                answer = why_not(silent, at, scenario, registry, policy)
                document = _answered(path, answer, as_json)
        except ScenarioError as error:
            document = _unusable(path, error)
            click.secho(str(error), fg="red", err=True)
        documents.append(document)
    failed = sum(not document["passed"] for document in documents)
    _print_all(documents, failed, silent is None, as_json)
    raise SystemExit(1 if failed else 0)


def _played(
    path: Path,
    scenario: Scenario,
    registry: Registry,
    policy: Policy,
    explained: bool,
    as_json: bool,
) -> dict[str, object]:
    outcome = run(scenario, registry, policy)
    document = _document(path, outcome)
    reasons: list[Explanation] = []
    if explained:
        reasons = [explain(a, scenario, registry, policy) for a in outcome.alerts]
        document["explanations"] = [asdict(reason) for reason in reasons]
    if not as_json:
        _print(path, scenario, outcome)
        for reason in reasons:
            _print_reason(reason)
    return document


def _answered(path: Path, answer: WhyNot, as_json: bool) -> dict[str, object]:
    if not as_json:
        _print_why_not(path, answer)
    return {
        "scenario": path.name,
        "passed": True,
        **asdict(answer),
        "condition_missing": answer.condition_missing,
    }


def _print_all(
    documents: list[dict[str, object]], failed: int, judged: bool, as_json: bool
) -> None:
    if not judged:
        if as_json:
            click.echo(json.dumps(documents, indent=1, default=_instant))
    elif as_json:
        whole = {"scenarios": documents, "failed": failed}
        click.echo(json.dumps(whole, indent=1, default=_instant))
    else:
        click.echo(_summary(documents))


def _summary(documents: list[dict[str, object]]) -> str:
    unusable = sum("faults" in document for document in documents)
    differ = sum(bool(document.get("differences")) for document in documents)
    summary = f"{len(documents)} scenarios, {differ} differ"
    if unusable:
        summary += f", {unusable} cannot be used"
    return summary
