"""What each item of the matrix says of a crisis: label to words. Who may see it is decided
elsewhere (`matrix`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Literal

from schemas.codes import RiskLevel
from schemas.london_time import clock
from services.identity.person import Outcome, PathwayOnFile
from services.liaison.crisis.facts import Crisis, Force
from services.liaison.disclosure.at_the_scene import (
    call_back_words,
    description_words,
    location_words,
    police_reason_words,
    restriction_words,
    signs_words,
    units_words,
)
from services.liaison.disclosure.sentence import together
from services.liaison.disclosure.vocabulary import SIGN_WORDS

# What can be disclosed, each by itself.
Item = Literal[
    "circumstances",
    "incidents",
    "location",
    "restriction",
    "units",
    "police-reason",
    "description",
    "signs",
    "call-back",
    "identity-certainty",
    "known-to-services",
    "crisis-plan",
    "crisis-plan-pointer",
    "risk-to-self",
    "risk-to-responders",
    "legal-status",
    "force-log",
    "force-clinical",
    "family-contact",
]

CERTAINTY: Mapping[Outcome, str] = {
    "attached": "Person identified",
    "possible": "Possibly a person on file: identity is not confirmed",
    "unknown": "Person not identified",
}
# What is said where an item may be told and nobody has stated it: a desk that must act at once is
# not to take silence for an answer. Label and words.
UNSTATED: Mapping[Item, tuple[str, str]] = {
    "location": ("Where", "not stated"),
    "signs": ("Physical signs", "not stated"),
    "force-clinical": ("Restraint", "not reported"),
    "units": ("Units there", "none reported"),
    "call-back": ("Call-back number", "not stated"),
    "description": ("Age and sex", "not stated"),
    "police-reason": ("Why the police are there", "not stated"),
    "risk-to-self": ("Risk to self", "not stated"),
    "risk-to-responders": ("Risk to responders", "not stated"),
}
# What a desk that has to act reads first, in this order.
READ_FIRST = (
    "Warning",
    "Where",
    "Access hazard",
    "Physical signs",
    "Restraint",
    "Units there",
    "Units on the way",
    "Call-back number",
    "Age and sex",
    "Why the police are there",
    "Risk to self",
    "Risk to responders",
)

# The worst first: of what agencies say the worst is told.
RISKS = (RiskLevel.HIGH, RiskLevel.MEDIUM, RiskLevel.LOW)


def open_pathways(crisis: Crisis) -> tuple[PathwayOnFile, ...]:
    """The person's care pathways that were open when the crisis was last heard of."""
    if crisis.last_event_at is None:
        return ()
    return crisis.open_pathways(crisis.last_event_at)


def _certainty(crisis: Crisis) -> dict[str, str]:
    return {"Who": CERTAINTY[crisis.identity]}


def _known_to_services(crisis: Crisis) -> dict[str, str]:
    pathways = open_pathways(crisis)
    if not pathways:
        return {}
    words = "yes"
    # the first that is open: two numbers are one too many to ring at night
    phones = [pathway.facts.contact_phone for pathway in pathways if pathway.facts.contact_phone]
    if phones:
        words += f", contact {phones[0]}"
    return {"Known to mental health services": words}


def _plan(crisis: Crisis) -> dict[str, str]:
    words: dict[str, str] = {}
    for pathway in open_pathways(crisis):
        plan = pathway.facts.crisis_plan
        if plan is None:
            continue
        words["Crisis plan"] = "in place"
        if plan.updated_on:
            words["Crisis plan"] += f", updated {plan.updated_on:%d %b %Y}"
        if plan.calming:
            words["What helps"] = "; ".join(plan.calming)
        if plan.avoid:
            words["What to avoid"] = "; ".join(plan.avoid)
    return words


def _plan_pointer(crisis: Crisis) -> dict[str, str]:
    for pathway in open_pathways(crisis):
        if pathway.facts.crisis_plan is not None:
            return {"Crisis plan pointer": pathway.facts.crisis_plan.pointer}
    return {}


