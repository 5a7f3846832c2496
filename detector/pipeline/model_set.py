"""The models that look at one source's frames together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.tracking import TrackerConfig, without_doubles
from detector.types import Detections, Detector, Rule


class ModelSet:
    """Never changes: whoever holds one for a look sees it through with the same models."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)
        self.thresholds = {
            name: score for model in detectors for name, score in model.thresholds.items()
        }
        self.sha256 = tuple(model.sha256 for model in detectors)

    def see(self, image: NDArray[np.uint8], floor: float) -> Detections:
        """What all of them see in one (H, W, 3) picture, down to the floor score."""
        return Detections.merged(
            [model.detect([image], floor=floor)[0] for model in self._detectors]
        )

    def see_each_once(self, image: NDArray[np.uint8], config: TrackerConfig) -> Detections:
        """The same for a tracker, which wants each thing that it follows once."""
        return without_doubles(self.see(image, config.floor_score), config)


def wanted_classes(rules: Sequence[Rule]) -> set[str]:
    """What the rules judge, and people: pictures are masked."""
    return {name for rule in rules for name in rule.classes} | {"person"}


def asked(detectors: Sequence[Detector], rules: Sequence[Rule]) -> list[Detector]:
    """Models that see any of it; others would cost looks and say nothing."""
    wanted = wanted_classes(rules)
    return [model for model in detectors if wanted & set(model.classes)]
