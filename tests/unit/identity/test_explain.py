"""The waterfall adds up to the weight that was decided on, and the decision is the matcher's own."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.person import PersonDescriptor
from services.identity.decide import decide
from services.identity.described import described
from services.identity.explain import Explanation, explain, lines
from services.identity.model import Frequencies, shipped
from services.identity.person import PersonOnFile
from services.identity.score import Scorer

DAY = date(2026, 11, 25)


def person(
    given_name: str, family: str, born: str, postcode: str, phone: str | None = None
) -> PersonDescriptor:
    return PersonDescriptor.model_validate(
        {
            "names": [{"given": given_name, "family": family}],
            "date_of_birth": born,
            "addresses": [{"postcode": postcode}],
            "phones": [phone] if phone else [],
        }
    )


ON_FILE = {
    "zofia": person("Zofia", "Nowak", "1985-09-14", "SE5 8AZ", "+447700900123"),
    "ania": person("Ania", "Nowak", "1987-01-30", "SE5 8AZ"),
    "tunde": person("Tunde", "Okafor", "1988-02-28", "E1 4NS"),
}


def explained(descriptor: PersonDescriptor) -> Explanation:
    people = {identifier: described([person]) for identifier, person in ON_FILE.items()}
    return explain(
        described([descriptor]), people, Scorer(shipped(), Frequencies(), DAY), shipped().population
    )


@pytest.mark.parametrize(
    "descriptor",
    [
        ON_FILE["zofia"],
        person("Zosia", "Nowak", "1985-09-14", "SE5 8AZ"),
        person("Jan", "Nowak", "1999-09-09", "SE5 8AZ"),
        person("Mei", "Chen", "1971-03-04", "W2 1NY"),
    ],
)
def test_the_steps_add_up_and_the_verdict_is_the_matchers(descriptor: PersonDescriptor) -> None:
    explanation = explained(descriptor)
    live = decide(
        descriptor,
        [PersonOnFile(identifier, (person,)) for identifier, person in ON_FILE.items()],
        as_of=DAY,
    )
    assert explanation.rule == live.rule
    assert (explanation.verdict == "attach") == (live.outcome == "attached")
    for candidate in explanation.candidates:
        assert candidate.start + sum(step.bits for step in candidate.steps) == pytest.approx(
            candidate.total
        )
        assert candidate.steps[-1].running == pytest.approx(candidate.total)
    totals = [candidate.total for candidate in explanation.candidates]
    assert totals == sorted(totals, reverse=True)


def test_a_relative_is_shown_with_the_veto_that_keeps_them_apart() -> None:
    explanation = explained(person("Jan", "Nowak", "1985-09-14", "SE5 8AZ"))
    assert explanation.candidates[0].person_id == "zofia"
    assert explanation.candidates[0].veto == "family-guard"


def test_what_is_printed_names_levels_and_never_what_anybody_is_called() -> None:
    text = "\n".join(lines(explained(ON_FILE["zofia"])))
    assert "decision: attach (FHIR grade: certain)" in text
    assert "postcode" in text
    assert not [
        word
        for word in ("Zofia", "Nowak", "SE5", "1985")
        if word.lower() in text.lower().replace("zofia:", "")
    ]
