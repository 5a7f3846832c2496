"""Boxes that several passes found, put together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.inference.overlap import iou_matrix

Found = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]
"""xyxy (N, 4), score (N,) and class id (N,), best first."""


def fused(passes: Sequence[Found], iou: float) -> Found:
    """Boxes of one class that overlap by more than `iou` are one thing: the mean of the surest of
    each pass, weighted by score, with the mean of their scores, in which a pass that found nothing
    there counts as 0.

    After Solovyev, Wang, Gabruseva, "Weighted boxes fusion" (Image and Vision Computing, 2021).
    """
    which = np.repeat(np.arange(len(passes)), [len(found[1]) for found in passes])
    xyxy, score, class_id = (np.concatenate(parts) for parts in zip(*passes, strict=True))
    order = np.argsort(-score, kind="stable")
    xyxy, score, class_id, which = xyxy[order], score[order], class_id[order], which[order]
    alike = (iou_matrix(xyxy, xyxy) > iou) & (class_id[:, None] == class_id)
    np.fill_diagonal(alike, True)  # also of a box without any area
    free = np.ones(len(score), bool)
    boxes, scores, classes = [], [], []
    for first in range(len(score)):
        if not free[first]:
            continue
        group = np.flatnonzero(free & alike[first])
        free[group] = False
        surest = group[np.unique(which[group], return_index=True)[1]]  # the first of each pass
        boxes.append(np.average(xyxy[surest], axis=0, weights=score[surest]))
        scores.append(score[surest].sum() / len(passes))
        classes.append(class_id[first])
    best = np.argsort(-np.array(scores, np.float32), kind="stable")
    return (
        np.array(boxes, np.float32).reshape(-1, 4)[best],
        np.array(scores, np.float32)[best],
        np.array(classes, np.int32)[best],
    )
