"""The review queue: who looks at which incident, and verdicts that can be undone for a moment.

A verdict given here is first a row of `held_verdicts`. Undoing deletes the row; after `undo_s`
the committer gives it to the VerdictDesk, which opens the case in its own transaction, and then
deletes the row. A kill between the two repeats the same answer, which the VerdictDesk takes as
given: no case is opened twice, and no verdict is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Connection, and_, delete, exists, func, insert, select, update

from api.ui.held_verdict import HeldVerdict, held_of
from detector.incidents import ConflictError, Database, NotFoundError, VerdictDesk
from detector.incidents.access_schema import held_verdicts, review_leases
from detector.incidents.dialect import insert_into
from detector.incidents.schema import incidents, verdicts
from detector.incidents.utc import utc_now
from detector.incidents.verdicts import check_answer
from detector.types import VerdictAnswer, XunjieError

_log = structlog.get_logger(__name__)
_SLACK: Final = timedelta(seconds=0.5)
"""Between the last moment for undoing and the commit: two machines' clocks may differ a little."""

_PENDING: Final = incidents.c.verdict == VerdictAnswer.PENDING.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How much there is to do."""

    pending: int  # without a verdict, held ones not counted
    urgent: int
    with_others: int  # of them leased by somebody else


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A verdict that somebody gave."""

    incident_id: UUID
    operator: str
    answer: VerdictAnswer
    at: datetime
    committed: bool


