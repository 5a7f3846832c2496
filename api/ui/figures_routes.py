"""How the city and the service are doing."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel

from api.auth.guard import AccessDep, IdentityDep
from api.deps import ServiceDep
from api.ui.figures import Count, daily_counts, summary

router = APIRouter(prefix="/api", tags=["figures"])
DaysQuery = Annotated[int, Query(ge=1, le=366)]


class Figures(BaseModel):
    days: int
    incidents: int
    pending: int
    confirmed: int
    rejected: int
    cases: int
    closed: int
    confirmed_share: float | None
    closing_rate: float | None
    first_sight_to_case_s: float | None
    clearance_s: float | None
    false_alarms_per_camera_day: float | None
    oldest_undelivered_s: float
    greatest_staleness_s: float
    counts: list[Count]


@router.get("/figures")
def get_figures(service: ServiceDep, days: DaysQuery = 30) -> Figures:
    """Of incidents opened in the last days, this one included."""
    now = datetime.now(UTC)
    since, offset = _since(service, now, days)
    with service.records.database.reading() as transaction:
        counts = daily_counts(transaction, since, offset)
        found = summary(transaction, since, counts)
    cameras = service.engine.cameras
    camera_days = len(cameras) * days
    return Figures(
        days=days,
        incidents=found.incidents,
        pending=found.pending,
        confirmed=found.confirmed,
        rejected=found.rejected,
        cases=found.cases,
        closed=found.closed,
        confirmed_share=found.confirmed_share,
        closing_rate=found.closing_rate,
        first_sight_to_case_s=found.first_sight_to_case_s,
        clearance_s=found.clearance_s,
        false_alarms_per_camera_day=found.rejected / camera_days if camera_days else None,
        oldest_undelivered_s=max(
            (each.oldest_pending_s for each in service.records.outbox.stats()), default=0.0
        ),
        greatest_staleness_s=max(
            (camera.tally.snapshot().stale_s for camera in cameras), default=0.0
        ),
        counts=list(counts),
    )


@router.get(
    "/figures.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "UTF-8"}},
)
def figures_csv(
    service: ServiceDep, identity: IdentityDep, access: AccessDep, days: DaysQuery = 30
) -> Response:
    """The counts behind the charts."""
    since, offset = _since(service, datetime.now(UTC), days)
    with service.records.database.reading() as transaction:
        counts = daily_counts(transaction, since, offset)
    access.audit.add(identity, "exported", "figures.csv", {"days": days})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("day", "violation", "source_id", "verdict", "count"))
    writer.writerows((c.day, c.violation, c.source_id, c.verdict.value, c.count) for c in counts)
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8")


def _since(service: ServiceDep, now: datetime, days: int) -> tuple[datetime, timedelta]:
    """The first moment of the first day, on the city's clock."""
    local = now.astimezone(ZoneInfo(service.config.cases.time_zone))
    first = (local - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return first.astimezone(UTC), local.utcoffset() or timedelta()
