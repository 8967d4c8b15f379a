"""`liaison identity`: matching in bulk, judged against the truth, and a threshold set on outcomes."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.command_line import main
from services.identity.training.evaluation import Rate, threshold, upper_bound

PEOPLE = """id,given_name,family_name,date_of_birth,postcode,sex
p1,Zofia,Nowak,1985-09-14,SE5 8AZ,female
p2,Tunde,Okafor,1988-02-28,E1 4NS,male
p3,Amina,Farah,1990-05-06,N1 9GU,female
"""
QUERIES = """id,given_name,family_name,date_of_birth,postcode
q1,Zosia,Nowak,1985-09-14,SE5 8AZ
q2,Okafor,Tunde,1988-02-28,E1 4NS
q3,Hodan,Farah,1990-05-06,N1 9GU
q4,Mei,Chen,06/05/1990,
q5,Chidi,Eze,1971-03-04,W2 1NY
"""


@pytest.fixture
def answered(tmp_path: Path) -> dict[str, dict[str, str]]:
    """What the matcher answers, by query."""
    with gzip.open(tmp_path / "people.csv.gz", "wt") as people:
        people.write(PEOPLE)
    (tmp_path / "queries.csv").write_text(QUERIES)
    ran = CliRunner().invoke(
        main,
        [
            "identity",
            "match",
            "--people",
            str(tmp_path / "people.csv.gz"),
            "--queries",
            str(tmp_path / "queries.csv"),
            "--out",
            str(tmp_path / "out.csv"),
            "--as-of",
            "2026-01-01",
        ],
    )
    assert ran.exit_code == 1
    assert "queries.csv line 5: date_of_birth: write it as YYYY-MM-DD" in ran.output
    with (tmp_path / "out.csv").open() as out:
        return {row["query_id"]: row for row in csv.DictReader(out)}


def test_a_bad_row_is_named_and_the_rest_is_matched(answered: dict[str, dict[str, str]]) -> None:
    assert {query: (row["decision"], row["person_id"]) for query, row in answered.items()} == {
        "q1": ("attach", "p1"),
        "q2": ("attach", "p2"),
        "q3": ("possible", "p3"),
        "q5": ("unknown", ""),
    }


def test_it_is_judged_by_group_and_a_gap_is_a_finding(tmp_path: Path) -> None:
    rows = [f"q{number},attach,p{number},30,1,\n" for number in range(10)]
    (tmp_path / "out.csv").write_text(
        "query_id,decision,person_id,weight,probability,second_weight\n" + "".join(rows)
    )
    truth = [
        f"q{number},{'p' + str(number) if number != 3 else ''},{'a' if number < 4 else 'b'}\n"
        for number in range(10)
    ]
    (tmp_path / "truth.csv").write_text("query_id,person_id,origin\n" + "".join(truth))
    ran = CliRunner().invoke(
        main,
        [
            "identity",
            "evaluate",
            "--results",
            str(tmp_path / "out.csv"),
            "--truth",
            str(tmp_path / "truth.csv"),
            "--group",
            "origin",
        ],
    )
    assert ran.exit_code == 0
    assert "all\t10\t100.00" in ran.output
    assert (
        "finding: a: wrong 2500.0 per 10,000 events, the whole 1000.0 (too few events" in ran.output
    )
    assert "finding: b" not in ran.output


def test_a_threshold_rests_on_enough_outcomes_or_there_is_none() -> None:
    assert upper_bound(0, 2995) == pytest.approx(0.001, rel=0.01), "three in n: the rule of three"
    assert threshold([(20.0, True)] * 1000) is None
    result = threshold([(20.0, True)] * 4000 + [(12.0, True)] * 1000 + [(8.0, False)] * 20)
    assert result is not None
    assert (result.weight, result.wrong, result.attached) == (12.0, 0, 5000)


def test_the_register_that_doubled_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "judged.csv").write_text("weight,right\n" + "20,1\n" * 4000)
    command = [
        "identity",
        "calibrate",
        "--judged",
        str(tmp_path / "judged.csv"),
        "--people-then",
        "1000",
        "--people",
    ]
    assert (
        "attach from 20.00 bits: 0 wrong of 4000"
        in CliRunner().invoke(main, [*command, "1999"]).output
    )
    assert "doubled" not in CliRunner().invoke(main, [*command, "1999"]).output
    assert "doubled" in CliRunner().invoke(main, [*command, "2000"]).output


def test_a_file_of_outcomes_tells_itself_how_large_the_register_was_and_is(tmp_path: Path) -> None:
    rows = (
        "40,1,weight-of-evidence,1000,{now}\n" * 4000 + "90,0,verified-nhs-number,1000,{now}\n" * 9
    )
    for now, warned in (("1999", False), ("2000", True)):
        judged = tmp_path / f"{now}.csv"
        judged.write_text("weight,right,rule,people_then,people_now\n" + rows.format(now=now))
        ran = CliRunner().invoke(main, ["identity", "calibrate", "--judged", str(judged)])
        assert ran.exit_code == 0
        assert ("doubled" in ran.output) is warned
        assert "attach from 40.00 bits: 0 wrong of 4000" in ran.output, (
            "what the number alone attached is no weight's doing"
        )
        assert '"attach": 20.07' in ran.output, (
            "over the odds of meeting one of a million by chance: 19.93 bits"
        )


def test_an_interval_holds_the_share() -> None:
    low, high = Rate(7, 10).interval
    assert low < 0.7 < high


def test_a_decision_is_explained_field_by_field_without_what_anybody_is_called(
    tmp_path: Path,
) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "queries.csv").write_text(QUERIES)
    arguments = [
        "identity",
        "explain",
        "--people",
        str(tmp_path / "people.csv"),
        "--queries",
        str(tmp_path / "queries.csv"),
    ]
    ran = CliRunner().invoke(main, [*arguments, "--id", "q3", "--as-of", "2026-01-01"])
    assert ran.exit_code == 0
    assert "decision: possible (FHIR grade: possible), rule family-guard" in ran.output
    assert "1. p3:" in ran.output
    assert "never attached: family-guard" in ran.output
    assert "Farah" not in ran.output
    unknown = CliRunner().invoke(main, [*arguments, "--id", "q9"])
    assert unknown.exit_code == 2
    assert "no readable row with the id q9" in unknown.output


def test_an_nhs_number_that_fails_its_check_is_told_and_the_row_is_matched_all_the_same(
    tmp_path: Path,
) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "queries.csv").write_text(
        "id,nhs_number,given_name,family_name,date_of_birth,postcode\nq1,9990000019,Zofia,Nowak,1985-09-14,SE5 8AZ\n"
    )
    ran = CliRunner().invoke(
        main,
        [
            "identity",
            "match",
            "--people",
            str(tmp_path / "people.csv"),
            "--queries",
            str(tmp_path / "queries.csv"),
            "--out",
            str(tmp_path / "out.csv"),
        ],
    )
    assert ran.exit_code == 1
    assert "queries.csv line 2: nhs_number: it fails its modulus 11 check" in ran.output
    assert "9990000019" not in ran.output
    with (tmp_path / "out.csv").open() as out:
        (answer,) = csv.DictReader(out)
    assert (answer["decision"], answer["person_id"]) == ("attach", "p1")
