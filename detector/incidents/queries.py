"""What pages and the API read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, func, select

from detector.incidents.case import Case, CaseEvent, case_of, case_query, read_case
from detector.incidents.case_fate import CaseFate, delivered_as, read_fates
from detector.incidents.case_log import read_case_events
from detector.incidents.case_state import CaseState
from detector.incidents.database import Database
from detector.incidents.evidence_row import EvidenceRow, read_evidence
from detector.incidents.incident_row import incident_of, incident_query, read_incident
from detector.incidents.journal import IncidentEventKind
from detector.incidents.letter import Delivery, DeliveryState, delivery_of
from detector.incidents.page import Page, page_of, paged
from detector.incidents.schema import cases, deletions, deliveries, incident_events, incidents
from detector.incidents.verdicts import Verdict, read_verdict
from detector.types import Incident, IncidentStatus, VerdictAnswer

_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEvent:
    """One line of an incident's log."""

    id: int
    incident_id: UUID
    at: datetime
    kind: IncidentEventKind
    actor: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """One line of the retention log."""

    id: int
    at: datetime
    data_class: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """None: all. Times are of the opening: from `opened_from`, before `opened_before`."""

    status: IncidentStatus | None = None
    verdict: VerdictAnswer | None = None
    violation: str | None = None
    source_id: str | None = None
    urgent: bool | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """None: all."""

    states: frozenset[CaseState] | None = None
    violation: str | None = None
    source_id: str | None = None
    urgent: bool | None = None
    worker: str | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    destination: str | None = None  # with a letter to it
    delivery: DeliveryState | None = None  # with a letter in that state


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFilter:
    """None: all."""

    destination: str | None = None
    state: DeliveryState | None = None
    case_id: UUID | None = None
    incident_id: UUID | None = None


class Queries:
    """Reads only; each method is one snapshot. Lists come newest first, in pages of `limit`
    (at most 500). Unknown ids raise NotFoundError, foreign cursors CursorError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def incident(self, incident_id: UUID) -> Incident:
        with self._database.reading() as transaction:
            return read_incident(transaction, incident_id)

    def incidents(
        self,
        which: IncidentFilter | None = None,
        *,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Incident]:
        which = which or IncidentFilter()
        query = incident_query().where(
            *_equal(incidents.c, which, ("status", "verdict", "violation", "source_id", "urgent")),
            *_span(incidents.c.opened_at, which.opened_from, which.opened_before),
        )
        rows = self._page(query, incidents, "opened_at", cursor, limit)
        return page_of([incident_of(row) for row in rows], min(limit, _MOST), "opened_at")

    def incident_events(self, incident_id: UUID) -> tuple[IncidentEvent, ...]:
        """Oldest first."""
        query = (
            select(incident_events)
            .where(incident_events.c.incident_id == incident_id)
            .order_by(incident_events.c.id)
        )
        with self._database.reading() as transaction:
            rows = transaction.execute(query).mappings()
            return tuple(_event_of(row) for row in rows)

    def evidence(self, incident_id: UUID) -> tuple[EvidenceRow, ...]:
        """In the order of the chain, deleted files included."""
        with self._database.reading() as transaction:
            return read_evidence(transaction, incident_id)

    def verdict(self, incident_id: UUID) -> Verdict | None:
        with self._database.reading() as transaction:
            return read_verdict(transaction, incident_id)

    def case(self, case_id: UUID) -> Case:
        with self._database.reading() as transaction:
            return read_case(transaction, case_id)

    def cases(
        self, which: CaseFilter | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> Page[Case]:
        which = which or CaseFilter()
        query = case_query().where(
            *_equal(cases.c, which, ("violation", "source_id", "urgent", "worker")),
            *_span(cases.c.opened_at, which.opened_from, which.opened_before),
        )
        if which.states is not None:
            query = query.where(cases.c.state.in_(sorted(s.value for s in which.states)))
        sent = delivered_as(which.destination, which.delivery)
        if sent is not None:
            query = query.where(sent)
        rows = self._page(query, cases, "opened_at", cursor, limit)
        return page_of([case_of(row) for row in rows], min(limit, _MOST), "opened_at")

    def fates(self, case_ids: Sequence[UUID]) -> tuple[CaseFate, ...]:
        """Where each case has been delivered, and what was said of it; in the order given."""
        with self._database.reading() as transaction:
            return read_fates(transaction, case_ids)

    def case_events(self, case_id: UUID) -> tuple[CaseEvent, ...]:
        """Oldest first."""
        with self._database.reading() as transaction:
            return read_case_events(transaction, case_id)

    def deliveries(
        self, which: DeliveryFilter | None = None, *, cursor: str | None = None, limit: int = 50
    ) -> Page[Delivery]:
        which = which or DeliveryFilter()
        names = tuple(each.name for each in fields(DeliveryFilter))
        query = select(deliveries).where(*_equal(deliveries.c, which, names))
        rows = self._page(query, deliveries, "created_at", cursor, limit)
        return page_of([delivery_of(row) for row in rows], min(limit, _MOST), "created_at")

    def deletions(self, limit: int = 50) -> tuple[Deletion, ...]:
        """The newest lines of the retention log."""
        query = select(deletions).order_by(deletions.c.id.desc()).limit(min(limit, _MOST))
        with self._database.reading() as transaction:
            return tuple(Deletion(**row) for row in transaction.execute(query).mappings())

    def incident_counts(self) -> dict[tuple[str, IncidentStatus, VerdictAnswer], int]:
        """How many there are by violation, status and verdict, for metrics."""
        by = (incidents.c.violation, incidents.c.status, incidents.c.verdict)
        with self._database.reading() as transaction:
            rows = transaction.execute(select(*by, func.count()).group_by(*by)).all()
        return {
            (violation, IncidentStatus(status), VerdictAnswer(verdict)): count
            for violation, status, verdict, count in rows
        }

    def case_counts(self) -> dict[CaseState, int]:
        """How many cases are in each state, for metrics."""
        query = select(cases.c.state, func.count()).group_by(cases.c.state)
        with self._database.reading() as transaction:
            return {CaseState(state): count for state, count in transaction.execute(query)}

    def _page(
        self, query: Select[Any], table: Any, time_column: str, cursor: str | None, limit: int
    ) -> list[Any]:
        query = paged(query, table, time_column, cursor, min(limit, _MOST))
        with self._database.reading() as transaction:
            return _rows(transaction, query)


def _rows(transaction: Connection, query: Select[Any]) -> list[Any]:
    return list(transaction.execute(query).mappings())


def _equal(columns: Any, which: Any, names: Iterable[str]) -> list[ColumnElement[bool]]:
    wanted = ((columns[name], getattr(which, name)) for name in names)
    return [column == value for column, value in wanted if value is not None]


def _span(
    column: Any, first: datetime | None, before: datetime | None
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if first is not None:
        found.append(column >= first)
    if before is not None:
        found.append(column < before)
    return found


def _event_of(row: Any) -> IncidentEvent:
    return IncidentEvent(**{**row, "kind": IncidentEventKind(row["kind"])})
