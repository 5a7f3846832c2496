"""One step of a case, and what follows from it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update

from detector.incidents.case import Case, read_case
from detector.incidents.case_log import write_case_event
from detector.incidents.case_state import CaseState
from detector.incidents.clearing import mark_cleared
from detector.incidents.incident_row import read_incident
from detector.incidents.schema import cases, incidents


def locked_case(transaction: Connection, case_id: UUID) -> Case:
    """The case, with its incident's row and its own held, in the order in which a look locks
    them. Raises NotFoundError."""
    incident_id = read_case(transaction, case_id).incident_id
    for table, row in ((incidents, incident_id), (cases, case_id)):
        transaction.execute(select(table.c.id).where(table.c.id == row).with_for_update())
    return read_case(transaction, case_id)


def step_case(
    transaction: Connection,
    case: Case,
    to: CaseState,
    *,
    actor: str,
    note: str,
    now: datetime,
    kind: str = "state",
) -> None:
    """Sets the state; the caller has checked that the table has this step.

    A case that ends is held by nobody. Closing the case of a moving source's incident clears the
    incident, because nothing watches the place.
    """
    free = {"worker": None, "lease_until": None} if to.finished else {}
    transaction.execute(
        update(cases)
        .where(cases.c.id == case.id)
        .values(
            state=to.value,
            updated_at=now,
            ended_at=now if to.finished else None,
            version=cases.c.version + 1,
            **free,
        )
    )
    write_case_event(
        transaction,
        case.id,
        now,
        kind,
        actor=actor,
        note=note,
        from_state=case.state,
        to_state=to,
    )
    if to == CaseState.CLOSED and not case.place.fixed:
        incident = read_incident(transaction, case.incident_id)
        at = max(now, incident.last_seen_at)
        mark_cleared(transaction, case.incident_id, at, f"case {case.number} closed", actor)
