"""Weights estimated from a register and unlabelled descriptions by expectation maximisation, with
Splink (optional).

Splink (Ministry of Justice, MIT; the extra `train`) does the estimating: u from random pairs of the
register, m by EM over blocked pairs of descriptions and register. What it compares are this
package's own levels, given to DuckDB as functions, so that the weights mean the same in both.
Nothing of Splink runs in the live path: its result is a model file.

Three faults of plain training are kept out (`docs/decisions/0022-training.md`): u of numbers is
fixed by hand, since a random sample never holds two equal ones; u comes from the register against
itself, where no true pair dilutes it; and a level that was never observed keeps the weight of the
model that training began with, and is named in the result.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import log2
from typing import Any

from services.identity.described import Described
from services.identity.model import Frequencies, Model
from services.identity.score import MOST_FUZZY_SURPRISE
from services.identity.training.comparisons import Comparison, comparisons_of

# Chances that two people agree on a number, set by hand: one of some twenty million for the NHS
# number (a number is sometimes another's by mistake), one of a million for an agency's and for a
# telephone, which households share.
FIXED_U: Mapping[tuple[str, str], float] = {
    ("nhs_number", "exact"): 5e-8,
    ("nhs_number", "digit"): 1e-6,
    ("identifier", "exact"): 1e-6,
    ("identifier", "digit"): 1e-5,
    ("phone", "exact"): 1e-6,
}
# No weight of these fields is lower: sex is often a guess of the caller or another than that on
# file, and a field without one observed error would else forbid everything (Splink's own default
# reached -87 bits).
LEAST: Mapping[str, float] = {"sex": -2.0, "nhs_number": -10.0}
# EM settles in six or seven. A level that only strangers show sinks at each one, and Splink fails
# where it reaches 1e-300.
MOST_ITERATIONS = 10
# A level that fewer true pairs than this share show keeps the weight that training began with.
LEAST_OBSERVED = 1e-4
# Pairs that EM learns from; what a block agrees on is learnt from the others.
BLOCKS: tuple[tuple[str, ...], ...] = (("birth",), ("given", "family"))


COLUMNS = (
    "unique_id",
    "given",
    "family",
    "birth",
    "apparent_age",
    "postcode",
    "address",
    "phone",
    "nhs_number",
    "identifier",
    "sex",
)


def flat(key: str, person: Described) -> dict[str, str | None]:
    """A person as one row: of several names, births or places the first. What was not said is None."""
    given_name, family = next(iter(person.names), ("", ""))
    born = next(iter(person.births), None)
    values = (
        key,
        given_name,
        family,
        f"{born.year:04d}{born.month:02d}{born.day:02d}" if born else "",
        "" if person.apparent_age is None else str(person.apparent_age),
        min(person.postcodes, default=""),
        person.address,
        min(person.phones, default=""),
        min(person.nhs_numbers, default=""),
        min(person.identifiers, default=""),
        person.sex,
    )
    return dict(zip(COLUMNS, (value or None for value in values), strict=True))


class Untrainable(ValueError):
    """Training is not possible with what is installed or given; the sentence says what to do."""


def _splink() -> Any:
    try:
        import duckdb
        import splink
    except ImportError as error:
        raise Untrainable(
            "training needs Splink: install the extra, crisis-liaison[train]"
        ) from error
    return splink, duckdb


class Splink:
    """Splink over one register and one set of descriptions, with this package's levels."""

    def __init__(
        self,
        people: Mapping[str, Described],
        queries: Mapping[str, Described],
        names: Frequencies,
        as_of: date,
    ) -> None:
        self._splink, duckdb = _splink()
        import pyarrow as pa

        self.comparisons = comparisons_of(as_of)
        self._seen, self._connection = names, duckdb.connect()
        for comparison in self.comparisons:
            self._give_function(comparison)
        self._api = self._splink.DuckDBAPI(connection=self._connection)
        schema = pa.schema([(column, pa.string()) for column in COLUMNS])

        def table(rows: Mapping[str, Described], name: str) -> Any:
            rows_table = pa.Table.from_pylist(
                [flat(key, person) for key, person in rows.items()], schema=schema
            )
            return self._api.register(rows_table, dataset_display_name=name)

        self._people, self._queries = table(people, "people"), table(queries, "queries")
        self._frequencies = {
            key: self._api.register(self._seen_table(key))
            for key in ("given", "family", "postcode")
        }
        self.linker: Any = None

    def _seen_table(self, kind: str) -> Any:
        import pyarrow as pa

        of = max(self._seen.people, 1000)
        counted: Counter[str] = getattr(self._seen, kind)
        rows = [{kind: value, f"tf_{kind}": max(count, 2) / of} for value, count in counted.items()]
        return pa.Table.from_pylist(
            rows, schema=pa.schema([(kind, pa.string()), (f"tf_{kind}", pa.float64())])
        )

    def _give_function(self, comparison: Comparison) -> None:
        def level(*values: str | None) -> int:
            reached = comparison.level(*(value or "" for value in values))
            if reached == "exact" and comparison.by_frequency and values[0] != values[1]:
                reached = "typo"
                if "part" in comparison.levels:
                    reached = "part"
            if reached == "absent":
                return -1
            return comparison.levels.index(reached)

        def of_two(one: str | None, other: str | None) -> int:
            return level(one, other)

        def of_four(
            one: str | None, more: str | None, other: str | None, other_names: str | None
        ) -> int:
            return level(one, more, other, other_names)

        # DuckDB counts the arguments of what it is given
        called: Callable[..., int] = of_four
        if len(comparison.columns) == 1:
            called = of_two
        # one column for either side of each that is compared
        text = ["VARCHAR"] * (2 * len(comparison.columns))
        self._connection.create_function(
            f"level_{comparison.field}", called, text, "INTEGER", null_handling="special"
        )

    def _settings(self, chances: Mapping[tuple[str, str], float]) -> Any:
        comparisons = []
        for comparison in self.comparisons:
            sides = [f"{column}_{side}" for side in "lr" for column in comparison.columns]
            call = f"level_{comparison.field}({', '.join(sides)})"
            levels: list[dict[str, Any]] = [
                {
                    "sql_condition": f"{call} = -1",
                    "label_for_charts": "absent",
                    "is_null_level": True,
                }
            ]
            for number, name in enumerate(comparison.levels):
                condition = "ELSE" if name == comparison.levels[-1] else f"{call} = {number}"
                if name == "exact" and comparison.by_frequency:
                    # Splink finds the chance of agreeing exactly, which a rare name divides, by
                    # this form of the condition
                    condition = f"{comparison.columns[0]}_l = {comparison.columns[0]}_r"
                level: dict[str, Any] = {"sql_condition": condition, "label_for_charts": name}
                if (chance := chances.get((comparison.field, name))) is not None:
                    level |= {"u_probability": chance, "fix_u_probability": True}
                if name in comparison.by_frequency:
                    level["tf_adjustment_column"] = comparison.columns[0]
                    if name != "exact":
                        level["tf_minimum_u_value"] = 2.0**-MOST_FUZZY_SURPRISE
                levels.append(level)
            comparisons.append(
                {"output_column_name": comparison.field, "comparison_levels": levels}
            )
        return self._splink.SettingsCreator(
            link_type="link_only",
            comparisons=comparisons,
            retain_intermediate_calculation_columns=True,
            blocking_rules_to_generate_predictions=[
                self._splink.block_on(*block) for block in BLOCKS
            ],
            probability_two_random_records_match=1e-5,
            em_convergence=0.001,
            max_iterations=MOST_ITERATIONS,
        )

    def _learnt(self, probability: str) -> dict[tuple[str, str], float]:
        """The m or u of every level that was observed."""
        saved = self.linker.misc.save_model_to_json()
        learnt = {}
        for comparison in saved["comparisons"]:
            for level in comparison["comparison_levels"]:
                value = level.get(f"{probability}_probability")
                if isinstance(value, float) and value > 0:
                    learnt[comparison["output_column_name"], level["label_for_charts"]] = value
        return learnt

    def _link(self, chances: Mapping[tuple[str, str], float]) -> None:
        settings = self._settings(chances)
        self.linker = self._splink.Linker(
            [self._people, self._queries], settings, log_level="ERROR"
        )
        for kind in ("given", "family", "postcode"):
            self.linker.table_management.register_term_frequency_lookup(
                self._frequencies[kind], kind
            )

    def chances(self, pairs: int, seed: int) -> dict[tuple[str, str], float]:
        """u of every level, from so many random pairs of a description and a person."""
        self._link(FIXED_U)
        self.linker.training.estimate_u_using_random_sampling(
            max_pairs=pairs, seed=seed, min_count_per_level=None
        )
        return self._learnt("u") | dict(FIXED_U)

    def agreements(self, chances: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
        """m of every level, by EM over the blocks with u as given."""
        from splink.internals.exceptions import EMTrainingException

        self._link(chances)
        for block in BLOCKS:
            try:
                self.linker.training.estimate_parameters_using_expectation_maximisation(
                    self._splink.block_on(*block),
                    estimate_without_term_frequencies=True,
                    fix_u_probabilities=True,
                )
            except EMTrainingException as error:
                raise Untrainable(
                    f"no description agrees with anybody on file on {' and '.join(block)}: give more descriptions of people"
                    " on file"
                ) from error
        return self._learnt("m")

    def share_of_true_pairs(self, agreements: Mapping[tuple[str, str], float]) -> float:
        """Among all pairs of a description and a person: those that agree on both names and
        birthday, over their recall.
        """
        recall = (
            agreements["given", "exact"]
            * agreements["family", "exact"]
            * agreements["birth", "exact"]
        )
        self.linker.training.estimate_probability_two_random_records_match(
            [self._splink.block_on("given", "family", "birth")], recall=min(1.0, recall)
        )
        return float(self.linker.misc.save_model_to_json()["probability_two_random_records_match"])

    def scored(self) -> Iterator[Mapping[str, Any]]:
        """Splink's own scores of the pairs of the blocks: `mw_` and `mw_tf_adj_` of each field,
        with the two ids.
        """
        yield from self.linker.inference.predict(warning_mode="never").as_record_list()


@dataclass(frozen=True)
class Trained:
    """What training found, before it is made weights."""

    m: Mapping[tuple[str, str], float]
    u: Mapping[tuple[str, str], float]
    share_of_true_pairs: float


def estimate(
    splink: Splink, pairs: int, seed: int, progress: Callable[[str], None] = lambda _: None
) -> Trained:
    """m and u of every level that was observed. `told` hears of each step. Raises Untrainable."""
    progress(f"chances of agreeing, from {pairs:,} random pairs")
    sampled = splink.chances(pairs, seed)
    progress("agreement of true pairs, by expectation maximisation")
    agreements = splink.agreements(sampled)
    progress("the same, with true pairs taken out of the sample")
    share = splink.share_of_true_pairs(agreements)
    chances = {
        key: FIXED_U.get(key)
        or max(chance * 0.1, (chance - share * agreements.get(key, 0.0)) / (1.0 - share))
        for key, chance in sampled.items()
    }
    return Trained(splink.agreements(chances), chances, share)


def weights(
    trained: Trained, start: Model, comparisons: Iterable[Comparison]
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Bits of every level in a model's form, and the levels that keep those of `start` as they were
    hardly observed.

    Of a level that a name's frequency adds to, the weight is what is left when its surprise is
    taken out: for an exact one log2 m, for the others log2(m/u) and the mean chance of agreeing
    exactly.
    """
    bits = {field: dict(levels) for field, levels in start.levels.items()}
    unchanged = []
    for comparison in comparisons:
        exact = trained.u.get((comparison.field, "exact"), 0.0)
        for level in comparison.levels:
            of_true, of_strangers = (
                trained.m.get((comparison.field, level), 0.0),
                trained.u.get((comparison.field, level), 0.0),
            )
            if (
                of_true < LEAST_OBSERVED
                or of_strangers <= 0
                or (level in comparison.by_frequency and exact <= 0)
            ):
                unchanged.append(f"{comparison.field}.{level}")
                continue
            weight = log2(of_true / of_strangers) + (
                log2(exact) if level in comparison.by_frequency else 0.0
            )
            bits[comparison.field][level] = round(
                max(weight, LEAST.get(comparison.field, start.clamp[0])), 3
            )
    return bits, unchanged


def document(
    trained: Trained,
    start: Model,
    base: Mapping[str, Any],
    comparisons: Iterable[Comparison],
    particulars: Mapping[str, Any],
) -> str:
    """The model as JSON: `base` is the document it began with, `particulars` its version, training data,
    date and limits.
    """
    listed = list(comparisons)
    bits, unchanged = weights(trained, start, listed)
    learnt = {
        f"{field}.{level}": {"m": round(agreement, 6), "u": float(f"{trained.u[field, level]:.4g}")}
        for (field, level), agreement in sorted(trained.m.items())
        if (field, level) in trained.u
    }
    return (
        json.dumps(
            {**base, **particulars, **bits, "kept_from_the_start": unchanged, "learnt": learnt},
            indent=2,
        )
        + "\n"
    )
