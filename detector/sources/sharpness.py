"""How sharp a picture is, whatever its light and its subject."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH_PX: Final = 640
"""Edge widths are measured on pictures no wider than this."""

_WINDOW_PX: Final = 15
_KERNEL = cv2.getStructuringElement(cv2.MORPH_RECT, (_WINDOW_PX, _WINDOW_PX))
_STRONGEST_PERCENT = 97
_SHARPER_PERCENT = 30  # of the strong edges: moving things are blurred, what stands still is not
_LEAST_GRADIENT = 5.0  # levels a pixel
_LEAST_SHARE = 0.001


def edge_width_px(grey: NDArray[np.uint8]) -> float | None:
    """Width of the sharper ones among the strongest edges of a (H, W) uint8 picture.

    Contrast divided by gradient: dim light and rain lower both alike. About 3 to 5 on what a good
    camera shows at 640 px, beyond 6 when out of focus. None: there are no edges to judge by.
    """
    smooth = np.asarray(cv2.GaussianBlur(grey, (3, 3), 0), np.uint8)
    gradient = _gradient(smooth)
    limit = max(float(np.percentile(gradient[::3, ::3], _STRONGEST_PERCENT)), _LEAST_GRADIENT)
    strong = np.flatnonzero(gradient >= limit)  # few: only there is the width asked for
    if strong.size < _LEAST_SHARE * gradient.size:
        return None
    contrast = cv2.subtract(cv2.dilate(smooth, _KERNEL), cv2.erode(smooth, _KERNEL))
    widths_px = np.asarray(contrast).ravel()[strong] / gradient.ravel()[strong]
    return float(np.percentile(widths_px, _SHARPER_PERCENT))


def _gradient(smooth: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Levels a pixel."""
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(cv2.magnitude(across, down), np.float32)
