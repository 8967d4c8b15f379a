"""FHIR R4 (UK Core, NRL) to events of the contract. Pure: the time a document came in is an
argument.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from services.intake.faults import Fault
from services.intake.fhir.description import restricted
from services.intake.fhir.pathways import Facts, is_crisis_plan, say_episode, say_plan
from services.intake.fhir.people import local_person, redacted, say_patient, subject
from services.intake.fhir.reading import Resource, parse, resources
from services.intake.translation import Collected, Sender, Translated, Untranslatable

# What reading something may raise that the library took for valid and is not what FHIR says of
# it.
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError, OverflowError)


def unreadable_resource(pointer: str, error: Exception) -> Fault:
    """The fault of a resource that the library's model let pass."""
    return Fault(
        pointer,
        "fhir-invalid",
        f"not valid FHIR R4: {type(error).__name__}",
        "correct the resource by its FHIR R4 definition (UK Core profile)",
    )


def translate(body: bytes, sender: Sender, received: datetime) -> Translated:
    """The events of one resource or Bundle. Never raises: what is wrong stands in the answer's
    faults.

    In a Bundle, the flags, consents and relatives of a person go into their care episode; without
    an episode they are left out with a note, since they would replace what is known of a pathway by
    less. A crisis plan is a pathway of its own. A resource that is wrong stops no other.
    """
    collected = Collected(sender)
    try:
        carried, faults = resources(parse(body))
    except Untranslatable as error:
        return Translated(faults=(error.fault,))
    collected.faults += faults
    patients: dict[str, Resource] = {}
    for patient in (r for r in carried if r.kind == "Patient"):
        patients |= {name: patient for name in (patient.address, f"Patient/{patient.id}") if name}
    by_person: dict[str, Facts] = defaultdict(Facts)
    episodes: list[tuple[Resource, str]] = []
    for resource in carried:
        try:
            if resource.kind == "Patient":
                say_patient(collected, resource, received)
            person = _name(collected, resource, patients)
            if resource.kind != "Patient":
                _refuse_redacted(collected, resource, person, patients)
            if resource.kind == "EpisodeOfCare":
                episodes.append((resource, person))
            elif _is_another_document(resource):
                collected.note(
                    resource.pointer,
                    "document-not-carried",
                    "not a mental health crisis plan (736253002)",
                    "nothing to do; only crisis plans are pointed to",
                )
            else:
                _gather(by_person[person], resource)
        except Untranslatable as error:
            collected.faults.append(error.fault)
        except UNREADABLE as error:
            collected.faults.append(unreadable_resource(resource.pointer, error))
    _pathways(collected, by_person, episodes, received)
    return collected.result()


def _is_another_document(resource: Resource) -> bool:
    return resource.kind in ("CarePlan", "DocumentReference") and not is_crisis_plan(resource)


def _refuse_redacted(
    collected: Collected, resource: Resource, person: str, patients: dict[str, Resource]
) -> None:
    """Raises Untranslatable where the same document says that the person's record is redacted."""
    for patient in patients.values():
        if redacted(patient) and _name(collected, patient, patients) == person:
            raise Untranslatable(
                resource.pointer, "redacted", "the person's record is redacted", "send nothing"
            )


def _name(collected: Collected, resource: Resource, patients: dict[str, Resource]) -> str:
    if resource.kind == "Patient":
        return local_person(collected, resource)
    return subject(collected, resource, patients)


def _gather(facts: Facts, resource: Resource) -> None:
    match resource.kind:
        case "Patient":
            facts.patient, facts.restricted = resource, restricted(resource)
        case "Flag":
            facts.flags.append(resource)
        case "Consent":
            facts.consents.append(resource)
        case "RelatedPerson":
            facts.related.append(resource)
        case _:
            facts.plans.append(resource)


def _pathways(
    collected: Collected,
    by_person: dict[str, Facts],
    episodes: list[tuple[Resource, str]],
    received: datetime,
) -> None:
    begun = {
        person for episode, person in episodes if episode.body.get("status") in ("active", "onhold")
    }
    for episode, person in episodes:
        try:
            say_episode(collected, episode, person, by_person[person], received)
        except Untranslatable as error:
            collected.faults.append(error.fault)
        except UNREADABLE as error:
            collected.faults.append(unreadable_resource(episode.pointer, error))
    for person, facts in by_person.items():
        for plan in facts.plans:
            try:
                say_plan(collected, plan, person, received)
            except Untranslatable as error:
                collected.faults.append(error.fault)
            except UNREADABLE as error:
                collected.faults.append(unreadable_resource(plan.pointer, error))
        if person not in begun:
            for left in (*facts.flags, *facts.consents, *facts.related):
                collected.note(
                    left.pointer,
                    "needs-an-episode",
                    f"a {left.kind} alone changes no pathway",
                    "send it in a Bundle with the person's active EpisodeOfCare",
                )
