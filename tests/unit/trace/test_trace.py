"""A trace verifies a number, or says why not; it never guesses, and asks no more than five times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from schemas.codes import NhsNumberStatus
from schemas.person import PersonDescriptor
from services.runtime.embedded.pds import create_app
from services.trace.pds import PdsTracer
from services.trace.port import TraceUnavailable, needs_trace, questions, traced

TUNDE, CHIDI = "9990000018", "9990000026"


def patient(number: str, given_name: str = "Tunde", mark: str = "U", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": number,
        "meta": {"security": [{"code": mark}]},
        "gender": "male",
        "birthDate": "1988-02-29",
        "name": [{"use": "usual", "family": "Okafor", "given": [given_name]}],
        "address": [{"postalCode": "SW2 5SG"}],
    } | more


def descriptor(number: str | None = None, **more: Any) -> PersonDescriptor:
    fields = {
        "names": [{"family": "Okafor", "given": "Tunde"}],
        "date_of_birth": date(1988, 2, 29),
        "sex": "male",
        "nhs_number": number,
        "addresses": [{"postcode": "SW2 5SG"}],
        "phones": ["020 7946 0211"],
    } | more
    return PersonDescriptor.model_validate(fields)


def tracer(*people: dict[str, Any], per_second: float = 1000, **more: Any) -> PdsTracer:
    transport = httpx.ASGITransport(app=create_app(people, **more))
    return PdsTracer(httpx.AsyncClient(transport=transport, base_url="http://pds"), per_second)


@pytest.mark.parametrize(
    ("descriptor_", "people", "outcome", "number"),
    [
        (descriptor(), [patient(TUNDE)], "verified", TUNDE),
        (descriptor(TUNDE), [patient(TUNDE)], "verified", TUNDE),
        # the number is somebody else's: born on another day, or of another name
        (descriptor(TUNDE), [patient(TUNDE, birthDate="1990-01-01")], "none", None),
        (
            descriptor(TUNDE),
            [patient(TUNDE, name=[{"family": "Smith", "given": ["John"]}])],
            "none",
            None,
        ),
        # the sender's number and the one that is found are two
        (descriptor(CHIDI), [patient(TUNDE)], "conflict", None),
        (descriptor(), [], "none", None),
        (descriptor(), [patient(TUNDE), patient(CHIDI)], "many", None),
        (descriptor(date_of_birth=None), [patient(TUNDE)], "insufficient", None),
        (descriptor(names=[{"family": "Okafor"}]), [patient(TUNDE)], "insufficient", None),
        (descriptor(date_of_birth=None, nhs_number=TUNDE), [patient(TUNDE)], "insufficient", None),
        (descriptor(TUNDE), [patient(TUNDE, mark="REDACTED")], "none", None),
    ],
)
async def test_a_number_is_verified_only_where_nobody_else_can_be_meant(
    descriptor_: PersonDescriptor, people: list[dict[str, Any]], outcome: str, number: str | None
) -> None:
    result = await tracer(*people).trace(descriptor_)
    assert (result.outcome, result.nhs_number) == (outcome, number)


async def test_a_restricted_person_is_found_without_the_postcode_and_keeps_no_location() -> None:
    result = await tracer(patient(TUNDE, mark="R")).trace(descriptor())
    assert (result.outcome, result.restricted) == ("verified", True)
    descriptor_ = traced(descriptor(), result)
    assert (descriptor_["restricted"], descriptor_["addresses"], descriptor_["phones"]) == (
        True,
        [],
        [],
    )


async def test_a_trace_says_the_number_and_takes_nothing_else_from_the_national_record() -> None:
    national = patient(TUNDE, telecom=[{"system": "phone", "value": "020 7946 0999"}])
    descriptor_ = traced(descriptor(), await tracer(national).trace(descriptor()))
    document = descriptor().model_dump(mode="json", exclude_none=True)
    assert descriptor_ == document | {"nhs_number": TUNDE, "nhs_number_status": "01"}


async def test_no_more_than_five_questions_go_within_a_second() -> None:
    """The service refuses the sixth; control: without the limit it does."""
    limited = tracer(patient(TUNDE), per_second=5, refuse_above=5)
    start = time.monotonic()
    for _ in range(8):
        assert (await limited.trace(descriptor(TUNDE))).outcome == "verified"
    assert time.monotonic() - start >= 7 / 5
    hasty = tracer(patient(TUNDE), per_second=1000, refuse_above=5)
    at_once = await asyncio.gather(
        *(hasty.trace(descriptor(TUNDE)) for _ in range(50)), return_exceptions=True
    )
    assert any(isinstance(answer, TraceUnavailable) for answer in at_once)


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> PdsTracer:
    return PdsTracer(
        httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://pds"), 1000
    )


@pytest.mark.parametrize("status", [500, 503, 429, 401, 400])
async def test_a_service_that_does_not_answer_is_no_answer_about_the_person(status: int) -> None:
    with pytest.raises(TraceUnavailable, match=str(status)):
        await answering(lambda _: httpx.Response(status)).trace(descriptor())


async def test_a_service_that_fails_once_is_asked_again() -> None:
    answers: Iterator[httpx.Response | httpx.ConnectError] = iter(
        [httpx.Response(503), httpx.ConnectError("away"), httpx.Response(200, json=patient(TUNDE))]
    )

    def answer(_: httpx.Request) -> httpx.Response:
        answer = next(answers)
        if isinstance(answer, httpx.ConnectError):
            raise answer
        return answer

    assert (await answering(answer).trace(descriptor(TUNDE))).outcome == "verified"


async def test_what_is_no_json_is_no_answer() -> None:
    with pytest.raises(TraceUnavailable):
        await answering(lambda _: httpx.Response(200, text="<html>")).trace(descriptor())


@pytest.mark.parametrize(
    ("status", "needed"),
    [("01", False), ("02", True), ("03", True), ("04", False), ("05", False), ("07", False)],
)
def test_only_those_are_traced_whom_a_trace_can_help(status: str, needed: bool) -> None:
    assert needs_trace(descriptor(nhs_number_status=NhsNumberStatus(status))) is needed


def test_the_first_question_is_the_narrowest() -> None:
    narrow, wide = questions(descriptor())
    assert narrow == wide | {"address-postalcode": "SW25SG"}
    assert wide == {
        "family": "Okafor",
        "given": "Tunde",
        "birthdate": "eq1988-02-29",
        "gender": "male",
    }
