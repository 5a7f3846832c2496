"""Whether a picture is the same as before, to the pixel."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_WIDTH_PX: Final = 320
_SAME_LEVELS: Final = 2  # what encoding a frozen picture again changes
_CHANGED_SHARE: Final = 0.0002  # a ticking clock in a corner changes more


class Stillness:
    """Since when the picture has not changed. Real pictures of a still street carry noise, passing
    light and a clock; single pixels are compared, as averages would hide them."""

    def __init__(self) -> None:
        self._sample: NDArray[np.uint8] | None = None
        self._since: datetime | None = None

    def seconds(self, image: NDArray[np.uint8], at: datetime) -> float:
        """Seconds over which this (H, W, 3) picture has been the same, 0 after a change."""
        step = max(1, image.shape[1] // _WIDTH_PX)
        sample = np.ascontiguousarray(image[::step, ::step, 1])
        if self._since is None or self._changed(sample):
            self._sample, self._since = sample, at
        return (at - self._since).total_seconds()

    def _changed(self, sample: NDArray[np.uint8]) -> bool:
        if self._sample is None or self._sample.shape != sample.shape:
            return True
        difference = cv2.absdiff(self._sample, sample)
        changed = np.count_nonzero(np.asarray(difference) > _SAME_LEVELS)
        return bool(changed > _CHANGED_SHARE * sample.size)
