"""Rectangles on the ground."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def towards(angle_rad: float) -> np.ndarray:
    """The unit vector (2,) at an angle from east, counter-clockwise."""
    return np.array([np.cos(angle_rad), np.sin(angle_rad)])


def rectangle(middle: np.ndarray, along: np.ndarray, half: Sequence[float]) -> np.ndarray:
    """Corners (4, 2) around `middle`: half the length lies along the unit vector, half the width
    across it."""
    across = np.array([-along[1], along[0]])
    return np.array(
        [
            middle + along * sx * half[0] + across * sy * half[1]
            for sx, sy in ((-1, 1), (1, 1), (1, -1), (-1, -1))
        ]
    )
