"""Cases as CSV, GeoJSON, and one of them as a PDF dossier; each export leaves an audit row."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import AwareDatetime

from api.auth.guard import AccessDep, IdentityDep
from api.deps import ERRORS, RecordsDep, ServiceDep
from api.ui.dossier import dossier
from api.ui.export import csv_lines, every_case, geojson
from detector.incidents import CaseFilter, CaseState, DeliveryState

router = APIRouter(prefix="/api/export", tags=["export"], responses=ERRORS)
MostQuery = Annotated[int, Query(ge=1, le=1_000_000, description="at most so many cases")]


def which_cases(
    state: Annotated[list[CaseState] | None, Query()] = None,
    violation: str | None = None,
    source_id: str | None = None,
    urgent: bool | None = None,
    opened_from: AwareDatetime | None = None,
    opened_before: AwareDatetime | None = None,
    destination: str | None = None,
    delivery: DeliveryState | None = None,
) -> CaseFilter:
    return CaseFilter(
        states=frozenset(state) if state else None,
        violation=violation,
        source_id=source_id,
        urgent=urgent,
        opened_from=opened_from,
        opened_before=opened_before,
        destination=destination,
        delivery=delivery,
    )


WhichDep = Annotated[CaseFilter, Depends(which_cases)]


@router.get(
    "/cases.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "UTF-8"}},
)
def cases_csv(
    which: WhichDep,
    records: RecordsDep,
    identity: IdentityDep,
    access: AccessDep,
    most: MostQuery = 100_000,
) -> Response:
    """One line a case, newest first."""
    access.audit.add(identity, "exported", "cases.csv", {"most": most})
    lines = csv_lines(every_case(records.queries, which, most))
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8")


@router.get(
    "/cases.geojson",
    response_class=Response,
    responses={200: {"content": {"application/geo+json": {}}, "description": "WGS-84"}},
)
def cases_geojson(
    which: WhichDep,
    records: RecordsDep,
    identity: IdentityDep,
    access: AccessDep,
    most: MostQuery = 100_000,
) -> Response:
    """One feature a case."""
    access.audit.add(identity, "exported", "cases.geojson", {"most": most})
    lines = geojson(every_case(records.queries, which, most))
    return StreamingResponse(lines, media_type="application/geo+json")


@router.get(
    "/cases/{case_id}.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "The dossier"}},
)
def case_pdf(
    case_id: UUID, service: ServiceDep, identity: IdentityDep, access: AccessDep
) -> Response:
    """One case with its masked pictures, log and chain."""
    case = service.records.queries.case(case_id)
    access.audit.add(identity, "exported", f"{case.number}.pdf")
    data = dossier(service.records, case, service.config.cases.time_zone)
    return Response(data, media_type="application/pdf")
