"""AP50 of whatever detects, on the validation side of a built dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from detector.types import Detections
from training.evaluate import figures, look
from training.predict import NetworkModel, Predictions


class _Seeing(NetworkModel):
    """Whatever detects, where training asks a network."""

    def __init__(self, detect: Callable[[np.ndarray], Detections]) -> None:
        self._detect = detect

    def predict(self, image: np.ndarray, floor: float = 0.001, limit: int = 300) -> Predictions:
        found = self._detect(image)
        return Predictions(xyxy=found.xyxy_px, score=found.score, class_id=found.class_id)


def ap50_of(
    detect: Callable[[np.ndarray], Detections], dataset: Path
) -> dict[str, tuple[int, float]]:
    """(labels, AP50) by class over all origins. `detect` gets (H, W, 3) BGR pictures and must
    list boxes down to a score of 0.001, best first."""
    measured = figures(*look(dataset, _Seeing(detect)))
    return {one.name: (one.labels, one.ap50) for one in measured if one.origin == "all"}
