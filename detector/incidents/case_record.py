"""The record of a case that goes to a destination."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from detector.incidents.case import Case
from detector.incidents.component import component_value
from detector.incidents.evidence_row import read_evidence
from detector.incidents.schema import verdicts
from detector.types import Incident, Place

SCHEMA: Final = "xunjie.case/1"
MAX_PICTURES: Final = 20
"""The newest ones: a record stays under 64 KiB."""


def case_record(
    transaction: Connection,
    case: Case,
    incident: Incident,
    kind: str,
    seq: int,
    at: datetime,
    path: Sequence[str] = (),
) -> dict[str, Any]:
    """JSON-ready. `path`: the instances that had the case, this one last, if they have names.
    Evidence is added by `with_evidence` when the record is first sent: the
    pictures of a look are recorded after its incidents, in the same transaction."""
    return {
        "schema": SCHEMA,
        "kind": kind,
        "seq": seq,
        "at": at.isoformat(),
        "case_id": str(case.id),
        "number": case.number,
        "incident_id": str(incident.id),
        "violation": case.violation,
        "subtype": case.subtype,
        "class_name": incident.class_name,
        "urgent": case.urgent,
        "state": case.state.value,
        "code_kind": case.code_kind,
        "code": case.code,
        "code_table_version": case.code_table_version,
        "description": case.description,
        "source_id": case.source_id,
        "place": _place(case.place),
        "grid": case.grid,
        "county_code": case.county_code,
        "component": component_value(case.component),
        "path": list(path),
        "verdict": _verdict(transaction, incident),
        "reopened": incident.reopened,
        "first_seen_at": incident.first_seen_at.isoformat(),
        "opened_at": incident.opened_at.isoformat(),
        "last_seen_at": incident.last_seen_at.isoformat(),
        "cleared_at": incident.cleared_at.isoformat() if incident.cleared_at else None,
        "rule_version": incident.rule_version,
        "model_sha256": list(incident.model_sha256),
        "evidence": [],
    }


def with_evidence(
    transaction: Connection, record: dict[str, Any], incident_id: Any
) -> dict[str, Any]:
    """The record with the evidence there is: what people may see, never what is sealed."""
    shown = [
        {
            "kind": row.kind,
            "key": row.key,
            "sha256": row.sha256,
            "media_type": row.media_type,
            "captured_at": row.captured_at.isoformat(),
        }
        for row in read_evidence(transaction, incident_id)
        if row.variant == "shown" and row.deleted_at is None
    ]
    return {**record, "evidence": shown[-MAX_PICTURES:]}


def _place(place: Place) -> dict[str, Any]:
    position = place.position
    return {
        "fixed": place.fixed,
        "box_unit": list(place.box_unit.as_tuple()),
        "position": None
        if position is None
        else {
            "x": position.x,
            "y": position.y,
            "crs": position.crs,
            "error_radius_m": position.error_radius_m,
        },
    }


def _verdict(transaction: Connection, incident: Incident) -> dict[str, Any]:
    query = select(verdicts).where(verdicts.c.incident_id == incident.id)
    row = transaction.execute(query).mappings().first()
    if row is None:
        return {"answer": incident.verdict.value}
    return {
        "answer": row["answer"],
        "reason": row["reason"],
        "class_name": row["class_name"],
        "box_unit": row["box_unit"],
    }
