"""Where a view's edges are and how they run, and how two views lie over each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE_PX: Final = 160
"""A view is compared on a picture whose longer side has this many pixels."""

_WEAKEST: Final = 24.0  # of Sobel's response, 3 levels a pixel
_STRONGEST: Final = 48.0  # beyond it an edge counts no more: a lit sign must not outvote a street


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How a view lies over another.

    `near` and `best` tell how far the agreement stands out of that at all other offsets, in
    standard deviations: near offset zero, and where it is best. `shift_fraction` is the best
    offset, as a fraction of the picture's longer side.
    """

    near: float
    best: float
    shift_fraction: float


class EdgeField:
    """Direction of every clear edge, twice the angle, so that a change from light-on-dark to
    dark-on-light (a lamp switched on, the night) does not matter."""

    def __init__(self, grey: NDArray[np.uint8]) -> None:
        small = shrunk(grey)
        across = cv2.Sobel(small, cv2.CV_32F, 1, 0)
        down = cv2.Sobel(small, cv2.CV_32F, 0, 1)
        strength = np.asarray(cv2.magnitude(across, down), np.float32)
        weight = np.where(strength < _WEAKEST, 0, np.minimum(strength / _STRONGEST, 1))
        turn = (across + 1j * down) / np.maximum(strength, 1)
        field = (weight * turn * turn).astype(np.complex64)
        self.edge_share = float(np.count_nonzero(weight) / weight.size)
        self._spectrum = np.fft.fft2(field)

    def register(self, other: EdgeField, *, near_fraction: float) -> Registration | None:
        """How `other` lies over this; None: the pictures differ in shape."""
        if self._spectrum.shape != other._spectrum.shape:
            return None
        common = np.conj(self._spectrum) * other._spectrum
        # Half whitened: the long lines of kerbs and fences agree at many offsets, details do not.
        agreement = np.real(np.fft.ifft2(common / np.sqrt(np.abs(common) + 1e-6)))
        sample = agreement[::2, ::2]
        middle = float(np.median(sample))
        spread = float(np.median(np.abs(sample - middle))) * 1.4826 + 1e-9
        reach = max(1, round(near_fraction * SIDE_PX))
        near = np.roll(agreement, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
        return Registration(
            near=(float(near.max()) - middle) / spread,
            best=(float(agreement.max()) - middle) / spread,
            shift_fraction=_shift_px(agreement) / SIDE_PX,
        )


def shrunk(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A (H, W) picture at the size at which views are compared."""
    scale = SIDE_PX / max(grey.shape)
    height, width = (max(16, round(side * scale)) for side in grey.shape)
    if (height, width) == grey.shape:
        return grey
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _shift_px(agreement: NDArray[np.floating]) -> float:
    row, column = np.unravel_index(int(agreement.argmax()), agreement.shape)
    height, width = agreement.shape
    down = (int(row) + height // 2) % height - height // 2
    across = (int(column) + width // 2) % width - width // 2
    return float(np.hypot(down, across))
