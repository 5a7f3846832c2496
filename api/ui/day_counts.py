"""Incidents counted by local day, kept in memory: a year's figures without reading a year's rows.

Whatever changes a count leaves a row in the incidents' log or the deletions' log, so each question
reads only the days that were touched since the last one. Other services on the same database are
seen in this way as well.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Connection, func, select

from api.ui.figures import daily_counts
from detector.incidents import Database
from detector.incidents.retention_class import RetentionClass
from detector.incidents.schema import deletions, incident_events, incidents

_log = structlog.get_logger(__name__)
_PIECE: Final = timedelta(days=30)
_OVERLAP: Final = 200
"""Log rows looked for again: two transactions may end in another order than they began."""

_MOST_TOUCHED: Final = 60
_REFRESH_S: Final = 60.0
_WHOLE: Final = (RetentionClass.CASE.value, RetentionClass.INCIDENT.value)


class What(NamedTuple):
    """What a count is of; a tuple of plain strings, because a year has many and each is hashed."""

    violation: str
    source_id: str
    grid: str | None
    verdict: str  # a VerdictAnswer's value


class Day(NamedTuple):
    """Not to be changed."""

    whats: Counter[What]
    verdicts: Counter[str]  # the same, whatever else they are of

    @classmethod
    def of(cls, whats: Counter[What]) -> Day:
        verdicts: Counter[str] = Counter()
        for what, n in whats.items():
            verdicts[what.verdict] += n
        return cls(whats, verdicts)


Days = dict[date, Day]


class DayCounts:
    """Safe between threads. `zone_now` gives the city's clock; `with_grid`: cells are told apart,
    which reads the cases as well."""

    def __init__(
        self,
        database: Database,
        zone_now: Callable[[], datetime],
        *,
        with_grid: bool,
    ) -> None:
        self._database = database
        self._zone_now = zone_now
        self._with_grid = with_grid
        self._lock = threading.Lock()
        self._whats: dict[What, What] = {}  # one object for each: a year has many days
        self._stopping = threading.Event()
        self._warmer: threading.Thread | None = None
        self._days: Days = {}
        self._loaded_from: date | None = None
        self._offset = timedelta()
        self._deletion = 0  # the newest row of its log that is in the counts
        self._newest: int | None = None  # of the incidents' log
        self._events: set[int] = set()  # its newest rows, which are in the counts

    def today(self) -> date:
        return self._zone_now().date()

    def first_moment(self, day: date) -> datetime:
        """Of a local day; aware."""
        zone = timezone(self._zone_now().utcoffset() or timedelta())
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)

    def since(self, first: date) -> Days:
        """From that local day on, as things stand now; not to be changed."""
        self._read(first)
        days = self._days  # replaced, never changed
        return {day: each for day, each in days.items() if day >= first}

    def _read(self, first: date) -> None:
        with self._lock, self._database.reading() as transaction:
            self._catch_up(transaction)
            for start in _pieces(first, self._loaded_from or self.today() + timedelta(days=1)):
                self._load(transaction, start, self._loaded_from)
                self._loaded_from = start

    def warm(self, days: int) -> None:
        """Reads a span beforehand and keeps it fresh, in a thread of its own until `stop`."""
        self._warmer = threading.Thread(
            target=self._warm, args=(days,), name="figures", daemon=True
        )
        self._warmer.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._warmer is not None:
            self._warmer.join(timeout=30)  # it reads from a database that is closed next

    def _warm(self, days: int) -> None:
        wait_s = 5.0  # a start has more urgent things to do
        while not self._stopping.wait(wait_s):
            wait_s = _REFRESH_S
            try:
                for back in range(_PIECE.days, days + _PIECE.days, _PIECE.days):
                    self._read(self.today() - timedelta(days=min(days, back)))
            except Exception:
                # The page reads what is missing itself, only slower.
                _log.exception("figures_not_warmed")

    def _catch_up(self, transaction: Connection) -> None:
        offset = self._zone_now().utcoffset() or timedelta()
        gone = _newest_deletion(transaction)
        if (offset, gone) != (self._offset, self._deletion):
            self._forget()
            self._newest = None  # a number may be given again after a deletion
        self._offset, self._deletion = offset, gone
        events = self._fresh_events(transaction)
        touched = self._touched(transaction, events - self._events)
        if len(touched) > _MOST_TOUCHED:
            self._forget()
        else:
            for day in touched:
                self._load(transaction, day, day + timedelta(days=1))
        self._events = events
        self._newest = max(events, default=0)

    def _fresh_events(self, transaction: Connection) -> set[int]:
        """Log rows from the oldest on that may have been added since the last question."""
        column = incident_events.c.id
        newest = self._newest
        if newest is None:
            newest = transaction.execute(select(func.max(column))).scalar() or 0
        query = select(column).where(column > newest - _OVERLAP)
        return set(transaction.execute(query).scalars())

    def _forget(self) -> None:
        self._days, self._loaded_from = {}, None

    def _touched(self, transaction: Connection, events: set[int]) -> list[date]:
        """Days with incidents whose log has these rows, of the days that are loaded."""
        if not events or self._loaded_from is None:
            return []
        query = (
            select(incidents.c.opened_at)
            .join(incident_events, incident_events.c.incident_id == incidents.c.id)
            .where(incident_events.c.id >= min(events))
            .distinct()
        )
        zone = timezone(self._offset)
        found = {at.astimezone(zone).date() for at in transaction.execute(query).scalars()}
        return sorted(day for day in found if day >= self._loaded_from)

    def _load(self, transaction: Connection, first: date, before: date | None) -> None:
        """Replaces those days' counts; `before` None: all later ones."""
        days: dict[date, Counter[What]] = {}
        end = None if before is None else self.first_moment(before)
        rows = daily_counts(
            transaction, self.first_moment(first), end, self._offset, with_grid=self._with_grid
        )
        for row in rows:
            what = What(row.violation, row.source_id, row.grid, row.verdict.value)
            what = self._whats.setdefault(what, what)
            days.setdefault(date.fromisoformat(row.day), Counter())[what] = row.count
        kept = {
            day: each
            for day, each in self._days.items()
            if day < first or (before is not None and day >= before)
        }
        self._days = kept | {day: Day.of(whats) for day, whats in days.items()}


def _pieces(first: date, loaded_from: date) -> Iterator[date]:
    """First days of the pieces that are missing, the newest first."""
    while loaded_from > first:
        loaded_from = max(first, loaded_from - _PIECE)
        yield loaded_from


def _newest_deletion(transaction: Connection) -> int:
    query = select(func.max(deletions.c.id)).where(deletions.c.data_class.in_(_WHOLE))
    return transaction.execute(query).scalar() or 0
