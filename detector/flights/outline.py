"""Light and growth, told by their outline: a structure ends somewhere, on all of its sides."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.flights.candidate import around
from detector.flights.mask import Mask

Points = NDArray[np.float64]
# Steps of log colour across the two faintest sides, both at most so large. One in a hundred looks
# at simulated additions has such sides (docs/flights.md).
_NO_STEP, _FAINT_STEP = 0.10, 0.25
# In cells of 0.24 m, and degrees: how far from a drawn side its edge is looked for.
_OFFSETS = np.arange(-3.0, 4.0)
_TURNS_DEG = (-12, -6, 0, 6, 12)
_ACROSS = np.arange(-6.0, 6.01, 0.5)
_BESIDE = (0.9, 2.0)  # what is compared on either hand: from and to, cells from the edge
_ALONG = 0.8  # of a side's length; its corners are round


def unbounded(core: Mask, after: NDArray[np.float32]) -> bool:
    """Whether a piece `core` (H, W) just goes on beyond two of its four sides: `after` (3, H, W),
    log brightness and hue of the later picture, has no edge along them.

    So do lit ground between shadows and ground under trees. Each side is looked at as a whole: its
    colours are averaged along it, so that stains and leaves make no edge.
    """
    corners = around(*np.nonzero(core)).corners
    middle = corners.mean(axis=0)
    steps = sorted(_step(after, corners[i], corners[(i + 1) % 4], middle) for i in range(4))
    return steps[0] <= _NO_STEP and steps[1] <= _FAINT_STEP


def _step(after: NDArray[np.float32], start: Points, end: Points, middle: Points) -> float:
    """The largest step of colour along a line near the side from `start` to `end`."""
    length = float(np.hypot(*(end - start)))
    along, out = (end - start) / length, (start + end) / 2 - middle
    out = out / np.hypot(*out)
    reach = np.linspace(-0.5, 0.5, max(5, int(length * _ALONG))) * _ALONG * length
    largest = 0.0
    for turn in np.radians(_TURNS_DEG):
        turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        line = (start + end) / 2 + reach[:, None, None] * (turned @ along)
        spots = line + _ACROSS[None, :, None] * (turned @ out)
        largest = max(largest, _largest_step(_colours(after, spots).mean(axis=1)))
    return largest


def _colours(planes: NDArray[np.float32], spots: Points) -> NDArray[np.float32]:
    """(3, N, M) at columns and rows (N, M, 2)."""
    x, y = (np.ascontiguousarray(spots[..., i], np.float32) for i in (0, 1))
    mode = cv2.BORDER_REPLICATE
    looked_up = [cv2.remap(p, x, y, cv2.INTER_LINEAR, borderMode=mode) for p in planes]
    return np.asarray(np.stack(looked_up), np.float32)


def _largest_step(profile: NDArray[np.float32]) -> float:
    """Of a profile (3, M) at `_ACROSS`, over the offsets."""
    near, far = _BESIDE
    steps = []
    for offset in _OFFSETS:
        away = _ACROSS - offset
        inner = profile[:, (away >= -far) & (away <= -near)].mean(axis=1)
        outer = profile[:, (away >= near) & (away <= far)].mean(axis=1)
        steps.append(float(np.linalg.norm(inner - outer)))
    return max(steps)
