"""Turns a network's raw output into boxes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_CANDIDATES = 30_000


def suppressed(
    output: NDArray[np.float32], floors: NDArray[np.float32], iou: float, max_detections: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Class-wise non-maximum suppression of one picture's (4 + C, A) YOLOv8 output.

    `floors` (C,) is the least score a class. Returns xyxy (N, 4) in input pixels, score (N,) and
    class id (N,), best first.
    """
    scores = output[4:]
    class_id = scores.argmax(axis=0).astype(np.int32)
    score = scores[class_id, np.arange(scores.shape[1])]
    keep = np.flatnonzero(score > floors[class_id])
    if len(keep) > MAX_CANDIDATES:
        keep = keep[np.argsort(-score[keep])[:MAX_CANDIDATES]]
    xyxy = _corners(output[:4, keep].T)
    score, class_id = score[keep], class_id[keep]
    chosen = _batched(xyxy, score, class_id, iou)[:max_detections]
    return xyxy[chosen], score[chosen].astype(np.float32), class_id[chosen]


def _corners(xywh: NDArray[np.float32]) -> NDArray[np.float32]:
    half = xywh[:, 2:] / 2
    return np.concatenate([xywh[:, :2] - half, xywh[:, :2] + half], axis=1).astype(np.float32)


def _batched(
    xyxy: NDArray[np.float32],
    score: NDArray[np.float32],
    class_id: NDArray[np.int32],
    iou: float,
) -> NDArray[np.intp]:
    if not len(score):
        return np.zeros(0, np.intp)
    # OpenCV takes (x, y, w, h); a class's own offset keeps classes from suppressing one another.
    boxes = np.column_stack([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]]).astype(np.float64)
    picked = cv2.dnn.NMSBoxesBatched(
        boxes.tolist(), score.astype(float).tolist(), class_id.tolist(), 0.0, iou
    )
    chosen = np.asarray(picked, np.intp).reshape(-1)
    return chosen[np.argsort(-score[chosen], kind="stable")]
