"""Splink's usual model of a person, for figures beside ours: the comparisons and the blocking that its documentation shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.identity.described import Described
from services.identity.training.estimate import COLUMNS, flat


def usual_scores(
    people: Mapping[str, Described], queries: Mapping[str, Described]
) -> dict[str, tuple[float, str]]:
    """The weight and the person of the likeliest candidate of each query that has one."""
    import pyarrow as pa
    import splink
    import splink.comparison_library as library

    api = splink.DuckDBAPI()
    schema = pa.schema([(column, pa.string()) for column in COLUMNS])

    def table(rows: Mapping[str, Described], name: str) -> Any:
        flats = [flat(key, row) for key, row in rows.items()]
        for row in flats:
            born = row["birth"]
            row["birth"] = f"{born[:4]}-{born[4:6]}-{born[6:]}" if born else None
        return api.register(pa.Table.from_pylist(flats, schema=schema), dataset_display_name=name)

    block = splink.block_on
    rules: list[Any] = [
        block("birth"),
        block("given", "family"),
        block("postcode", "given"),
        block("postcode", "family"),
        block("phone"),
        block("nhs_number"),
        block("identifier"),
        block("family", "substr(birth, 1, 4)"),
        block("given", "substr(birth, 1, 4)"),
    ]
    rows = list(people.values()) + list(queries.values())
    comparisons: list[Any] = [
        library.NameComparison("given"),
        library.NameComparison("family"),
        library.DateOfBirthComparison("birth", input_is_string=True, invalid_dates_as_null=True),
        library.ExactMatch("postcode").configure(term_frequency_adjustments=True),
    ]
    if any(person.address for person in rows):
        comparisons.append(library.JaroWinklerAtThresholds("address", [0.9, 0.7]))
    some = (("phone", "phones"), ("nhs_number", "nhs_numbers"), ("identifier", "identifiers"))
    comparisons += [
        library.ExactMatch(candidate)
        for candidate, of in some
        if any(getattr(person, of) for person in rows)
    ]
    settings = splink.SettingsCreator(
        link_type="link_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
        probability_two_random_records_match=0.5 / len(people),
    )
    linker = splink.Linker(
        [table(people, "people"), table(queries, "queries")], settings, log_level="ERROR"
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    for rule in (block("birth"), block("given", "family")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    best: dict[str, tuple[float, str]] = {}
    for pair in linker.inference.predict(
        threshold_match_weight=-5, warning_mode="never"
    ).as_record_list():
        one, other = pair["unique_id_l"], pair["unique_id_r"]
        query, person = (other, one) if pair["source_dataset_l"] == "people" else (one, other)
        if query not in best or pair["match_weight"] > best[query][0]:
            best[query] = (pair["match_weight"], person)
    return best
