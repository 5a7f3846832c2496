"""How many connections are made at one moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_AT_ONCE: Final = 16
_PATIENCE_S: Final = 2.0
_ASK_S: Final = 0.25


class Doors:
    """Thousands of visitors, few inside: a connection takes memory and a core, waiting neither, and
    the first pictures come soon instead of all at the same late time. Who stays inside longer than
    `patience_s` (a camera that does not answer) no longer counts: the dead hold up nobody."""

    def __init__(self, at_once: int, patience_s: float = _PATIENCE_S) -> None:
        self._at_once, self._patience_s = at_once, patience_s
        self._inside: dict[object, float] = {}
        self._changed = threading.Condition()

    @contextmanager
    def held(self, stop: threading.Event) -> Iterator[bool]:
        """Waits to be let in; False: `stop` was set before."""
        visitor = object()
        with self._changed:
            while not stop.is_set() and not self._free():
                self._changed.wait(_ASK_S)
            self._inside[visitor] = time.monotonic()
        try:
            yield not stop.is_set()
        finally:
            with self._changed:
                self._inside.pop(visitor, None)
                self._changed.notify()

    def _free(self) -> bool:
        slow_s = time.monotonic() - self._patience_s
        self._inside = {one: since_s for one, since_s in self._inside.items() if since_s > slow_s}
        return len(self._inside) < self._at_once


DOORS: Final = Doors(_AT_ONCE)
"""Of this process."""
