"""The register of people: what trusts register, merge and split, in whatever order it is heard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import permutations
from typing import Any

from schemas.received import Received
from services.identity.person import PersonOnFile
from services.identity.register import fold_local, local_person_id, people_of
from tests.unit.liaison.script import event, minute

SLAM, OXLEAS = "slam-ehr", "oxleas-ehr"
ANJALI = {"names": [{"given": "Anjali", "family": "Patel"}], "date_of_birth": "1970-01-30"}
VERIFIED = ANJALI | {"nhs_number": "9990000077", "nhs_number_status": "01"}


def said(kind: str, at: float, local: str, feed: str = SLAM, /, **data: Any) -> Received:
    return event(feed, kind, minute(at), f"{kind}-{at}-{local}", {"local_person": local} | data)


def _people(events: Sequence[Received]) -> dict[str, PersonOnFile]:
    by_local: dict[tuple[str, str], list[Received]] = defaultdict(list)
    for received in events:
        data = received.event.data
        for name in ("local_person", "merged", "split_off"):
            local = getattr(data, name, None)
            if local is not None:
                by_local[(received.agency, local)].append(received)
    return people_of(
        fold_local(agency, local, events) for (agency, local), events in by_local.items()
    )


def people(*events: Received) -> dict[str, PersonOnFile]:
    """The people on file, which must be the same in whatever order the events were heard."""
    first = _people(events)
    for order in permutations(events):
        assert _people(order) == first
    return first


def only(people_found: dict[str, PersonOnFile]) -> PersonOnFile:
    (person,) = people_found.values()
    return person


def test_a_person_without_a_verified_number_is_named_by_the_trust() -> None:
    assert set(people(said("person.registered", 0, "P-1", person=ANJALI))) == {
        local_person_id("slam", "P-1")
    }


def test_an_update_is_the_newest_and_the_former_is_kept() -> None:
    married = ANJALI | {"names": [{"given": "Anjali", "family": "Shah"}]}
    person = only(
        people(
            said("person.registered", 0, "P-1", person=ANJALI),
            said("person.updated", 9, "P-1", person=married),
        )
    )
    assert [descriptor.names[0].family for descriptor in person.descriptors] == ["Shah", "Patel"]


def test_two_trusts_with_one_verified_number_and_birthday_have_one_person() -> None:
    folded = people(
        said("person.registered", 0, "P-1", person=VERIFIED),
        said("person.registered", 1, "X-9", OXLEAS, person=VERIFIED),
    )
    assert len(only(folded).descriptors) == 2


def test_a_number_that_is_not_verified_or_of_another_birthday_makes_nobody_one() -> None:
    for other in (
        VERIFIED | {"nhs_number_status": "03"},
        VERIFIED | {"date_of_birth": "1970-01-31"},
        ANJALI,
    ):
        folded = people(
            said("person.registered", 0, "P-1", person=VERIFIED),
            said("person.registered", 1, "X-9", OXLEAS, person=other),
        )
        assert len(folded) == 2


def test_a_merge_makes_one_of_two_and_a_split_two_again() -> None:
    two = (
        said("person.registered", 0, "P-1", person=ANJALI),
        said(
            "person.registered", 1, "P-2", person={"names": [{"given": "Anj", "family": "Patel"}]}
        ),
        said("pathway.opened", 2, "P-2", pathway="CP-2"),
    )
    merged = (*two, said("person.merged", 3, "P-1", merged="P-2"))
    assert len(people(*two)) == 2
    person = only(people(*merged))
    assert person.person_id == local_person_id("slam", "P-1")
    assert len(person.descriptors) == 2
    assert [pathway.pathway for pathway in person.pathways] == ["CP-2"]
    assert people(*merged, said("person.split", 4, "P-1", split_off="P-2")) == people(*two)


def test_merges_in_a_circle_end() -> None:
    round_about = (
        said("person.registered", 0, "P-1", person=ANJALI),
        said("person.merged", 1, "P-1", merged="P-2"),
        said("person.merged", 2, "P-2", merged="P-1"),
    )
    assert people(*round_about)


def test_a_pathway_opens_changes_and_closes() -> None:
    opened = said("pathway.opened", 1, "P-1", pathway="CP-1", team="Southwark crisis team")
    changed = said(
        "pathway.updated", 5, "P-1", pathway="CP-1", crisis_plan={"pointer": "urn:nrl:1"}
    )
    closed = said("pathway.closed", 9, "P-1", pathway="CP-1", reason="discharged")
    (pathway,) = only(people(opened, changed, closed)).pathways
    assert (pathway.opened_at, pathway.closed_at) == (minute(1), minute(9))
    assert pathway.facts.crisis_plan is not None
    assert pathway.facts.team is None
    assert [pathway.open_at(minute(at)) for at in (0, 1, 8, 9)] == [False, True, True, False]


def test_a_person_who_died_is_on_file_as_that() -> None:
    died = said("person.died", 9, "P-1", on="2026-11-23")
    person = only(people(said("person.registered", 0, "P-1", person=ANJALI), died))
    assert person.died_on is not None
    assert person.died_on.isoformat() == "2026-11-23"


def test_a_repeat_changes_nothing() -> None:
    once = said("person.registered", 0, "P-1", person=ANJALI)
    assert people(once, once) == people(once)
