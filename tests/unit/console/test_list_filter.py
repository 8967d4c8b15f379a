"""Which alerts a URL chooses."""

from __future__ import annotations

import pytest

from services.console.view.list_filter import ListFilter


@pytest.mark.parametrize(
    ("show", "urgency", "page"),
    [
        ("", [], ""),
        ("nonsense", ["9", "x"], "0"),
        ("open", ["-1"], "²"),
        ("open", [], "99999999"),
        ("open", [], "1e3"),
    ],
)
def test_a_url_that_says_nothing_sensible_chooses_everything_open(
    show: str, urgency: list[str], page: str
) -> None:
    assert ListFilter.of("AB@las", show, urgency, page) == ListFilter("AB@las")


def test_a_choice_can_be_read_back_from_its_own_url() -> None:
    choice = ListFilter.of("AB@las", "mine", ["2", "1"], "3")
    assert choice.query() == "?show=mine&urgency=1&urgency=2&page=3"
    assert choice.query(page=1) == "?show=mine&urgency=1&urgency=2"
    assert ListFilter("AB@las").query() == ""


def test_only_the_first_page_of_what_is_open_is_live() -> None:
    assert ListFilter("x").live
    assert not ListFilter("x", page=2).live
    assert not ListFilter("x", show="ended").live
