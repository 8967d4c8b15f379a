"""The agencies' door: who is let in, what is taken, and that every refusal says whose fault it is, where and what to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.envelope import AnyEvent
from schemas.generate import FOLDER
from schemas.registry import Agency, Feed
from services.gateway.answers import Problem
from services.gateway.app import create_app
from services.gateway.cloudevents import MAX_BATCH
from services.gateway.credentials import Credentials, Doorkeeper, load
from services.gateway.road import Road
from services.runtime import metrics
from services.runtime.clock import ManualClock
from services.runtime.errors import SettingsError
from services.runtime.settings import Settings
from tests.own_registry import own_registry

FIXTURES = Path(__file__).parents[2] / "fixtures/nhs"
REGISTRY = own_registry()
TOKENS = {"slam": "the token of slam", "met": "the token of the met"}
CREDENTIALS = Credentials.model_validate(
    {
        "agencies": {
            agency: {
                "token_sha256": [hashlib.sha256(token.encode()).hexdigest()],
                "client_subjects": [f"CN={agency}"],
            }
            for agency, token in TOKENS.items()
        }
    }
)
PLAN = json.loads((FOLDER / "examples/pathway.opened/valid-with-crisis-plan.json").read_text())
STRUCTURED = {"content-type": "application/cloudevents+json"}


class Kept(Road):
    """Keeps what would go to Kafka."""

    def __init__(self, away: bool = False) -> None:
        super().__init__(Settings())
        self.sent: list[tuple[str, AnyEvent]] = []
        self._away = away

    async def send(self, agency: Agency, feed: Feed, events: Sequence[AnyEvent]) -> None:
        if self._away:
            raise Problem(503, "REC_UNAVAILABLE", "away", "send again", 5)
        self.sent += [(feed.topic, event) for event in events]


class Door:
    """A door and an agency before it."""

    def __init__(self, road: Kept | None = None, client_header: str = "", **settings: Any) -> None:
        self.road = road or Kept()
        keeper = Doorkeeper(CREDENTIALS, REGISTRY, client_header)
        own_settings = Settings(pseudonym_key="a secret of the tests", **settings)
        app = create_app(
            own_settings,
            REGISTRY,
            keeper,
            self.road,
            ManualClock(datetime(2026, 11, 24, 9, tzinfo=UTC)),
        )
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://gateway"
        )

    async def send(
        self, path: str, body: Any, agency: str | None = "slam", **headers: str
    ) -> httpx.Response:
        headers_shown = {"authorization": f"Bearer {TOKENS[agency]}"} if agency else {}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self._client.post(
            path, content=content, headers=headers_shown | STRUCTURED | headers
        )


def codes(answer: httpx.Response) -> list[str]:
    for issue in answer.json()["issue"]:
        assert issue["details"]["text"]
        assert issue["diagnostics"]
    return [issue["details"]["coding"][0]["code"] for issue in answer.json()["issue"]]


async def test_an_event_is_taken_and_the_receipt_names_it() -> None:
    door = Door()
    answer = await door.send("/events", PLAN, **{"x-request-id": "r-1", "x-correlation-id": "c-1"})
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": [{"source": "/slam/ehr", "id": PLAN["id"], "type": PLAN["type"]}]
    }
    assert [(topic, event.id) for topic, event in door.road.sent] == [("feed.slam-ehr", PLAN["id"])]
    assert (answer.headers["x-request-id"], answer.headers["x-correlation-id"]) == ("r-1", "c-1")


async def test_binary_mode_is_the_same_event() -> None:
    door = Door()
    headers = {f"ce-{key}": value for key, value in PLAN.items() if key != "data"} | {
        "content-type": "application/json"
    }
    assert (await door.send("/events", PLAN["data"], **headers)).status_code == 202
    assert (await door.send("/events", PLAN)).status_code == 202
    (_, first), (_, second) = door.road.sent
    assert first == second


async def test_a_batch_is_taken_whole_or_not_at_all() -> None:
    door, kind = Door(), {"content-type": "application/cloudevents-batch+json"}
    answer = await door.send(
        "/events", [PLAN | {"id": f"e{number}"} for number in range(3)], **kind
    )
    assert answer.status_code == 202
    assert [event["id"] for event in answer.json()["accepted"]] == ["e0", "e1", "e2"]
    refused = await door.send(
        "/events", [PLAN | {"id": "e4"}, PLAN | {"time": "yesterday"}], **kind
    )
    assert refused.status_code == 400
    assert [
        (i.get("expression", [""])[0], i["details"]["coding"][0]["code"])
        for i in refused.json()["issue"]
    ] == [("/1/time", "SEND_TIME_MALFORMED")]
    assert len(door.road.sent) == 3


@pytest.mark.parametrize(
    ("agency", "authorization"),
    [(None, None), (None, "Bearer wrong"), (None, "Basic x"), (None, "Bearer ")],
)
async def test_nobody_is_let_in_without_the_token_of_an_agency(
    agency: str | None, authorization: str | None
) -> None:
    door = Door()
    headers = {"authorization": authorization} if authorization else {}
    refused = metrics.GATEWAY_NOT_LET_IN.labels("SEND_NOT_AUTHENTICATED")._value
    before = refused.get()
    for path in ("/events", "/fhir", "/hl7v2"):
        answer = await door.send(path, PLAN, agency, **headers)
        assert answer.status_code == 401
        assert codes(answer) == ["SEND_NOT_AUTHENTICATED"]
    assert refused.get() == before + 3
    assert door.road.sent == []


async def test_an_agency_speaks_for_itself_alone() -> None:
    door = Door()
    answer = await door.send("/events", PLAN, "met")
    assert answer.status_code == 403
    assert codes(answer) == ["SEND_SOURCE_NOT_REGISTERED"]
    assert answer.json()["issue"][0]["expression"][0] == "/source"
    traced = await door.send("/events", PLAN | {"source": "/slam/pds-trace"})
    assert traced.status_code == 403
    assert door.road.sent == []


@pytest.mark.parametrize(
    ("agency", "subject", "code"),
    [
        (None, "CN=slam", None),
        ("slam", "CN=slam", None),
        ("met", "CN=slam", "SEND_CREDENTIALS_DIFFER"),
        ("slam", "CN=nobody", "PROXY_CLIENT_NOT_IDENTIFIED"),
        ("slam", "", "PROXY_CLIENT_NOT_IDENTIFIED"),
    ],
)
async def test_where_the_proxy_names_the_certificate_it_counts(
    agency: str | None, subject: str, code: str | None
) -> None:
    answer = await Door(client_header="X-Client-Subject").send(
        "/events", PLAN, agency, **{"x-client-subject": subject}
    )
    assert answer.status_code == (401 if code else 202)
    assert code is None or codes(answer) == [code]


async def test_a_header_that_no_proxy_writes_lets_nobody_in() -> None:
    answer = await Door().send("/events", PLAN, None, **{"x-client-subject": "CN=slam"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "SEND_JSON_INVALID"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, {}, 400, "SEND_NESTED_TOO_DEEPLY"),
        (b"[" * 60_000, {}, 400, "SEND_NESTED_TOO_DEEPLY"),
        (b"x" * 70_000, {}, 413, "SEND_TOO_LARGE"),
        (b"<a/>", {"content-type": "text/xml"}, 415, "SEND_CONTENT_TYPE"),
        (
            b"x",
            {"content-type": "application/json", "ce-specversion": "1.0"},
            400,
            "SEND_JSON_INVALID",
        ),
        (b"{}", {"content-type": "application/cloudevents-batch+json"}, 400, "SEND_JSON_INVALID"),
        (b"[]", {"content-type": "application/cloudevents-batch+json"}, 400, "SEND_JSON_INVALID"),
        (
            json.dumps([PLAN] * (MAX_BATCH + 1)).encode(),
            {"content-type": "application/cloudevents-batch+json"},
            413,
            "SEND_BATCH_TOO_LARGE",
        ),
    ],
)
async def test_what_is_no_event_is_refused_by_code(
    body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    door = Door()
    answer = await door.send("/events", body, **headers)
    assert (answer.status_code, codes(answer)[0]) == (status, code)
    assert door.road.sent == []


async def test_brackets_within_words_are_no_nesting() -> None:
    words = PLAN | {"data": PLAN["data"] | {"team": 'a \\" ' + "[{" * 60}}
    assert (await Door().send("/events", words)).status_code == 202


async def test_every_fault_of_an_event_is_told_with_its_place_and_no_value() -> None:
    answer = await Door().send("/events", PLAN | {"data": {"pathway": "CP 77 Okafor", "teem": "x"}})
    assert answer.status_code == 400
    assert {i.get("expression", [""])[0] for i in answer.json()["issue"]} == {
        "/data/local_person",
        "/data/pathway",
        "/data/teem",
    }
    assert "Okafor" not in answer.text


async def test_an_agency_that_sends_too_much_is_told_when_to_come_again() -> None:
    door = Door(gateway_per_second=5)
    answers = [await door.send("/events", PLAN | {"id": f"e{number}"}) for number in range(12)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late
    assert late[0].headers["retry-after"] == "1"
    assert codes(late[0]) == ["SEND_TOO_MANY_REQUESTS"]
    # another agency has a measure of its own
    other = json.loads(
        (FOLDER / "examples/resource.left").glob("valid*.json").__next__().read_text()
    )
    assert (await door.send("/events", other, "met")).status_code == 202


async def test_while_the_brokers_are_away_nothing_is_promised() -> None:
    answer = await Door(Kept(away=True)).send("/events", PLAN)
    assert (answer.status_code, codes(answer), answer.headers["retry-after"]) == (
        503,
        ["REC_UNAVAILABLE"],
        "5",
    )


async def test_a_crisis_plan_in_fhir_becomes_an_event_of_the_agency_that_sent_it() -> None:
    door = Door()
    body = (FIXTURES / "nrl/Y05868-736253002-Valid-with-date.json").read_bytes()
    answer = await door.send("/fhir", body, **{"content-type": "application/fhir+json"})
    assert answer.status_code == 202
    ((topic, event),) = door.road.sent
    assert (topic, event.source) == ("feed.slam-ehr", "/slam/ehr")
    assert "6700028191" not in answer.text


async def test_of_a_bundle_the_right_is_sent_and_the_wrong_named() -> None:
    door = Door()
    people = [{"resourceType": "Patient", "id": "a"}, {"resourceType": "Patient", "gender": 1}]
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": person} for person in people],
    }
    answer = await door.send("/fhir", bundle)
    assert answer.status_code == 202
    assert len(answer.json()["accepted"]) == 1
    errors = [i for i in answer.json()["issue"] if i["severity"] == "error"]
    assert [i.get("expression", [""])[0] for i in errors] == ["/entry/1/resource/gender"]
    alone = await door.send("/fhir", {"resourceType": "Observation"})
    assert (alone.status_code, codes(alone)) == (400, ["SEND_RESOURCE_NOT_CARRIED"])


async def test_an_agency_with_several_feeds_says_which() -> None:
    door = Door()
    body = {"resourceType": "Patient", "id": "a"}
    assert codes(await door.send("/fhir", body, "met")) == ["SEND_FEED"]
    of_police = await door.send("/fhir?feed=met-cad", body, "met")
    assert "SEND_TYPE_NOT_OF_AGENCY" in codes(of_police), "police keep no register of patients"
    assert codes(await door.send("/fhir?feed=slam-ehr", body, "met")) == ["SEND_FEED"]


ADT = (FIXTURES / "adt/ADT_A01_ADT_A01_v2.4_1.hl7").read_bytes()


@pytest.mark.parametrize(
    ("body", "code", "control"),
    [
        (ADT, "AA", "1391320453338055"),
        (b"\x0b" + ADT + b"\x1c\r", "AA", "1391320453338055"),
        (ADT.replace(b"|3333333333^", b"|3333333334^"), "AE", "1391320453338055"),
        ((FIXTURES / "adt/ORU_R01_ORU_R01_v2.5.1_1.hl7").read_bytes(), "AR", None),
        (ADT.replace(b"|P|2.4", b"|X|2.4"), "AR", "1391320453338055"),
        (b"MSH", "AE", ""),
        (b"nonsense", "AE", ""),
    ],
)
async def test_an_hl7_message_is_acknowledged_as_what_became_of_it(
    body: bytes, code: str, control: str | None
) -> None:
    door = Door()
    answer = await door.send("/hl7v2", body, **{"content-type": "application/hl7-v2"})
    assert answer.status_code == 200
    head, acknowledgement, *errors = answer.text.rstrip("\r").split("\r")
    assert head.startswith("MSH|^~\\&|")
    assert acknowledgement.split("|")[1] == code
    assert control is None or acknowledgement.split("|")[2] == control
    assert any("|E|" in error for error in errors) is (code != "AA")
    assert bool(door.road.sent) is (code == "AA")
    assert "SMITH" not in answer.text


async def test_several_messages_in_one_body_are_several() -> None:
    door = Door()
    second = ADT.replace(b"1391320453338055", b"1391320453338056")
    broken = second.replace(b"ADT^A01", b"ADT^Z99").replace(b"8056", b"8057")
    answer = await door.send("/hl7v2", b"\r".join((ADT, broken, second)))
    answers = [line for line in answer.text.split("\r") if line.startswith("MSA")]
    assert answers == [
        "MSA|AA|1391320453338055",
        "MSA|AR|1391320453338057",
        "MSA|AA|1391320453338056",
    ]


async def test_a_test_message_is_acknowledged_as_one_and_kept_nowhere() -> None:
    door = Door()
    answer = await door.send("/hl7v2", ADT.replace(b"|P|2.4", b"|T|2.4"))
    assert "MSA|AA|" in answer.text
    assert "|I|test-goes-nowhere^" in answer.text
    assert door.road.sent == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"resourceType": "Bundle", "type": "collection"}', "SEND_BUNDLE_EMPTY"),
        (b'{"resourceType": "Bundle", "type": "collection", "entry": []}', "SEND_BUNDLE_EMPTY"),
        (
            b'{"resourceType": "Bundle", "type": "message", "entry": [{"resource": {}}]}',
            "SEND_MESSAGE_NOT_CARRIED",
        ),
        (b'{"resourceType": "Patient", "resourceType": "Patient"}', "SEND_JSON_MEMBER_TWICE"),
        (
            b'{"resourceType": "Patient", "id": "p", "contained": [{"resourceType": "Foo"}]}',
            "SEND_FHIR_INVALID",
        ),
    ],
)
async def test_a_refusal_is_a_valid_operation_outcome(body: bytes, code: str) -> None:
    from fhir.resources.R4B.operationoutcome import OperationOutcome

    door = Door()
    answer = await door.send("/fhir", body)
    assert answer.status_code == 400
    OperationOutcome.model_validate(answer.json())
    assert code in codes(answer)
    assert door.road.sent == []


async def test_the_acknowledgement_goes_back_to_whom_sent_it_and_names_the_field() -> None:
    answer = await Door().send("/hl7v2", ADT.replace(b"|3333333333^", b"|3333333334^"))
    head, _, error = answer.text.rstrip("\r").split("\r")
    assert head.split("|")[2:6] == ["ROUTE", "ROUTE", "PAS", "RCB"]
    assert head.split("|")[8] == "ACK^A01"
    assert error.split("|")[2] == "PID^1^3"
    assert error.split("|")[5].startswith("nhs-number-check-digit^")


async def test_a_message_that_is_not_stored_is_not_acknowledged() -> None:
    answer = await Door(Kept(away=True)).send("/hl7v2", ADT)
    assert answer.status_code == 503
    assert "MSA|AE|1391320453338055" in answer.text


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("agencies: {slam: {token_sha256: [in-clear]}}", "docs/gateway.md"),
        ("agencies: {nobody: {}}", "nobody"),
        ("agencies: {slam: {client_subjects: [CN=a]}, met: {client_subjects: [CN=a]}}", "twice"),
        ("[", "docs/gateway.md"),
    ],
)
def test_a_credentials_file_that_is_wrong_is_refused_without_repeating_it(
    tmp_path: Path, written: str, sentence: str
) -> None:
    file = tmp_path / "credentials.yaml"
    file.write_text(written)
    with pytest.raises(SettingsError) as refused:
        load(file, REGISTRY)
    assert sentence in str(refused.value)
    assert "in-clear" not in str(refused.value)


def test_without_a_credentials_file_the_gateway_does_not_start() -> None:
    with pytest.raises(SettingsError, match="LIAISON_GATEWAY_CREDENTIALS_PATH"):
        load(None, REGISTRY)
