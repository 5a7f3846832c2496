"""The embedded queue: who works on which case, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select, update

from detector.incidents.case import Case, CaseEvent, case_of, case_query, read_case
from detector.incidents.case_log import read_case_events
from detector.incidents.case_state import CaseState
from detector.incidents.case_step import locked_case, step_case
from detector.incidents.database import Database
from detector.incidents.errors import ConflictError, LeaseLostError
from detector.incidents.schema import cases
from detector.incidents.utc import utc_now

_NEW: Final = (CaseState.REPORTED,)


class CaseQueue:
    """Claims with a lease, and status changes with a log.

    Two workers never hold one case at a time; a worker that died loses its cases when its lease
    lapses. Any operator may change a state, whoever holds the case: `expected_version` guards
    against acting on an old page.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    def claim(
        self,
        worker: str,
        lease_s: float,
        states: Iterable[CaseState] = _NEW,
        limit: int = 1,
    ) -> tuple[Case, ...]:
        """Up to `limit` free cases in these states, urgent and old ones first."""
        now = self._clock()
        query = (
            select(cases.c.id)
            .where(
                cases.c.state.in_([state.value for state in states]),
                or_(cases.c.lease_until.is_(None), cases.c.lease_until < now),
            )
            .order_by(cases.c.urgent.desc(), cases.c.opened_at, cases.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        lease = {"worker": worker, "lease_until": now + timedelta(seconds=lease_s)}
        with self._database.transaction() as transaction:
            ids = list(transaction.execute(query).scalars())
            if not ids:
                return ()
            transaction.execute(update(cases).where(cases.c.id.in_(ids)).values(**lease))
            rows = transaction.execute(case_query().where(cases.c.id.in_(ids))).mappings()
            found = {row["id"]: case_of(row) for row in rows}
        return tuple(found[case_id] for case_id in ids)

    def renew(self, case_id: UUID, worker: str, lease_s: float) -> Case:
        """Holds it for `lease_s` from now. Raises LeaseLostError, NotFoundError."""
        until = self._clock() + timedelta(seconds=lease_s)
        return self._hold(case_id, worker, {"lease_until": until})

    def release(self, case_id: UUID, worker: str) -> Case:
        """Frees it for others. Raises LeaseLostError, NotFoundError."""
        return self._hold(case_id, worker, {"worker": None, "lease_until": None})

    def change_state(
        self,
        case_id: UUID,
        to: CaseState,
        actor: str,
        note: str = "",
        expected_version: int | None = None,
    ) -> Case:
        """Takes a step of the transition table.

        The state it already has is no step and changes nothing, so that a repeated request is
        harmless. A case that ends (closed, refused, void) is held by nobody. Closing the case of
        a moving source's incident clears the incident, because nothing watches the place: seen
        again by a later pass, it comes back by the reopening rule. Raises ConflictError for a
        step that the table does not have or a version that has passed, and NotFoundError.
        """
        with self._database.transaction() as transaction:
            case = locked_case(transaction, case_id)
            if case.state == to:
                return case
            _check_step(case, to, expected_version)
            step_case(transaction, case, to, actor=actor, note=note, now=self._clock())
            return read_case(transaction, case_id)

    def get(self, case_id: UUID) -> Case:
        """Raises NotFoundError."""
        with self._database.reading() as transaction:
            return read_case(transaction, case_id)

    def events(self, case_id: UUID) -> tuple[CaseEvent, ...]:
        """The case's log, oldest first."""
        with self._database.reading() as transaction:
            return read_case_events(transaction, case_id)

    def _hold(self, case_id: UUID, worker: str, values: dict[str, Any]) -> Case:
        with self._database.transaction() as transaction:
            done = transaction.execute(
                update(cases)
                .where(
                    cases.c.id == case_id,
                    cases.c.worker == worker,
                    cases.c.lease_until >= self._clock(),
                )
                .values(**values)
            )
            case = read_case(transaction, case_id)
            if not done.rowcount:
                holder = f"held by {case.worker}" if case.worker else "free"
                raise LeaseLostError(
                    f"case {case.number} is not held by {worker}: it is {holder}",
                    code="case_not_held",
                    number=case.number,
                    holder=case.worker or "",
                )
            return case


def _check_step(case: Case, to: CaseState, expected_version: int | None) -> None:
    if expected_version is not None and case.version != expected_version:
        raise ConflictError(
            f"case {case.number} has changed since it was read "
            f"(version {case.version}, not {expected_version})",
            code="case_changed",
            number=case.number,
        )
    if not case.state.may_become(to):
        raise ConflictError(
            f"case {case.number} is {case.state} ({case.state.label}) and cannot become "
            f"{to} ({to.label})",
            code="case_step",
            number=case.number,
            state=case.state,
            to=to,
        )
