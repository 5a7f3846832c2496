"""Counts and times for the figures page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, null, select, text

from detector.incidents.case_state import CaseState
from detector.incidents.schema import cases, incidents
from detector.types import VerdictAnswer

_SAMPLE: Final = 1000
_NO_CASE: Final = (CaseState.VOID.value, CaseState.REFUSED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Incidents opened on one local day, by violation, camera, cell and verdict."""

    day: str  # YYYY-MM-DD
    violation: str
    source_id: str
    grid: str | None  # of its case; None also where cells are not asked for
    verdict: VerdictAnswer
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTimes:
    """Cases opened in a span; None: nothing to say it from. Medians are over the newest 1000."""

    cases: int  # refused and void ones left out
    closed: int
    first_sight_to_case_s: float | None
    clearance_s: float | None

    @property
    def closing_rate(self) -> float | None:
        return self.closed / self.cases if self.cases else None


def daily_counts(
    transaction: Connection,
    since: datetime,
    before: datetime | None,
    utc_offset: timedelta,
    *,
    with_grid: bool = False,
) -> Iterator[Count]:
    """Days of the city's clock, oldest first; from `since` on, before `before`."""
    column = incidents.c
    grid: ColumnElement[Any] = cases.c.grid if with_grid else null()
    by: Sequence[ColumnElement[Any]] = (
        _local_day(transaction, utc_offset),
        column.violation,
        column.source_id,
        *([cases.c.grid] if with_grid else []),
        column.verdict,
    )
    query = select(*by[:3], grid, column.verdict, func.count()).where(column.opened_at >= since)
    if before is not None:
        query = query.where(column.opened_at < before)
    if with_grid:
        joined = incidents.outerjoin(cases, cases.c.incident_id == column.id)
        query = query.select_from(joined)
    for row in transaction.execute(query.group_by(*by).order_by(by[0])):
        yield Count(
            day=row[0],
            violation=row[1],
            source_id=row[2],
            grid=row[3],
            verdict=VerdictAnswer(row[4]),
            count=row[5],
        )


def case_times(transaction: Connection, since: datetime) -> CaseTimes:
    # Naming every state lets the index (state, opened_at) answer alone.
    named = cases.c.state.in_([state.value for state in CaseState])
    query = select(cases.c.state, func.count()).where(named, cases.c.opened_at >= since)
    states: dict[str, int] = dict(transaction.execute(query.group_by(cases.c.state)).all())
    return CaseTimes(
        cases=sum(n for state, n in states.items() if state not in _NO_CASE),
        closed=states.get(CaseState.CLOSED.value, 0),
        first_sight_to_case_s=_to_case_s(transaction, since),
        clearance_s=_clearance_s(transaction, since),
    )


def _to_case_s(transaction: Connection, since: datetime) -> float | None:
    query = (
        select(incidents.c.first_seen_at, cases.c.opened_at)
        .join(cases, cases.c.incident_id == incidents.c.id)
        .where(cases.c.opened_at >= since)
        .order_by(cases.c.opened_at.desc())
        .limit(_SAMPLE)
    )
    return _median_s(transaction, query)


def _clearance_s(transaction: Connection, since: datetime) -> float | None:
    query = (
        select(incidents.c.opened_at, incidents.c.cleared_at)
        .where(incidents.c.opened_at >= since, incidents.c.cleared_at.is_not(None))
        .order_by(incidents.c.opened_at.desc())
        .limit(_SAMPLE)
    )
    return _median_s(transaction, query)


def _median_s(transaction: Connection, query: Any) -> float | None:
    spans = [(after - before).total_seconds() for before, after in transaction.execute(query)]
    return median(spans) if spans else None


def _local_day(transaction: Connection, utc_offset: timedelta) -> ColumnElement[str]:
    minutes = round(utc_offset.total_seconds() / 60)
    if transaction.dialect.name == "sqlite":
        return func.substr(func.datetime(incidents.c.opened_at, f"{minutes} minutes"), 1, 10)
    utc = incidents.c.opened_at.op("AT TIME ZONE")(text("'UTC'"))
    day: ColumnElement[str] = func.to_char(
        utc.op("+")(text(f"interval '{minutes} minutes'")), "YYYY-MM-DD"
    )
    return day
