"""Turns a network's raw output into boxes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.inference.manifest import NmsSpec

MAX_CANDIDATES = 30_000


def suppressed(
    output: NDArray[np.float32], floors: NDArray[np.float32], nms: NmsSpec
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    """Class-wise non-maximum suppression of one picture's (4 + C, A) YOLOv8 output.

    `floors` (C,) is the least score a class. Returns xyxy (N, 4) in input pixels, score (N,) and
    class id (N,), best first.
    """
    scores = output[4:]
    class_id, anchor = np.nonzero(scores > floors[:, None])
    if not nms.multi_label:
        strongest = scores[:, anchor].argmax(axis=0) == class_id
        class_id, anchor = class_id[strongest], anchor[strongest]
    score = scores[class_id, anchor]
    if len(score) > MAX_CANDIDATES:
        best = np.argsort(-score)[:MAX_CANDIDATES]
        class_id, anchor, score = class_id[best], anchor[best], score[best]
    xyxy = _corners(output[:4, anchor].T)
    chosen = _batched(xyxy, score, class_id, nms.iou)[: nms.max_detections]
    return xyxy[chosen], score[chosen].astype(np.float32), class_id[chosen].astype(np.int32)


def _corners(xywh: NDArray[np.float32]) -> NDArray[np.float32]:
    half = xywh[:, 2:] / 2
    return np.concatenate([xywh[:, :2] - half, xywh[:, :2] + half], axis=1).astype(np.float32)


def _batched(
    xyxy: NDArray[np.float32],
    score: NDArray[np.float32],
    class_id: NDArray[np.intp],
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
