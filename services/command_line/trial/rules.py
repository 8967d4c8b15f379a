"""`liaison rules`: list, explain and check the rules and the policy."""

from __future__ import annotations

import asyncio
import json
import textwrap
from pathlib import Path
from typing import Any

import asyncpg
import click

from schemas.registry import RegistryError, load_registry
from services.command_line.trial.backtest import (
    CONNECT_SECONDS,
    QUERY_SECONDS,
    Unusable,
    as_document,
    print_difference,
)
from services.ledger.alerts import shadow as shadow_ledger
from services.liaison.catalogue import CATALOGUE, Limit, RuleDocument
from services.liaison.disclosure.staffing import areas_without, faults_of
from services.liaison.policy import Policy, PolicyError, load_policy
from services.runtime.settings import Settings
from services.simulation.backtest import Run, difference, run_of_raised

CERTAINTY = {
    "verified": "read in its own text",
    "secondary": "known from others who quote it",
    "from-memory": "from memory, to be checked",
    "assumption": "assumption of this project",
}
BASIS = {"legal": "law", "standard": "national standard", "assumption": "assumption"}

_POLICY = click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path),
    help="Rule policy file; the shipped one without it.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document for machines.")


def duration(seconds: int) -> str:
    """Seconds as a person says them, e.g. `1 h 30 min`. Nothing is rounded away."""
    parts = []
    for size, name in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts) or "0 s"


def _amount(limit: Limit, value: int) -> str:
    if limit.unit == "seconds":
        return duration(value)
    return f"{value}{'%' if limit.unit == 'percent' else ''}"


def _policy(path: Path | None) -> Policy:
    try:
        return load_policy(path)
    except PolicyError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error


def document(rule: RuleDocument, policy: Policy) -> dict[str, Any]:
    """A rule as it is under the policy, in JSON values."""
    values: dict[str, Any] = rule.model_dump(mode="json")
    for name, limit in rule.limits.items():
        value = policy.number(rule.id, name)
        values["limits"][name] |= {
            "value": value,
            "shipped": limit.value,
            "changed": value != limit.value,
        }
    ladder = policy.ladder(rule.id, rule.urgency)
    values["acknowledge_within_seconds"] = policy.acknowledge_within_seconds[rule.urgency]
    values["escalation"] = {level: int(after.total_seconds()) for level, after in ladder}
    values["switched_off"] = policy.switched_off.get(rule.id)
    values["policy_version"] = policy.version
    return values


@click.group()
def rules() -> None:
    """List, explain and check the rules and the policy."""


@rules.command("list")
@_POLICY
@_JSON
def list_rules(policy_file: Path | None, as_json: bool) -> None:
    """Every rule with its urgency, recipients and state."""
    policy = _policy(policy_file)
    if as_json:
        click.echo(json.dumps([document(rule, policy) for rule in CATALOGUE.values()], indent=1))
        return
    for rule in CATALOGUE.values():
        state = (
            "off"
            if rule.id in policy.switched_off
            else "changed"
            if rule.id in policy.limits
            else ""
        )
        click.echo(f"{rule.id}  v{rule.version:<3} P{rule.urgency}  {state:8} {rule.title}")
        click.echo(f"{'':23} to {', '.join(rule.recipients)}")
    click.echo(f"{len(CATALOGUE)} rules, policy version {policy.version}")


def _line(label: str, text: str) -> None:
    click.echo(textwrap.fill(f"{label:12}{text}", width=100, subsequent_indent=" " * 12))


