"""`liaison identity train`, with Splink itself: the weights it finds, and that live scores are its own."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.command_line.matching.identity import identity
from services.identity.described import Described
from services.identity.model import Frequencies, Model, document_of, frequencies, model_of, shipped
from services.identity.score import Scorer
from services.identity.training.estimate import (
    LEAST,
    Splink,
    Trained,
    Untrainable,
    document,
    estimate,
)
from services.identity.training.tabular import read
from tests.londoners import register_and_descriptions

AS_OF = date(2026, 1, 1)
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def rows() -> tuple[Rows, Rows]:
    """Some thousand Londoners and what agencies made of them."""
    people, queries, _ = register_and_descriptions(4000, 3000, random.Random(11))
    return people, queries


@pytest.fixture(scope="module")
def trained(
    rows: tuple[Rows, Rows],
) -> tuple[Splink, Trained, Model, dict[str, Described], dict[str, Described]]:
    """Splink after training on them, what it found, and the model of it."""
    people, queries = (dict(read(row) for row in row) for row in rows)
    splink = Splink(people, queries, frequencies(people.values()), AS_OF)
    estimates = estimate(splink, 60_000, 1)
    base, start = document_of(None)
    text = document(estimates, start, base, splink.comparisons, {"version": "of a test"})
    return splink, estimates, model_of(text), people, queries


def _differences(
    splink: Splink,
    model: Model,
    people: Mapping[str, Described],
    queries: Mapping[str, Described],
    seen: Frequencies,
) -> Iterator[tuple[str, str, float, float]]:
    """Field, level, our weight and Splink's, of every pair that Splink scores and whose names are not turned round."""
    scorer = Scorer(model, seen, AS_OF)
    for row in splink.scored():
        one, other = row["unique_id_l"], row["unique_id_r"]
        query, on_file = (
            (queries[one], people[other]) if one in queries else (queries[other], people[one])
        )
        evidence = scorer.score(query, on_file, "p").evidence
        if any(entry.field == "name_order" for entry in evidence):
            continue
        for evidence_entry in evidence:
            if evidence_entry.field in {"aliases", "name_pair"}:
                continue  # Splink weighs each name by itself, and knows one of each
            theirs = (row.get(f"mw_{evidence_entry.field}") or 0.0) + (
                row.get(f"mw_tf_adj_{evidence_entry.field}") or 0.0
            )
            yield evidence_entry.field, evidence_entry.level, evidence_entry.weight or 0.0, theirs


def test_live_scores_are_splinks_own_for_the_same_model(
    trained: tuple[Splink, Trained, Model, dict[str, Described], dict[str, Described]],
) -> None:
    splink, _, model, people, queries = trained
    counts = frequencies(people.values())
    from_the_start = set(json.loads(document_text(trained))["kept_from_the_start"])
    ours_differ: dict[tuple[str, str], list[float]] = {}
    compared = 0
    low, high = model.clamp
    for field, level, ours, theirs in _differences(splink, model, people, queries, counts):
        compared += 1
        # what we do otherwise on purpose: a level hardly observed, a floor, the clamp, and -3 bits for a name at least
        otherwise = (
            f"{field}.{level}" in from_the_start
            or theirs <= LEAST.get(field, low)
            or not low <= theirs <= high
            or (field in {"given", "family"} and ours == -3.0)
        )
        if not otherwise:
            ours_differ.setdefault((field, level), []).append(ours - theirs)
    assert compared > 5_000
    assert {field for field, _ in ours_differ} >= {
        "given",
        "family",
        "birth",
        "postcode",
        "phone",
        "sex",
        "nhs_number",
    }
    every = [abs(difference) for differences in ours_differ.values() for difference in differences]
    assert sum(every) / len(every) < 0.05
    explained = {
        key for key, differences in ours_differ.items() if max(map(abs, differences)) > 0.05
    }
    assert explained == set(), "a difference that nothing above explains"


def document_text(
    trained: tuple[Splink, Trained, Model, dict[str, Described], dict[str, Described]],
) -> str:
    """The model's document, made once more."""
    base, start = document_of(None)
    return document(trained[1], start, base, trained[0].comparisons, {"version": "of a test"})


