"""One thing that was taken for several."""

from __future__ import annotations

from typing import Final

import numpy as np

from detector.tracking.config import TrackerConfig
from detector.types import Box, Detections

_SAME_IOU: Final = 0.6


def without_doubles(found: Detections, config: TrackerConfig) -> Detections:
    """Of detections at one place whose classes may be taken for one another only the strongest;
    classes that are not followed stay as they are."""
    kept: list[tuple[int, Box]] = []
    chosen = np.ones(len(found), bool)
    for index in np.argsort(-found.score, kind="stable"):
        group = config.group_of(found.class_name(int(index)))
        if group is None:
            continue
        box = found.box(int(index))
        if any(other == group and place.iou(box) > _SAME_IOU for other, place in kept):
            chosen[index] = False
        else:
            kept.append((group, box))
    return found.where(chosen)
