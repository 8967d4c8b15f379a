"""A gap between groups is named, and said to be more than chance only where it is."""

from __future__ import annotations

import pytest

from services.identity.training.evaluation import Figures, Outcome, Rate, figures, findings

ALL = 200_000


def of_group(name: str, wrong: int, events: int) -> Figures:
    none = Rate(0, events)
    return Figures(name, events, none, Rate(wrong, events), none, none, none)


@pytest.mark.parametrize(
    ("wrong", "events", "sentence"),
    [
        (
            2,
            1_844,
            "no: wrong 10.8 per 10,000 events, the whole 2.9 (too few events to tell it from chance)",
        ),
        (3, 1_844, "no: wrong 16.3 per 10,000 events, the whole 2.9"),
        (8, 20_000, None),
    ],
    ids=["two events", "three of as many", "less than 1.5 times as often"],
)
def test_a_gap_that_chance_alone_may_make_says_so(
    wrong: int, events: int, sentence: str | None
) -> None:
    sentences = findings([of_group("all", 57, ALL), of_group("no", wrong, events)])
    assert sentences == ([sentence] if sentence else [])


def test_the_interval_by_itself_would_call_two_events_more_than_chance() -> None:
    assert of_group("no", 2, 1_844).wrong.interval[0] > Rate(57, ALL).share


def test_where_nobody_is_wrong_there_is_no_finding() -> None:
    right = figures([Outcome("attach", "p", "p")])
    assert findings([right, right]) == []
