"""What one item would decide whom a possible match is about, and that it does decide it once it is told."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas.person import PersonDescriptor
from services.identity.decide import decide
from services.identity.missing import ASKING, FIELD_OF, deciding_item
from services.identity.model import shipped
from services.identity.person import IdentityDecision, Item, PersonOnFile

SHE: dict[str, Any] = {
    "nhs_number": "9990000018",
    "nhs_number_status": "01",
    "names": [{"given": "Zofia", "family": "Nowak"}],
    "date_of_birth": "1985-09-14",
    "addresses": [{"postcode": "SE5 8AZ"}],
    "sex": "female",
}
A_MILLION = 1_000_000
FIELDS_OF: dict[Item, tuple[str, ...]] = {
    Item.GIVEN_NAME: ("names",),
    Item.FAMILY_NAME: ("names",),
    Item.DATE_OF_BIRTH: ("date_of_birth",),
    Item.POSTCODE: ("addresses",),
    Item.NHS_NUMBER: ("nhs_number", "nhs_number_status"),
}


def decided(fields: dict[str, Any], **person: Any) -> IdentityDecision:
    event = PersonDescriptor.model_validate(fields)
    on_file = PersonOnFile("zofia", (PersonDescriptor.model_validate(SHE | person),))
    return decide(event, [on_file], as_of=date(2026, 11, 26))


SENT: dict[str, tuple[dict[str, Any], Item]] = {
    "a surname, a birthday and a home": (
        {"names": [{"family": "Nowak"}], "date_of_birth": "1985-09-14"}
        | {"addresses": SHE["addresses"]},
        Item.GIVEN_NAME,
    ),
    "another's given name": (
        {"names": [{"given": "Agata", "family": "Nowak"}], "date_of_birth": "1985-09-14"}
        | {"addresses": SHE["addresses"]},
        Item.GIVEN_NAME,
    ),
    "both names alone, and the area": (
        {"names": SHE["names"], "addresses": [{"postcode": "SE5 9ZZ"}]},
        Item.DATE_OF_BIRTH,
    ),
}


@pytest.mark.parametrize("case", SENT, ids=list(SENT))
def test_the_item_that_is_asked_for_decides_it(case: str) -> None:
    """Told as the register holds it, the same event is attached: the control of what is promised."""
    fields, item = SENT[case]
    decision = decided(fields)
    assert decision.outcome == "possible"
    assert deciding_item(decision, shipped(), A_MILLION) is item
    told = fields | {field: SHE[field] for field in FIELDS_OF[item]}
    assert decided(told).outcome == "attached"


def test_a_number_that_contradicts_is_to_be_checked_and_nothing_else_helps() -> None:
    decision = decided(SHE | {"nhs_number": "9990000026"})
    assert decision.rule == "nhs-number-contradicts"
    assert deciding_item(decision, shipped(), A_MILLION) is Item.NHS_NUMBER


def test_who_is_attached_or_unknown_is_asked_nothing() -> None:
    attached = decided(SHE)
    unknown = decided({"names": [{"given": "Kwabena", "family": "Asante"}]})
    assert [d.outcome for d in (attached, unknown)] == ["attached", "unknown"]
    assert [deciding_item(d, shipped(), A_MILLION) for d in (attached, unknown)] == [None, None]


def test_every_item_has_a_question_and_a_field() -> None:
    for table in (ASKING, FIELD_OF, FIELDS_OF):
        missing = set(Item) - set(table)
        assert not missing, f"decide what is asked for {missing}, and of which field it speaks"


def test_nothing_of_the_person_proposed_is_in_the_question() -> None:
    decision = decided(SENT["a surname, a birthday and a home"][0])
    item = deciding_item(decision, shipped(), A_MILLION)
    assert item is not None
    question = ASKING[item]
    for word in ("Zofia", "Nowak", "1985", "SE5"):
        assert word not in question.to_sender + question.next_question
