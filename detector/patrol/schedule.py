"""Whose turn it is."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class _Turn:
    due_s: float
    order: int
    name: str = field(compare=False)


class Schedule:
    """Names and when each is due, by the machine's monotonic clock. Safe between threads.

    A name is handed to one taker at a time: it is not due again before `put` gives it back. There
    is one entry a name, so nothing queues up behind a slow machine: looks become rarer instead.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._turns: list[_Turn] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, name: str, due_s: float) -> None:
        """The name is due at that time."""
        with self._changed:
            heapq.heappush(self._turns, _Turn(due_s, next(self._order), name))
            self._changed.notify()

    def take(self) -> tuple[str, float] | None:
        """Waits for the most overdue name; gives it and when it was due. None: closed."""
        with self._changed:
            while not self._closed:
                wait_s = self._turns[0].due_s - self._clock() if self._turns else None
                if wait_s is not None and wait_s <= 0:
                    turn = heapq.heappop(self._turns)
                    return turn.name, turn.due_s
                self._changed.wait(wait_s)
        return None

    def close(self) -> None:
        """Every taker, waiting or later, gets None."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def next_due_s(due_s: float, interval_s: float, now_s: float) -> float:
    """The next turn of a steady beat; turns that have passed are left out, not caught up."""
    missed = max(0.0, now_s - due_s) // interval_s
    return due_s + interval_s * (missed + 1)
