"""The log of a case: rows are added, never changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select

from detector.incidents.case import CaseEvent
from detector.incidents.case_state import CaseState
from detector.incidents.schema import case_events


def write_case_event(
    transaction: Connection,
    case_id: UUID,
    at: datetime,
    kind: str,
    *,
    actor: str,
    note: str = "",
    from_state: CaseState | None = None,
    to_state: CaseState | None = None,
) -> None:
    row = {
        "case_id": case_id,
        "at": at,
        "kind": kind,
        "actor": actor,
        "note": note,
        "from_state": from_state.value if from_state else None,
        "to_state": to_state.value if to_state else None,
    }
    transaction.execute(insert(case_events), row)


def read_case_events(transaction: Connection, case_id: UUID) -> tuple[CaseEvent, ...]:
    """In the order in which they were written."""
    query = select(case_events).where(case_events.c.case_id == case_id).order_by(case_events.c.id)
    return tuple(
        CaseEvent(
            id=row["id"],
            case_id=row["case_id"],
            at=row["at"],
            kind=row["kind"],
            from_state=CaseState(row["from_state"]) if row["from_state"] else None,
            to_state=CaseState(row["to_state"]) if row["to_state"] else None,
            actor=row["actor"],
            note=row["note"],
        )
        for row in transaction.execute(query).mappings()
    )
