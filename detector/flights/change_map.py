"""Where the structure of the ground differs between two days, whatever the light or the paint."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.flights.ground_window import Image

Plane = NDArray[np.float32]
_DARK = 8.0  # added before the logarithm: what a camera cannot tell from black
_LOCAL_M = 24.0  # light is taken as even over so much ground
_PATTERN_M = 1.1  # window in which the patterns of light and dark are compared
_FAINT = 0.05  # a pattern of 5 % contrast is about as strong as a camera's noise
_SHIFTS = ((0, 0), (0, -2), (0, 2), (-2, 0), (2, 0), (-1, -1), (1, 1), (-1, 1), (1, -1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChangeMap:
    """Planes (H, W) float32 over one window.

    `structure`: 0 to 1, how little of the pattern there was is left, best over small shifts.
    `before`, `after`: log brightness (H, W), the current one fitted to the baseline's light.
    `hue_before`, `hue_after`: (H, W, 2) log ratios red:green and blue:green.
    """

    structure: Plane
    before: Plane
    after: Plane
    hue_before: Plane
    hue_after: Plane


def change_map(before: Image, after: Image, valid: NDArray[np.bool_], cell_m: float) -> ChangeMap:
    """Compares two registered north-up patches (H, W, 3) where `valid` (H, W)."""
    log_before, log_after = _same_light(before, after, valid, round(_LOCAL_M / cell_m) | 1)
    one = _soft(log_before.mean(axis=2), 0.8)
    two = _soft(log_after.mean(axis=2), 0.8)
    kept, pattern = _kept_pattern(one, two, round(_PATTERN_M / cell_m) | 1)
    strength = pattern / (pattern + np.float32(_FAINT**2))
    structure = strength * np.clip((0.7 - kept) / 0.7, 0, 1)
    hue_before, hue_after = (_soft(_hue(x), 1.5) for x in (log_before, log_after))
    return ChangeMap(
        structure=np.where(valid, structure, 0).astype(np.float32),
        before=one,
        after=two,
        hue_before=hue_before,
        hue_after=hue_after,
    )


def _soft(plane: NDArray[np.float32], sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _same_light(
    before: Image, after: Image, valid: NDArray[np.bool_], local: int
) -> tuple[Plane, Plane]:
    """Log colours of both; the second with the first's exposure, contrast and colour cast."""
    table = np.log(np.arange(256, dtype=np.float32) + np.float32(_DARK))
    one, two = table[before], table[after]
    if not valid.any():
        return one, two
    for channel in range(3):
        x, y = two[..., channel][valid][::7], one[..., channel][valid][::7]
        (x20, x50, x80), (y20, y50, y80) = (np.percentile(v, (20, 50, 80)) for v in (x, y))
        stretch = (y80 - y20) / max(float(x80 - x20), 1e-3)
        two[..., channel] = (two[..., channel] - x50) * np.clip(stretch, 0.5, 2.0) + y50
    known = valid.astype(np.float32)
    gap = np.clip(two - one, -0.5, 0.5) * known[..., None]
    share = np.maximum(cv2.blur(known, (local, local)), 0.05)
    two -= cv2.blur(gap, (local, local)) / share[..., None]
    return one, two


def _kept_pattern(one: Plane, two: Plane, side: int) -> tuple[Plane, Plane]:
    """Best correlation over small shifts, and the stronger pattern's variance."""
    mean_one, var_one = _moments(one, side)
    mean_two, var_two = _moments(two, side)
    best = np.full(one.shape, -1, np.float32)
    for dy, dx in _SHIFTS:
        moved, mean, var = (_moved(p, dy, dx) for p in (one, mean_one, var_one))
        common = cv2.blur(moved * two, (side, side)) - mean * mean_two
        floor = np.float32(1e-5)
        likeness = common / np.sqrt(np.maximum(var, floor) * np.maximum(var_two, floor))
        np.maximum(best, likeness, out=best)
    return best, np.maximum(var_one, var_two)


def _moments(plane: Plane, side: int) -> tuple[Plane, Plane]:
    mean = cv2.blur(plane, (side, side))
    square = cv2.blur(plane * plane, (side, side)) - mean * mean
    return np.asarray(mean, np.float32), np.asarray(square, np.float32)


def _moved(plane: NDArray[np.float32], dy: int, dx: int) -> NDArray[np.float32]:
    return np.roll(plane, (dy, dx), axis=(0, 1)) if dy or dx else plane


def _hue(colours: Plane) -> Plane:
    green = colours[..., 1]
    return np.stack([colours[..., 2] - green, colours[..., 0] - green], axis=-1)
