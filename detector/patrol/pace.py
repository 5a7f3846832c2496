"""How many looks a second the machine makes."""

from __future__ import annotations

import threading
from typing import Final

_SETTLING: Final = 20  # looks: the first ones are slower, and one look tells little


class Pace:
    """What looks took lately, on so many threads at once. Safe between threads."""

    def __init__(self, threads: int) -> None:
        self._threads, self._lock = threads, threading.Lock()
        self._mean_s, self._looks = 0.0, 0

    def look(self, took_s: float) -> None:
        with self._lock:
            self._looks += 1
            self._mean_s += (took_s - self._mean_s) / min(self._looks, _SETTLING)

    @property
    def looks_per_s(self) -> float | None:
        """None before the first look."""
        with self._lock:
            return self._threads / max(self._mean_s, 1e-6) if self._looks else None
