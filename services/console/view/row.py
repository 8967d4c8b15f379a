"""A row of the board in words: what a person at the desk reads of a crisis in two lines.

Only what the desk's own views of its alerts disclose is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from services.console.view.alert import Article, article
from services.console.view.board import Row, holder_of
from services.console.view.desks import Desks
from services.ledger.alerts.desk import AlertState, OtherDesk
from services.liaison.alert.states import HELD
from services.liaison.catalogue import CATALOGUE, Certainty
from services.liaison.disclosure.words import UNSTATED, Item

# What another desk has done with what it was told, the least first.
Heard = Literal["silent", "declined", "not-ours", "seen", "accepted"]
HEARD: tuple[Heard, ...] = get_args(Heard)
Act = Literal["acknowledge", "claim", "accept"]
# Alerts that a desk can still refuse: it has them, and their condition stands.
REFUSABLE = ("raised", "delivered", "acknowledged", "claimed")
CERTAINTIES: tuple[Certainty, ...] = get_args(Certainty)
# Withheld where any of the desk's alerts warns of a restricted record: an older one may still say.
WITHHELD = ("Where", "Access hazard", "Area", "Call-back number")


@dataclass(frozen=True, slots=True)
class DeskTold:
    """Another desk that has an alert of the crisis, and the least that it has done with one."""

    name: str
    heard: Heard
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the desk is asked to think of now, and on what that rests."""

    sentence: str
    rule: str
    """The rule whose page says more; empty where the catalogue has none."""
    source: str
    """The surest thing the rule rests on."""
    certainty: Certainty | None


@dataclass(frozen=True, slots=True)
class RowShown:
    """What the template prints of a row."""

    row: Row
    lead: Article
    cards: tuple[Article, ...]
    reasons: tuple[str, ...]
    """The titles of its other alerts that stand."""
    dangers: tuple[str, ...]
    """Restraint and physical signs, where the desk was told of any."""
    due_is_to_act: bool
    warning: str
    where: str
    description: str
    certainty: str
    units: str
    coming: str
    told: tuple[DeskTold, ...]
    silent: int
    """How many of them have done nothing with it; they stand first among `told`."""
    holders: tuple[str, ...]
    """Initials of those at the desk who have it."""
    acts: Mapping[Act, tuple[str, ...]]
    """What can be done to how many of its alerts at once."""
    next_act: Act | None
    """What the row offers at first sight."""
    prompt: Prompt
    refusable: tuple[str, ...]
    """Its alerts that one form may decline, or say that they are another's."""


def row_shown(row: Row, desks: Desks) -> RowShown:
    """A row as the desk may read it."""
    cards = tuple(article(alert, desks) for alert in row.alerts)
    lead = cards[0]
    facts = desks.with_area_named(facts_of(row.alerts))
    told = _told(row.alerts, desks)
    titles = [card.title for card in cards[1:] if not card.state.ended]
    acts = _acts(row.alerts)
    return RowShown(
        row=row,
        lead=lead,
        cards=cards,
        reasons=tuple(dict.fromkeys(title for title in titles if title != lead.title)),
        dangers=_dangers(facts),
        due_is_to_act=any(card.act_by == row.due for card in cards),
        warning=facts.get("Warning", ""),
        where=facts.get("Where") or facts.get("Area", ""),
        description=facts.get("Age and sex", ""),
        certainty=facts.get("Who", ""),
        units=facts.get("Units there", ""),
        coming=facts.get("Units on the way", ""),
        told=told,
        silent=sum(1 for other in told if other.heard == "silent"),
        holders=_holders(row.alerts),
        acts=acts,
        next_act=next((act for act in ("acknowledge", "claim", "accept") if act in acts), None),
        prompt=_prompt(lead),
        refusable=tuple(alert.alert_id for alert in row.alerts if alert.state in REFUSABLE),
    )


def _prompt(lead: Article) -> Prompt:
    document = CATALOGUE.get(str(lead.state.view.get("rule", "")))
    if document is None:
        return Prompt(lead.next_step, "", "", None)
    surest = min(document.evidence, key=lambda source: CERTAINTIES.index(source.certainty))
    return Prompt(lead.next_step, document.id, surest.says, surest.certainty)


def facts_of(alerts: Iterable[AlertState]) -> dict[str, str]:
    """What the desk was told of the crisis, of each label the newest words."""
    facts: dict[str, str] = {}
    for alert in sorted(alerts, key=lambda alert: (alert.sequence, alert.alert_id)):
        facts |= alert.view.get("shown") or {}
    if "Warning" in facts:
        return {label: words for label, words in facts.items() if label not in WITHHELD}
    return facts


def _dangers(facts: Mapping[str, str]) -> tuple[str, ...]:
    items: tuple[Item, ...] = ("force-clinical", "signs")
    dangers = []
    for item in items:
        label, silence = UNSTATED[item]
        words = facts.get(label, silence)
        if words == silence:
            continue
        # since when somebody is held says nothing without the word; a sign speaks for itself
        if item == "force-clinical":
            words = f"{label} {words}"
        dangers.append(words)
    return tuple(dangers)


def heard_of(other: OtherDesk) -> Heard:
    """What the desk has done with one alert."""
    if other.outcome is not None:
        return other.outcome
    if other.acknowledged_at is not None:
        return "seen"
    return "silent"


def _told(alerts: Iterable[AlertState], desks: Desks) -> tuple[DeskTold, ...]:
    """The other desks by name, each with the least that it has done with an alert that stands."""
    least: dict[str, DeskTold] = {}
    for other in (other for alert in alerts if not alert.ended for other in alert.other_desks):
        heard = heard_of(other)
        told = DeskTold(desks.short(other.desk), heard, other.answered_at or other.acknowledged_at)
        if other.desk not in least or HEARD.index(heard) < HEARD.index(least[other.desk].heard):
            least[other.desk] = told
    return tuple(sorted(least.values(), key=lambda told: (HEARD.index(told.heard), told.name)))


def _holders(alerts: Iterable[AlertState]) -> tuple[str, ...]:
    holders = [holder_of(alert) or "" for alert in alerts if alert.state in HELD]
    return tuple(dict.fromkeys(holder.split("@")[0] for holder in holders))


def _acts(alerts: Iterable[AlertState]) -> dict[Act, tuple[str, ...]]:
    """Each act with the alerts that it is possible for; an act that is for none is left out."""
    possible: dict[Act, list[str]] = {"acknowledge": [], "claim": [], "accept": []}
    for alert in alerts:
        if alert.state in ("raised", "delivered", "returned"):
            possible["acknowledge"].append(alert.alert_id)
        if alert.state in ("raised", "delivered", "acknowledged"):
            possible["claim"].append(alert.alert_id)
        if alert.state in ("raised", "delivered", "acknowledged", "claimed", "cleared"):
            possible["accept"].append(alert.alert_id)
    return {act: tuple(ids) for act, ids in possible.items() if ids}
