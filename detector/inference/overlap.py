"""How much of each other boxes cover; a box is (left, top, right, bottom)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.floating[Any]]


def areas(boxes: Boxes) -> Boxes:
    """(N,) of (N, 4) boxes."""
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))


def common_areas(first: Boxes, second: Boxes) -> Boxes:
    """(N, M): what each of (N, 4) boxes has in common with each of (M, 4) others."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return np.asarray(np.prod(np.clip(high - low, 0, None), axis=2))


def iou_matrix(first: Boxes, second: Boxes) -> Boxes:
    """(N, M): intersection over union of each of (N, 4) boxes with each of (M, 4) others."""
    common = common_areas(first, second)
    union = areas(first)[:, None] + areas(second)[None] - common
    return np.asarray(common / np.maximum(union, 1e-9))
