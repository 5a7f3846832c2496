"""How many connections are made at one moment."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_PATIENCE_S: Final = 2.0
_ASK_S: Final = 0.25


class _Visitor:
    """Waits in the queue until it is called in, or sent home."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.called = threading.Event()


class Doors:
    """Thousands of visitors, few inside: a connection takes memory and a core, waiting neither, and
    the first pictures come soon instead of all at the same late time. Who stays inside longer than
    `patience_s` (a camera that does not answer) no longer counts: the dead hold up nobody.

    Who comes first is let in first. Only who is called wakes up: were each of thousands to ask
    again and again, asking alone would take a core.
    """

    def __init__(self, at_once: int, patience_s: float = _PATIENCE_S) -> None:
        self._at_once, self._patience_s = at_once, patience_s
        self._inside: dict[_Visitor, float] = {}
        self._queue: deque[_Visitor] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def held(self, stop: threading.Event) -> Iterator[bool]:
        """Waits to be let in; False: `stop` was set before (and `send_home` called)."""
        visitor = _Visitor(stop)
        with self._lock:
            self._queue.append(visitor)
            self._call_in()
        while not stop.is_set() and not visitor.called.wait(self._ask_s()):
            with self._lock:
                self._call_in()
        try:
            yield not stop.is_set()
        finally:
            with self._lock:
                if self._inside.pop(visitor, None) is None and visitor in self._queue:
                    self._queue.remove(visitor)
                self._call_in()

    def send_home(self, stop: threading.Event) -> None:
        """Who waits with this event, which was set, waits no longer."""
        with self._lock:
            for visitor in self._queue:
                if visitor.stop is stop:
                    visitor.called.set()

    def _ask_s(self) -> float:
        """After which a visitor looks whether one inside has lost its place: the longer the queue,
        the rarer each one, so that somebody does at a steady pace."""
        return _ASK_S * max(1.0, len(self._queue) / self._at_once)

    def _call_in(self) -> None:
        now_s = time.monotonic()
        slow_s = now_s - self._patience_s
        # In the order in which they came in: the first one has been inside for longest.
        while self._inside and next(iter(self._inside.values())) <= slow_s:
            del self._inside[next(iter(self._inside))]
        while self._queue and len(self._inside) < self._at_once:
            visitor = self._queue.popleft()
            self._inside[visitor] = now_s
            visitor.called.set()


CONNECTIONS: Final = Doors(16)
"""Of this process, to fetch a picture or to find whether a camera is there: work for a core, and
little waiting."""

VISITS_AT_ONCE: Final = 64
_VISIT_PATIENCE_S: Final = 10.0  # a keyframe comes sooner, or the camera is no one to visit


def doors_of_visits(at_once: int = VISITS_AT_ONCE) -> Doors:
    """For visits, which mostly wait for a keyframe: the network bounds them, not the cores."""
    return Doors(at_once, _VISIT_PATIENCE_S)
