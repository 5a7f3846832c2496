"""The fake detector: says what a script tells it to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detector.types import Detections

Row = tuple[str, float, tuple[float, float, float, float]]


@dataclass
class FakeDetector:
    """`see` gets each (H, W, 3) picture and returns (class, score, xyxy in pixels) rows."""

    see: Callable[[NDArray[np.uint8]], Sequence[Row]]
    classes: tuple[str, ...]
    name: str = "fake"
    sha256: str = "0" * 64
    thresholds: dict[str, float] = field(default_factory=dict)

    def detect(
        self, images: Sequence[NDArray[np.uint8]], *, floor: float | None = None
    ) -> list[Detections]:
        return [self._one(self.see(image), floor) for image in images]

    def _one(self, rows: Sequence[Row], floor: float | None) -> Detections:
        kept = [
            row
            for row in rows
            if row[1] >= (self.thresholds.get(row[0], 0.0) if floor is None else floor)
        ]
        if not kept:
            return Detections.empty(self.classes)
        return Detections(
            xyxy_px=np.array([row[2] for row in kept], np.float32),
            score=np.array([row[1] for row in kept], np.float32),
            class_id=np.array([self.classes.index(row[0]) for row in kept], np.int32),
            classes=self.classes,
        )
