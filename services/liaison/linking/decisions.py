"""What people decided about which subjects are one crisis, kept against whatever is said later.

A subject of a log about several people goes by the reference of their detention, and what is said
later may give it another name: the detention turns out to be that of whom the log describes, or a
second detention parts a log that was one person's. So a decision is about every name that the
subject had then, and counts for whoever has that name now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from services.liaison.linking.sighting import Key

LinkVerdict = Literal["separated", "joined"]


@dataclass(frozen=True, slots=True)
class LinkDecision:
    """What a person decided about two subjects. `left` sorts before `right`."""

    left: Key
    right: Key
    verdict: LinkVerdict
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class PairsDecided:
    """The pairs of subjects of whom people have decided, by the names they have now."""

    separated: frozenset[frozenset[Key]] = frozenset()
    joined: frozenset[frozenset[Key]] = frozenset()


def pairs_decided(decisions: Iterable[LinkDecision], names: Mapping[Key, Key]) -> PairsDecided:
    """The newest word about each pair. `names` gives who goes by a name now; a decision about a
    name by which nobody goes any more waits.
    """
    verdicts: dict[frozenset[Key], LinkVerdict] = {}
    # two names may have become one subject's: then what was decided last counts
    ordered = sorted(decisions, key=lambda one: (one.decided_at, one.left, one.right))
    for decision in ordered:
        left, right = names.get(decision.left), names.get(decision.right)
        if left is not None and right is not None and left != right:
            verdicts[frozenset({left, right})] = decision.verdict
    separated: set[frozenset[Key]] = set()
    joined: set[frozenset[Key]] = set()
    for pair, verdict in verdicts.items():
        match verdict:
            case "separated":
                separated.add(pair)
            case "joined":
                joined.add(pair)
            case _:
                assert_never(verdict)
    return PairsDecided(frozenset(separated), frozenset(joined))