class ReviewDesk:
    """Leases and held verdicts; safe between threads and between services on one database."""

    def __init__(
        self,
        database: Database,
        desk: VerdictDesk,
        *,
        lease_s: float,
        undo_s: float,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._desk = desk
        self._lease = timedelta(seconds=lease_s)
        self._undo = timedelta(seconds=undo_s)
        self._clock = clock

    def claim(self, holder: str, count: int, exclude: Sequence[UUID] = ()) -> tuple[UUID, ...]:
        """Up to `count` incidents for this holder alone, urgent first, then newest; those that
        the holder has already come first. `exclude`: skipped ones."""
        now = self._clock()
        with self._database.transaction() as transaction:
            transaction.execute(delete(review_leases).where(review_leases.c.until <= now))
            mine = self._mine(transaction, holder, exclude)
            fresh = self._free(transaction, count - len(mine), exclude)
            rows = [{"incident_id": i, "holder": holder, "until": now + self._lease} for i in fresh]
            for row in rows:
                taken = insert_into(transaction, review_leases).values(**row)
                transaction.execute(taken.on_conflict_do_nothing())
            if rows:
                mine = self._mine(transaction, holder, exclude)
            return mine[:count]

    def beat(self, holder: str) -> int:
        """Keeps the holder's leases. Returns how many there are."""
        until = self._clock() + self._lease
        with self._database.transaction() as transaction:
            return transaction.execute(
                update(review_leases).where(review_leases.c.holder == holder).values(until=until)
            ).rowcount

    def release(self, holder: str, incident_id: UUID) -> None:
        """Gives it back to the queue; harmless where it is not held."""
        mine = and_(review_leases.c.incident_id == incident_id, review_leases.c.holder == holder)
        with self._database.transaction() as transaction:
            transaction.execute(delete(review_leases).where(mine))

    def hold(self, verdict: HeldVerdict) -> HeldVerdict:
        """Takes a verdict, to be committed after the time for undoing; the same one again is
        harmless. Raises VerdictError for an incomplete one, ConflictError where somebody else
        holds the incident or has answered, NotFoundError."""
        check_answer(verdict.answer, verdict.reason, verdict.class_name, verdict.box_unit)
        now = self._clock()
        verdict = replace(verdict, held_at=now, commit_at=now + self._undo)
        incident_id = verdict.incident_id
        with self._database.transaction() as transaction:
            given = self._checked(transaction, verdict.operator, incident_id)
            if given is not None and given.says_the_same(verdict):
                return given
            if given is not None:
                raise ConflictError(
                    f"incident {incident_id} was {given.answer} already: undo first",
                    code="answered_by_yourself",
                    answer=given.answer,
                )
            transaction.execute(insert(held_verdicts).values(**verdict.values()))
            gone = review_leases.c.incident_id == incident_id
            transaction.execute(delete(review_leases).where(gone))
        return verdict

    def undo(self, holder: str, incident_id: UUID) -> None:
        """Takes a held verdict back and leases the incident to the holder again. Raises
        ConflictError when it has been committed, or was somebody else's."""
        now = self._clock()
        with self._database.transaction() as transaction:
            gone = transaction.execute(
                delete(held_verdicts).where(
                    held_verdicts.c.incident_id == incident_id,
                    held_verdicts.c.operator == holder,
                    held_verdicts.c.commit_at > now,
                )
            ).rowcount
            if not gone:
                raise ConflictError(
                    f"the verdict on {incident_id} stands: too late to undo it",
                    code="too_late_to_undo",
                )
            lease = {"incident_id": incident_id, "holder": holder, "until": now + self._lease}
            taken = insert_into(transaction, review_leases).values(**lease)
            transaction.execute(taken.on_conflict_do_nothing())

    def check_free(self, holder: str, incident_id: UUID) -> None:
        """Raises ConflictError where somebody else looks at it or has answered."""
        with self._database.reading() as transaction:
            self._lease_of_others(transaction, holder, incident_id)
            held = _held(transaction, incident_id)
            if held is not None and held.operator != holder:
                raise _taken(held)

    def commit_due(self, *, everything: bool = False) -> int:
        """Gives due verdicts to the VerdictDesk; returns how many. `everything`: also those that
        could still be undone."""
        due = held_verdicts.c.commit_at <= self._clock() - _SLACK
        query = select(held_verdicts).order_by(held_verdicts.c.commit_at).limit(200)
        with self._database.reading() as transaction:
            rows = transaction.execute(query if everything else query.where(due)).mappings()
            ready = [held_of(row) for row in rows]
        for verdict in ready:
            self._commit(verdict)
        return len(ready)

    def waiting(self, holder: str) -> Waiting:
        now = self._clock()
        undecided = and_(_PENDING, ~_is_held())
        others = and_(review_leases.c.holder != holder, review_leases.c.until > now)
        with self._database.reading() as transaction:
            counts = select(incidents.c.urgent, func.count()).where(undecided)
            found: dict[bool, int] = dict(
                transaction.execute(counts.group_by(incidents.c.urgent)).all()
            )
            leased = select(func.count()).select_from(review_leases).where(others)
            with_others = transaction.execute(leased).scalar_one()
        urgent = found.get(True, 0)
        pending = urgent + found.get(False, 0)
        return Waiting(pending=pending, urgent=urgent, with_others=with_others)

    def head(self, limit: int) -> tuple[tuple[UUID, str | None], ...]:
        """The first of the queue, and who looks at each."""
        alive = and_(
            review_leases.c.incident_id == incidents.c.id, review_leases.c.until > self._clock()
        )
        query = (
            select(incidents.c.id, review_leases.c.holder)
            .outerjoin(review_leases, alive)
            .where(_PENDING, ~_is_held())
            .order_by(incidents.c.urgent.desc(), incidents.c.opened_at.desc())
            .limit(limit)
        )
        with self._database.reading() as transaction:
            return tuple((row[0], row[1]) for row in transaction.execute(query))

    def news(self, since: datetime, limit: int = 50) -> tuple[News, ...]:
        """Verdicts of everybody after that time, held ones too; newest first."""
        given = select(verdicts).where(verdicts.c.at > since)
        held = select(held_verdicts).where(held_verdicts.c.held_at > since)
        with self._database.reading() as transaction:
            done = transaction.execute(given.order_by(verdicts.c.at.desc()).limit(limit)).mappings()
            found = [_news(row, row["at"], committed=True) for row in done]
            seen = {each.incident_id for each in found}
            fresh = transaction.execute(
                held.order_by(held_verdicts.c.held_at.desc()).limit(limit)
            ).mappings()
            found += [
                _news(row, row["held_at"], committed=False)
                for row in fresh
                if row["incident_id"] not in seen
            ]
        return tuple(sorted(found, key=lambda each: each.at, reverse=True)[:limit])

    def _mine(
        self, transaction: Connection, holder: str, exclude: Sequence[UUID]
    ) -> tuple[UUID, ...]:
        query = (
            select(incidents.c.id)
            .join(review_leases, review_leases.c.incident_id == incidents.c.id)
            .where(review_leases.c.holder == holder, _PENDING, ~_is_held())
            .order_by(incidents.c.urgent.desc(), incidents.c.opened_at.desc())
        )
        skipped = set(exclude)
        return tuple(i for i in transaction.execute(query).scalars() if i not in skipped)

    def _free(self, transaction: Connection, count: int, exclude: Sequence[UUID]) -> list[UUID]:
        if count <= 0:
            return []
        leased = exists().where(review_leases.c.incident_id == incidents.c.id)
        query = (
            select(incidents.c.id)
            .where(_PENDING, ~_is_held(), ~leased, incidents.c.id.not_in(list(exclude)))
            .order_by(
                incidents.c.urgent.desc(), incidents.c.opened_at.desc(), incidents.c.id.desc()
            )
            .limit(count)
            .with_for_update(skip_locked=True, of=incidents)
        )
        return list(transaction.execute(query).scalars())

    def _checked(
        self, transaction: Connection, holder: str, incident_id: UUID
    ) -> HeldVerdict | None:
        """The verdict that this holder holds already, if any; the row is locked."""
        query = select(incidents.c.verdict).where(incidents.c.id == incident_id).with_for_update()
        answer = transaction.execute(query).scalar()
        if answer is None:
            raise NotFoundError(
                f"no incident has the id {incident_id}", code="no_incident", id=incident_id
            )
        held = _held(transaction, incident_id)
        if held is not None and held.operator != holder:
            raise _taken(held)
        if held is None and answer != VerdictAnswer.PENDING:
            raise ConflictError(
                f"incident {incident_id} was {answer} already",
                code="answered_already",
                answer=answer,
            )
        self._lease_of_others(transaction, holder, incident_id)
        return held

    def _lease_of_others(self, transaction: Connection, holder: str, incident_id: UUID) -> None:
        query = select(review_leases.c.holder).where(
            review_leases.c.incident_id == incident_id,
            review_leases.c.holder != holder,
            review_leases.c.until > self._clock(),
        )
        other = transaction.execute(query).scalar()
        if other is not None:
            raise ConflictError(
                f"{other} is looking at incident {incident_id}",
                code="looked_at_by_another",
                operator=other,
            )

    def _commit(self, verdict: HeldVerdict) -> None:
        try:
            self._desk.give_verdict(
                verdict.incident_id,
                verdict.answer,
                verdict.operator,
                verdict.reason,
                verdict.class_name,
                verdict.box_unit,
            )
        except (ConflictError, NotFoundError) as error:
            # Answered over the API meanwhile, or deleted by retention: this one comes too late.
            _log.warning("verdict_superseded", operator=verdict.operator, error=str(error))
        except XunjieError as error:
            _log.error("verdict_waits", incident=str(verdict.incident_id), error=str(error))
            return
        gone = held_verdicts.c.incident_id == verdict.incident_id
        with self._database.transaction() as transaction:
            transaction.execute(delete(held_verdicts).where(gone))


def _taken(held: HeldVerdict) -> ConflictError:
    return ConflictError(
        f"{held.operator} has just {held.answer} incident {held.incident_id}",
        code="answered_by_another",
        operator=held.operator,
        answer=held.answer,
    )


def _is_held() -> Any:
    return exists().where(held_verdicts.c.incident_id == incidents.c.id)


def _held(transaction: Connection, incident_id: UUID) -> HeldVerdict | None:
    query = select(held_verdicts).where(held_verdicts.c.incident_id == incident_id)
    row = transaction.execute(query).mappings().first()
    return held_of(row) if row else None


def _news(row: Any, at: datetime, *, committed: bool) -> News:
    return News(
        incident_id=row["incident_id"],
        operator=row["operator"],
        answer=VerdictAnswer(row["answer"]),
        at=at,
        committed=committed,
    )
