"""The log of an incident: rows are added, never changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, insert

from detector.incidents.schema import incident_events

SYSTEM: Final = "xunjie"
"""The actor of what the service does by itself."""


class IncidentEventKind(StrEnum):
    OPENED = "opened"
    ESCALATED = "escalated"
    CLEARED = "cleared"
    REOPENED = "reopened"
    RETURNED = "returned"  # a rejected thing came back; nothing follows from it
    VERDICT = "verdict"
    CASE_OPENED = "case_opened"


def write_event(
    transaction: Connection,
    incident_id: UUID,
    kind: IncidentEventKind,
    at: datetime,
    detail: str,
    actor: str = SYSTEM,
) -> None:
    row = {
        "incident_id": incident_id,
        "at": at,
        "kind": kind.value,
        "actor": actor,
        "detail": detail,
    }
    transaction.execute(insert(incident_events), row)
