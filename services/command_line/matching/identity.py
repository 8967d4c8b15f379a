"""`liaison identity`: the matcher in bulk, by the same code as the stream."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path

import click

from services.command_line.matching.identity_training import train
from services.command_line.matching.tables import opened, rows_of, table_of
from services.command_line.running.on_ledger import on_ledger
from services.identity.candidates import Index
from services.identity.decide import decide_scored, prior_of
from services.identity.described import Described
from services.identity.explain import explain as why
from services.identity.explain import lines
from services.identity.model import Model, ModelError, frequencies, load_model
from services.identity.score import Scorer
from services.identity.training.evaluation import Outcome, Rate, by_group, findings, threshold
from services.ledger.decisions import blind_sample
from services.ledger.decisions.blind_sample import BY_NUMBER, Judged
from services.runtime.postgres import Connection
from services.runtime.settings import Settings

OUT = ("query_id", "decision", "person_id", "weight", "probability", "second_weight")


class _Matcher:
    """The state of a process that matches."""

    def __init__(self, people: dict[str, Described], scorer: Scorer) -> None:
        self.index, self.scorer, self.population = Index(people), scorer, len(people)

    def match(self, item: tuple[str, Described]) -> tuple[str, ...]:
        """A row of the answer."""
        key, description = item
        score, people = self.scorer.score, self.index.people
        scores = [
            score(description, people[person_id], person_id)
            for person_id in self.index.candidates(description)
        ]
        decided = decide_scored(description, scores, self.scorer.model, self.population)
        best, second = decided.best, decided.scores[1] if len(decided.scores) > 1 else None
        named = None
        if decided.verdict in {"attach", "possible", "many"}:
            named = best
        return (
            key,
            decided.verdict,
            named.person_id if named else "",
            f"{best.weight:.3f}" if best else "",
            f"{decided.probability:.6f}",
            f"{second.weight:.3f}" if second else "",
        )


_shared: list[_Matcher] = []


def _in_worker(item: tuple[str, Described]) -> tuple[str, ...]:
    return _shared[0].match(item)


@click.group()
def identity() -> None:
    """Match people in bulk."""


identity.add_command(train)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@identity.command()
@click.option("--people", required=True, type=_FILE, help="The register: .csv or .csv.gz.")
@click.option("--queries", required=True, type=_FILE, help="The descriptions, in the same columns.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--model", type=_FILE, help="Model JSON; the shipped one without it.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day apparent ages were seen; today without it.",
)
def match(
    people: Path, queries: Path, out: Path, model: Path | None, workers: int, as_of: datetime | None
) -> None:
    """Decide for every query whom it is about: attach, possible, many, unknown or insufficient.

    Exit status 1 when rows could not be read: they are named on standard error and the rest is
    matched.
    """
    faults: list[str] = []
    weights = _model(model)
    on_file, descriptions = rows_of(people, faults), rows_of(queries, faults)
    day: date = (as_of or datetime.now(UTC)).date()
    _shared[:] = [_Matcher(on_file, Scorer(weights, frequencies(on_file.values()), day))]
    items = list(descriptions.items())
    with opened(out, "w") as stream:
        writer = csv.writer(stream)
        writer.writerow(OUT)
        with click.progressbar(length=len(items), label="Matching", file=sys.stderr) as bar:
            if workers == 1:
                for item in items:
                    writer.writerow(_in_worker(item))
                    bar.update(1)
            else:
                with get_context("fork").Pool(workers) as pool:
                    for answer in pool.imap(_in_worker, items, chunksize=200):
                        writer.writerow(answer)
                        bar.update(1)
    _shared.clear()
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        raise SystemExit(1)


@identity.command()
@click.option("--people", required=True, type=_FILE, help="The register: .csv or .csv.gz.")
@click.option("--queries", required=True, type=_FILE, help="The descriptions, in the same columns.")
@click.option("--id", "query", required=True, help="The id of the description to explain.")
@click.option("--model", type=_FILE, help="Model JSON; the shipped one without it.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day apparent ages were seen; today without it.",
)
@click.option(
    "--most", type=click.IntRange(1, 100), default=5, show_default=True, help="Candidates to print."
)
def explain(
    people: Path, queries: Path, query: str, model: Path | None, as_of: datetime | None, most: int
) -> None:
    """Why a description was decided as it was: each candidate's weight field by field, vetoes and
    thresholds.

    Levels and weights only: nothing of what anybody is called is printed.
    """
    faults: list[str] = []
    on_file, descriptions = rows_of(people, faults), rows_of(queries, faults)
    if (description := descriptions.get(query)) is None:
        raise click.BadParameter(
            f"{queries.name} has no readable row with the id {query}", param_hint="--id"
        )
    day: date = (as_of or datetime.now(UTC)).date()
    index = Index(on_file)
    near = {person_id: on_file[person_id] for person_id in index.candidates(description)}
    explanation = why(
        description, near, Scorer(_model(model), frequencies(on_file.values()), day), len(on_file)
    )
    for line in lines(replace(explanation, candidates=explanation.candidates[:most])):
        click.echo(line)
    if len(explanation.candidates) > most:
        click.echo(f"and {len(explanation.candidates) - most} more; see --most")
    for fault in faults:
        click.echo(fault, err=True)


def _model(path: Path | None) -> Model:
    try:
        return load_model(path)
    except ModelError as error:
        raise click.BadParameter(str(error), param_hint="--model") from error


def _outcomes(results: Path, truth: Path, group: str | None) -> list[Outcome]:
    truth_of = {
        row["query_id"]: row
        for row in table_of(truth, "query_id", "person_id", *([group] if group else []))
    }
    judged = []
    for row in table_of(results, *OUT):
        if (true := truth_of.get(row["query_id"])) is None:
            raise click.ClickException(
                f"{truth.name}: says nothing of a query that {results.name} answers"
            )
        weight = None
        if row["weight"]:
            weight = float(row["weight"])
        judged.append(
            Outcome(
                row["decision"],
                row["person_id"],
                true["person_id"],
                weight,
                true[group] or "not said" if group else "",
            )
        )
    return judged


@identity.command()
@click.option("--results", required=True, type=_FILE, help="What `liaison identity match` wrote.")
@click.option(
    "--truth",
    required=True,
    type=_FILE,
    help="query_id, person_id (empty: not on file), and groups.",
)
@click.option(
    "--group", help="A column of the truth: name origin, ethnicity, sex, age band, fixed abode."
)
def evaluate(results: Path, truth: Path, group: str | None) -> None:
    """Attached rightly and wrongly, possible and missed, with 95 % intervals; whole and by group."""

    def shown(rate: Rate, scale: int = 100) -> str:
        low, high = rate.interval
        return f"{rate.share * scale:.2f} ({low * scale:.2f}-{high * scale:.2f})"

    tables = by_group(_outcomes(results, truth, group))
    click.echo("group\tevents\tright %\twrong per 10,000\tpossible %\tmissed %\tprecision %")
    for table in tables:
        click.echo(
            f"{table.group}\t{table.events}\t{shown(table.right)}\t{shown(table.wrong, 10_000)}"
            f"\t{shown(table.possible)}\t{shown(table.missed)}\t{shown(table.precision)}"
        )
    for finding in findings(tables):
        click.echo(f"finding: {finding}")


@identity.command()
@click.option(
    "--judged",
    required=True,
    type=_FILE,
    help="weight, right (1 or 0): a blind sample of attachments, and reviews.",
)
@click.option(
    "--at-most",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.001,
    show_default=True,
)
@click.option(
    "--people",
    type=click.IntRange(1),
    help="How many the register holds now; the file's own people_now without it.",
)
@click.option(
    "--people-then",
    type=click.IntRange(1),
    help="How many it held when they were judged; the file's people_then without it.",
)
@click.option("--model", type=_FILE, help="Model JSON; that of the settings without it.")
def calibrate(
    judged: Path, at_most: float, people: int | None, people_then: int | None, model: Path | None
) -> None:
    """The weight at which attaching is shown to be safe: wrong ones under the limit with 95 %
    confidence, one-sided.

    `liaison identity outcomes` writes what people judged. Exit status 1 where no weight is safe:
    judge more attachments, or let people decide.
    """
    table = [row for row in table_of(judged, "weight", "right") if row.get("rule") != BY_NUMBER]
    rows = [(float(row["weight"]), row["right"] == "1") for row in table]
    people = people or max(
        (int(row["people_now"]) for row in table if row.get("people_now")), default=None
    )
    people_then = people_then or min(
        (int(row["people_then"]) for row in table if row.get("people_then")), default=None
    )
    lowest = threshold(rows, at_most)
    if people and people_then and people >= 2 * people_then:
        click.echo(
            "warning: the register has doubled since these were judged; judge a new sample",
            err=True,
        )
    if lowest is None:
        click.echo(f"no weight is shown to be safe by {len(rows)} outcomes", err=True)
        raise SystemExit(1)
    click.echo(
        f"attach from {lowest.weight:.2f} bits: {lowest.wrong} wrong of {lowest.attached}, below {lowest.bound:.5f} with 95 %"
    )
    weights = _model(model or Settings().identity_model_path)
    over = lowest.weight - prior_of(max(weights.population, people or 0))
    click.echo(f'in {weights.version}: "attach": {over:.2f} (it says {weights.attach:g})')


@identity.command()
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="CSV for `calibrate --judged`.",
)
@click.option(
    "--model-version",
    help="Outcomes of this model; of the settings' one without it: weights of two do not compare.",
)
def outcomes(out: Path, model_version: str | None) -> None:
    """Write what people judged in this ledger: the blind sample, and reviews of whom only weight
    was lacking for.

    Weights are as `match` writes them. Nothing of anybody is in the file.
    """
    version = model_version or _model(Settings().identity_model_path).version
    judged, people = on_ledger(_judged)
    compared = [outcome for outcome in judged if outcome.model_version == version]
    with opened(out, "w") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ("weight", "right", "rule", "origin", "model_version", "people_then", "people_now")
        )
        for outcome in compared:
            writer.writerow(
                (
                    f"{outcome.weight:.3f}",
                    int(outcome.right),
                    outcome.rule,
                    outcome.origin,
                    outcome.model_version,
                    outcome.people_then,
                    people,
                )
            )
    blind = [outcome for outcome in compared if outcome.origin == "blind"]
    wrong = sum(not outcome.right for outcome in blind)
    click.echo(
        f"{len(compared)} outcomes written: {len(blind)} of the blind sample ({wrong} wrong),"
        f" {len(compared) - len(blind)} of reviews."
    )
    if len(compared) < len(judged):
        click.echo(
            f"{len(judged) - len(compared)} of other models are left out; see --model-version",
            err=True,
        )


async def _judged(connection: Connection) -> tuple[list[Judged], int]:
    return await blind_sample.outcomes(connection), await blind_sample.register_size(connection)
