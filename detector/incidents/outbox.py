"""Messages to destinations, written in the transaction of what they tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql import ColumnElement

from detector.incidents.case import Case
from detector.incidents.case_record import case_record, with_evidence
from detector.incidents.case_state import FINISHED
from detector.incidents.database import Database
from detector.incidents.destination import DestinationConfig
from detector.incidents.errors import ConflictError, NotFoundError
from detector.incidents.letter import Delivery, DeliveryState, LetterKind, delivery_of
from detector.incidents.schema import cases, deliveries
from detector.incidents.sinks.remote_outcome import Awaited
from detector.incidents.utc import utc_now
from detector.types import Incident

_ERROR_CHARS: Final = 1000
_REMOTE_ID_CHARS: Final = 300
_RAISING: Final = (LetterKind.OPENED.value, LetterKind.REOPENED.value)
_UNDONE: Final = (DeliveryState.PENDING.value, DeliveryState.QUARANTINED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationStats:
    """For metrics and pages."""

    destination: str
    pending: int  # the queue's depth
    quarantined: int
    delivered: int
    discarded: int
    oldest_pending_s: float  # age of the oldest one that waits; 0 where none does
    last_error: str | None  # of the row tried last among those that wait or are quarantined
    retries: int = 0  # attempts so far at those that wait or are quarantined


class Outbox:
    """Rows for each destination; couriers claim, deliver and mark them.

    Per destination the letters of one incident go out one after another: a later one waits
    until the earlier one is delivered. Behind a quarantined one they wait until a person
    redelivers or discards it; other incidents' letters go on.
    """

    def __init__(
        self,
        database: Database,
        destinations: Sequence[DestinationConfig],
        clock: Callable[[], datetime] = utc_now,
        instance: str | None = None,
    ) -> None:
        """`instance`: this installation's name where it exchanges cases with others."""
        self._database = database
        self._instance = instance
        self._destinations = tuple(destinations)
        self._clock = clock

    def post(
        self,
        transaction: Connection,
        case: Case,
        incident: Incident,
        kind: LetterKind,
        key: str | None = None,
    ) -> None:
        """Writes one row for each destination that takes the case; `key` is the idempotency key
        under which another instance sent us this letter: it goes on under the same one."""
        takers = [d.name for d in self._destinations if d.takes(case)]
        if not takers:
            return
        now = self._clock()
        path = (*case.path, self._instance) if self._instance else case.path
        seq = transaction.execute(
            update(cases)
            .where(cases.c.id == case.id)
            .values(letters=cases.c.letters + 1)
            .returning(cases.c.letters)
        ).scalar_one()
        row = {
            "case_id": case.id,
            "incident_id": incident.id,
            "kind": kind.value,
            "seq": seq,
            "idempotency_key": key or f"{case.id}:{kind}:{seq}",
            "record": case_record(transaction, case, incident, kind, seq, now, path),
            "frozen": False,
            "state": DeliveryState.PENDING.value,
            "attempts": 0,
            "refusals": 0,
            "due_at": now,
            "created_at": now,
        }
        rows = [{**row, "id": uuid4(), "destination": name} for name in takers]
        transaction.execute(insert(deliveries), rows)

    def claim(
        self, destination: str, worker: str, lease_s: float, limit: int
    ) -> tuple[Delivery, ...]:
        """Up to `limit` due rows, oldest first, held by `worker` for `lease_s`; lapsed ones are
        taken over."""
        now = self._clock()
        with self._database.reading() as transaction:
            due = _due(destination, now, 1).with_only_columns(deliveries.c.id)
            if not transaction.execute(due).first():
                return ()  # most polls find nothing and must not hold up the writers
        with self._database.transaction() as transaction:
            query = _due(destination, now, limit).with_for_update(skip_locked=True)
            rows = list(transaction.execute(query).mappings())
            until = now + timedelta(seconds=lease_s)
            return tuple(_take(transaction, row, worker, until) for row in rows)

    def delivered(self, delivery_id: UUID, remote_id: str | None) -> None:
        """Whoever holds the lease by now: the destination has it."""
        now = self._clock()
        values = {"state": DeliveryState.DELIVERED.value, "delivered_at": now}
        self._mark(
            deliveries.c.id == delivery_id,
            **values,
            remote_id=remote_id[:_REMOTE_ID_CHARS] if remote_id else None,
            last_error=None,
            attempts=deliveries.c.attempts + 1,
        )

    def retry(self, delivery_id: UUID, worker: str, error: str, wait_s: float) -> None:
        """The outcome is unknown, or the destination was not there: due again after `wait_s`."""
        self._mark(
            _held(delivery_id, worker),
            due_at=self._clock() + timedelta(seconds=wait_s),
            last_error=error[:_ERROR_CHARS],
            attempts=deliveries.c.attempts + 1,
        )

    def refused(
        self, delivery: Delivery, worker: str, error: str, wait_s: float, quarantine_after: int
    ) -> DeliveryState:
        """Due again after `wait_s`, or set aside at the `quarantine_after`-th refusal."""
        refusals = delivery.refusals + 1
        over = refusals >= quarantine_after
        state = DeliveryState.QUARANTINED if over else DeliveryState.PENDING
        self._mark(
            _held(delivery.id, worker),
            state=state.value,
            refusals=refusals,
            due_at=self._clock() + timedelta(seconds=wait_s),
            last_error=error[:_ERROR_CHARS],
            attempts=deliveries.c.attempts + 1,
        )
        return state

    def release(self, destination: str) -> int:
        """The destination is back after an outage: what waits for no fault of its own is due at
        once, so that all goes out in its order. Returns how many."""
        now = self._clock()
        return self._mark(
            and_(
                deliveries.c.destination == destination,
                deliveries.c.state == DeliveryState.PENDING.value,
                deliveries.c.refusals == 0,
                deliveries.c.due_at > now,
                deliveries.c.worker.is_(None),
            ),
            due_at=now,
        )

    def give_back(self, delivery_id: UUID, worker: str) -> None:
        """Claimed but not tried: free for the next claim."""
        self._mark(_held(delivery_id, worker))

    def awaited(self, destination: str) -> tuple[Awaited, ...]:
        """What the destination has under an id of its own and whose case has not ended: of each
        case the newest letter that opened it or raised it again."""
        query = (
            select(deliveries.c.id, deliveries.c.case_id, deliveries.c.remote_id)
            .select_from(deliveries.join(cases, cases.c.id == deliveries.c.case_id))
            .where(
                deliveries.c.destination == destination,
                deliveries.c.state == DeliveryState.DELIVERED.value,
                deliveries.c.kind.in_(_RAISING),
                deliveries.c.remote_id.is_not(None),
                cases.c.state.not_in([state.value for state in FINISHED]),
            )
            .order_by(deliveries.c.seq)
        )
        with self._database.reading() as transaction:
            newest = {row[1]: row for row in transaction.execute(query)}
        return tuple(
            Awaited(delivery_id=r[0], case_id=r[1], remote_id=r[2]) for r in newest.values()
        )

    def rename(self, delivery_id: UUID, remote_id: str) -> None:
        """The destination's id, where it first gave only a token for it."""
        with self._database.transaction() as transaction:
            transaction.execute(
                update(deliveries)
                .where(deliveries.c.id == delivery_id)
                .values(remote_id=remote_id[:_REMOTE_ID_CHARS])
            )

    def redeliver(self, delivery_id: UUID) -> Delivery:
        """Sends it (again) under the same idempotency key, at once. Raises NotFoundError."""
        with self._database.transaction() as transaction:
            return _by_hand(
                transaction, delivery_id, DeliveryState.PENDING, refusals=0, due_at=self._clock()
            )

    def redeliver_quarantined(self, destination: str) -> int:
        """Sends everything again that the destination had refused for good: its table or ours
        has been mended. Returns how many."""
        return self._mark(
            and_(
                deliveries.c.destination == destination,
                deliveries.c.state == DeliveryState.QUARANTINED.value,
            ),
            state=DeliveryState.PENDING.value,
            refusals=0,
            due_at=self._clock(),
        )

    def quarantine(self, delivery_id: UUID, operator: str, reason: str) -> Delivery:
        """Sets it aside, with the later letters of its incident, until a person sends it again or
        gives it up. One that is just being sent may arrive all the same.

        Raises NotFoundError, and ConflictError for one that does not wait.
        """
        note = f"set aside by {operator}: {reason}"[:_ERROR_CHARS]
        with self._database.transaction() as transaction:
            state = _state_of(transaction, delivery_id)
            if state not in (None, DeliveryState.PENDING.value):
                raise ConflictError(
                    f"delivery {delivery_id} is {state}: only what waits is held",
                    code="delivery_not_waiting",
                    state=state,
                )
            return _by_hand(transaction, delivery_id, DeliveryState.QUARANTINED, last_error=note)

    def discard(self, delivery_id: UUID, operator: str, reason: str) -> Delivery:
        """Gives it up, so that later letters of its incident go out.

        Raises NotFoundError, and ConflictError for one that was delivered.
        """
        note = f"discarded by {operator}: {reason}"[:_ERROR_CHARS]
        with self._database.transaction() as transaction:
            if _state_of(transaction, delivery_id) == DeliveryState.DELIVERED.value:
                raise ConflictError(
                    f"delivery {delivery_id} has been delivered", code="delivery_delivered"
                )
            return _by_hand(transaction, delivery_id, DeliveryState.DISCARDED, last_error=note)

    def stats(self) -> tuple[DestinationStats, ...]:
        """For every destination that is configured or still has rows, by name."""
        with self._database.reading() as transaction:
            counts = transaction.execute(_COUNTS).all()
            undone = transaction.execute(_OF_UNDONE).all()
            errors = {name: _last_error(transaction, name) for name, *_ in undone}
        now = self._clock()
        found: dict[str, dict[str, Any]] = {d.name: {} for d in self._destinations}
        for name, state, count in counts:
            found.setdefault(name, {})[state] = count
        for name, state, oldest, attempts in undone:
            known = found.setdefault(name, {})
            known["retries"] = known.get("retries", 0) + attempts
            if state == DeliveryState.PENDING:
                known["oldest_pending_s"] = max(0.0, (now - oldest).total_seconds())
        return tuple(_stats(name, found[name], errors.get(name)) for name in sorted(found))

    def oldest_pending_s(self) -> float:
        """Age of the oldest letter that waits, over all destinations; 0: none waits."""
        query = select(func.min(deliveries.c.created_at)).where(
            deliveries.c.state == DeliveryState.PENDING.value
        )
        with self._database.reading() as transaction:
            oldest = transaction.execute(query).scalar()
        return max(0.0, (self._clock() - oldest).total_seconds()) if oldest else 0.0

    def _mark(self, which: ColumnElement[bool], **values: Any) -> int:
        with self._database.transaction() as transaction:
            return transaction.execute(
                update(deliveries).where(which).values(**values, worker=None, lease_until=None)
            ).rowcount


