"""What a bounded run did, as a file."""

from __future__ import annotations

import resource
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel

from api.service import Service
from detector.incidents import Case, Page
from detector.pipeline.camera import Camera
from detector.types import BlindReason, Incident, SourceState


class SourceReport(BaseModel):
    """One source over the run."""

    id: str
    state: SourceState
    state_reason: str
    looks: int
    blind_looks: int
    blind_s: dict[BlindReason, float]
    failed_looks: int
    reconnects: int
    greatest_staleness_s: float


class IncidentReport(BaseModel):
    """One incident that was opened in the run."""

    id: str
    violation: str
    subtype: str
    source_id: str
    box_unit: tuple[float, float, float, float]
    first_seen_at: datetime
    opened_at: datetime
    cleared_at: datetime | None
    case_id: str | None
    reason: str


class CaseReport(BaseModel):
    """One case that was opened in the run."""

    id: str
    number: str
    incident_id: str
    violation: str
    subtype: str
    source_id: str
    state: str
    opened_at: datetime


class RunReport(BaseModel):
    """Memory is resident memory of the process; its course shows whether it grows."""

    seconds: float
    peak_memory_bytes: int
    memory_bytes_by_minute: list[int]
    sources: list[SourceReport]
    incidents: list[IncidentReport]
    cases: list[CaseReport]


def report_of(
    service: Service, opened: Collection[UUID], seconds: float, memory: list[int]
) -> RunReport:
    """What happened; `opened` names the run's own incidents: an earlier run's are left out."""
    return RunReport(
        seconds=round(seconds, 1),
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        memory_bytes_by_minute=memory,
        sources=[_source(camera) for camera in service.engine.cameras],
        incidents=_incidents(service, opened),
        cases=_cases(service),
    )


def write_report(report: RunReport, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.model_dump_json(indent=1), encoding="utf-8")


def _source(camera: Camera) -> SourceReport:
    tally, health = camera.tally.snapshot(), camera.source.health()
    return SourceReport(
        id=camera.id,
        state=health.state,
        state_reason=health.reason,
        looks=tally.looks,
        blind_looks=tally.blind_looks,
        blind_s={reason: round(seconds, 1) for reason, seconds in tally.blind_s.items()},
        failed_looks=tally.failed_looks,
        reconnects=health.reconnects,
        greatest_staleness_s=round(tally.greatest_stale_s, 2),
    )


def _incidents(service: Service, opened: Collection[UUID]) -> list[IncidentReport]:
    found: list[Incident] = []
    cursor = None
    while True:
        page: Page[Incident] = service.records.queries.incidents(cursor=cursor, limit=500)
        found += [each for each in page.items if each.id in opened]
        cursor = page.next_cursor
        if cursor is None:
            return [_incident(each) for each in reversed(found)]


def _incident(incident: Incident) -> IncidentReport:
    return IncidentReport(
        id=str(incident.id),
        violation=incident.violation,
        subtype=incident.subtype,
        source_id=incident.source_id,
        box_unit=incident.place.box_unit.as_tuple(),
        first_seen_at=incident.first_seen_at,
        opened_at=incident.opened_at,
        cleared_at=incident.cleared_at,
        case_id=str(incident.case_id) if incident.case_id else None,
        reason=incident.reason,
    )


def _cases(service: Service) -> list[CaseReport]:
    found: list[Case] = []
    cursor = None
    while True:
        page: Page[Case] = service.records.queries.cases(cursor=cursor, limit=500)
        # Cases are stamped by the machine's clock, so the run's start tells old from new.
        start = service.started_at
        found += [each for each in page.items if start is None or each.opened_at >= start]
        cursor = page.next_cursor
        if cursor is None:
            return [_case(each) for each in reversed(found)]


def _case(case: Case) -> CaseReport:
    return CaseReport(
        id=str(case.id),
        number=case.number,
        incident_id=str(case.incident_id),
        violation=case.violation,
        subtype=case.subtype,
        source_id=case.source_id,
        state=case.state.value,
        opened_at=case.opened_at,
    )