def test_the_parity_check_fails_where_a_weight_is_another(
    trained: tuple[Splink, Trained, Model, dict[str, Described], dict[str, Described]],
) -> None:
    splink, _, model, people, queries = trained
    other = Model(
        **{
            **model.__dict__,
            "levels": {**model.levels, "birth": {**model.levels["birth"], "exact": 12.0}},
        }
    )
    counts = frequencies(people.values())
    differences = [
        ours - theirs
        for field, level, ours, theirs in _differences(splink, other, people, queries, counts)
        if (field, level) == ("birth", "exact")
    ]
    assert min(map(abs, differences)) > 0.05


def test_a_rare_number_weighs_what_was_set_by_hand_and_not_splinks_default(
    trained: tuple[Splink, Trained, Model, dict[str, Described], dict[str, Described]],
) -> None:
    _, estimates, model, _, _ = trained
    assert estimates.u["nhs_number", "exact"] == 5e-8
    assert model.bits("nhs_number", "exact") == pytest.approx(24.0, abs=0.5)


def test_no_field_forbids_everything_for_want_of_errors(
    trained: tuple[Splink, Trained, Model, dict[str, Described], dict[str, Described]],
) -> None:
    model = trained[2]
    assert model.levels["sex"]["differs"] >= -2.0
    assert (
        min(bits for levels in model.levels.values() for bits in levels.values()) >= model.clamp[0]
    )


def test_true_pairs_in_the_sample_do_not_make_a_birthday_look_common(
    trained: tuple[Splink, Trained, Model, dict[str, Described], dict[str, Described]],
) -> None:
    _, estimates, _, people, queries = trained
    births: dict[object, int] = {}
    for person in people.values():
        births[person.births] = births.get(person.births, 0) + 1
    by_count = (
        sum(
            births.get(query.births, 0)
            for query in queries.values()
            if query.births and query.births[0].whole
        )
        / len(queries)
        / len(people)
    )
    true_pairs = estimates.share_of_true_pairs
    assert 0.3 / len(people) < true_pairs < 0.7 / len(people), (
        "half the descriptions are of one person on file each"
    )
    assert estimates.u["birth", "exact"] < by_count


def test_the_command_writes_a_model_that_match_reads(
    rows: tuple[Rows, Rows], tmp_path: Path
) -> None:
    people, queries = tmp_path / "people.csv", tmp_path / "queries.csv"
    for path, row in ((people, rows[0]), (queries, rows[1])):
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, list(row[0]))
            writer.writeheader()
            writer.writerows(row)
    model, out = tmp_path / "model.json", tmp_path / "decisions.csv"
    files = ["--people", str(people), "--queries", str(queries)]
    result = CliRunner().invoke(
        identity,
        [
            "train",
            *files,
            "--out",
            str(model),
            "--version",
            "londoners-1",
            "--limits",
            "Synthetic.",
            "--pairs",
            "20000",
            "--as-of",
            "2026-01-01",
        ],
    )
    assert result.exit_code == 0, result.output
    assert "londoners-1" in result.output
    assert "address.exact" in result.output, "no address was given: its weights are kept and named"
    written = json.loads(model.read_text())
    assert written["trained_on"].startswith("people.csv and queries.csv: ")
    assert written["limits"].startswith("Synthetic. Thresholds are not of this training")
    assert written["attach"] == shipped().attach
    assert written["learnt"]["nhs_number.exact"]["u"] == 5e-8
    matched = CliRunner().invoke(
        identity,
        ["match", *files, "--out", str(out), "--model", str(model), "--as-of", "2026-01-01"],
    )
    assert matched.exit_code == 0, matched.output
    with out.open(encoding="utf-8") as stream:
        assert sum(row["decision"] == "attach" for row in csv.DictReader(stream)) > 500


def test_descriptions_of_nobody_on_file_teach_nothing_and_it_says_so(
    rows: tuple[Rows, Rows],
) -> None:
    people = dict(read(row) for row in rows[0][:300])
    nobody = {"e1": read({"id": "e1", "given_name": "Nobody", "family_name": "Knows"})[1]}
    splink = Splink(people, nobody, frequencies(people.values()), AS_OF)
    with pytest.raises(Untrainable, match="give more descriptions of people on file"):
        estimate(splink, 10_000, 1)
