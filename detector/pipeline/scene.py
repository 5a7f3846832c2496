"""Whether anything on a fixed camera's picture has changed since the network last looked at it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_WIDTH_PX: Final = 640
_BLOCK_PX: Final = 8  # of the picture at 640 px
_BAND: Final = 8  # the top and the bottom eighth, where cameras print name and time
_LEARNING: Final = 0.1
_RESTLESS: Final = 0.3  # of the looks: strokes of a digit come and go

Blocks = NDArray[np.float32]


class Scene:
    """Compares each look with the last *examined* one, block by block.

    A mean over the whole picture would miss a cover that is gone; a comparison with the look before
    would never notice the light that creeps. Sensor noise fades in the mean of a block (64 pixels).
    A camera's own clock changes its blocks at every look: blocks of the top and bottom edge that
    never rest are not compared.
    """

    def __init__(self, levels: float) -> None:
        """`levels`: by how much of 0 to 255 the mean of a block must differ to have changed."""
        self._levels = levels
        self._now: Blocks | None = None
        self._examined: Blocks | None = None
        self._restless: Blocks | None = None

    def see(self, image: NDArray[np.uint8]) -> bool:
        """True where the (H, W, 3) picture differs from the examined one, or there is none."""
        before, self._now = self._now, _blocks(image)
        if before is None or before.shape != self._now.shape or self._restless is None:
            self._restless, self._examined = np.zeros_like(self._now), None
            return True
        moved = np.abs(self._now - before) > self._levels
        self._restless += _LEARNING * (moved - self._restless)
        if self._examined is None:
            return True
        changed = np.abs(self._now - self._examined) > self._levels
        return bool((changed & ~_clock(self._restless)).any())

    def examined(self) -> None:
        """The network has looked at the picture that was seen last."""
        self._examined = self._now


def _clock(restless: Blocks) -> NDArray[np.bool_]:
    ignored = restless > _RESTLESS
    edge = max(1, len(ignored) // _BAND)
    ignored[edge:-edge] = False
    return ignored


def _blocks(image: NDArray[np.uint8]) -> Blocks:
    """Mean green of each block, (H / 8, W / 8) at 640 px; of every n-th pixel, for speed."""
    step = max(1, image.shape[1] // _WIDTH_PX)
    green = np.ascontiguousarray(image[::step, ::step, 1])
    wide = _WIDTH_PX // _BLOCK_PX
    high = max(1, round(green.shape[0] / green.shape[1] * wide))
    small = cv2.resize(green, (wide, high), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)
