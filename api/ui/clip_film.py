"""A clip that is being masked, picture by picture."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from detector.evidence import ClipPicture


@dataclass(frozen=True, slots=True)
class FilmSoFar:
    """What there is of a clip."""

    pictures: tuple[ClipPicture, ...]
    complete: bool  # no more will come


class ClipFilm:
    """One thread adds pictures, others wait for them."""

    def __init__(self) -> None:
        self._pictures: list[ClipPicture] = []
        self._ended = False
        self._error: Exception | None = None
        self._changed = threading.Condition()
        self._asked_s = time.monotonic()

    def add(self, picture: ClipPicture) -> None:
        with self._changed:
            self._pictures.append(picture)
            self._changed.notify_all()

    def end(self, error: Exception | None = None) -> None:
        """`error`: whoever waits is told."""
        with self._changed:
            self._ended, self._error = True, error
            self._changed.notify_all()

    def idle_s(self) -> float:
        """Since somebody last asked, or has been waiting."""
        with self._changed:
            return time.monotonic() - self._asked_s

    def wait_for(self, count: int, timeout_s: float) -> FilmSoFar:
        """Until `count` pictures are there, or no more come, or the time is over. Raises what
        ended it."""
        until_s = time.monotonic() + timeout_s
        with self._changed:
            while not self._ended and len(self._pictures) < count:
                self._asked_s = time.monotonic()
                left_s = until_s - self._asked_s
                if left_s <= 0:
                    break
                self._changed.wait(min(left_s, 0.5))
            self._asked_s = time.monotonic()
            if self._error is not None:
                raise self._error
            return FilmSoFar(tuple(self._pictures), self._ended)

    @property
    def ended(self) -> bool:
        with self._changed:
            return self._ended

    @property
    def size_bytes(self) -> int:
        with self._changed:
            return sum(len(each.jpeg) for each in self._pictures)
