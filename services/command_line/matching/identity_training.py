"""`liaison identity train`: a model's weights from a register and unlabelled descriptions, by
Splink.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import click

from services.command_line.matching.tables import rows_of
from services.identity.model import document_of, frequencies
from services.identity.training.estimate import Splink, Untrainable, document, estimate

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--people", required=True, type=_FILE, help="The register: .csv or .csv.gz, as for match."
)
@click.option(
    "--queries",
    required=True,
    type=_FILE,
    help="Descriptions as agencies send them; who they are is not needed.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The model JSON to write.",
)
@click.option(
    "--model", "start", type=_FILE, help="The model to begin with; the shipped one without it."
)
@click.option(
    "--version", help="What decisions will name the model; splink- and the day without it."
)
@click.option(
    "--trained-on",
    help="What the data is, for the model's own record; the files' names without it.",
)
@click.option(
    "--limits", default="", help="What the model must not be used for, for its own record."
)
@click.option(
    "--pairs",
    type=click.IntRange(10_000),
    default=4_000_000,
    show_default=True,
    help="Random pairs for u.",
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="The same seed and files give the same model.",
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day apparent ages were seen; today without it.",
)
def train(
    people: Path,
    queries: Path,
    out: Path,
    start: Path | None,
    version: str | None,
    trained_on: str | None,
    limits: str,
    pairs: int,
    seed: int,
    as_of: datetime | None,
) -> None:
    """Estimate the weights without labels, by expectation maximisation (needs the extra:
    crisis-liaison[train]).

    The thresholds stay those of the model it began with: set them on outcomes, with `liaison
    identity calibrate`.
    """
    faults: list[str] = []
    on_file, descriptions = rows_of(people, faults), rows_of(queries, faults)
    today = datetime.now(UTC).date()
    day: date = (as_of or datetime.now(UTC)).date()
    try:
        base, begun = document_of(start.read_text(encoding="utf-8") if start else None)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--model") from error
    try:
        splink = Splink(on_file, descriptions, frequencies(on_file.values()), day)
        trained = estimate(splink, pairs, seed, lambda step: click.echo(f"{step} ...", err=True))
    except Untrainable as error:
        raise click.ClickException(str(error)) from error
    particulars = {
        "version": version or f"splink-{today:%Y-%m-%d}",
        "trained_on": f"{trained_on or f'{people.name} and {queries.name}'}: {len(on_file):,} people, {len(descriptions):,}"
        f" descriptions, {pairs:,} random pairs, seed {seed}",
        "date": today.isoformat(),
        "limits": " ".join(
            filter(
                None, (limits, "Thresholds are not of this training: calibrate them on outcomes.")
            )
        ),
    }
    text = document(trained, begun, base, splink.comparisons, particulars)
    out.write_text(text, encoding="utf-8")
    unchanged = json.loads(text)["kept_from_the_start"]
    click.echo(
        f"{out}: {particulars['version']}, {len(trained.m)} levels learnt;"
        f" hardly observed and kept as they were: {', '.join(unchanged)}"
    )
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        raise SystemExit(1)
