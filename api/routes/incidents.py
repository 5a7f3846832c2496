"""Incidents, their evidence, and the operator's verdict."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api.auth.guard import IdentityDep
from api.deps import ERRORS, CursorQuery, LimitQuery, RecordsDep, ServiceDep
from api.problem import Told
from detector.incidents import EvidenceRow, IncidentFilter, NotFoundError, Verdict, VerdictError
from detector.incidents.chain import ChainFault
from detector.incidents.queries import IncidentEvent
from detector.incidents.reason_text import reason_zh
from detector.types import Box, Incident, IncidentStatus, VerdictAnswer

router = APIRouter(prefix="/api/incidents", tags=["incidents"], responses=ERRORS)


class IncidentList(BaseModel):
    """One page."""

    items: list[Incident]
    next_cursor: str | None


class IncidentDetail(BaseModel):
    """An incident with everything that is recorded of it."""

    incident: Incident
    reason_zh: str
    verdict: Verdict | None
    evidence: list[EvidenceRow]
    events: list[IncidentEvent]


class VerdictRequest(BaseModel):
    """The operator's answer. A rejection needs a reason, a correction a class or a box."""

    model_config = ConfigDict(extra="forbid")

    answer: VerdictAnswer
    operator: str | None = Field(default=None, min_length=1, max_length=100)
    """For whom a machine answers; signed-in people answer as themselves."""

    reason: str = Field(default="", max_length=1000)
    class_name: str | None = Field(default=None, max_length=100)
    box_unit: tuple[float, float, float, float] | None = None


class ChainAnswer(BaseModel):
    """Whether the evidence is as it was recorded."""

    intact: bool
    files: int
    faults: list[Told]


@router.get("")
def list_incidents(
    records: RecordsDep,
    status: IncidentStatus | None = None,
    verdict: VerdictAnswer | None = None,
    violation: str | None = None,
    source_id: str | None = None,
    urgent: bool | None = None,
    opened_from: Annotated[AwareDatetime | None, Query()] = None,
    opened_before: Annotated[AwareDatetime | None, Query()] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> IncidentList:
    """Incidents, newest first."""
    which = IncidentFilter(
        status=status,
        verdict=verdict,
        violation=violation,
        source_id=source_id,
        urgent=urgent,
        opened_from=opened_from,
        opened_before=opened_before,
    )
    page = records.queries.incidents(which, cursor=cursor, limit=limit)
    return IncidentList(items=list(page.items), next_cursor=page.next_cursor)


@router.get("/{incident_id}")
def get_incident(incident_id: UUID, records: RecordsDep) -> IncidentDetail:
    """One incident, with its verdict, evidence and log."""
    queries = records.queries
    incident = queries.incident(incident_id)
    return IncidentDetail(
        incident=incident,
        reason_zh=reason_zh(incident.reason),
        verdict=queries.verdict(incident_id),
        evidence=list(queries.evidence(incident_id)),
        events=list(queries.incident_events(incident_id)),
    )


@router.post("/{incident_id}/verdict", responses={422: {"description": "Incomplete"}})
def give_verdict(
    incident_id: UUID,
    request: VerdictRequest,
    service: ServiceDep,
    identity: IdentityDep,
    http: Request,
) -> Verdict:
    """Confirms, corrects or rejects. The same answer again is harmless; another one is refused,
    and so is one on an incident that somebody is looking at on the review page."""
    name = identity.acting_as(request.operator)
    http.app.state.review.check_free(name, incident_id)
    verdict = service.records.verdicts.give_verdict(
        incident_id,
        request.answer,
        name,
        request.reason,
        request.class_name,
        box_of(request.box_unit),
    )
    service.wake_couriers()
    return verdict


@router.get("/{incident_id}/chain")
def verify_chain(incident_id: UUID, records: RecordsDep) -> ChainAnswer:
    """Checks every file of evidence against the hash chain."""
    records.queries.incident(incident_id)
    report = records.chain.verify(incident_id)
    files = len(records.queries.evidence(incident_id))
    return ChainAnswer(
        intact=report.intact, files=files, faults=[_told(fault) for fault in report.faults]
    )


@router.get(
    "/{incident_id}/evidence/{evidence_id}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "A masked picture"}},
)
def get_picture(incident_id: UUID, evidence_id: UUID, records: RecordsDep) -> Response:
    """A masked picture. Sealed originals are not given out here."""
    row = next((r for r in records.queries.evidence(incident_id) if r.id == evidence_id), None)
    if row is None or row.variant == "sealed":
        raise NotFoundError(
            f"incident {incident_id} has no picture {evidence_id} to show", code="no_picture"
        )
    try:
        data = records.store.get(row.key)
    except KeyError:
        raise NotFoundError(
            f"picture {evidence_id} has been deleted by retention", code="picture_deleted"
        ) from None
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(data, media_type=row.media_type, headers=headers)


def _told(fault: ChainFault) -> Told:
    return Told(detail=fault.detail, code=f"chain_{fault.kind}", values={"seq": fault.seq})


def box_of(values: tuple[float, float, float, float] | None) -> Box | None:
    """Raises VerdictError for corners outside the picture or out of order."""
    if values is None:
        return None
    if not all(0 <= value <= 1 for value in values):
        raise VerdictError(
            "box_unit must lie within the picture: four numbers from 0 to 1", code="box_outside"
        )
    try:
        return Box(*values)
    except ValueError as error:
        raise VerdictError(f"box_unit: {error}", code="box_upside_down") from error
