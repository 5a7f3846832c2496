"""What has happened to one source since the service started."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from detector.types import BlindReason


@dataclass(frozen=True, slots=True, kw_only=True)
class TallySnapshot:
    """For metrics, pages and reports. Staleness: seconds of the machine since the last usable look
    (since the start, before the first one)."""

    looks: int  # usable ones
    blind_looks: int
    blind_s: dict[BlindReason, float]  # of the source's own clock
    failed_looks: int  # seen, but not recorded (a full disk, a lost database), and tried again
    unplaced_looks: int  # of a moving source, without a position
    stale_s: float
    greatest_stale_s: float
    last_look_at: datetime | None
    blind_now: BlindReason | None
    blind_detail: str
    last_error: str


class Tally:
    """Counts; safe between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._looks = self._blind_looks = self._failed = self._unplaced = 0
        self._blind_s: dict[BlindReason, float] = {}
        self._good_s = clock()
        self._greatest_s = 0.0
        self._last_at: datetime | None = None
        self._look_at: datetime | None = None
        self._blind_now: BlindReason | None = None
        self._detail = ""
        self._error = ""

    def begin(self) -> None:
        """The source has been started: staleness counts from now until the first usable look."""
        with self._lock:
            self._good_s = self._clock()

    def good(self, at: datetime) -> None:
        with self._lock:
            now_s = self._clock()
            self._greatest_s = max(self._greatest_s, now_s - self._good_s)
            self._good_s = now_s
            self._looks += 1
            self._last_at = self._look_at = at
            self._blind_now, self._detail, self._error = None, "", ""

    @property
    def looks(self) -> int:
        """Usable ones."""
        return self._looks

    def blind(self, reason: BlindReason, detail: str, at: datetime) -> None:
        with self._lock:
            passed_s = (at - self._last_at).total_seconds() if self._last_at else 0.0
            self._blind_s[reason] = self._blind_s.get(reason, 0.0) + max(0.0, passed_s)
            self._blind_looks += 1
            self._last_at = at
            self._blind_now, self._detail = reason, detail

    def failed(self, error: str) -> None:
        with self._lock:
            self._failed += 1
            self._error = error

    def unplaced(self) -> None:
        with self._lock:
            self._unplaced += 1

    def snapshot(self) -> TallySnapshot:
        with self._lock:
            stale_s = self._clock() - self._good_s
            return TallySnapshot(
                looks=self._looks,
                blind_looks=self._blind_looks,
                blind_s=dict(self._blind_s),
                failed_looks=self._failed,
                unplaced_looks=self._unplaced,
                stale_s=stale_s,
                greatest_stale_s=max(self._greatest_s, stale_s),
                last_look_at=self._look_at,
                blind_now=self._blind_now,
                blind_detail=self._detail,
                last_error=self._error,
            )
