"""Every word a screen may ask for is there: for each member of a vocabulary, each refusal, and each
key a template names."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from schemas.codes import LegalStatus, Sex
from services.console.pages.shift import SHIFTS
from services.console.pages.supervision import STRETCHES
from services.console.view.list_filter import URGENCIES
from services.console.view.text import TEXT, TOPICS
from services.console.view.text import vocabulary as words
from services.console.view.text.script import SCRIPT
from services.identity.model import shipped
from services.identity.person import Outcome as Identity
from services.ledger.alerts.desk import SHOWS, Outcome
from services.ledger.feeds import Trouble
from services.ledger.operators.break_glass import FINDINGS
from services.ledger.operators.roles import ROLES
from services.liaison.alert.commands import DECLINE_REASONS
from services.liaison.alert.states import KINDS, STATES
from services.liaison.catalogue import Basis, Certainty
from services.liaison.finding import DeskRole
from services.orchestration.decisions.common import Effect
from services.orchestration.ledger import ReviewVerdict

SERVICES = Path(__file__).parents[3] / "services"
CONSOLE = SERVICES / "console"
TEMPLATES = {path.name: path.read_text("utf-8") for path in CONSOLE.glob("templates/*.html")}
SCRIPTS = {path.name: path.read_text("utf-8") for path in CONSOLE.glob("static/*.js")}
MODEL = shipped()
BESIDE_THE_MODEL = {"name_pair", "name_order", "aliases"}
"""Fields of which a comparison speaks although the model has no levels of them."""


def literals(module: str) -> Iterator[tuple[ast.AST, ast.Constant]]:
    """Every text of a module of services, with what it stands in."""
    for parent in ast.walk(ast.parse((SERVICES / module).read_text("utf-8"))):
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.Constant) and isinstance(child.value, str):
                yield parent, child


def grounds_left_open() -> set[str]:
    """Why the matcher leaves it to a person: what `veto` and its second step give, and what goes
    with `many` and `possible`."""
    tree = ast.parse((SERVICES / "identity/decide.py").read_text("utf-8"))
    grounds: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in {"veto", "_too_little"}:
            grounds += [
                each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value
            ]
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Decided":
            verdict, ground = node.args[:2]
            if isinstance(verdict, ast.Constant) and verdict.value in {"many", "possible"}:
                grounds += list(ast.walk(ground))
    return {
        ground.value
        for ground in grounds
        if isinstance(ground, ast.Constant) and isinstance(ground.value, str)
    }


TABLES: Mapping[str, tuple[Mapping[Any, str], Collection[Any]]] = {
    "URGENCY": (words.URGENCY, URGENCIES),
    "SHAPES": (words.SHAPES, URGENCIES),
    "TRANSITIONS": (words.TRANSITIONS, KINDS),
    "STATES": (words.STATES, STATES),
    "OUTCOMES": (words.OUTCOMES, get_args(Outcome)),
    "FEED_TROUBLES": (words.FEED_TROUBLES, get_args(Trouble)),
    "REASONS": (words.REASONS, DECLINE_REASONS),
    "ROLE_NAMES": (words.ROLE_NAMES, ROLES),
    "LEGAL_STATUSES": (words.LEGAL_STATUSES, [status.value for status in LegalStatus]),
    "SEXES": (words.SEXES, get_args(Sex)),
    "BASES": (words.BASES, get_args(Basis)),
    "CERTAINTIES": (words.CERTAINTIES, get_args(Certainty)),
    "DESK_ROLES": (words.DESK_ROLES, get_args(DeskRole)),
    "FIELDS": (words.FIELDS, MODEL.levels.keys() | BESIDE_THE_MODEL),
    "LEVELS": (
        words.LEVELS,
        {level for levels in MODEL.levels.values() for level in levels} | {"common", "turned"},
    ),
    "OPEN_BECAUSE": (words.OPEN_BECAUSE, grounds_left_open() | {"incidents-disagree"}),
}
FAMILIES: Mapping[str, Collection[str]] = {
    "show_": SHOWS,
    "told_": get_args(Outcome),
    "certainty_": get_args(Identity),
    "verdict_": get_args(ReviewVerdict),
    "judged_": ["agreed", "disagreed", "cannot-tell"],
    "finding_": FINDINGS,
    "link_": ["same", "different"],
    "preview_": ["take-out", "move", "join", *get_args(Effect)],
    "stretch_": [*STRETCHES, *SHIFTS],
    "key_": re.findall(r"^  (\w+): \"Alt", SCRIPTS["keys.js"], re.MULTILINE),
    "theme_": ["auto", "light", "dark", "contrast"],
}
"""Keys of TEXT that a template puts together: what they begin with, and the members."""


@pytest.mark.parametrize("table", TABLES)
def test_a_table_of_words_has_every_member_and_no_other(table: str) -> None:
    texts, members = TABLES[table]
    missing = sorted(set(members) - texts.keys(), key=str)
    assert not missing, (
        f"view/text/vocabulary.py {table} has no words for {missing}: decide what the screen says"
    )
    former = sorted(texts.keys() - set(members), key=str)
    assert not former, f"view/text/vocabulary.py {table} still has words for {former}"


@pytest.mark.parametrize("prefix", FAMILIES)
def test_a_family_of_texts_has_every_member(prefix: str) -> None:
    missing = [member for member in FAMILIES[prefix] if f"{prefix}{member}" not in TEXT]
    assert not missing, (
        f"view/text has no {prefix}… for {missing}: decide what the screen says of each"
    )


def test_a_member_without_words_is_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = {state: text for state, text in words.STATES.items() if state != "shelved"}
    monkeypatch.setitem(TABLES, "STATES", (fewer, STATES))
    with pytest.raises(AssertionError, match=r"STATES has no words for \['shelved'\]: decide"):
        test_a_table_of_words_has_every_member_and_no_other("STATES")


def test_a_key_stands_in_one_topic() -> None:
    times = Counter(key for topic in TOPICS for key in topic.TEXT)
    assert [key for key, count in times.items() if count > 1] == []


def test_every_key_that_a_template_names_is_there() -> None:
    asked = {
        (name, dotted or quoted)
        for name, source in TEMPLATES.items()
        for dotted, quoted in re.findall(r"\bt\.([a-z_0-9]+)|\bt\[\"([^\"]+)\"\]", source)
    }
    missing = sorted(f"{name}: {key}" for name, key in asked if key not in TEXT)
    assert not missing, f"these templates name a text that is not there: {missing}"


def test_every_key_that_a_script_names_is_there() -> None:
    asked = {
        (name, key)
        for name, source in SCRIPTS.items()
        for key in re.findall(r"\btext\.([a-z_]+)\b", source)
    }
    missing = sorted(f"{name}: {key}" for name, key in asked if key not in SCRIPT)
    assert not missing, f"these scripts name a text that is not there: {missing}"


def refusals() -> set[tuple[str, str]]:
    """Module and key of every refusal: the second argument of `Refused`, the only one of
    `SignInRefused`."""
    modules = [path.relative_to(SERVICES).as_posix() for path in CONSOLE.rglob("*.py")]
    return {
        (module, str(text.value))
        for module in modules
        for parent, text in literals(module)
        if isinstance(parent, ast.Call)
        if getattr(parent.func, "id", "") in {"Refused", "SignInRefused", "id_of", "number_of"}
    }


def test_every_refusal_is_a_sentence() -> None:
    assert len(refusals()) > 15, "the refusals are no longer found where they were"
    missing = sorted(f"{module}: {key}" for module, key in refusals() if key not in TEXT)
    assert not missing, f"these refusals have no sentence in view/text: {missing}"
