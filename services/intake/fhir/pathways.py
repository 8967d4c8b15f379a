"""EpisodeOfCare, crisis plans, flags and consent: what is in place for a person. Pure.

Sources: NRL DocumentReference types (SNOMED CT 736253002 mental health crisis plan; certain), UK
Core LegalStatusClassificationEngland (certain), Patient Flag and National Reasonable Adjustment
Flag categories (certain). Narrative, diagnosis and the text of plans are never carried: a pointer
says where they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.codes import LegalStatus
from services.intake.fhir.description import phones
from services.intake.fhir.people import contact, contact_of, stamp
from services.intake.fhir.reading import (
    Resource,
    codings,
    ended,
    extensions,
    instant,
    snomed,
    whole_date,
)
from services.intake.translation import Collected, Untranslatable, digest, reference

CRISIS_PLAN = "736253002"
_PLAN_ENDED = frozenset({"revoked", "completed", "entered-in-error", "superseded"})


@dataclass(slots=True)
class Facts:
    """Of one person, what the same document says beside the care episode."""

    flags: list[Resource] = field(default_factory=list)
    consents: list[Resource] = field(default_factory=list)
    related: list[Resource] = field(default_factory=list)
    plans: list[Resource] = field(default_factory=list)
    patient: Resource | None = None
    restricted: bool = False

    def all(self) -> list[Resource]:
        """Everything a pathway is made of beside the episode."""
        patients = []
        if self.patient is not None:
            patients = [self.patient]
        return [*patients, *self.flags, *self.consents, *self.related]


def is_crisis_plan(resource: Resource) -> bool:
    """A CarePlan or DocumentReference of the crisis-plan type."""
    kinds = resource.body.get("type" if resource.kind == "DocumentReference" else "category")
    return CRISIS_PLAN in snomed(kinds)


def plan_stands(plan: Resource) -> bool:
    """Whether it is in force."""
    ended = (
        plan.body.get("status") in _PLAN_ENDED or plan.body.get("docStatus") == "entered-in-error"
    )
    return not ended and plan.body.get("status") not in ("draft", "unknown")


def _pointer(plan: Resource) -> dict[str, Any]:
    # the address of the attachment may hold an NHS number: the resource's id finds the document
    # just as well
    body = plan.body
    attached = [c.get("attachment", {}).get("creation") for c in body.get("content", [])]
    times = [
        body.get("date"),
        body.get("created"),
        *attached,
        body.get("meta", {}).get("lastUpdated"),
    ]
    dates = [d for t in times if (d := whole_date(t)) is not None]
    data: dict[str, Any] = {"pointer": f"{plan.kind}/{plan.id}"}
    return data | ({"updated_on": dates[0]} if dates else {})


def say_plan(collected: Collected, plan: Resource, person: str, received: datetime) -> None:
    """A crisis plan: a pathway of its own, since it begins and ends by itself. Raises
    Untranslatable.
    """
    if not plan.id:
        raise Untranslatable(
            f"{plan.pointer}/id", "field-missing", "the plan has no id", "send its id"
        )
    version, at = stamp(plan, instant(plan.body.get("date")) or received)
    pathway = reference(f"plan:{plan.id}")
    name = f"{plan.kind}.{reference(plan.id)}.{version}"
    if not plan_stands(plan):
        if plan.body.get("status") in ("draft", "unknown"):
            collected.note(
                f"{plan.pointer}/status",
                "plan-not-in-force",
                "not carried until it is in force",
                "send it again when it is",
            )
            return
        data = {"local_person": person, "pathway": pathway, "reason": "other"}
        collected.say(name, "pathway.closed", at, data, None)
        return
    standing: dict[str, Any] = {
        "local_person": person,
        "pathway": pathway,
        "crisis_plan": _pointer(plan),
    }
    collected.say(name, "pathway.updated", at, standing, None)
    for n, link in enumerate(plan.body.get("relatesTo", [])):
        previous = str(link.get("target", {}).get("reference", "")).rpartition("/")[2]
        if link.get("code") == "replaces" and previous:
            closed = {
                "local_person": person,
                "pathway": reference(f"plan:{previous}"),
                "reason": "other",
            }
            collected.say(f"{name}.replaces.{n}", "pathway.closed", at, closed, None)


def legal_status(collected: Collected, resource: Resource) -> str | None:
    """The code of the Mental Health Act status, if it is one that is acted on."""
    for extension in extensions(resource.body):
        for where, code in codings(extension.get("valueCodeableConcept")):
            if "LegalStatusClassification" not in where:
                continue
            if code in set(LegalStatus):
                return code
            collected.note(
                resource.pointer,
                "legal-status-not-carried",
                "the code is not one that is acted on",
                "nothing to do; it is left out",
            )
    return None


def _adjustments(collected: Collected, flags: Iterable[Resource]) -> list[str]:
    codes: list[str] = []
    for flag in flags:
        if flag.body.get("status") != "active":
            continue
        kinds = {code for _, code in codings(flag.body.get("category"))}
        profile = " ".join(flag.body.get("meta", {}).get("profile", []))
        crisis_codes = snomed(flag.body.get("code"))
        if crisis_codes and (kinds & {"NRAF", "RA"} or "PatientFlag-Adjustment" in profile):
            codes += crisis_codes
        else:
            collected.note(
                flag.pointer,
                "flag-not-carried",
                "only coded reasonable adjustments are carried",
                "other flags may hold a diagnosis, and no desk is named that may see them",
            )
    return list(dict.fromkeys(codes))[:20]


def _consent(consents: Iterable[Resource]) -> str | None:
    standing = [c for c in consents if c.body.get("status") == "active" and c.body.get("provision")]
    # the newest word counts; of two at once, the refusal
    standing.sort(
        key=lambda c: (str(c.body.get("dateTime", "")), c.body["provision"].get("type") == "deny")
    )
    provision = None
    if standing:
        provision = standing[-1].body["provision"].get("type")
    return {"permit": "given", "deny": "refused"}.get(str(provision))


def _contacts(facts: Facts, at: datetime) -> list[dict[str, str]]:
    if facts.restricted:
        return []
    contacts = [contact(r, at) for r in facts.related]
    if facts.patient is not None:
        contacts += [
            contact_of(c.get("relationship"), c.get("telecom"), at)
            for c in facts.patient.body.get("contact", [])
            if not ended(c, at)
        ]
    return list({c["phone"]: c for c in contacts if c is not None}.values())[:3]


_TEAMS = frozenset({"CareTeam", "Organization"})


def _team(episode: Resource, at: datetime) -> tuple[str | None, str | None]:
    contained = episode.body.get("contained", [])
    inside = [part for part in contained if part.get("resourceType") in _TEAMS]
    # the team itself before the trust it belongs to: whoever rings wants the ward
    names = [team.get("display") for team in episode.body.get("team", [])]
    names += [team.get("name") for team in inside]
    names.append(episode.body.get("managingOrganization", {}).get("display"))
    numbers = [number for team in inside for number in phones(team.get("telecom"), at)]
    name = next((str(name)[:200] for name in names if name), None)
    return name, next(iter(numbers), None)


def say_episode(
    collected: Collected, episode: Resource, person: str, facts: Facts, received: datetime
) -> None:
    """A care episode with all that the same document says of the person. Raises Untranslatable."""
    body, status = episode.body, episode.body.get("status")
    if not episode.id:
        raise Untranslatable(
            f"{episode.pointer}/id", "field-missing", "the episode has no id", "send its id"
        )
    pathway = reference(episode.id)
    version, at = stamp(episode, received)
    name = f"EpisodeOfCare.{pathway}"
    # who is only planned to be in care is nobody's patient tonight
    if status in ("planned", "waitlist"):
        collected.note(
            f"{episode.pointer}/status",
            "episode-not-begun",
            "not carried until it is active",
            "send it again when it begins",
        )
        return
    # opened at its own beginning: an episode that is sent late began when it began
    begin = instant(body.get("period", {}).get("start"))
    if begin is not None and status != "entered-in-error":
        opened = {"local_person": person, "pathway": pathway}
        collected.say(
            f"{name}.opened.{digest(person, begin)}", "pathway.opened", begin, opened, None
        )
    if status in ("finished", "cancelled", "entered-in-error"):
        end = instant(body.get("period", {}).get("end"), end=True) or at
        reason = "other"
        if status == "finished":
            reason = "discharged"
        closed = {"local_person": person, "pathway": pathway, "reason": reason}
        collected.say(f"{name}.closed.{version}", "pathway.closed", end, closed, None)
        return
    team, number = _team(episode, at)
    data: dict[str, Any] = {
        "local_person": person,
        "pathway": pathway,
        "team": team,
        "contact_phone": number,
        "legal_status": legal_status(collected, episode),
        "family_contacts": _contacts(facts, at),
        "consent_to_share": _consent(facts.consents),
        "adjustments": _adjustments(collected, facts.flags),
    }
    manager = body.get("careManager", {}).get("identifier", {}).get("value")
    data["coordinator"] = None
    if manager:
        data["coordinator"] = reference(str(manager))
    used = facts.all()
    # what else of the document the pathway says is part of its identity: another flag is another
    # event
    mark = ""
    if used:
        mark = f".{digest(*[(r.kind, r.id, stamp(r, received)[0]) for r in used])}"
    when = max([at, *(r.updated for r in used if r.updated is not None)])
    collected.say(f"{name}.{version}{mark}", "pathway.updated", when, data, None)
