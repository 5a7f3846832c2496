"""How the city and the service are doing."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from api.auth.guard import AccessDep, IdentityDep
from api.deps import ServiceDep
from api.service import Service
from api.ui.day_counts import Day, DayCounts, Days, What
from api.ui.figures import case_times
from detector.types import VerdictAnswer

router = APIRouter(prefix="/api", tags=["figures"])
DaysQuery = Annotated[int, Query(ge=1, le=366)]
Only = Annotated[str | None, Query(max_length=200)]


class Bar(BaseModel):
    """One day, violation, camera or grid cell: how many incidents got which verdict."""

    name: str
    counts: dict[VerdictAnswer, int]


class Shares(BaseModel):
    """Of the incidents of a span."""

    incidents: int
    pending: int
    confirmed: int  # corrected ones too
    rejected: int
    confirmed_share: float | None  # precision in the field
    false_alarms_per_camera_day: float | None


class Figures(Shares):
    """`before`: the same of the equally long span before it, for the trend. Cases, times and
    delivery are of the whole city, whatever the counts are narrowed to."""

    days: int
    before: Shares | None
    cases: int
    closed: int
    closing_rate: float | None
    first_sight_to_case_s: float | None
    clearance_s: float | None
    oldest_undelivered_s: float
    greatest_staleness_s: float
    by_day: list[Bar]
    by_violation: list[Bar]
    by_camera: list[Bar]
    by_grid: list[Bar]  # empty where no grid is configured


def day_counts(service: Service) -> DayCounts:
    zone = ZoneInfo(service.config.cases.time_zone)
    return DayCounts(
        service.records.database,
        lambda: datetime.now(zone),
        with_grid=bool(service.config.grids),
    )


@dataclass(frozen=True, slots=True)
class _Narrowed:
    """What the counts are narrowed to; None: not."""

    violation: str | None
    source_id: str | None
    grid: str | None

    def of(self, days: Days) -> Days:
        if (self.violation, self.source_id, self.grid) == (None, None, None):
            return days
        known = {what for each in days.values() for what in each.whats}
        taken = {what for what in known if self._takes(what)}
        return {day: _only(each, taken) for day, each in days.items()}

    def _takes(self, what: What) -> bool:
        return (
            self.violation in (None, what.violation)
            and self.source_id in (None, what.source_id)
            and self.grid in (None, what.grid)
        )


def _only(day: Day, taken: Set[What]) -> Day:
    return Day.of(Counter({what: day.whats[what] for what in day.whats.keys() & taken}))


@router.get("/figures")
def get_figures(
    service: ServiceDep,
    request: Request,
    days: DaysQuery = 30,
    violation: Only = None,
    source_id: Only = None,
    grid: Only = None,
) -> Figures:
    """Of incidents opened in the last days, this one included."""
    counts: DayCounts = request.app.state.figures
    first = counts.today() - timedelta(days=days - 1)
    compared = days <= 183
    found = counts.since(first - timedelta(days=days) if compared else first)
    only = _Narrowed(violation, source_id, grid)
    past = _total(only.of({day: each for day, each in found.items() if day < first}))
    span = only.of({day: each for day, each in found.items() if day >= first})
    total = _total(span)
    cameras = service.engine.cameras
    camera_days = (1 if source_id else len(service.config.cameras)) * days
    with service.records.database.reading() as transaction:
        times = case_times(transaction, counts.first_moment(first))
    return Figures(
        days=days,
        **_shares(total, camera_days).model_dump(),
        before=_shares(past, camera_days) if compared and past else None,
        cases=times.cases,
        closed=times.closed,
        closing_rate=times.closing_rate,
        first_sight_to_case_s=times.first_sight_to_case_s,
        clearance_s=times.clearance_s,
        oldest_undelivered_s=service.records.outbox.oldest_pending_s(),
        greatest_staleness_s=max(
            (camera.tally.snapshot().stale_s for camera in cameras), default=0.0
        ),
        by_day=_by_day(span, first, counts.today()),
        by_violation=_bars(total, lambda what: what.violation),
        by_camera=_bars(total, lambda what: what.source_id),
        by_grid=_bars(total, lambda what: what.grid),
    )


@router.get(
    "/figures.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "UTF-8"}},
)
def figures_csv(
    request: Request, identity: IdentityDep, access: AccessDep, days: DaysQuery = 30
) -> Response:
    """The counts behind the charts."""
    counts: DayCounts = request.app.state.figures
    found = counts.since(counts.today() - timedelta(days=days - 1))
    access.audit.add(identity, "exported", "figures.csv", {"days": days})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("day", "violation", "source_id", "grid", "verdict", "count"))
    for day in sorted(found):
        rows = [
            (day, w.violation, w.source_id, w.grid or "", w.verdict, n)
            for w, n in found[day].whats.items()
        ]
        writer.writerows(sorted(rows))
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8")


def _total(days: Days) -> Counter[What]:
    found: Counter[What] = Counter()
    for day in days.values():
        found.update(day.whats)
    return found


def _shares(total: Counter[What], camera_days: int) -> Shares:
    found = Day.of(total).verdicts
    confirmed = found[VerdictAnswer.CONFIRMED] + found[VerdictAnswer.CORRECTED]
    rejected = found[VerdictAnswer.REJECTED]
    decided = confirmed + rejected
    return Shares(
        incidents=found.total(),
        pending=found[VerdictAnswer.PENDING],
        confirmed=confirmed,
        rejected=rejected,
        confirmed_share=confirmed / decided if decided else None,
        false_alarms_per_camera_day=rejected / camera_days if camera_days else None,
    )


def _bars(total: Counter[What], name_of: Callable[[What], str | None]) -> list[Bar]:
    """The longest first."""
    found: dict[str, Counter[What]] = {}
    for what, n in total.items():
        name = name_of(what)
        if name is not None:
            found.setdefault(name, Counter())[what] = n
    ordered = sorted(found.items(), key=lambda item: (-item[1].total(), item[0]))
    return [_bar(name, Day.of(counts).verdicts) for name, counts in ordered]


def _by_day(days: Days, first: date, last: date) -> list[Bar]:
    """Every day, those without an incident as well."""
    bars = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        verdicts = days[day].verdicts if day in days else {}
        bars.append(_bar(day.isoformat(), verdicts))
    return bars


def _bar(name: str, verdicts: Mapping[str, int]) -> Bar:
    return Bar(name=name, counts={VerdictAnswer(verdict): n for verdict, n in verdicts.items()})
