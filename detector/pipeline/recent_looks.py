"""What was seen at one camera lately, without pictures: rules can be tried on it."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from datetime import timedelta
from typing import Final

from detector.types import Detections, Look

_SPAN: Final = timedelta(hours=1)
_MOST: Final = 720  # one look in 5 s; of faster cameras the span is shorter
_NOTHING: Final = Detections.empty(())


class RecentLooks:
    """The looks of the last hour, at most 720. Safe between threads; lost at a restart."""

    def __init__(self, span: timedelta = _SPAN, most: int = _MOST) -> None:
        self._span = span
        self._looks: deque[Look] = deque(maxlen=most)
        self._lock = threading.Lock()

    def remember(self, look: Look) -> None:
        """Tracks are kept, single detections are not: rules judge tracks."""
        with self._lock:
            self._looks.append(replace(look, detections=_NOTHING))
            while look.at - self._looks[0].at > self._span:
                self._looks.popleft()

    def all(self) -> tuple[Look, ...]:
        """Oldest first."""
        with self._lock:
            return tuple(self._looks)
