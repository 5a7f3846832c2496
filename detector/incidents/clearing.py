"""Marks an incident as over."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, update

from detector.incidents.journal import SYSTEM, IncidentEventKind, write_event
from detector.incidents.schema import incidents
from detector.types import IncidentStatus


def mark_cleared(
    transaction: Connection, incident_id: UUID, at: datetime, detail: str, actor: str = SYSTEM
) -> bool:
    """False, and nothing done, where the incident is not open."""
    done = transaction.execute(
        update(incidents)
        .where(incidents.c.id == incident_id, incidents.c.status == IncidentStatus.OPEN.value)
        .values(status=IncidentStatus.CLEARED.value, cleared_at=at)
    )
    if not done.rowcount:
        return False
    write_event(transaction, incident_id, IncidentEventKind.CLEARED, at, detail, actor)
    return True
