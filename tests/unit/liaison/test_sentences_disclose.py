"""Prose is disclosure (invariant 13): of every alert of every scenario, no sentence that a desk reads holds anything of an
item that the matrix denies that desk.

The words by which an item is recognised are written here from the table of the domain reference (§5.1), not taken from the
code that says them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from schemas.codes import CrisisIndicator
from schemas.scenario import load_scenario
from services.liaison.crisis.facts import Crisis
from services.liaison.disclosure import addressing, matrix
from services.liaison.disclosure.matrix import allowed
from services.liaison.disclosure.table import ITEMS
from services.liaison.disclosure.words import CrisisWords, Item
from services.liaison.finding import DeskRole, Standing
from services.liaison.policy import load_policy
from services.liaison.rules.shared.signs import INDICATOR_TELLS, INDICATOR_WORDS
from services.simulation.replay import run
from tests.own_registry import own_registry

FOLDER = Path(__file__).parents[2] / "scenarios"
FILES = sorted(
    file
    for file in (*FOLDER.glob("*.yaml"), *(FOLDER / "casebook").glob("*.yaml"))
    # a day of ordinary calls is long, and says nothing that the others do not
    if file.stat().st_size < 60_000
)

SIGNS = (
    "hot to touch|breathless|cannot breathe|exhausted|suddenly calm|does not respond|agitation"
    "|sweating|feels no pain|bleeding|overdose|swallowed something|head injury"
)
WORDS: dict[Item, str] = {
    "signs": SIGNS,
    # what says that somebody is in danger is a risk to self: the rest of what the police are there for
    "police-reason": r"disturbance|traffic|a police matter|missing person|\bcrime\b",
    "known-to-services": r"known to mental|care episode|mental-health trust\b|a crisis plan|what helps",
    "crisis-plan": r"\bcrisis plan|what helps and what",
    "crisis-plan-pointer": r"urn:",
    "risk-to-self": r"suicid|self-harm|risk to (life|self)|risk is graded|imminent risk|^risk:",
    "risk-to-responders": r"responders|weapon|violen",
    "legal-status": r"\bs13[56]\b|section 13[56]|detained|detention|place of safety|custody|retaken",
    "force-log": r"handcuff|taser|irritant|baton|spit guard|physical-restraint|ground-restraint|firearm",
    "force-clinical": r"restrain|prone",
    "family-contact": r"\b(family|carer|nearest relative|next of kin)\b",
    "identity-certainty": r"possibly a person|identity is not confirmed",
    "description": r"\d+ years|looks \d+|\bmale\b|\bfemale\b",
    "call-back": r"\b0\d{2,4} \d{3,4} \d{3,4}|\b07\d{9}|\+44",
    "location": r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\b(Road|Street|Lane|Avenue)\b|uprn",
}
"""How each item reads in prose; who is there is recognised by the call signs of the crisis itself."""

OF_THE_FORCE: dict[Item, tuple[Item, ...]] = {
    # position and signs are among the clinical facts of a restraint; the log holds all of it
    "signs": ("force-clinical", "force-log"),
    "force-clinical": ("force-log",),
}
"""By which other item the same words may be told."""

NOT_GIVEN_AWAY: dict[tuple[DeskRole, Item], str] = {
    ("mental-health-crisis", "known-to-services"): "§5.1: it is the trust's own record",
    ("mental-health-supervisor", "known-to-services"): "§5.1: it is the trust's own record",
}

Read = tuple[Standing, DeskRole, Crisis, frozenset[Item], tuple[str, ...]]


def _sentences(view: dict[str, Any]) -> tuple[str, ...]:
    evidence = [item["statement"] for item in view.get("evidence", ())]
    prose = (view["title"], view["next_step"], view.get("reason", ""), view.get("headline", ""))
    return (*prose, *evidence)


@pytest.fixture(scope="module")
def everything_read() -> list[Read]:
    """What every desk reads of every alert of every scenario."""
    reads: list[Read] = []

    def read(
        standing: Standing,
        role: DeskRole,
        crisis: Crisis | None,
        agency: str,
        words: CrisisWords | None,
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        shown, items = matrix.view(standing, role, crisis, agency, words)
        if crisis is not None:
            permitted = frozenset(allowed(role, standing, crisis))
            reads.append((standing, role, crisis, permitted, _sentences(shown)))
        return shown, items

    registry, policy = own_registry(), load_policy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addressing, "view", read)
        for file in FILES:
            run(load_scenario(file), registry, policy)
    return reads


def denied(reads: Collection[Read]) -> dict[tuple[str, DeskRole, Item], set[str]]:
    """Sentences with something that the desk may not be told, by rule, role and item."""
    told: dict[tuple[str, DeskRole, Item], set[str]] = defaultdict(set)
    for standing, role, crisis, permitted, sentences in reads:
        rule = standing.finding.rule
        for item, words in WORDS.items():
            if item in permitted or not permitted.isdisjoint(OF_THE_FORCE.get(item, ())):
                continue
            if (role, item) in NOT_GIVEN_AWAY:
                continue
            for sentence in sentences:
                if re.search(words, sentence, re.IGNORECASE):
                    told[rule, role, item].add(sentence)
        if "units" not in permitted:
            call_signs = {unit.call_sign for unit in crisis.units}
            for sentence in sentences:
                if any(re.search(rf"\b{re.escape(sign)}\b", sentence) for sign in call_signs):
                    told[rule, role, "units"].add(sentence)
    return told


@pytest.mark.timeout(900)
def test_no_sentence_holds_what_the_matrix_denies_the_desk_that_reads_it(
    everything_read: list[Read],
) -> None:
    rules = {standing.finding.rule for standing, *_ in everything_read}
    assert len(rules) >= 28, "a test of few rules is none"
    told = denied(everything_read)
    assert {"-".join(key): sentences for key, sentences in told.items()} == {}


def test_every_item_is_denied_to_somebody(everything_read: list[Read]) -> None:
    """Who refused to share a plan is among them, and every item is denied to somebody."""
    for item in WORDS:
        assert any(item not in permitted for *_, permitted, _ in everything_read), item
    refused = [crisis for _, _, crisis, *_ in everything_read if matrix.plan_refused(crisis)]
    assert refused


@pytest.mark.parametrize("guard", ["evidence", "words"])
def test_what_the_matrix_denies_would_be_noticed(everything_read: list[Read], guard: str) -> None:
    """Control: the same sentences unfiltered, as the record has them."""
    unfiltered = []
    for standing, role, crisis, permitted, _ in everything_read:
        finding = standing.finding
        sentences = tuple(item.statement for item in finding.evidence)
        if guard == "words":
            sentences = (finding.title, finding.reason)
        unfiltered.append((standing, role, crisis, permitted, sentences))
    noticed = {item for _, _, item in denied(unfiltered)}
    expected: dict[str, set[Item]] = {
        "evidence": {"crisis-plan", "force-log", "known-to-services"},
        "words": {"crisis-plan", "known-to-services"},
    }
    assert expected[guard] <= noticed


@pytest.mark.parametrize("kind", CrisisIndicator)
def test_every_sign_has_words_and_says_what_it_tells(kind: CrisisIndicator) -> None:
    assert INDICATOR_WORDS[kind]
    assert "-" not in INDICATOR_WORDS[kind].replace("self-harm", "")
    assert INDICATOR_TELLS[kind] <= set(ITEMS)
