"""Whose turn it is."""

from __future__ import annotations

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_STEPS: Final = 2  # lanes for each doubling of the rate


@dataclass(order=True, slots=True)
class _Turn:
    since_s: float  # of its last look
    order: int
    due_s: float = field(compare=False)
    name: str = field(compare=False)


class Schedule:
    """Names and when each is due, by the machine's monotonic clock. Safe between threads.

    A name is handed to one taker at a time: it is not due again before `put` gives it back. There
    is one entry a name, so nothing queues up behind a slow machine: looks become rarer instead.
    Of the names that are due, the one comes first whose time since its last look, times its rate,
    is greatest. When the machine is too slow for all, each then waits in inverse proportion to its
    rate, and none is left out for good.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: list[tuple[float, int, _Turn, float]] = []  # by when they are due
        self._lanes: dict[int, list[_Turn]] = {}  # due, by rate; within a lane by their last look
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False

    def put(
        self, name: str, due_s: float, *, rate: float = 1.0, since_s: float | None = None
    ) -> None:
        """The name is due at that time; its last look was at `since_s` (None: then, as good as).

        `rate` is what a second of waiting counts: priority over interval, say.
        """
        with self._changed:
            order = next(self._order)
            turn = _Turn(due_s if since_s is None else since_s, order, due_s, name)
            heapq.heappush(self._waiting, (due_s, order, turn, rate))
            self._changed.notify()

    def drop(self, name: str) -> None:
        """The name is not due any more, unless it is put again."""
        with self._changed:
            self._waiting = [entry for entry in self._waiting if entry[2].name != name]
            heapq.heapify(self._waiting)
            for lane in self._lanes.values():
                lane[:] = [turn for turn in lane if turn.name != name]
                heapq.heapify(lane)

    def take(self) -> tuple[str, float] | None:
        """Waits for a name that is due; gives it and when it was due. None: closed."""
        with self._changed:
            while not self._closed:
                now_s = self._clock()
                self._open_lanes(now_s)
                turn = self._worthiest(now_s)
                if turn is not None:
                    return turn.name, turn.due_s
                self._changed.wait(self._waiting[0][0] - now_s if self._waiting else None)
        return None

    def close(self) -> None:
        """Every taker, waiting or later, gets None."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _open_lanes(self, now_s: float) -> None:
        while self._waiting and self._waiting[0][0] <= now_s:
            _, _, turn, rate = heapq.heappop(self._waiting)
            lane = round(math.log2(rate) * _STEPS)
            heapq.heappush(self._lanes.setdefault(lane, []), turn)

    def _worthiest(self, now_s: float) -> _Turn | None:
        """Within a lane the longest waiting one is first, so only the first of each is compared."""
        heads = [(lane, turns[0]) for lane, turns in self._lanes.items() if turns]
        if not heads:
            return None
        lane, _ = max(
            heads, key=lambda head: (2 ** (head[0] / _STEPS) * (now_s - head[1].since_s), head[0])
        )
        return heapq.heappop(self._lanes[lane])


def next_due_s(due_s: float, interval_s: float, now_s: float) -> float:
    """The next turn of a steady beat; turns that have passed are left out, not caught up."""
    missed = max(0.0, now_s - due_s) // interval_s
    return due_s + interval_s * (missed + 1)
