"""What has been kept long enough."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, or_, select

from detector.incidents.case_state import FINISHED
from detector.incidents.letter import DeliveryState
from detector.incidents.retention_class import RetentionClass
from detector.incidents.retention_config import RetentionConfig
from detector.incidents.schema import cases, deliveries, evidence, incidents
from detector.types import IncidentStatus

_FINISHED: Final = [state.value for state in FINISHED]
_UNDONE: Final = (DeliveryState.PENDING.value, DeliveryState.QUARANTINED.value)


def records(
    now: datetime, config: RetentionConfig
) -> list[tuple[RetentionClass, ColumnElement[bool]]]:
    found = []
    if before := days_ago(now, config.finished_cases_days):
        ended = and_(cases.c.state.in_(_FINISHED), cases.c.ended_at < before)
        found.append((RetentionClass.CASE, and_(_over(before), ended, ~_has_letters())))
    if before := days_ago(now, config.incidents_without_case_days):
        old = or_(incidents.c.cleared_at.is_(None), incidents.c.cleared_at < before)
        alone = and_(_over(before), cases.c.id.is_(None), old)
        found.append((RetentionClass.INCIDENT, alone))
    return found


def _over(before: datetime) -> ColumnElement[bool]:
    """Cleared, or of a moving source and not seen since."""
    passed = and_(incidents.c.fixed.is_(False), incidents.c.last_seen_at < before)
    return or_(incidents.c.status == IncidentStatus.CLEARED.value, passed)


def _has_letters() -> ColumnElement[bool]:
    """A destination has still to be told."""
    return exists().where(
        deliveries.c.incident_id == incidents.c.id, deliveries.c.state.in_(_UNDONE)
    )


def may_go(before: datetime) -> ColumnElement[bool]:
    """Evidence of incidents that are over and whose case, if any, is finished."""
    over = (
        select(incidents.c.id)
        .select_from(with_case())
        .where(_over(before), or_(cases.c.id.is_(None), cases.c.state.in_(_FINISHED)))
    )
    return evidence.c.incident_id.in_(over)


def with_case() -> Any:
    return incidents.outerjoin(cases, cases.c.incident_id == incidents.c.id)


def days_ago(now: datetime, days: float | None) -> datetime | None:
    return None if days is None else now - timedelta(days=days)


def hours_ago(now: datetime, hours: float | None) -> datetime | None:
    return None if hours is None else now - timedelta(hours=hours)
