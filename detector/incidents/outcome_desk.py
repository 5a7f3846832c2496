"""Takes what destinations say of their cases, each word once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, insert

from detector.incidents.case import Case, read_case
from detector.incidents.case_log import read_case_events, write_case_event
from detector.incidents.case_state import TRANSITIONS, CaseState
from detector.incidents.case_step import locked_case, step_case
from detector.incidents.database import Database
from detector.incidents.errors import ConflictError, OutcomeError
from detector.incidents.outcome import Outcome, OutcomeKind, outcome_of, read_outcome, read_outcomes
from detector.incidents.schema import outcomes
from detector.incidents.utc import utc_now

_TEXT_CHARS: Final = 1000
_S = CaseState

_WAY: Final = (_S.REGISTERED, _S.FILED, _S.DISPATCHED, _S.HANDLING, _S.VERIFYING, _S.CLOSED)
"""Only these are passed through on the way: what another system did in between we were not told."""

_AIMS: Final = {
    OutcomeKind.ACCEPTED: (_S.REGISTERED,),
    OutcomeKind.HANDLED: (_S.VERIFYING,),
    OutcomeKind.CLOSED: (_S.CLOSED,),
    # Refused at the door, or sent back (回退) by those who had begun: a person looks at it.
    OutcomeKind.REFUSED: (_S.REFUSED, _S.SENT_BACK),
}


class OutcomeDesk:
    """Moves cases by outcomes.

    - accepted: a new case is registered (受理); one that is further stays where it is.
    - handled: verification (核查). The camera's own clearing is offered beside it.
    - closed: 结案. While a fixed camera still sees the violation, the registry raises it again
      with a new picture (`ViolationPolicy.raise_again_after_s`).
    - refused, with a reason: 不予受理, or 回退 where the case was in work already.
    - A case that has ended stays as it is; the outcome is logged.

    The same outcome told again (by its key) changes nothing.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    def outcome(
        self,
        case_id: UUID,
        kind: OutcomeKind,
        *,
        destination: str,
        reason: str = "",
        remote_id: str | None = None,
        at: datetime | None = None,
        key: str | None = None,
    ) -> Outcome:
        """Takes one outcome; `destination` is who says it, `at` when it happened there.

        `key` names the outcome to its sender, so that a repetition is known: without one, the
        same kind for the same round of the case counts once. Raises OutcomeError for a refusal
        without a reason, ConflictError for a key that meant another case or kind, NotFoundError.
        """
        if kind == OutcomeKind.REFUSED and not reason.strip():
            raise OutcomeError("an outcome 'refused' needs a reason")
        now = self._clock()
        with self._database.transaction() as transaction:
            case = locked_case(transaction, case_id)
            key = key or _own_key(transaction, case, kind, remote_id)
            known = read_outcome(transaction, destination, key[:300])
            if known is not None:
                return _repeated(known, case_id, kind)
            values = {
                "case_id": case_id,
                "destination": destination,
                "outcome_key": key[:300],
                "kind": kind.value,
                "reason": reason[:_TEXT_CHARS],
                "remote_id": remote_id[:300] if remote_id else None,
                "at": at or now,
                "received_at": now,
                "from_state": case.state.value,
            }
            to = self._move(transaction, case, kind, destination, reason, now)
            values["to_state"] = to.value
            written = insert(outcomes).values(**values).returning(outcomes.c.id)
            row_id = transaction.execute(written).scalar_one()
            return outcome_of({**values, "id": row_id})

    def outcomes(self, case_id: UUID) -> tuple[Outcome, ...]:
        """What was said of a case, oldest first."""
        with self._database.reading() as transaction:
            return read_outcomes(transaction, case_id)

    def _move(
        self,
        transaction: Connection,
        case: Case,
        kind: OutcomeKind,
        destination: str,
        reason: str,
        now: datetime,
    ) -> CaseState:
        note = f"{kind}: {reason}"[:_TEXT_CHARS] if reason else str(kind)
        steps = _steps(case.state, kind)
        if not steps:
            write_case_event(transaction, case.id, now, "outcome", actor=destination, note=note)
        for to in steps:
            now_case = read_case(transaction, case.id)
            told: dict[str, Any] = {"actor": destination, "note": note, "kind": "outcome"}
            step_case(transaction, now_case, to, now=now, **told)
        return steps[-1] if steps else case.state


def _steps(state: CaseState, kind: OutcomeKind) -> list[CaseState]:
    """The shortest way to the outcome's state; empty where there is none or nothing to do."""
    if state.finished:
        return []
    if kind == OutcomeKind.ACCEPTED and state not in (_S.REPORTED, _S.SENT_BACK):
        return []
    if kind == OutcomeKind.HANDLED and state == _S.VERIFYING:
        return []
    if kind == OutcomeKind.REFUSED:
        return next(([to] for to in _AIMS[kind] if state.may_become(to)), [])
    return _shortest(state, _AIMS[kind][0])


def _shortest(state: CaseState, aim: CaseState) -> list[CaseState]:
    waiting: deque[list[CaseState]] = deque([[]])
    seen = {state}
    while waiting:
        way = waiting.popleft()
        here = way[-1] if way else state
        for to in _WAY:
            if to in seen or to not in TRANSITIONS[here]:
                continue
            if to == aim:
                return [*way, to]
            seen.add(to)
            waiting.append([*way, to])
    return []


def _own_key(transaction: Connection, case: Case, kind: OutcomeKind, remote_id: str | None) -> str:
    """One outcome of a kind for each time the case was opened or came back."""
    events = read_case_events(transaction, case.id)
    raised = sum(event.kind == "reopened" for event in events)
    return f"{case.id}:{kind}:{remote_id or ''}:{raised}"


def _repeated(known: Outcome, case_id: UUID, kind: OutcomeKind) -> Outcome:
    if (known.case_id, known.kind) != (case_id, kind):
        raise ConflictError(
            f"outcome {known.outcome_key!r} of {known.destination} was {known.kind} for the case "
            f"{known.case_id}"
        )
    row = {name: getattr(known, name) for name in Outcome.__slots__}
    return outcome_of(row, repeated=True)
