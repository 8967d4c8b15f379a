"""The three doors: CloudEvents, FHIR R4 and HL7 v2."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from fastapi import Request
from fastapi.responses import Response

from schemas.envelope import MAX_EVENT_BYTES
from schemas.registry import TRACE_SOURCE_END, Agency, Feed, Registry
from services.gateway.acknowledgement import acknowledge
from services.gateway.answers import Problem, issues, outcome, receipt
from services.gateway.cloudevents import BATCH, documents_of
from services.gateway.credentials import Refusal
from services.gateway.limits import Rates, body_of
from services.gateway.road import Road
from services.intake.accept import Accepted, Rejected, accept
from services.intake.faults import Fault
from services.intake.translation import Sender
from services.runtime import metrics
from services.runtime.clock import Clock
from services.runtime.logging import logger
from services.runtime.settings import Settings

MAX_BATCH_BYTES = 1_048_576


class AnyDoorkeeper(Protocol):
    """Tells which agency a request is from."""

    def agency(self, headers: Mapping[str, str], now: datetime) -> Agency:
        """The agency. Raises Refusal."""
        ...


class Gateway:
    """The three doors."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        doorkeeper: AnyDoorkeeper,
        road: Road,
        clock: Clock,
    ) -> None:
        self._settings, self._registry, self._clock = settings, registry, clock
        self._doorkeeper, self._road = doorkeeper, road
        self._rates = Rates(settings.gateway_per_second)

    def agency(self, request: Request) -> Agency:
        """Who sends. Raises Problem (401)."""
        try:
            return self._doorkeeper.agency(request.headers, self._clock.now())
        except Refusal as error:
            metrics.GATEWAY_NOT_LET_IN.labels(error.code).inc()
            logger().warning("gateway.not-let-in", code=error.code, route=request.url.path)
            raise Problem(401, error.code, error.message, error.remedy) from error

    async def events(self, request: Request) -> Response:
        """CloudEvents over HTTP: structured, binary, or a batch. One fault refuses the whole."""
        agency = self.agency(request)
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        limit = MAX_EVENT_BYTES
        if kind == BATCH:
            limit = MAX_BATCH_BYTES
        body = await body_of(request, limit)
        documents = documents_of(request.headers, kind, body)
        await self._rates.take(agency.id, len(documents))
        accepted: list[tuple[Feed, Accepted]] = []
        remarks: list[dict[str, Any]] = []
        refused = False
        for number, document in enumerate(documents):
            prefix = ""
            if kind == BATCH:
                prefix = f"/{number}"
            feed, verdict = self._event(agency, document)
            if isinstance(verdict, Rejected):
                refused = True
                remarks += issues(verdict.faults, prefix=prefix)
            else:
                accepted.append((feed, verdict))
            remarks += issues(verdict.notes, "information", prefix)
        # one fault refuses the batch: half of it sent would leave the sender not knowing
        # which half
        if refused:
            return self._refused(agency, len(documents), remarks)
        await self._send(agency, accepted)
        return receipt((verdict.received.event for _, verdict in accepted), remarks)

    def _refused(self, agency: Agency, count: int, wrong: list[dict[str, Any]]) -> Response:
        feed = "none"
        if agency.feeds:
            feed = agency.feeds[0].id
        metrics.GATEWAY_EVENTS.labels(feed, "refused").inc(count)
        codes = {issue["details"]["coding"][0]["code"] for issue in wrong}
        # 403: the event may be right, but not from this sender
        if "SEND_SOURCE_NOT_REGISTERED" in codes:
            return outcome(403, wrong)
        return outcome(400, wrong)

    async def _send(self, agency: Agency, accepted: list[tuple[Feed, Accepted]]) -> None:
        feeds = {feed.id: feed for feed, _ in accepted}
        for feed in feeds.values():
            verdicts = [verdict for target, verdict in accepted if target.id == feed.id]
            await self._road.send(agency, feed, [verdict.received.event for verdict in verdicts])
            for verdict in verdicts:
                for name in verdict.left_out:
                    metrics.FIELDS_LEFT_OUT.labels(feed.id, name).inc()

    def _event(self, agency: Agency, document: bytes) -> tuple[Feed, Accepted | Rejected]:
        """The feed that the event is for, and whether it is taken."""
        if not agency.feeds:
            raise Problem(
                403, "SEND_SOURCE_NOT_REGISTERED", "the agency has no feed", "ask for one"
            )
        feed = agency.feeds[0]
        # the sender names no feed: the source of the event says which of its feeds it is
        # for
        for candidate in agency.feeds:
            verdict = accept(document, [], agency, candidate, self._clock.now(), self._registry.box)
            feed = candidate
            if isinstance(verdict, Accepted) or verdict.fault.code != "source-not-registered":
                break
        if isinstance(verdict, Accepted) and verdict.received.event.source.endswith(
            TRACE_SOURCE_END
        ):
            fault = Fault(
                "/source",
                "source-not-registered",
                "from this source only the trace speaks",
                f"use one of {', '.join(_sources(feed))}",
            )
            return feed, Rejected(fault, document, (fault,))
        return feed, verdict

    async def fhir(self, request: Request) -> Response:
        """One FHIR R4 resource or Bundle. What is right in a Bundle is sent; what is not stands
        in the answer.
        """
        from services.intake import fhir

        agency = self.agency(request)
        feed = self._feed(agency, request)
        body = await body_of(request, MAX_EVENT_BYTES)
        await self._rates.take(agency.id)
        translated = fhir.translate(body, self._sender(agency, feed), self._clock.now())
        remarks = [*issues(translated.faults), *issues(translated.notes, "information")]
        if translated.faults:
            metrics.GATEWAY_EVENTS.labels(feed.id, "refused").inc()
        # what is right in a Bundle is sent: a person with one bad address is still a person
        if translated.faults and not translated.events:
            return outcome(400, remarks)
        await self._road.send(agency, feed, translated.events)
        return receipt(translated.events, remarks)

    async def hl7v2(self, request: Request) -> Response:
        """HL7 v2 messages in ER7, one or several; the answer is an ACK for each."""
        from services.intake.hl7v2.message import messages

        agency = self.agency(request)
        feed = self._feed(agency, request)
        body = await body_of(request, MAX_EVENT_BYTES)
        bodies = [raw.body for raw in messages(body)] or [b""]
        await self._rates.take(agency.id, len(bodies))
        answers: list[bytes] = []
        status = 200
        for message in bodies:
            stored, answer = await self._message(agency, feed, message)
            answers.append(answer)
            if not stored:
                status = 503
        media_type = "application/hl7-v2; charset=utf-8"
        return Response(b"".join(answers), status_code=status, media_type=media_type)

    async def _message(self, agency: Agency, feed: Feed, body: bytes) -> tuple[bool, bytes]:
        """Whether the message could be stored, and its acknowledgement."""
        from services.intake import hl7v2

        translated = hl7v2.translate(body, self._sender(agency, feed))
        stored = True
        if translated.faults:
            metrics.GATEWAY_EVENTS.labels(feed.id, "refused").inc()
        else:
            try:
                await self._road.send(agency, feed, translated.events)
            except Problem:
                stored = False
        _, answer = acknowledge(
            body, translated.faults, self._clock.now(), stored=stored, notes=translated.notes
        )
        return stored, answer

    def _feed(self, agency: Agency, request: Request) -> Feed:
        name = request.query_params.get("feed")
        feeds = [feed for feed in agency.feeds if name in (None, feed.id)]
        if len(feeds) != 1:
            raise Problem(
                400,
                "SEND_FEED",
                "which of the agency's feeds is meant is not clear",
                f"add ?feed= with one of {', '.join(feed.id for feed in agency.feeds)}",
            )
        return feeds[0]

    def _sender(self, agency: Agency, feed: Feed) -> Sender:
        return Sender(
            agency.id,
            agency.kind,
            _sources(feed)[0],
            self._settings.pseudonym_key.encode(),
            frozenset(feed.mental_health_specialties),
            self._clock.now(),
        )


def _sources(feed: Feed) -> list[str]:
    return [source for source in feed.sources if not source.endswith(TRACE_SOURCE_END)]
