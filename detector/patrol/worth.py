"""What a look at a camera is worth."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

LEAST: Final = 0.25
MOST: Final = 4.0
"""Bounds of a worth: the least watched camera waits at most 16 times as long as the most watched
one of the same interval."""

_HOURS: Final = 24
_ENOUGH_TO_TELL: Final = 5.0  # incidents, before the hours in which they came say anything


class PatrolConfig(BaseModel):
    """Which looks come first when the cameras need more than the machine has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    history: bool = Field(
        default=True, description="Cameras with incidents, and their hours, are worth more."
    )
    half_life_days: float = Field(default=14, gt=0)
    timezone: str = "Asia/Shanghai"


class History:
    """Incidents of one camera by hour of the day; old ones count less and less. Safe between
    threads."""

    def __init__(self, config: PatrolConfig, opened: Iterable[datetime] = ()) -> None:
        self._half_life = timedelta(days=config.half_life_days)
        self._zone = ZoneInfo(config.timezone)
        self._enabled = config.history
        self._hours = [0.0] * _HOURS
        self._at: datetime | None = None
        self._lock = threading.Lock()
        for at in sorted(opened):
            self.opened(at)

    def opened(self, at: datetime) -> None:
        """An incident was opened at that (aware) time."""
        with self._lock:
            self._fade(at)
            self._hours[at.astimezone(self._zone).hour] += 1

    def worth(self, priority: float, at: datetime) -> float:
        """Between LEAST and MOST: the priority, more where and when incidents are frequent.

        A camera with 3 incidents counts twice, with 15 four times; an hour without any of them
        counts half, the usual hour up to twice.
        """
        if not self._enabled:
            return min(MOST, max(LEAST, priority))
        with self._lock:
            self._fade(at)
            total = sum(self._hours)
            hour = at.astimezone(self._zone).hour
            near = sum(self._hours[(hour + step) % _HOURS] for step in (-1, 0, 1))
        often = 1 + math.log2(1 + total) / 2
        usual = min(2.0, max(0.5, near / total * _HOURS / 3)) if total >= _ENOUGH_TO_TELL else 1.0
        return min(MOST, max(LEAST, priority * often * usual))

    def _fade(self, at: datetime) -> None:
        if self._at is not None and at > self._at:
            share = 0.5 ** ((at - self._at) / self._half_life)
            self._hours = [count * share for count in self._hours]
        self._at = at if self._at is None else max(at, self._at)
