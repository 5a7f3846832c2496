"""Random fields, and lines and blobs with ragged edges."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]  # (H, W)
Mask = NDArray[np.float32]  # (H, W), 0 to 1


def cloud(rng: np.random.Generator, side: int, cell_px: float, octaves: int = 4) -> Field:
    """Value noise of a deviation of about 1; its largest cells measure `cell_px`."""
    total = np.zeros((side, side), np.float32)
    for octave in range(octaves):
        cell = cell_px / 2**octave
        if cell < 1:
            break
        count = int(np.clip(np.ceil(side / cell) + 1, 2, side))
        coarse = rng.normal(0, 1, (count, count)).astype(np.float32)
        total += 0.6**octave * cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(total / max(float(total.std()), 1e-6), np.float32)


def step(value: Field, edge: float, width: float) -> Mask:
    """0 below the edge, 1 above it, a ramp of that width between."""
    return np.asarray(np.clip((value - edge) / max(width, 1e-6) + 0.5, 0, 1), np.float32)


def turned(x: Field, y: Field, angle: float) -> tuple[Field, Field]:
    """Coordinates along axes that are turned by an angle: along the first one, and aside of it."""
    cos, sin = np.cos(angle), np.sin(angle)
    return x * cos + y * sin, y * cos - x * sin


def ragged(
    rng: np.random.Generator, at: tuple[float, float], radius: float, corners: int
) -> NDArray[np.float32]:
    """The outline of something broken off, (N, 2), around a point: uneven, then split twice."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = radius * np.clip(1 + 0.3 * rng.normal(size=corners), 0.35, 1.7)
    points = np.array(at) + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    for share in (0.16, 0.12):
        after = np.roll(points, -1, 0)
        along = after - points
        middle = (points + after) / 2
        aside = np.stack([-along[:, 1], along[:, 0]], 1)
        middle += aside * rng.normal(0, share, (len(points), 1))
        points = np.stack([points, middle], 1).reshape(-1, 2)
    return points.astype(np.float32)


def wander(
    rng: np.random.Generator, start: tuple[float, float], heading: float, length: float
) -> NDArray[np.float32]:
    """A crack's way, (N, 2)."""
    points, left = [np.array(start)], length
    while left > 0:
        heading += rng.normal(0, 0.35)
        part = float(rng.uniform(0.04, 0.14))
        points.append(points[-1] + part * np.array([np.cos(heading), np.sin(heading)]))
        left -= part
    return np.asarray(points, np.float32)