def _risk_to_self(crisis: Crisis) -> dict[str, str]:
    return _worst("Risk to self", [incident.risk_to_self for incident in crisis.incidents])


def _risk_to_responders(crisis: Crisis) -> dict[str, str]:
    levels = [incident.risk_to_responders for incident in crisis.incidents]
    return _worst("Risk to responders", levels)


def _worst(label: str, levels: Collection[RiskLevel | None]) -> dict[str, str]:
    for level in RISKS:
        if level in levels:
            return {label: level.value}
    return {}


def _legal_status(crisis: Crisis) -> dict[str, str]:
    sentences = []
    for detention in crisis.detentions:
        if detention.ended is not None:
            continue
        sentence = f"{detention.power.value} since {clock(detention.detained.at)}"
        if detention.clock_started is not None:
            sentence += f", clock since {clock(detention.clock_started.at)}"
        sentences.append(sentence)
    return together("Detained under", sentences)


def _force_kinds(crisis: Crisis) -> dict[str, str]:
    sentences = []
    for force in crisis.forces:
        kinds = ", ".join(sorted(kind.value for kind in force.kinds))
        sentences.append(f"{kinds} {_when(force)}")
    return together("Use of force", sentences)


def _restraint(crisis: Crisis) -> dict[str, str]:
    sentences = []
    for force in crisis.forces:
        if not force.is_restraint:
            continue
        sentence = _when(force)
        if force.position is not None:
            sentence += f", {force.position.value}"
        signs = ", ".join(sorted({SIGN_WORDS[sign] for sign, _ in force.signs}))
        if signs:
            sentence += f"; signs: {signs}"
        sentences.append(sentence)
    return together("Restraint", sentences)


def _family(crisis: Crisis) -> dict[str, str]:
    if not crisis.family:
        return {}
    last = max(crisis.family, key=lambda contact: (contact.mark.at, contact.outcome))
    return {
        "Family": f"{last.outcome.replace('-', ' ')} at {clock(last.mark.at)} ({last.relation})"
    }


def _when(force: Force) -> str:
    words = f"since {clock(force.started.at)}"
    if force.ended is not None:
        words += f" until {clock(force.ended.at)}"
    return words


# In the order in which a desk reads them. `circumstances` and `incidents` are no label and words:
# see `matrix.view`.
WORDS_OF: Mapping[Item, Callable[[Crisis], dict[str, str]]] = {
    "location": location_words,
    "restriction": restriction_words,
    "units": units_words,
    "police-reason": police_reason_words,
    "description": description_words,
    "signs": signs_words,
    "call-back": call_back_words,
    "identity-certainty": _certainty,
    "known-to-services": _known_to_services,
    "crisis-plan": _plan,
    "crisis-plan-pointer": _plan_pointer,
    "risk-to-self": _risk_to_self,
    "risk-to-responders": _risk_to_responders,
    "legal-status": _legal_status,
    "force-log": _force_kinds,
    "force-clinical": _restraint,
    "family-contact": _family,
}


class CrisisWords:
    """What the items say of one crisis as it stands: each is put into words once, however many
    desks and alerts are told of it."""

    def __init__(self, crisis: Crisis) -> None:
        self.crisis = crisis
        self._by_item: dict[Item, Mapping[str, str]] = {}

    def of(self, item: Item) -> Mapping[str, str]:
        """Label to words; nothing where the item says nothing, or has no words of its own."""
        if item not in WORDS_OF:
            return {}
        if item not in self._by_item:
            self._by_item[item] = WORDS_OF[item](self.crisis)
        return self._by_item[item]


def words_of(crisis: Crisis, items: Collection[str]) -> dict[str, str]:
    """What these items say of the crisis as it stands, label to words, in the order of the table."""
    words: dict[str, str] = {}
    for item, say in WORDS_OF.items():
        if item in items:
            words |= say(crisis)
    return words
