"""A piece of ground turned so that a rectangle's sides are upright, to find its true edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MARGIN = 10  # cells around the rectangle
_OUT, _IN = 3, 9  # cells in which a side's edge is looked for

Plane = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoofCrop:
    """`planes` (h, w, 3): log brightness, red:green, blue:green. The rectangle lies `MARGIN`
    cells within it. `to_cells` maps its columns and rows back into the window's cells."""

    planes: Plane
    to_cells: NDArray[np.float64]  # (2, 3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sides:
    """Where the four edges are that fit best (left, right, top, bottom), and their strengths."""

    place: tuple[int, int, int, int]
    strength: tuple[float, float, float, float]


def crop_roof(planes: Plane, corners: NDArray[np.float64]) -> RoofCrop:
    """Cuts the rectangle `corners` (4, 2) with a margin out of (H, W, 3) planes."""
    a, b, _, d = corners
    along, across = b - a, d - a
    length, width = float(np.hypot(*along)), float(np.hypot(*across))
    u, v = along / length, across / width
    origin = a - (u + v) * MARGIN
    turn = np.array([[u[0], v[0], origin[0]], [u[1], v[1], origin[1]]])
    size = round(length) + 2 * MARGIN, round(width) + 2 * MARGIN
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(planes, turn, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return RoofCrop(planes=np.asarray(cut, np.float32), to_cells=turn)


def best_sides(crop: RoofCrop) -> Sides:
    """Snaps each side to the strongest edge along it, a little outside or inside."""
    across, down = _gradients(crop.planes[..., 0])
    h, w = across.shape
    m = MARGIN
    columns = np.abs(across[m + 3 : h - m - 3].mean(axis=0))
    rows = np.abs(down[:, m + 3 : w - m - 3].mean(axis=1))
    found = [
        _peak(columns, m - _OUT, m + _IN),
        _peak(columns, w - m - _IN, w - m + _OUT),
        _peak(rows, m - _OUT, m + _IN),
        _peak(rows, h - m - _IN, h - m + _OUT),
    ]
    left, right, top, bottom = (place for place, _ in found)
    if right - left < 6:
        left, right = m, w - m
    if bottom - top < 6:
        top, bottom = m, h - m
    a, b, c, d = (strength for _, strength in found)
    return Sides(place=(left, right, top, bottom), strength=(a, b, c, d))


def _gradients(light: Plane) -> tuple[Plane, Plane]:
    across = cv2.Scharr(light, cv2.CV_32F, 1, 0) / 32
    down = cv2.Scharr(light, cv2.CV_32F, 0, 1) / 32
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def _peak(profile: NDArray[np.float32], low: int, high: int) -> tuple[int, float]:
    low, high = max(low, 0), min(high, len(profile) - 1)
    at = low + int(profile[low : high + 1].argmax())
    return at, float(profile[at])
