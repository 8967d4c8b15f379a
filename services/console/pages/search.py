"""Looking for a person on file whom the matcher did not propose, and for an incident that is not in
the queue.

What a reviewer knows (a name from a telephone call, an NHS number from a letter) is compared by the
matcher's own keys and weights, so that other spellings and short forms are found. Whom somebody was
shown is in the audit; what they wrote is nowhere: neither in an address nor in a log.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from schemas.person import PersonDescriptor
from services.console.access.doors import Here, Reviewing
from services.console.access.refusal import Refused
from services.console.pages.addresses import number_of
from services.console.pages.identity.comparison import Comparison, compared_with
from services.console.pages.identity.review import Typed, incident_of, may_know_people
from services.console.view.desks import agency_names
from services.console.view.rendering import page
from services.console.view.text import TEXT
from services.identity.decide import described_once, insufficient
from services.ledger import audit
from services.ledger.decisions.identity_decisions import current_decision
from services.ledger.moment import one_moment

router = APIRouter()
_FIELD_OF = {
    "date_of_birth": "born",
    "addresses": "postcode",
    "nhs_number": "nhs_number",
    "names": "name",
}


def sought(fields: dict[str, str]) -> tuple[PersonDescriptor | None, list[str]]:
    """The description that was written, and what is wrong with it in a sentence each; None where
    something is."""
    names = []
    if fields["given"] or fields["family"]:
        names.append({part: fields[part] for part in ("given", "family") if fields[part]})
    description: dict[str, Any] = {"names": names}
    if fields["born"]:
        description["date_of_birth"] = fields["born"]
    if fields["postcode"]:
        description["addresses"] = [{"postcode": fields["postcode"]}]
    if fields["nhs_number"]:
        description["nhs_number"] = fields["nhs_number"]
    try:
        person = PersonDescriptor.model_validate(description)
    except ValidationError as error:
        wrong = dict.fromkeys(_FIELD_OF[str(fault["loc"][0])] for fault in error.errors())
        return None, [TEXT[f"search_wrong_{field}"] for field in wrong]
    # a surname alone would list a street: who searches must know two things
    if insufficient(described_once((person,))):
        return None, [TEXT["search_too_little"]]
    return person, []


@router.get("/desks/{desk}/review/{decision}/search")
async def search_page(request: Request, here: Reviewing, decision: str) -> Response:
    """The empty form."""
    return await _shown(request, here, decision, {})


@router.post("/desks/{desk}/review/{decision}/search")
async def search(
    request: Request,
    here: Reviewing,
    decision: str,
    given_name: Annotated[str, Form(alias="given", max_length=500)] = "",
    family: Typed = "",
    born: Typed = "",
    postcode: Typed = "",
    nhs_number: Typed = "",
) -> Response:
    """Those on file who may be meant, the likeliest first. Kept in the audit."""
    fields = {
        "given": given_name,
        "family": family,
        "born": born,
        "postcode": postcode,
        "nhs_number": nhs_number,
    }
    # a space after a postcode is nobody's address
    tidy = {field: text.strip() for field, text in fields.items()}
    return await _shown(request, here, decision, tidy)


async def _shown(request: Request, here: Here, decision: str, fields: dict[str, str]) -> Response:
    may_know_people(here)
    state, number = request.app.state, number_of(decision, "unknown_decision")
    person: PersonDescriptor | None = None
    wrong: list[str] = []
    status = 200
    if fields:
        person, wrong = sought(fields)
    if wrong:
        status = 422
    comparison: Comparison | None = None
    reference = 0
    async with one_moment(state.pool) as connection:
        incident = await incident_of(connection, state, here, number)
        if person is not None:
            comparison = await compared_with(
                state.ledger.within(connection),
                state.settling.model,
                incident,
                person,
                here.now.date(),
            )
            people = [candidate.person_id for candidate in comparison.candidates]
            detail = {"desk": here.desk.desk, "people": people}
            subject = "/".join(incident)
            reference = await audit.write(
                connection, "review.searched", here.actor, subject, detail, here.now
            )
    return page(
        "search.html",
        status,
        here=here,
        desk=here.desk.desk,
        decision=number,
        incident=incident,
        asked=fields,
        found=comparison,
        wrong=wrong,
        audit=reference,
        agencies=agency_names(state.registry),
    )


@router.post("/desks/{desk}/find-incident")
async def find(
    request: Request, here: Reviewing, agency: Typed = "", reference: Typed = ""
) -> Response:
    """The comparison of an incident by its agency's reference, whatever was decided of it."""
    may_know_people(here)
    state = request.app.state
    async with one_moment(state.pool) as connection:
        current = await current_decision(connection, (agency, reference.strip()))
        if current is None:
            raise Refused(404, "unknown_decision")
        # looked at only to be refused: the page that follows must not say that something is
        # there
        await incident_of(connection, state, here, current.decision_id)
    target = f"/desks/{here.desk.desk}/review/{current.decision_id}"
    return RedirectResponse(target, 303)
