"""The measure of the house itself, on snippets counted by hand; and the tree held to what it has reached."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from tests import house

# What the tree has reached. Only ever make these stricter: they end at `house.TARGETS`.
HELD: dict[str, tuple[str, float]] = {
    "function_length_p95": ("at most", 36),
    "function_length_max": ("at most", 100),
    "docstring_share": ("at least", 0.95),
    "one_letter_share": ("at most", 0.02),
    "participle_share": ("at most", 0.004),
    "fmt_skip_per_1000": ("at most", 0),
    "conditional_expressions_per_1000": ("at most", 3.5),
    "branches_p95": ("at most", 9),
    "long_line_share": ("at most", 0.015),
    "comment_share": ("at least", 0.016),
    "largest_folder": ("at most", 16),
}
HELD_IN_TESTS: dict[str, tuple[str, float]] = {
    "one_letter_share": ("at most", 0.05),
    "participle_share": ("at most", 0.04),
    "fmt_skip_per_1000": ("at most", 0),
    "long_line_share": ("at most", 0.019),
    "words_in_a_test_name": ("at least", 8),
}


def tally_of(source: str, path: str = "services/ledger/snippet.py") -> house.Tally:
    tally = house.Tally()
    house.count(dedent(source).lstrip("\n"), path, tally)
    return tally


def names_of(source: str) -> list[str]:
    return sorted(name for name, _ in house.bound_names(ast.parse(dedent(source))))


def test_every_way_of_binding_a_name_is_counted_once() -> None:
    source = """
    def judge(self, alert, *rest, at=None, **more):
        with open(alert) as file:
            first, (second, *others) = file
        for line in file:
            total += line
        try:
            [word for word in line if (size := len(word))]
        except OSError as error:
            pass
        match line:
            case {"key": value, **fields}:
                pass
            case [head, *tail] as whole:
                pass
    """
    assert names_of(source) == sorted(
        [
            "alert",
            "rest",
            "at",
            "more",
            "file",
            "first",
            "second",
            "others",
            "line",
            "total",
            "word",
            "size",
            "error",
            "value",
            "fields",
            "head",
            "tail",
            "whole",
        ]
    )


def test_self_cls_and_the_name_for_nothing_are_not_counted() -> None:
    assert names_of("def at(self, cls, _): _ = 1") == []


def test_names_that_are_only_read_are_not_counted() -> None:
    assert names_of("print(x.y[z])") == []


def test_one_letter_names_and_participles_have_their_line() -> None:
    tally = tally_of(
        """
        def judge(events):
            n = 1
            said = events
            _found = said
        """
    )
    assert [str(place) for place in tally.one_letter_names] == ["services/ledger/snippet.py:2: n"]
    assert [place.text for place in tally.participle_names] == ["said", "_found"]
    assert tally.bound_names == 4
    assert tally.figures()["one_letter_share"] == 1 / 4
    assert tally.figures()["participle_share"] == 2 / 4


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("pass", 0),
        ("if a: pass", 1),
        ("if a: pass\n    elif b: pass\n    else: pass", 2),
        ("for a in b: pass", 1),
        ("while a: pass", 1),
        ("try: pass\n    except A: pass\n    except B: pass", 2),
        ("with a: pass", 0),
        ("match a:\n        case 1: pass\n        case 2: pass", 2),
        ("return a if b else c", 1),
        ("return a and b", 1),
        ("return a and b and c or d", 3),
        ("return [a for a in b]", 1),
        ("return {a for b in c for a in b if a if b}", 4),
        ("def inner():\n        if a: pass", 0),
        ("return lambda: a or b", 1),
    ],
)
def test_branches_of_a_function_are_what_a_reader_keeps_in_mind(body: str, expected: int) -> None:
    function = ast.parse(f"def outer():\n    {body}\n").body[0]
    assert house.branches(function) == expected


def test_a_functions_length_has_its_docstring_and_not_its_decorators() -> None:
    tally = tally_of(
        '''
        @decorated
        def four_lines(
        ):
            """Says."""
            return 1
        '''
    )
    assert [place.weight for place in tally.function_lengths] == [4]


def test_public_definitions_are_those_that_somebody_else_may_call() -> None:
    tally = tally_of(
        '''
        def public(): pass
        def documented():
            """Says."""
            def nested(): pass
        def _private(): pass
        class Alert:
            """Says."""
            def raised(self): pass
            def __eq__(self, other): pass
        class _Hidden:
            def shown(self): pass
        '''
    )
    assert [place.text for place in tally.undocumented] == ["public", "Alert.raised"]
    assert tally.public_definitions == 4
    assert tally.figures()["docstring_share"] == 0.5


def test_a_nested_conditional_expression_is_two_and_stands_first_among_the_worst() -> None:
    tally = tally_of("x = a if b else c\ny = a if b else c if d else e\n")
    assert len(tally.conditional_expressions) == 3
    first = house.worst(tally, 1)["conditional expressions, nested first"][0]
    assert first.line == 2
    assert tally.figures()["conditional_expressions_per_1000"] == 1500


def test_a_comment_line_is_one_that_says_something_and_holds_nothing_else() -> None:
    tally = tally_of(
        """
        # why
        x = 1  # beside code
        # noqa: E501
        # type: ignore
        y = "# a string"
            # indented: why
        """
    )
    assert tally.comment_lines == 2


def test_fmt_skip_and_long_lines_are_found_where_they_stand() -> None:
    tally = tally_of(f"x = 1  # fmt: {'skip'}\ny = '{'a' * 94}'\nz = '{'a' * 95}'\n")
    assert [place.line for place in tally.fmt_skips] == [1]
    assert [(place.line, place.weight) for place in tally.long_lines] == [(3, 101)]
    assert [len(line) for line in (f"y = '{'a' * 94}'",)] == [100]


def test_imports_are_counted_between_packages_and_not_within_one() -> None:
    tally = tally_of(
        """
        import services.runtime.clock
        from schemas.codes import Grade
        from schemas import events
        from services.ledger import store
        from services import liaison
        import json
        """
    )
    assert tally.imports == {
        ("services.ledger", "services.runtime"): 1,
        ("services.ledger", "schemas"): 2,
        ("services.ledger", "services.liaison"): 1,
    }


def test_folders_are_counted_without_the_file_that_makes_them_packages() -> None:
    tally = house.Tally()
    for name in ("__init__.py", "alert.py", "thread.py"):
        house.count("", f"services/liaison/{name}", tally)
    house.count("", "services/relay/app.py", tally)
    assert house.folders_of(tally) == {"services/liaison": 2, "services/relay": 1}
    assert tally.figures()["largest_folder"] == 2


def test_words_in_a_tests_name() -> None:
    tally = tally_of(
        "def test_one_two(): pass\ndef test_one_two_three_four(): pass\ndef helper(): pass"
    )
    assert tally.figures()["words_in_a_test_name"] == 3


@pytest.mark.parametrize(
    ("values", "expected"),
    [([], 0), ([7], 7), (list(range(1, 101)), 95), (list(range(1, 21)), 19), ([1, 2], 2)],
)
def test_the_percentile_is_the_smallest_value_that_covers_the_share(
    values: list[int], expected: int
) -> None:
    assert house.percentile(values) == expected


def test_a_figure_beyond_its_limit_is_said_with_the_limit() -> None:
    limits: dict[str, tuple[str, float]] = {"up": ("at most", 2), "down": ("at least", 2)}
    assert house.missed({"up": 2, "down": 2}, limits) == []
    assert house.missed({"up": 3, "down": 1}, limits) == [
        "up is 3 and should be at most 2",
        "down is 1 and should be at least 2",
    ]


def test_the_product_is_held_to_what_it_has_reached() -> None:
    figures = house.measure([house.ROOT / path for path in house.DEFAULT_PATHS]).figures()
    assert figures["files"] > 200
    assert house.missed(figures, HELD) == [], "`make house` and `--worst 20` say where"


def test_the_tests_are_held_to_what_they_have_reached() -> None:
    figures = house.measure([house.ROOT / "tests"]).figures()
    assert figures["files"] > 100
    assert house.missed(figures, HELD_IN_TESTS) == [], "`python -m tests.house tests --worst 20`"


def test_the_script_measures_a_folder_and_names_its_worst(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.py").write_text("said = 1 if 2 else 3\n", encoding="utf-8")
    assert house.main([str(tmp_path), "--json", "--worst", "1"]) == 0
    printed = capsys.readouterr().out
    assert '"participle_share": 1.0' in printed
    assert "bad.py:1: said" in printed
    assert house.main([str(tmp_path), "--worst", "1"]) == 0
    assert "bad.py:1: said" in capsys.readouterr().out
