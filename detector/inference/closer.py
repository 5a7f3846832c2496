"""A model that also looks closer: at a picture's parts, where small things are larger for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.inference.parts import Part, detect_parts, each_once, parts_of
from detector.inference.wrapped import WrappedModel
from detector.types import Detections, Detector

OVERLAP: Final = 0.2
"""Of a part. What is larger than this is seen on the whole picture."""


class CloserModel(WrappedModel):
    """Sees the whole picture, and `across` parts beside and as many above each other."""

    def __init__(self, detector: Detector, across: int) -> None:
        super().__init__(detector)
        self._across = across

    def detect(
        self, images: Sequence[NDArray[np.uint8]], *, floor: float | None = None
    ) -> list[Detections]:
        """As every detector; each thing once, however many parts show it."""
        return [self._seen(image, floor) for image in images]

    def _seen(self, image: NDArray[np.uint8], floor: float | None) -> Detections:
        height, width = image.shape[:2]
        whole = Part(left=0, top=0, width=width, height=height)
        parts = (whole, *parts_of((width, height), self._part_px(width, height), OVERLAP))
        return each_once(detect_parts(self._detector, image, parts, floor=floor))

    def _part_px(self, width: int, height: int) -> tuple[int, int]:
        """So large that just as many as are wanted cover the picture; as wide and high as it."""
        share = 1 / (self._across - (self._across - 1) * OVERLAP)
        return int(np.ceil(width * share)), int(np.ceil(height * share))


def closer(detectors: Sequence[Detector], across: Mapping[str, int]) -> tuple[Detector, ...]:
    """The same models; those named look closer."""
    return tuple(
        CloserModel(model, across[model.name]) if model.name in across else model
        for model in detectors
    )
