"""Released ONNX weights on pictures, for measuring: letterbox, network, suppression per class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from detector.inference.backend import Backend, OnnxRuntimeBackend

FILL = 114


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What a model saw in one picture."""

    xyxy: np.ndarray  # (N, 4) corners in pixels of the picture
    score: np.ndarray  # (N,)
    class_id: np.ndarray  # (N,)


class NetworkModel:
    """A network on one of the runtime's engines, with the input size it is run at."""

    def __init__(self, engine: Backend, width_px: int, height_px: int, iou: float = 0.7) -> None:
        self._engine = engine
        self._size = (width_px, height_px)
        self._iou = iou

    def predict(self, image: np.ndarray, floor: float = 0.001, limit: int = 300) -> Predictions:
        """Boxes of a BGR picture with a score of at least `floor`, best first."""
        blob, scale, left, top = letterbox(image, *self._size)
        rows = self._engine.run(blob)[0].T
        scores, class_ids = rows[:, 4:].max(1), rows[:, 4:].argmax(1)
        kept = scores >= floor
        rows, scores, class_ids = rows[kept], scores[kept], class_ids[kept]
        centre, half = rows[:, :2], rows[:, 2:4] / 2
        xyxy = np.concatenate([centre - half, centre + half], 1) - [left, top, left, top]
        xyxy = xyxy / scale
        height, width = image.shape[:2]
        xyxy = np.clip(xyxy, 0, [width, height, width, height])
        order = _suppressed(xyxy, scores, class_ids, self._iou)[:limit]
        return Predictions(xyxy=xyxy[order], score=scores[order], class_id=class_ids[order])


class OnnxModel(NetworkModel):
    """Weights on ONNX Runtime with two threads."""

    def __init__(self, weights: Path, width_px: int, height_px: int, iou: float = 0.7) -> None:
        super().__init__(OnnxRuntimeBackend(weights, threads=2), width_px, height_px, iou)


def letterbox(image: np.ndarray, width: int, height: int) -> tuple[np.ndarray, float, int, int]:
    """A picture fitted into the input with grey borders: blob, scale, left and top border."""
    scale = min(width / image.shape[1], height / image.shape[0])
    inner_w, inner_h = round(image.shape[1] * scale), round(image.shape[0] * scale)
    left, top = (width - inner_w) // 2, (height - inner_h) // 2
    canvas = np.full((height, width, 3), FILL, np.uint8)
    canvas[top : top + inner_h, left : left + inner_w] = cv2.resize(image, (inner_w, inner_h))
    blob = np.ascontiguousarray(canvas[..., ::-1].transpose(2, 0, 1)[None], np.float32) / 255
    return blob, scale, left, top


def _suppressed(
    xyxy: np.ndarray, scores: np.ndarray, class_ids: np.ndarray, iou: float
) -> np.ndarray:
    if not len(xyxy):
        return np.zeros(0, np.int64)
    boxes = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], 1)
    kept = cv2.dnn.NMSBoxesBatched(
        boxes.tolist(), scores.tolist(), class_ids.astype(int).tolist(), 0.0, iou
    )
    order = np.asarray(kept, np.int64).reshape(-1)
    return order[np.argsort(-scores[order], kind="stable")]
