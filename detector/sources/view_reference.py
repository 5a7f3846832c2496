"""What a fixed camera is meant to see."""

from __future__ import annotations

import base64
from enum import Enum
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.sources.edge_field import EdgeField, Registration, shrunk
from detector.types import ConfigError

_LEARNING_LOOKS: Final = 10
_FOLLOWING = 0.05  # how much of a look the recent reference takes over
_AGREES = 8.0  # deviations; unrelated views reach 5.5, the same view over hours 20 and more
_LEARNT_SHIFT_FRACTION = 0.01  # a look that lies further off would blur the reference
_LEAST_EDGES = 0.01
_REFRESH_LOOKS = 5  # the recent reference moves by a few levels a look only


class View(Enum):
    SAME = "same"
    MOVED = "moved"
    UNKNOWN = "unknown"  # too dark or too plain to tell


class ViewReference:
    """Two thumbnails: `first`, the mean of the first good looks, in which passing traffic fades,
    and `recent`, which follows the light through the day. What lies elsewhere than `first` has
    moved, however slowly; what lies like one of them is the same view."""

    def __init__(self, tolerance_fraction: float) -> None:
        self._tolerance = tolerance_fraction
        self._first: NDArray[np.float32] | None = None
        self._recent: NDArray[np.float32] | None = None
        self._fields: list[EdgeField] = []
        self._looks = 0

    def see(self, grey: NDArray[np.uint8]) -> View:
        """Compares a good (H, W) picture with the reference, and learns from it where it agrees.
        The first one becomes the reference."""
        field = EdgeField(grey)
        if field.edge_share < _LEAST_EDGES:
            return View.UNKNOWN
        if not self._fields:
            self._learn(grey)
            return View.SAME
        result = self._fields[0].register(field, near_fraction=self._tolerance)
        if result is None or self._elsewhere(result):
            return View.MOVED  # None: a picture of another shape, from another lens or stream
        if result.near < _AGREES:
            result = self._fields[1].register(field, near_fraction=self._tolerance)
            if result is None or result.near < _AGREES:
                return View.MOVED
        if result.shift_fraction <= _LEARNT_SHIFT_FRACTION:
            self._learn(grey)
        return View.SAME

    def forget(self) -> None:
        self._first = self._recent = None
        self._fields, self._looks = [], 0

    def state(self) -> dict[str, Any]:
        """JSON-serialisable, some 30 kB."""
        if self._first is None or self._recent is None:
            return {}
        return {
            "first": _packed(self._first),
            "recent": _packed(self._recent),
            "looks": self._looks,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Raises ConfigError for a state that cannot be read."""
        if not state:
            return self.forget()
        try:
            self._first = _unpacked(state["first"])
            self._recent = _unpacked(state["recent"])
            self._looks = int(state["looks"])
        except (KeyError, TypeError, ValueError, cv2.error) as error:
            self.forget()
            raise ConfigError(f"the stored reference picture is damaged: {error}") from error
        return self._refresh()

    def _learn(self, grey: NDArray[np.uint8]) -> None:
        thumb = shrunk(grey).astype(np.float32)
        if self._first is None or self._recent is None:
            self._first, self._recent = thumb, thumb.copy()
        elif self._looks < _LEARNING_LOOKS:
            self._first += (thumb - self._first) / (self._looks + 1)
            self._recent = self._first.copy()
        else:
            self._recent += _FOLLOWING * (thumb - self._recent)
        self._looks += 1
        if self._looks <= _LEARNING_LOOKS or self._looks % _REFRESH_LOOKS == 0:
            self._refresh()

    def _elsewhere(self, result: Registration) -> bool:
        return (
            result.best >= _AGREES
            and result.shift_fraction > self._tolerance
            and result.near < 0.6 * result.best
        )

    def _refresh(self) -> None:
        if self._first is None or self._recent is None:
            return
        recent = EdgeField(_as_grey(self._recent))
        if self._looks <= _LEARNING_LOOKS:  # both are the mean of all looks so far
            self._fields = [recent, recent]
            return
        first = self._fields[:1] or [EdgeField(_as_grey(self._first))]  # it changes no more
        self._fields = [*first, recent]


def _as_grey(thumb: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(np.rint(thumb), 0, 255).astype(np.uint8)


def _packed(thumb: NDArray[np.float32]) -> str:
    _, data = cv2.imencode(".png", _as_grey(thumb))
    return base64.b64encode(data.tobytes()).decode()


def _unpacked(text: str) -> NDArray[np.float32]:
    data = np.frombuffer(base64.b64decode(text), np.uint8)
    grey = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    if grey is None:
        raise ValueError("not a picture")
    return grey.astype(np.float32)
