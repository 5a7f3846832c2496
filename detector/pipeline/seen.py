"""Selections of a look's detections."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from detector.types import Box, Detections, Look


def strong_only(weak: Detections, thresholds: Mapping[str, float]) -> Detections:
    """Those that reach their class's threshold; a class without one is left out."""
    limits = [thresholds.get(weak.class_name(i), 2.0) for i in range(len(weak))]
    return weak.where(weak.score >= np.array(limits, np.float32))


def unit_boxes(detections: Detections, names: frozenset[str], look: Look) -> tuple[Box, ...]:
    """Boxes of the named classes in fractions of the look's picture."""
    return tuple(
        detections.box(i).scaled(1 / look.width_px, 1 / look.height_px)
        for i in range(len(detections))
        if detections.class_name(i) in names
    )
