"""Which pixels belong to something."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]  # (H, W)


def widened(mask: Mask, side: int) -> Mask:
    """The mask and all pixels that a square of `side` pixels (odd) around one of its own holds."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)), np.bool_)
