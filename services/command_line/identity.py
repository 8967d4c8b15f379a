"""`liaison identity`: the matcher in bulk, by the same code as the stream."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path

import click

from services.command_line.identity_training import train
from services.command_line.on_ledger import on_ledger
from services.command_line.tables import opened, rows_of, table_of
from services.identity.candidates import Index
from services.identity.decide import decide_scored, prior_of
from services.identity.described import Described
from services.identity.evaluation import Outcome, Rate, by_group, findings, threshold
from services.identity.explain import explain as why
from services.identity.explain import lines
from services.identity.model import Model, ModelError, frequencies, load_model
from services.identity.score import Scorer
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
        key, said = item
        score, people = self.scorer.score, self.index.people
        scores = [score(said, people[i], i) for i in self.index.candidates(said)]
        found = decide_scored(said, scores, self.scorer.model, self.population)
        best, second = found.best, found.scores[1] if len(found.scores) > 1 else None
        named = best if found.verdict in {"attach", "possible", "many"} else None
        return (
            key,
            found.verdict,
            named.person_id if named else "",
            f"{best.weight:.3f}" if best else "",
            f"{found.probability:.6f}",
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

    Exit status 1 when rows could not be read: they are named on standard error and the rest is matched.
    """
    faults: list[str] = []
    weights = _model(model)
    on_file, asked = rows_of(people, faults), rows_of(queries, faults)
    day: date = (as_of or datetime.now(UTC)).date()
    _shared[:] = [_Matcher(on_file, Scorer(weights, frequencies(on_file.values()), day))]
    items = list(asked.items())
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
    """Why a description was decided as it was: each candidate's weight field by field, vetoes and thresholds.

    Levels and weights only: nothing of what anybody is called is printed.
    """
    faults: list[str] = []
    on_file, asked = rows_of(people, faults), rows_of(queries, faults)
    if (said := asked.get(query)) is None:
        raise click.BadParameter(
            f"{queries.name} has no readable row with the id {query}", param_hint="--id"
        )
    day: date = (as_of or datetime.now(UTC)).date()
    index = Index(on_file)
    near = {i: on_file[i] for i in index.candidates(said)}
    found = why(said, near, Scorer(_model(model), frequencies(on_file.values()), day), len(on_file))
    for line in lines(replace(found, candidates=found.candidates[:most])):
        click.echo(line)
    if len(found.candidates) > most:
        click.echo(f"and {len(found.candidates) - most} more; see --most")
    for fault in faults:
        click.echo(fault, err=True)


def _model(path: Path | None) -> Model:
    try:
        return load_model(path)
    except ModelError as error:
        raise click.BadParameter(str(error), param_hint="--model") from error


def _outcomes(results: Path, truth: Path, group: str | None) -> list[Outcome]:
    known = {
        r["query_id"]: r
        for r in table_of(truth, "query_id", "person_id", *([group] if group else []))
    }
    found = []
    for row in table_of(results, *OUT):
        if (true := known.get(row["query_id"])) is None:
            raise click.ClickException(
                f"{truth.name}: says nothing of a query that {results.name} answers"
            )
        weight = float(row["weight"]) if row["weight"] else None
        found.append(
            Outcome(
                row["decision"],
                row["person_id"],
                true["person_id"],
                weight,
                true[group] or "not said" if group else "",
            )
        )
    return found


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
    for t in tables:
        click.echo(
            f"{t.group}\t{t.events}\t{shown(t.right)}\t{shown(t.wrong, 10_000)}\t{shown(t.possible)}\t{shown(t.missed)}"
            f"\t{shown(t.precision)}"
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
    """The weight at which attaching is shown to be safe: wrong ones under the limit with 95 % confidence, one-sided.

    `liaison identity outcomes` writes what people judged. Exit status 1 where no weight is safe: judge more attachments, or
    let people decide.
    """
    table = [r for r in table_of(judged, "weight", "right") if r.get("rule") != BY_NUMBER]
    rows = [(float(r["weight"]), r["right"] == "1") for r in table]
    people = people or max(
        (int(r["people_now"]) for r in table if r.get("people_now")), default=None
    )
    people_then = people_then or min(
        (int(r["people_then"]) for r in table if r.get("people_then")), default=None
    )
    found = threshold(rows, at_most)
    if people and people_then and people >= 2 * people_then:
        click.echo(
            "warning: the register has doubled since these were judged; judge a new sample",
            err=True,
        )
    if found is None:
        click.echo(f"no weight is shown to be safe by {len(rows)} outcomes", err=True)
        raise SystemExit(1)
    click.echo(
        f"attach from {found.weight:.2f} bits: {found.wrong} wrong of {found.attached}, below {found.bound:.5f} with 95 %"
    )
    weights = _model(model or Settings().identity_model_path)
    over = found.weight - prior_of(max(weights.population, people or 0))
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
    """Write what people judged in this ledger: the blind sample, and reviews of whom only weight was lacking for.

    Weights are as `match` writes them. Nothing of anybody is in the file.
    """
    wanted = model_version or _model(Settings().identity_model_path).version
    judged, people = on_ledger(_judged)
    kept = [j for j in judged if j.model_version == wanted]
    with opened(out, "w") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ("weight", "right", "rule", "origin", "model_version", "people_then", "people_now")
        )
        for j in kept:
            writer.writerow(
                (
                    f"{j.weight:.3f}",
                    int(j.right),
                    j.rule,
                    j.origin,
                    j.model_version,
                    j.people_then,
                    people,
                )
            )
    blind = [j for j in kept if j.origin == "blind"]
    wrong = sum(not j.right for j in blind)
    click.echo(
        f"{len(kept)} outcomes written: {len(blind)} of the blind sample ({wrong} wrong), {len(kept) - len(blind)} of reviews."
    )
    if len(kept) < len(judged):
        click.echo(
            f"{len(judged) - len(kept)} of other models are left out; see --model-version", err=True
        )


async def _judged(connection: Connection) -> tuple[list[Judged], int]:
    return await blind_sample.outcomes(connection), await blind_sample.register_size(connection)