def _state_of(transaction: Connection, delivery_id: UUID) -> str | None:
    """Nobody else changes it before the transaction ends."""
    found = select(deliveries.c.state).where(deliveries.c.id == delivery_id)
    return transaction.execute(found.with_for_update()).scalar()


def _by_hand(
    transaction: Connection, delivery_id: UUID, state: DeliveryState, **values: Any
) -> Delivery:
    transaction.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id)
        .values(state=state.value, worker=None, lease_until=None, **values)
    )
    return _read(transaction, delivery_id)


def _due(destination: str, now: datetime, limit: int) -> Select[Any]:
    earlier = deliveries.alias("earlier")
    waits_behind = exists().where(
        earlier.c.destination == deliveries.c.destination,
        earlier.c.incident_id == deliveries.c.incident_id,
        earlier.c.seq < deliveries.c.seq,
        earlier.c.state.in_(_UNDONE),
    )
    free = or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until < now)
    return (
        select(deliveries)
        .where(
            deliveries.c.destination == destination,
            deliveries.c.state == DeliveryState.PENDING.value,
            deliveries.c.due_at <= now,
            free,
            ~waits_behind,
        )
        .order_by(deliveries.c.created_at)  # what piled up in an outage goes out as it came
        .limit(limit)
    )


def _take(transaction: Connection, row: Any, worker: str, until: datetime) -> Delivery:
    """Holds a row; its record is completed before the destination sees it, and never after."""
    record = row["record"]
    if not row["frozen"]:
        record = with_evidence(transaction, record, row["incident_id"])
    values = {"worker": worker, "lease_until": until, "record": record, "frozen": True}
    transaction.execute(_TAKE, {"taken": row["id"], **values})
    return delivery_of({**row, **values, "frozen": row["frozen"]})


