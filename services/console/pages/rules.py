"""A page a rule, from the catalogue: what it means, on what it rests, its limits here, and what the
agency's desks have said of its use. No crisis and no person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.console.access.doors import Seeing
from services.console.access.refusal import Refused
from services.console.view.alert import length
from services.console.view.rendering import page
from services.console.view.text.vocabulary import BASES
from services.ledger.alerts import performance
from services.liaison.catalogue import CATALOGUE, Limit, RuleDocument
from services.liaison.policy import Policy
from services.liaison.rules.shared.words import duration

router = APIRouter()
STRETCH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class LimitShown:
    """One limit as it is in force here."""

    name: str
    value: str
    catalogue: str
    """The value of the catalogue, where the policy here has another; else empty."""
    basis: str
    source: str


@router.get("/desks/{desk}/rules")
async def rules_page(request: Request, here: Seeing) -> Response:
    """Every rule, with whether it is on here."""
    policy: Policy = request.app.state.policy
    return page("rules.html", here=here, rules=CATALOGUE.values(), off=policy.switched_off)


@router.get("/desks/{desk}/rules/{rule}")
async def rule_page(request: Request, here: Seeing, rule: str) -> Response:
    """One rule. Refused where the catalogue has none of that id."""
    document = CATALOGUE.get(rule)
    if document is None:
        raise Refused(404, "rule_unknown")
    state = request.app.state
    desks = state.desks.of_agency(here.desk.agency)
    async with state.pool.acquire() as connection:
        loads = await performance.rule_loads(connection, desks, here.now - STRETCH, here.now)
    policy: Policy = state.policy
    return page(
        "rule.html",
        here=here,
        rule=document,
        off=policy.switched_off.get(rule),
        steps=steps_of(document),
        limits=tuple(_limits(document, policy)),
        answer_within=duration(policy.acknowledge_within(document.urgency)),
        worth=next((load for load in loads if load.rule == rule), None),
        desk_role=here.desk.role,
    )


def steps_of(document: RuleDocument) -> Mapping[str, tuple[str, ...]]:
    """What each kind of desk has to do: first as a rule, then at the moments that differ."""
    steps: dict[str, tuple[str, ...]] = {}
    for role in document.recipients:
        sentences = [
            moment[role]
            for moment in (document.next_step, *document.next_step_when.values())
            if role in moment
        ]
        steps[role] = tuple(dict.fromkeys(sentences))
    return steps


def _limits(document: RuleDocument, policy: Policy) -> Iterator[LimitShown]:
    for name, limit in document.limits.items():
        value = policy.number(document.id, name)
        catalogue = "" if value == limit.value else _in_words(limit, limit.value)
        yield LimitShown(
            name.replace("_", " "),
            _in_words(limit, value),
            catalogue,
            BASES[limit.basis],
            limit.says,
        )


def _in_words(limit: Limit, value: int) -> str:
    match limit.unit:
        case "seconds":
            return _time(value)
        case "percent":
            return f"{value} per cent"
        case "count":
            return str(value)


def _time(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    if days > 1 and not rest:
        return f"{days} days"
    if seconds % 60:
        return length(seconds)
    return duration(timedelta(seconds=seconds))
