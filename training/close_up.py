"""Cuts a picture around one thing, so that it fills as much of the cut as is wanted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.label import Box
from training.tile import clipped


def close_up(
    image: NDArray[np.uint8],
    boxes: Sequence[Box],
    around: Box,
    share: float,
    classes: int,
    chance: np.random.Generator,
) -> tuple[NDArray[np.uint8], list[Box]]:
    """The part of a BGR picture of which the longer side of `around` takes that share,
    and what of the boxes lies in it; a part that would reach beyond the picture is smaller."""
    height, width = image.shape[:2]
    side = max(around.w * width, around.h * height) / share
    x, across = _span(around.cx * width, around.w * width, side, width, chance)
    y, down = _span(around.cy * height, around.h * height, side, height, chance)
    window = x / width, y / height, (x + across) / width, (y + down) / height
    kept = [clipped(box, window, classes) for box in boxes]
    part = np.ascontiguousarray(image[y : y + down, x : x + across])
    return part, [box for box in kept if box is not None]


def _span(
    middle: float, length: float, side: float, limit: int, chance: np.random.Generator
) -> tuple[int, int]:
    """Where a part of that side begins that holds the thing, and how long it is in the picture."""
    room = max(side - length, 0)
    start = middle - length / 2 - room * float(chance.uniform(0.1, 0.9))
    first = int(np.clip(start, 0, limit - 1))
    return first, max(int(min(start + side, limit)) - first, 1)