@rules.command()
@click.argument("rule")
@_POLICY
@_JSON
def explain(rule: str, policy_file: Path | None, as_json: bool) -> None:
    """All that was reviewed of RULE (R01 and so on), with the limits that hold under the policy."""
    policy = _policy(policy_file)
    if rule not in CATALOGUE:
        raise click.BadParameter(
            f"{rule} is not in the catalogue; there are {', '.join(CATALOGUE)}", param_hint="RULE"
        )
    catalogued = CATALOGUE[rule]
    if as_json:
        click.echo(json.dumps(document(catalogued, policy), indent=1))
        return
    click.secho(
        f"{catalogued.id} {catalogued.title} (version {catalogued.version}, urgency {catalogued.urgency})",
        bold=True,
    )
    if rule in policy.switched_off:
        _line("Off", f"by the policy: {policy.switched_off[rule]}")
    _line("When", catalogued.when)
    for reason in catalogued.not_when:
        _line("Not when", reason)
    _line("Ends", catalogued.ends)
    for note in catalogued.notes:
        _line("Note", note)
    _line("To", ", ".join(catalogued.recipients))
    _line("Purpose", catalogued.purpose)
    for role, sentence in catalogued.next_step.items():
        _line("Next step", f"{role}: {sentence}")
    for moment, steps in catalogued.next_step_when.items():
        for role, sentence in steps.items():
            _line(f"  {moment}", f"{role}: {sentence}")
    if catalogued.no_deadline is not None:
        _line("No deadline", catalogued.no_deadline)
    for name, limit in catalogued.limits.items():
        value = policy.number(rule, name)
        changed = ""
        if value != limit.value:
            changed = f"; the policy changed it from {_amount(limit, limit.value)}"
        _line(
            "Limit",
            f"{name}: {_amount(limit, value)} ({BASIS[limit.basis]}: {limit.says}{changed})",
        )
    _line(
        "Acknowledge", f"within {duration(policy.acknowledge_within_seconds[catalogued.urgency])}"
    )
    for level, after in policy.ladder(rule, catalogued.urgency):
        _line("Escalation", f"{level} after {duration(int(after.total_seconds()))}")
    for source in catalogued.evidence:
        _line("Evidence", f"{source.says} ({CERTAINTY[source.certainty]})")
    for role, items in catalogued.withholds.items():
        _line("Withholds", f"from {role}: {', '.join(items)}")
    until = ""
    if catalogued.effective_to:
        until = f", until before {catalogued.effective_to}"
    _line("In force", f"from {catalogued.effective_from}{until}; owner: {catalogued.owner}")
    _line("Policy", f"version {policy.version}")


@rules.command()
@_POLICY
@click.option(
    "--registry",
    "registry_file",
    type=click.Path(path_type=Path),
    help="Agency registry file; the shipped London without it.",
)
@_JSON
def check(policy_file: Path | None, registry_file: Path | None, as_json: bool) -> None:
    """Check policy, rules and registry together. Exit 0 when all is well, else 1 with each fault
    and its remedy.
    """
    faults: list[str] = []
    registry = policy = None
    try:
        registry = load_registry(registry_file)
    except RegistryError as error:
        faults.append(str(error))
    try:
        policy = load_policy(policy_file)
    except PolicyError as error:
        faults += error.faults
    if registry is not None and policy is not None:
        faults += faults_of(registry, policy)
        faults += areas_without(registry, policy)
    if as_json:
        click.echo(json.dumps({"rules": len(CATALOGUE), "faults": faults}, indent=1))
    else:
        for fault in faults:
            click.echo(fault)
        click.echo(f"{len(CATALOGUE)} rules, {len(faults)} faults")
    raise SystemExit(1 if faults else 0)


async def _from_shadow() -> tuple[shadow_ledger.ShadowRun, Run, Run] | None:
    connection = await asyncpg.connect(
        Settings().postgres_dsn, timeout=CONNECT_SECONDS, command_timeout=QUERY_SECONDS
    )
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            run = await shadow_ledger.latest_run(connection)
            if run is None:
                return None
            live, candidate = await shadow_ledger.runs(connection, run)
            return run, run_of_raised(live), run_of_raised(candidate)
    finally:
        await connection.close(timeout=CONNECT_SECONDS)


@rules.command()
@_JSON
def shadow(as_json: bool) -> None:
    """What the candidate policy in the shadow would have alerted, against the live alerts of the
    same time.

    Exit 0 where nothing differs, 1 where something does, 2 where there is no shadow or the ledger
    cannot be read.
    """
    try:
        comparison = asyncio.run(_from_shadow())
    except (OSError, asyncpg.PostgresError) as error:
        raise Unusable(f"the ledger cannot be read: {error}; check LIAISON_POSTGRES_DSN") from error
    if comparison is None:
        raise Unusable(
            "no candidate policy was in the shadow yet; set LIAISON_SHADOW_POLICY_PATH for the stream"
        )
    run, live, candidate = comparison
    differs = difference(live, candidate)
    if as_json:
        header = {
            "candidate": run.candidate,
            "policy_version": run.policy_version,
            "live_version": run.live_version,
            "from": run.began_at.isoformat(),
            "to": run.last_at.isoformat(),
            "failures": run.failures,
        }
        click.echo(
            json.dumps(header | as_document(run.steps, live, candidate, differs, "steps"), indent=1)
        )
    else:
        title = f"policy {run.policy_version} in the shadow of {run.live_version}, {run.began_at:%d %b %H:%M} to "
        print_difference(
            f"{title}{run.last_at:%d %b %H:%M} UTC", run.steps, live, candidate, differs, "steps"
        )
        if run.failures:
            click.echo(f"  {run.failures} steps of the shadow failed: the comparison has holes")
    raise SystemExit(1 if differs.any else 0)
