"""What is kept of a record decides as the record itself would."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.events.care import PersonDied
from schemas.person import PersonDescriptor
from services.identity.decide import described_once
from services.identity.known import candidate_of, known_of
from services.identity.register import LocalRecord, people_of

NAMES = st.fixed_dictionaries(
    {"given": st.sampled_from(["Zofia", "Ann"]), "family": st.sampled_from(["Nowak", "Lee"])}
)
DESCRIPTORS = st.builds(
    lambda **fields: PersonDescriptor.model_validate(
        {key: value for key, value in fields.items() if value is not None}
    ),
    nhs_number=st.sampled_from([None, "9990000018"]),
    nhs_number_status=st.sampled_from(["01", "02"]),
    names=st.lists(NAMES, max_size=2),
    date_of_birth=st.sampled_from([None, date(1985, 9, 14), date(1990, 1, 1)]),
    sex=st.sampled_from([None, "male", "female", "other"]),
    apparent_age=st.sampled_from([None, 0, 40]),
    ethnicity=st.sampled_from([None, "A"]),
    addresses=st.lists(
        st.fixed_dictionaries({"postcode": st.sampled_from(["SE5 8AZ", "ZZ99 3VZ"])}), max_size=1
    ),
    phones=st.lists(st.sampled_from(["+447700900123"]), max_size=1),
    restricted=st.sampled_from([None, True]),
)


@given(
    st.lists(st.lists(DESCRIPTORS, min_size=1, max_size=3), min_size=1, max_size=3), st.booleans()
)
def test_a_person_of_several_records_is_the_same_as_read_from_their_events(
    records: list[list[PersonDescriptor]], died: bool
) -> None:
    death = PersonDied(local_person="r0", on=date(2026, 1, 2)) if died else None
    listed = [
        LocalRecord(
            "slam",
            f"r{number}",
            tuple(record),
            (),
            "r0" if number else None,
            death if number == 0 else None,
        )
        for number, record in enumerate(records)
    ]
    [person] = (
        people_of(listed).values()
        if len(records) == 1
        else [person for person in people_of(listed).values() if person.descriptors]
    )
    stored: list[Any] = [json.loads(json.dumps(known_of(record))) for record in listed]
    candidate = candidate_of(person.person_id, stored)
    assert candidate.known == described_once(person.descriptors)
    assert candidate.died_on == person.died_on


def test_ethnicity_is_not_kept() -> None:
    descriptor = PersonDescriptor.model_validate(
        {"ethnicity": "A", "names": [{"given": "Zofia", "family": "Nowak"}]}
    )
    assert set(known_of(LocalRecord("slam", "r", (descriptor,), (), None, None))) == {"names"}
