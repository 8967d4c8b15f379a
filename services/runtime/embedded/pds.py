"""A Personal Demographics Service on this machine, for tests and for trying. It knows the people it
is given.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from services.intake.translation import nhs_digits
from services.runtime.embedded.pds_search import Access, Refused, mark, search, shown

SYSTEM = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"


def _outcome(status: int, code: str, text: str) -> JSONResponse:
    issue = {
        "severity": "information" if code == "TOO_MANY_MATCHES" else "error",
        "code": "multiple-matches" if code == "TOO_MANY_MATCHES" else "value",
        "details": {"coding": [{"version": "1", "system": SYSTEM, "code": code, "display": text}]},
    }
    return JSONResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status_code=status)


def create_app(
    people: Iterable[Mapping[str, Any]],
    access: Access = "application",
    refuse_above: int | None = None,
) -> FastAPI:
    """The service. `refuse_above`: questions within a second after which it answers 429, as the
    national one does.
    """
    patients = {str(patient["id"]): patient for patient in people}
    instants: list[datetime] = []
    app = FastAPI(title="PDS simulator", docs_url=None, redoc_url=None, openapi_url=None)

    def refusal(request: Request) -> JSONResponse | None:
        if not request.headers.get("x-request-id"):
            return _outcome(400, "MISSING_VALUE", "Missing value - 'X-Request-ID'")
        now = datetime.now(UTC)
        instants[:] = [instant for instant in instants if (now - instant).total_seconds() < 1]
        if refuse_above is not None and len(instants) >= refuse_above:
            return _outcome(429, "TOO_MANY_REQUESTS", "Spike arrest")
        instants.append(now)
        return None

    @app.get("/Patient")
    async def find(request: Request) -> JSONResponse:
        if (no := refusal(request)) is not None:
            return no
        parameters: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            parameters.setdefault(name, []).append(value)
        try:
            hits = search(patients.values(), parameters, access)
        except Refused as error:
            return _outcome(error.status, error.code, error.said)
        entries = [
            {
                "fullUrl": f"https://pds.example/Patient/{hit.patient['id']}",
                "search": {"score": hit.score},
                "resource": shown(hit.patient),
            }
            for hit in hits
        ]
        bundle: dict[str, Any] = {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(hits),
            "timestamp": datetime.now(UTC).isoformat(),
        }
        return JSONResponse(bundle | ({"entry": entries} if entries else {}))

    @app.get("/Patient/{number}")
    async def one(number: str, request: Request) -> JSONResponse:
        if (no := refusal(request)) is not None:
            return no
        if nhs_digits(number) is None:
            return _outcome(400, "INVALID_RESOURCE_ID", "Resource Id is invalid")
        patient = patients.get(number)
        if patient is None:
            return _outcome(404, "RESOURCE_NOT_FOUND", "Resource not found")
        if mark(patient) == "REDACTED":
            return _outcome(
                404,
                "INVALIDATED_RESOURCE",
                "Resource that has been marked as invalid was requested",
            )
        return JSONResponse(
            shown(patient), headers={"ETag": f'W/"{patient.get("meta", {}).get("versionId", "1")}"'}
        )

    return app


if __name__ == "__main__":
    file, port = sys.argv[1:]
    app = create_app(json.loads(Path(file).read_text(encoding="utf-8")))
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_config=None, access_log=False)
