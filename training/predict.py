"""Released ONNX weights on pictures, for measuring: letterbox, network, suppression per class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from detector.inference import closer, load_model
from detector.inference.backend import Backend, OnnxRuntimeBackend
from detector.inference.reading import Reading

FILL = 114


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What a model saw in one picture."""

    xyxy: np.ndarray  # (N, 4) corners in pixels of the picture
    score: np.ndarray  # (N,)
    class_id: np.ndarray  # (N,)


class Predictor(Protocol):
    """Anything that sees boxes in a picture."""

    def predict(self, image: np.ndarray, floor: float = 0.001) -> Predictions:
        """Boxes of a BGR picture with a score above `floor`, best first."""
        ...


class NetworkModel:
    """A network on one of the runtime's engines, with the input size it is run at."""

    def __init__(self, engine: Backend, width_px: int, height_px: int, reading: Reading) -> None:
        self._engine = engine
        self._size = (width_px, height_px)
        self._reading = reading

    def predict(self, image: np.ndarray, floor: float = 0.001) -> Predictions:
        """Boxes of a BGR picture with a score above `floor`, best first."""
        blob, scale, left, top = letterbox(image, *self._size)
        said = self._reading.output(self._engine, blob)[0]
        floors = np.full(len(said[0]) - 4, floor, np.float32)
        xyxy, score, class_id = self._reading.boxes(said, floors)
        height, width = image.shape[:2]
        placed = (xyxy - [left, top, left, top]) / scale
        return Predictions(
            xyxy=np.clip(placed, 0, [width, height, width, height]), score=score, class_id=class_id
        )


class OnnxModel(NetworkModel):
    """Weights on ONNX Runtime with two threads."""

    def __init__(self, weights: Path, width_px: int, height_px: int, reading: Reading) -> None:
        super().__init__(OnnxRuntimeBackend(weights, threads=2), width_px, height_px, reading)


class CloserModel:
    """A release as a camera's `closer` setting asks it: the whole picture, and `across` by `across`
    parts of it."""

    def __init__(self, folder: Path, across: int) -> None:
        model = load_model(folder)
        (self._detector,) = closer([model], {model.name: across})

    def predict(self, image: np.ndarray, floor: float = 0.001) -> Predictions:
        """Boxes of a BGR picture with a score above `floor`, best first."""
        (seen,) = self._detector.detect([image], floor=floor)
        return Predictions(xyxy=seen.xyxy_px, score=seen.score, class_id=seen.class_id)


def letterbox(image: np.ndarray, width: int, height: int) -> tuple[np.ndarray, float, int, int]:
    """A picture fitted into the input with grey borders: blob, scale, left and top border."""
    scale = min(width / image.shape[1], height / image.shape[0])
    inner_w, inner_h = round(image.shape[1] * scale), round(image.shape[0] * scale)
    left, top = (width - inner_w) // 2, (height - inner_h) // 2
    canvas = np.full((height, width, 3), FILL, np.uint8)
    canvas[top : top + inner_h, left : left + inner_w] = cv2.resize(image, (inner_w, inner_h))
    blob = np.ascontiguousarray(canvas[..., ::-1].transpose(2, 0, 1)[None], np.float32) / 255
    return blob, scale, left, top