_TAKE: Final = update(deliveries).where(deliveries.c.id == bindparam("taken"))


def _held(delivery_id: UUID, worker: str) -> ColumnElement[bool]:
    return and_(deliveries.c.id == delivery_id, deliveries.c.worker == worker)


def _read(transaction: Connection, delivery_id: UUID) -> Delivery:
    query = select(deliveries).where(deliveries.c.id == delivery_id)
    row = transaction.execute(query).mappings().first()
    if row is None:
        raise NotFoundError(
            f"no delivery has the id {delivery_id}", code="no_delivery", id=delivery_id
        )
    return delivery_of(row)


_COUNTS: Final = select(deliveries.c.destination, deliveries.c.state, func.count()).group_by(
    deliveries.c.destination, deliveries.c.state
)
"""From an index alone: most rows are delivered ones, and there are a year's."""

_OF_UNDONE: Final = (
    select(
        deliveries.c.destination,
        deliveries.c.state,
        func.min(deliveries.c.created_at),
        func.sum(deliveries.c.attempts),
    )
    .where(deliveries.c.state.in_(_UNDONE))
    .group_by(deliveries.c.destination, deliveries.c.state)
)


def _last_error(transaction: Connection, destination: str) -> str | None:
    """Of the letter that is due last: the one tried last."""
    query = (
        select(deliveries.c.last_error)
        .where(
            deliveries.c.destination == destination,
            deliveries.c.state.in_(_UNDONE),
            deliveries.c.last_error.is_not(None),
        )
        .order_by(deliveries.c.due_at.desc())
        .limit(1)
    )
    found: str | None = transaction.execute(query).scalar()
    return found


def _stats(name: str, found: dict[str, Any], last_error: str | None) -> DestinationStats:
    return DestinationStats(
        destination=name,
        pending=found.get(DeliveryState.PENDING, 0),
        quarantined=found.get(DeliveryState.QUARANTINED, 0),
        delivered=found.get(DeliveryState.DELIVERED, 0),
        discarded=found.get(DeliveryState.DISCARDED, 0),
        oldest_pending_s=found.get("oldest_pending_s", 0.0),
        last_error=last_error,
        retries=int(found.get("retries", 0)),
    )
