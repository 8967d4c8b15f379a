"""Migrations stand in one line, and nobody comes late into it."""

from __future__ import annotations

import pytest

from services.runtime.errors import MigrationError
from services.runtime.migrations import HISTORY, Migration, in_one_line, shipped, still_to_apply

PAST = {f"{number:04}_of_the_past.sql": "" for number in HISTORY}


def named(*names: str) -> dict[str, str]:
    return PAST | dict.fromkeys(names, "")


def migration(version: int, sql: str = "") -> Migration:
    return Migration(version, "step", sql)


def digests(*migrations: Migration) -> dict[int, str]:
    return {migration.version: migration.sha256 for migration in migrations}


def test_what_is_shipped_stands_in_one_line_with_the_whole_past_in_it() -> None:
    versions = [migration.version for migration in shipped()]
    assert tuple(versions[: len(HISTORY)]) == HISTORY
    assert versions[len(HISTORY) :] == list(range(97, 97 + len(versions) - len(HISTORY)))


def test_the_past_and_what_follows_it_without_a_gap_are_in_order() -> None:
    names = [
        migration.file for migration in in_one_line(named("0098_second.sql", "0097_first.sql"))
    ]
    assert names == [*PAST, "0097_first.sql", "0098_second.sql"]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            ["0050_late.sql"],
            "0050_late.sql comes too late for its number: ledgers have 0096 already; name it 0097_late.sql",
        ),
        (
            ["0050_late.sql", "0097_first.sql"],
            "0050_late.sql comes too late for its number: ledgers have 0096 already; name it 0098_late.sql",
        ),
        (
            ["0098_early.sql"],
            "0098_early.sql leaves out number 0097: numbers have no gaps, name it 0097_early.sql",
        ),
        (
            ["0097_first.sql", "0099_early.sql"],
            "0099_early.sql leaves out number 0098: numbers have no gaps, name it 0098_early.sql",
        ),
        (
            ["0097_first.sql", "0097_second.sql"],
            "two migration files have number 0097; give the newer one the next",
        ),
        (["97_first.sql"], "97_first.sql is not named NNNN_what_it_does.sql"),
        (["0097_First.sql"], "0097_First.sql is not named NNNN_what_it_does.sql"),
    ],
)
def test_a_number_out_of_line_is_refused_with_the_name_to_give(
    files: list[str], sentence: str
) -> None:
    with pytest.raises(MigrationError) as refusal:
        in_one_line(named(*files))
    assert str(refusal.value) == sentence


def test_a_ledger_is_given_what_follows_its_newest() -> None:
    first, second, third = migration(1), migration(2), migration(3)
    assert still_to_apply({}, [first, second, third]) == [first, second, third]
    assert still_to_apply(digests(first), [first, second, third]) == [second, third]
    assert still_to_apply(digests(first, second, third), [first, second, third]) == []


def test_a_ledger_that_has_passed_a_number_refuses_a_file_that_comes_late_under_it() -> None:
    first, late, third = migration(1), migration(2), migration(3)
    with pytest.raises(MigrationError) as refusal:
        still_to_apply(digests(first, third), [first, late, third])
    assert str(refusal.value) == (
        "0002_step.sql comes too late for its number: ledgers have 0003 already; name it 0004_step.sql"
    )


def test_a_ledger_refuses_a_changed_file_and_a_software_older_than_itself() -> None:
    first = migration(1)
    with pytest.raises(MigrationError, match="0001 was changed after it was applied"):
        still_to_apply(digests(first), [migration(1, "SELECT 1")])
    with pytest.raises(MigrationError, match="migration 2, which this software does not know"):
        still_to_apply(digests(first, migration(2)), [first])
