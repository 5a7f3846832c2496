"""What every source shares: settings, health keeping, waiting longer after each failure."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from detector.sources.doors import Doors, doors_of_visits
from detector.types import BlindReason, NoFrame, SourceHealth, SourceState

_USER = re.compile(r"://[^\s/'\"]*@")
_VALUE = re.compile(r"([\w.\-]+)=[^&\s'\"]*")
_BLIND: Final = {
    SourceState.WAKING: BlindReason.WAKING,
    SourceState.STALLED: BlindReason.STALLED,
    SourceState.DOWN: BlindReason.DOWN,
}


class BaseSourceConfig(BaseModel):
    """Settings of any source. The id also names folders, so it holds no slash or space."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=128, pattern=r"^[^/\\\s.][^/\\\s]*$")
    name: str = ""
    interval_s: float = Field(default=10, gt=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceContext:
    """What the host gives to sources: which pictures were examined before, where to spool, and how
    many may be visited at once."""

    seen: Callable[[str], bool]
    spool_dir: Path
    visits: Doors = field(default_factory=doors_of_visits)


def utc_now() -> datetime:
    return datetime.now(UTC)


def redact(text: str) -> str:
    """The text without user names, passwords and query values of addresses in it."""
    return _VALUE.sub(r"\1=***", _USER.sub("://***@", text))


class Backoff:
    """Doubling waits with jitter, so that many cameras do not reconnect at one moment."""

    def __init__(self, min_s: float, max_s: float) -> None:
        self._min_s, self._max_s, self._failures = min_s, max_s, 0

    def reset(self) -> None:
        self._failures = 0

    def next_s(self) -> float:
        wait_s = min(self._max_s, self._min_s * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return wait_s * random.uniform(0.75, 1.25)  # noqa: S311


class HealthLog:
    """A source's state, safe to read and write from several threads."""

    def __init__(self, state: SourceState = SourceState.WAKING, reason: str = "") -> None:
        self._lock = threading.Lock()
        self._state, self._reason, self._since = state, redact(reason), utc_now()
        self._reconnects, self._frames = 0, 0
        self._last_frame_at: datetime | None = None

    @property
    def state(self) -> SourceState:
        return self._state

    def set(self, state: SourceState, reason: str = "") -> None:
        with self._lock:
            if state is not self._state:
                self._state, self._since = state, utc_now()
            self._reason = redact(reason)

    def reconnecting(self) -> None:
        with self._lock:
            self._reconnects += 1

    def delivered(self, at: datetime) -> int:
        """Counts one frame handed out; returns its number from 0."""
        with self._lock:
            self._frames += 1
            self._last_frame_at = at
            return self._frames - 1

    def snapshot(self) -> SourceHealth:
        with self._lock:
            return SourceHealth(
                state=self._state,
                reason=self._reason,
                since=self._since,
                reconnects=self._reconnects,
                frames=self._frames,
                last_frame_at=self._last_frame_at,
            )


def blind_look(health: SourceHealth, at: datetime) -> NoFrame | None:
    """The look at a source that has no new picture; None: it is live, the next one will come."""
    reason = _BLIND.get(health.state)
    return NoFrame(reason=reason, detail=health.reason, at=at) if reason else None
