"""Whom incidents are about: what a person decided, else the agency's own register, else the weight
of evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from services.identity.decide import decide_among, described_once, population_of
from services.identity.known import Candidate
from services.identity.missing import deciding_item
from services.identity.model import Model
from services.identity.person import IdentityDecision, own_register, reviewed
from services.identity.score import values_weighed
from services.liaison.crisis.corrections import Effective
from services.liaison.crisis.division import divide
from services.liaison.crisis.subjects import day_of, descriptor_of, local_person_of
from services.liaison.settlement import Key
from services.orchestration.ledger import DescribedPerson, People, ReviewKept, ReviewVerdict


async def decide_all(
    ledger: People, events: Mapping[Key, Effective], model: Model
) -> dict[Key, IdentityDecision]:
    """A decision for each incident."""
    reviews = await ledger.reviews(events)
    own_records: dict[Key, Key] = {}
    for incident, effective in events.items():
        record = local_person_of(effective)
        if record is not None:
            own_records[incident] = record
    reviewed_records = {review.record for of_incident in reviews.values() for review in of_incident}
    people = await ledger.people_of_records({*own_records.values(), *reviewed_records})
    decisions: dict[Key, IdentityDecision] = {}
    described: dict[Key, DescribedPerson] = {}
    for incident, effective in events.items():
        judged = reviews.get(incident, ())
        separated = _people_judged(judged, "different", people)
        same = _people_judged(judged, "same", people)
        local_record = own_records.get(incident)
        own_person = people.get(local_record) if local_record is not None else None
        if len(same) == 1 and not same & separated:
            decisions[incident] = reviewed(same.pop())
        elif own_person is not None and own_person not in separated:
            decisions[incident] = own_register(own_person)
        else:
            described[incident] = DescribedPerson(
                descriptor_of(effective), day_of(effective), separated
            )
    return decisions | await decide_described(ledger, described, model)


async def decide_subjects(
    ledger: People, events: Mapping[Key, Effective], model: Model
) -> dict[Key, dict[str, IdentityDecision]]:
    """A decision for each subject of the incidents that are about several people; of others
    nothing.
    """
    described: dict[Key, DescribedPerson] = {}
    parts: dict[Key, tuple[Key, str]] = {}
    for incident, effective in events.items():
        divided = divide(incident, effective)
        if len(divided) < 2:
            continue
        for part in divided:
            # a name for the look-up alone: no incident's reference holds a line feed
            name = (incident[0], f"{incident[1]}\n{part.subject}")
            parts[name] = (incident, part.subject)
            described[name] = DescribedPerson(part.descriptor, day_of(part.events))
    decisions: dict[Key, dict[str, IdentityDecision]] = {}
    for name, decision in (await decide_described(ledger, described, model)).items():
        incident, subject = parts[name]
        decisions.setdefault(incident, {})[subject] = decision
    return decisions


def _people_judged(
    reviews: tuple[ReviewKept, ...], verdict: ReviewVerdict, people: Mapping[Key, str]
) -> set[str]:
    return {
        people[review.record]
        for review in reviews
        if review.verdict == verdict and review.record in people
    }


async def decide_described(
    ledger: People, described: Mapping[Key, DescribedPerson], model: Model
) -> dict[Key, IdentityDecision]:
    """A decision for each by the weight of evidence alone. The transaction is the caller's while
    this runs.
    """
    decisions: dict[Key, IdentityDecision] = {}
    if not described:
        return decisions
    shortlists = ledger.shortlists(described)
    # closed at once where weighing fails, so that nothing of it still uses the transaction
    async with aclosing(shortlists):
        async for shortlist in shortlists:
            for incident, candidates in shortlist.candidates.items():
                person = described[incident]
                decision = decide_among(
                    person.descriptor,
                    (c for c in candidates if c.person_id not in person.apart),
                    as_of=person.as_of,
                    frequencies=shortlist.frequencies,
                    model=model,
                )
                population = population_of(model, shortlist.frequencies)
                item = deciding_item(decision, model, population)
                decisions[incident] = replace(decision, missing=item)
    return decisions


def values_to_know(
    described: Mapping[Key, DescribedPerson], candidates: Mapping[Key, Sequence[Candidate]]
) -> frozenset[tuple[str, str]]:
    """Of what it must be known how common it is, to weigh these candidates."""
    values: set[tuple[str, str]] = set()
    for incident, people in candidates.items():
        descriptor = described[incident].descriptor
        if descriptor is not None:
            local_record = described_once((descriptor,))
            values |= values_weighed(local_record, (person.known for person in people))
    return frozenset(values)
