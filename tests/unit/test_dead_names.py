"""What is dead is named; what is used where vulture does not look is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import dead_names

CODE = """
STALE_SECONDS = 30
USED = 1
print(USED, Row)

class Row:
    shown_by_a_page: int

@router.get("/desks")
async def desk_page():
    pass

def never_called():
    pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "page.html").write_text(
        "<p>STALE_SECONDS {% if row.shown_by_a_page %}{{ row.other|clock }}{% endif %}</p>",
        encoding="utf-8",
    )
    return tmp_path


def test_a_name_that_nobody_uses_is_said_with_its_place(folder: Path) -> None:
    sentences = dead_names.dead(dead_names.unused([folder]), dead_names.names_in_templates(folder))
    assert [sentence.rpartition("/")[2] for sentence in sentences] == [
        "code.py:2: unused variable 'STALE_SECONDS': use it or take it out",
        "code.py:13: unused function 'never_called': use it or take it out",
    ]


def test_only_what_a_template_computes_counts_as_used_by_it(folder: Path) -> None:
    assert dead_names.names_in_templates(folder) == {
        "if",
        "row",
        "shown_by_a_page",
        "other",
        "clock",
        "endif",
    }


def test_fields_and_members_of_the_contract_are_used_by_senders(tmp_path: Path) -> None:
    (tmp_path / "codes.py").write_text(
        "class Grade(StrEnum):\n    C1 = 'c1'\n\nclass Data(Model):\n    at: int\n\nLIMIT = 1\n",
        encoding="utf-8",
    )
    assert dead_names.names_of_the_contract(tmp_path) == {"C1", "at"}


def test_an_exception_that_is_not_needed_any_more_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    purposes = {"STALE_SECONDS": "a reason", "USED": "was dead once"}
    monkeypatch.setattr(dead_names, "ON_PURPOSE", purposes)
    items = dead_names.unused([folder])
    assert dead_names.needless(items) == ["USED stands in ON_PURPOSE without need: take it out"]
    sentences = dead_names.dead(items, frozenset())
    assert not any("STALE_SECONDS" in sentence for sentence in sentences)
