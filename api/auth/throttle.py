"""Failures by network address, so that one sender cannot try name after name."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from api.auth.errors import LockedError

_ADDRESSES: Final = 10_000


class Throttle:
    """In memory and bounded; safe between threads. `clock` counts seconds."""

    def __init__(
        self, most: int, within_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._within_s, self._clock = most, within_s, clock
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raises LockedError while the address has too many recent failures."""
        now_s = self._clock()
        with self._lock:
            recent = self._failures.get(address)
            while recent and recent[0] < now_s - self._within_s:
                recent.popleft()
            if recent and len(recent) >= self._most:
                wait_s = recent[0] + self._within_s - now_s
                raise LockedError(
                    "too many failed sign-ins from this address", wait_s, code="address_locked"
                )

    def failed(self, address: str) -> None:
        with self._lock:
            self._failures.setdefault(address, deque(maxlen=self._most)).append(self._clock())
            self._failures.move_to_end(address)
            while len(self._failures) > _ADDRESSES:
                self._failures.popitem(last=False)
