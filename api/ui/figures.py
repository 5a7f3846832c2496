"""Counts and times for the figures page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, select, text

from detector.incidents.case_state import CaseState
from detector.incidents.schema import cases, incidents
from detector.types import VerdictAnswer

_SAMPLE: Final = 5000
_NO_CASE: Final = (CaseState.VOID.value, CaseState.REFUSED.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Incidents opened on one local day, by violation, camera and verdict."""

    day: str  # YYYY-MM-DD
    violation: str
    source_id: str
    verdict: VerdictAnswer
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Over the span; None: nothing to say it from. Medians are over the newest 5000."""

    incidents: int
    pending: int
    confirmed: int  # corrected ones too
    rejected: int
    cases: int  # refused and void ones left out
    closed: int
    first_sight_to_case_s: float | None
    clearance_s: float | None

    @property
    def confirmed_share(self) -> float | None:
        """Precision in the field."""
        decided = self.confirmed + self.rejected
        return self.confirmed / decided if decided else None

    @property
    def closing_rate(self) -> float | None:
        return self.closed / self.cases if self.cases else None


def daily_counts(
    transaction: Connection, since: datetime, utc_offset: timedelta
) -> tuple[Count, ...]:
    """Days of the city's clock."""
    day = _local_day(transaction, utc_offset)
    by: Sequence[ColumnElement[Any]] = (
        day,
        incidents.c.violation,
        incidents.c.source_id,
        incidents.c.verdict,
    )
    query = select(*by, func.count()).where(incidents.c.opened_at >= since).group_by(*by)
    return tuple(
        Count(
            day=row[0],
            violation=row[1],
            source_id=row[2],
            verdict=VerdictAnswer(row[3]),
            count=row[4],
        )
        for row in transaction.execute(query.order_by(day))
    )


def summary(transaction: Connection, since: datetime, counts: Sequence[Count]) -> Summary:
    verdicts: dict[VerdictAnswer, int] = {}
    for each in counts:
        verdicts[each.verdict] = verdicts.get(each.verdict, 0) + each.count
    query = select(cases.c.state, func.count()).where(cases.c.opened_at >= since)
    states: dict[str, int] = dict(transaction.execute(query.group_by(cases.c.state)).all())
    return Summary(
        incidents=sum(verdicts.values()),
        pending=verdicts.get(VerdictAnswer.PENDING, 0),
        confirmed=verdicts.get(VerdictAnswer.CONFIRMED, 0)
        + verdicts.get(VerdictAnswer.CORRECTED, 0),
        rejected=verdicts.get(VerdictAnswer.REJECTED, 0),
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
