"""What has become of cases elsewhere: delivered where, and what was said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from detector.incidents.letter import DeliveryState, LetterKind
from detector.incidents.outcome import OutcomeKind
from detector.incidents.schema import cases, deliveries, outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestLetter:
    """To one destination."""

    destination: str
    kind: LetterKind
    state: DeliveryState
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestOutcome:
    """What was said of the case last."""

    destination: str
    kind: OutcomeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFate:
    case_id: UUID
    letters: tuple[NewestLetter, ...]  # by destination
    outcome: NewestOutcome | None


def read_fates(transaction: Connection, case_ids: Sequence[UUID]) -> tuple[CaseFate, ...]:
    """In the order given."""
    letters = _letters(transaction, case_ids)
    said = _outcomes(transaction, case_ids)
    return tuple(
        CaseFate(case_id=key, letters=tuple(letters.get(key, ())), outcome=said.get(key))
        for key in case_ids
    )


def delivered_as(
    destination: str | None, state: DeliveryState | None
) -> ColumnElement[bool] | None:
    """Cases with a letter in that state, to that destination; None: asks for neither."""
    column = deliveries.c
    wanted = [
        *([column.destination == destination] if destination is not None else []),
        *([column.state == state.value] if state is not None else []),
    ]
    if not wanted:
        return None
    if state in (None, DeliveryState.DELIVERED):  # nearly all: found among the first cases
        return exists().where(column.incident_id == cases.c.incident_id, *wanted)
    return cases.c.id.in_(select(column.case_id).where(and_(*wanted)))


def _letters(transaction: Connection, case_ids: Sequence[UUID]) -> dict[UUID, list[NewestLetter]]:
    column = deliveries.c
    # By the incident's id, which has an index of its own.
    owners = select(cases.c.incident_id).where(cases.c.id.in_(case_ids))
    query = (
        select(column.case_id, column.destination, column.kind, column.state, column.attempts)
        .where(column.incident_id.in_(owners))
        .order_by(column.destination, column.seq)
    )
    newest: dict[tuple[UUID, str], NewestLetter] = {}
    for case_id, destination, kind, state, attempts in transaction.execute(query):
        newest[case_id, destination] = NewestLetter(
            destination=destination,
            kind=LetterKind(kind),
            state=DeliveryState(state),
            attempts=attempts,
        )
    found: dict[UUID, list[NewestLetter]] = {}
    for (case_id, _), letter in newest.items():
        found.setdefault(case_id, []).append(letter)
    return found


def _outcomes(transaction: Connection, case_ids: Sequence[UUID]) -> dict[UUID, NewestOutcome]:
    column = outcomes.c
    last = select(func.max(column.id)).where(column.case_id.in_(case_ids)).group_by(column.case_id)
    query = select(column.case_id, column.destination, column.kind).where(column.id.in_(last))
    return {
        row[0]: NewestOutcome(destination=row[1], kind=OutcomeKind(row[2]))
        for row in transaction.execute(query)
    }
