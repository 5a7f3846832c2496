"""What a destination says later about a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from detector.incidents.case_state import CaseState
from detector.incidents.schema import outcomes


class OutcomeKind(StrEnum):
    ACCEPTED = "accepted"  # they work on it
    REFUSED = "refused"  # with a reason
    HANDLED = "handled"  # done, and not yet verified
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A row: told once, however often it was repeated."""

    id: int
    case_id: UUID
    destination: str
    outcome_key: str
    kind: OutcomeKind
    reason: str
    remote_id: str | None
    at: datetime  # when it happened there, as they say
    received_at: datetime
    from_state: CaseState
    to_state: CaseState  # the same where the outcome changed nothing
    repeated: bool = False


def read_outcomes(transaction: Connection, case_id: UUID) -> tuple[Outcome, ...]:
    """Oldest first."""
    query = select(outcomes).where(outcomes.c.case_id == case_id).order_by(outcomes.c.id)
    return tuple(outcome_of(row) for row in transaction.execute(query).mappings())


def read_outcome(transaction: Connection, destination: str, key: str) -> Outcome | None:
    query = select(outcomes).where(
        outcomes.c.destination == destination, outcomes.c.outcome_key == key
    )
    row = transaction.execute(query).mappings().first()
    return None if row is None else outcome_of(row)


def outcome_of(row: Any, repeated: bool = False) -> Outcome:
    values = {name: row[name] for name in Outcome.__slots__ if name != "repeated"}
    values["kind"] = OutcomeKind(values["kind"])
    values["from_state"] = CaseState(values["from_state"])
    values["to_state"] = CaseState(values["to_state"])
    return Outcome(**values, repeated=repeated)
