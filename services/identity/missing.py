"""Of whom it is not sure that they are meant: the one item that would decide it, and how to ask for
it.

A queue of possible people is nobody's night. Who sent the event can often say one thing more at
once, and whoever is on the telephone can ask. What is told here are names of fields, never anything
of the person proposed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log2

from services.identity.decide import attach_at, prior_of, veto
from services.identity.described import Described
from services.identity.model import Model
from services.identity.person import FieldEvidence, IdentityDecision, Item
from services.identity.score import GIVEN_EVIDENCE, Score

FIELD_OF: Mapping[Item, str] = {
    Item.GIVEN_NAME: "given",
    Item.FAMILY_NAME: "family",
    Item.DATE_OF_BIRTH: "birth",
    Item.POSTCODE: "postcode",
    Item.NHS_NUMBER: "nhs_number",
}
"""The field of the evidence that an item speaks for."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The same question to two readers."""

    to_sender: str
    """For the receipt."""
    next_question: str
    """For the desk, to whoever is on the telephone or beside the person."""


ASKING: Mapping[Item, Asking] = {
    Item.GIVEN_NAME: Asking(
        "Send the given name in full: without it a person cannot be told from a relative.",
        "What is the first name, in full?",
    ),
    Item.FAMILY_NAME: Asking(
        "Send the family name: a given name alone fits several people.", "What is the surname?"
    ),
    Item.DATE_OF_BIRTH: Asking(
        "Send the date of birth, or check the one that was sent: it would decide whom this is about.",
        "What is the date of birth? Day, month and year.",
    ),
    Item.POSTCODE: Asking(
        "Send the postcode of the home: it would decide whom this is about.",
        "What is the postcode of their home?",
    ),
    Item.NHS_NUMBER: Asking(
        "Send the NHS number, traced: nothing else that is usually sent would decide whom this is about.",
        "Is there an NHS number, on a letter or in the NHS App?",
    ),
}


def deciding_item(decision: IdentityDecision, model: Model, population: int) -> Item | None:
    """The first item that, told and agreeing, would attach the likeliest person; None where the
    decision is not `possible`, or where no item would do it alone.

    `population` as for `decide_scored`. Where several people fit, an item that already agrees does
    not tell them apart, and one that does not is taken to be only the likeliest's.
    """
    if decision.outcome != "possible":
        return None
    levels = {item.field: item.level for item in decision.evidence}
    for item, field in FIELD_OF.items():
        if levels.get(field, "absent") == "exact" or _forbidden(decision, item):
            continue
        score = _if_told(decision, field, model)
        weight = score.weight - prior_of(population)
        described = Described(nhs_verified=item is Item.NHS_NUMBER)
        if weight >= attach_at(model, population) and veto(score, described) is None:
            return item
    return None


NO_ITEM_HELPS = frozenset({"separated-by-a-person", "deceased"})
"""Only a person can settle these."""


def _forbidden(decision: IdentityDecision, item: Item) -> bool:
    if decision.rule in NO_ITEM_HELPS:
        return True
    # another number was sent: it is to be checked, and nothing beside it helps
    return decision.rule == "nhs-number-contradicts" and item is not Item.NHS_NUMBER


def _if_told(decision: IdentityDecision, field: str, model: Model) -> Score:
    """The likeliest person's score with one field told and agreeing, its value as common as the
    model supposes.
    """
    surprise = -log2(model.defaults[field]) if field in model.defaults else 0.0
    agreeing = FieldEvidence(field, "exact", model.bits(field, "exact", surprise))
    others = tuple(item for item in decision.evidence if item.field != field)
    evidence = (*others, agreeing)
    given_level = next((item.level for item in evidence if item.field == "given"), "absent")
    relatives_name = decision.rule == "family-guard" and given_level == "nickname"
    score = Score(
        decision.candidates[0],
        sum(item.weight or 0.0 for item in evidence),
        evidence,
        given_level in GIVEN_EVIDENCE,
        relatives_name,
    )
    if field in {"given", "family"}:
        # the name now agrees as it stands: what was taken off for its order or for other names
        # falls away
        kept = tuple(item for item in evidence if item.field not in {"name_order", "aliases"})
        return replace(score, evidence=kept, weight=sum(item.weight or 0.0 for item in kept))
    return score
