"""What the change network looks at: both days' brightness and hue, and where the pattern went."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.flights.change_map import ChangeMap

CHANNELS = 7  # three of each day and the change map's structure
STEP = 2  # cells to a pixel of the network
_MOST = 2.5  # log units; what is beyond says no more


def change_planes(change: ChangeMap, valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(7, H, W) for a change map of up to (2H, 2W) cells: of each day log brightness above the
    baseline's middle, red:green and blue:green, then `structure`; 0 where not `valid`."""
    level = float(np.median(change.before[valid])) if valid.any() else 0.0
    planes = np.stack(
        [
            change.before - level,
            change.hue_before[..., 0],
            change.hue_before[..., 1],
            change.after - level,
            change.hue_after[..., 0],
            change.hue_after[..., 1],
            change.structure,
        ]
    )
    planes = np.clip(planes * valid, -_MOST, _MOST)
    odd = [(0, size % STEP) for size in planes.shape[1:]]
    planes = np.pad(planes, [(0, 0), *odd], mode="edge")
    channels, height, width = planes.shape
    blocks = planes.reshape(channels, height // STEP, STEP, width // STEP, STEP)
    return np.asarray(blocks.mean(axis=(2, 4)), np.float32)
