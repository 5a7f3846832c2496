"""An operator's answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from detector.incidents.case_desk import CaseDesk
from detector.incidents.database import Database
from detector.incidents.errors import ConflictError, NotFoundError, VerdictError
from detector.incidents.incident_row import read_incident
from detector.incidents.journal import IncidentEventKind, write_event
from detector.incidents.schema import incidents, verdicts
from detector.incidents.utc import utc_now
from detector.types import Box, VerdictAnswer

_REASON_CHARS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The one answer that an incident has."""

    incident_id: UUID
    answer: VerdictAnswer
    operator: str
    reason: str
    class_name: str | None  # what it really is, where corrected
    box_unit: Box | None  # where it really is, where corrected
    at: datetime
    case_id: UUID | None
    repeated: bool = False  # it had been given before


class VerdictDesk:
    """Takes verdicts; a case opens or is voided in the verdict's own transaction."""

    def __init__(
        self, database: Database, desk: CaseDesk, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._desk = desk
        self._clock = clock

    def give_verdict(
        self,
        incident_id: UUID,
        answer: VerdictAnswer,
        operator: str,
        reason: str = "",
        class_name: str | None = None,
        box: Box | None = None,
    ) -> Verdict:
        """Confirmed or corrected: the case opens, also when the thing has gone by now. Rejected:
        no case, or the one that was opened at once is voided (作废).

        The same answer again (with the same class and box) changes nothing and returns the first
        verdict. Raises ConflictError for another answer, VerdictError for a rejection without a
        reason, a correction without class or box, or `pending`, and NotFoundError.
        """
        check_answer(answer, reason, class_name, box)
        values = {
            "incident_id": incident_id,
            "answer": answer.value,
            "operator": operator,
            "reason": reason[:_REASON_CHARS],
            "class_name": class_name,
            "box_unit": list(box.as_tuple()) if box else None,
            "at": self._clock(),
        }
        with self._database.transaction() as transaction:
            locked = select(incidents.c.id).where(incidents.c.id == incident_id).with_for_update()
            if transaction.execute(locked).first() is None:
                raise NotFoundError(
                    f"no incident has the id {incident_id}", code="no_incident", id=incident_id
                )
            given = read_verdict(transaction, incident_id)
            if given is not None:
                return _repeated(given, values)
            self._take(transaction, values)
            case_id = read_incident(transaction, incident_id).case_id
            return _verdict_of({**values, "case_id": case_id})

    def _take(self, transaction: Connection, values: dict[str, Any]) -> None:
        incident_id, answer = values["incident_id"], VerdictAnswer(values["answer"])
        had_case = read_incident(transaction, incident_id).case_id is not None
        transaction.execute(insert(verdicts).values(**values))
        transaction.execute(
            update(incidents).where(incidents.c.id == incident_id).values(verdict=answer.value)
        )
        operator, reason = values["operator"], values["reason"]
        detail = f"{answer}: {reason}" if reason else str(answer)
        write_event(
            transaction, incident_id, IncidentEventKind.VERDICT, values["at"], detail, operator
        )
        if answer == VerdictAnswer.REJECTED:
            self._desk.void(transaction, incident_id, operator, reason)
        elif not had_case:
            self._desk.open(transaction, incident_id, operator)
        elif answer == VerdictAnswer.CORRECTED:
            self._desk.update(transaction, incident_id, detail, operator)


def read_verdict(transaction: Connection, incident_id: UUID) -> Verdict | None:
    """None: no operator has answered yet."""
    query = select(verdicts).where(verdicts.c.incident_id == incident_id)
    row = transaction.execute(query).mappings().first()
    if row is None:
        return None
    return _verdict_of({**row, "case_id": read_incident(transaction, incident_id).case_id})


def _verdict_of(row: dict[str, Any], repeated: bool = False) -> Verdict:
    return Verdict(
        incident_id=row["incident_id"],
        answer=VerdictAnswer(row["answer"]),
        operator=row["operator"],
        reason=row["reason"],
        class_name=row["class_name"],
        box_unit=Box(*row["box_unit"]) if row["box_unit"] else None,
        at=row["at"],
        case_id=row["case_id"],
        repeated=repeated,
    )


def _repeated(given: Verdict, values: dict[str, Any]) -> Verdict:
    box = list(given.box_unit.as_tuple()) if given.box_unit else None
    same = (given.answer.value, given.class_name, box) == (
        values["answer"],
        values["class_name"],
        values["box_unit"],
    )
    if not same:
        raise ConflictError(
            f"incident {given.incident_id} was {given.answer} by {given.operator} at "
            f"{given.at.isoformat()}",
            code="verdict_given",
            operator=given.operator,
            answer=given.answer,
            at=given.at,
        )
    row = {name: getattr(given, name) for name in Verdict.__slots__}
    return _verdict_of({**row, "box_unit": box}, repeated=True)


def check_answer(
    answer: VerdictAnswer, reason: str, class_name: str | None, box: Box | None
) -> None:
    """Raises VerdictError for an answer that says too little or too much."""
    if answer == VerdictAnswer.PENDING:
        raise VerdictError("a verdict is confirmed, corrected or rejected", code="verdict_pending")
    if answer == VerdictAnswer.REJECTED and not reason.strip():
        raise VerdictError("a rejection needs a reason", code="verdict_without_reason")
    corrects = class_name is not None or box is not None
    if corrects != (answer == VerdictAnswer.CORRECTED):
        raise VerdictError(
            "a class or a box belongs to a correction, and a correction needs one",
            code="verdict_correction",
        )
