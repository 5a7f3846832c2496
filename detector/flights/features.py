"""Points of a picture that can be found again in another one of the same ground."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.flights.ground_window import GroundWindow, Image


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """`ground_m` (N, 2) east and north where the raster shows them; `looks` (N, 128) float32."""

    ground_m: NDArray[np.float64]
    looks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ground_m)

    def where(self, mask: NDArray[np.bool_]) -> Features:
        return Features(ground_m=self.ground_m[mask], looks=self.looks[mask])


def find_features(
    patch: Image, shown: NDArray[np.bool_], window: GroundWindow, most: int = 1800
) -> Features:
    """SIFT points of a north-up patch, away from its edges; light is evened out before."""
    grey = cv2.createCLAHE(2.0, (8, 8)).apply(cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY))
    mask = cv2.erode(shown.astype(np.uint8), np.ones((9, 9), np.uint8))
    finder = cv2.SIFT.create(nfeatures=most, contrastThreshold=0.02)
    points, looks = finder.detectAndCompute(grey, mask)
    if looks is None or not points:
        return Features(ground_m=np.zeros((0, 2)), looks=np.zeros((0, 128), np.float32))
    cells = np.array([point.pt for point in points], np.float64)
    rooted = np.sqrt(looks / np.maximum(looks.sum(axis=1, keepdims=True), 1e-9))
    return Features(ground_m=window.to_ground(cells), looks=rooted.astype(np.float32))


def match_features(
    one: Features, other: Features, reach_m: float, ratio: float = 0.82
) -> NDArray[np.int64]:
    """Pairs (M, 2) of rows that look alike and lie within `reach_m` of each other, both ways.

    The best match must beat the second best of the whole raster by `ratio`.
    """
    if len(one) < 2 or len(other) < 2:
        return np.zeros((0, 2), np.int64)
    likeness = one.looks @ other.looks.T
    near = _near(one.ground_m, other.ground_m, reach_m)
    likeness = np.where(near, likeness, -1.0)
    best = likeness.argmax(axis=1)
    rows = np.arange(len(one))
    top = likeness[rows, best]
    likeness[rows, best] = -1.0
    second = likeness.max(axis=1)
    likeness[rows, best] = top
    back = likeness.argmax(axis=0)
    distance = np.sqrt(np.maximum(2 - 2 * top, 0))
    other_distance = np.sqrt(np.maximum(2 - 2 * second, 1e-9))
    good = (top > 0.3) & (back[best] == rows) & (distance < ratio * other_distance)
    return np.column_stack([rows[good], best[good]])


def _near(
    one: NDArray[np.float64], other: NDArray[np.float64], reach_m: float
) -> NDArray[np.bool_]:
    a, b = one.astype(np.float32), other.astype(np.float32)
    east = np.abs(a[:, None, 0] - b[None, :, 0]) <= reach_m
    north = np.abs(a[:, None, 1] - b[None, :, 1]) <= reach_m
    return np.asarray(east & north, np.bool_)
