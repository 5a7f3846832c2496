"""Boxes that several passes found, put together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detector.inference.overlap import areas, common_areas

Found = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]
"""xyxy (N, 4), score (N,) and class id (N,), best first."""


def fused(passes: Sequence[Found], iou: float) -> Found:
    """Boxes of one class that overlap by more than `iou` are one thing: the mean of the surest of
    each pass, weighted by score, with the mean of their scores, in which a pass that found nothing
    there counts as 0.

    After Solovyev, Wang, Gabruseva, "Weighted boxes fusion" (Image and Vision Computing, 2021).
    """
    xyxy = np.concatenate([found[0] for found in passes])
    score = np.concatenate([found[1] for found in passes])
    class_id = np.concatenate([found[2] for found in passes])
    which = np.repeat(np.arange(len(passes)), [len(found[1]) for found in passes])
    alike = _overlaps(xyxy) > iou
    np.fill_diagonal(alike, True)  # also of a box without any area
    free = np.ones(len(score), bool)
    boxes, scores, classes = [], [], []
    for number in np.argsort(-score, kind="stable"):
        if not free[number]:
            continue
        group = np.flatnonzero(free & alike[number] & (class_id == class_id[number]))
        free[group] = False
        surest = _surest(group, score, which)
        boxes.append(np.average(xyxy[surest], axis=0, weights=score[surest]))
        scores.append(score[surest].sum() / len(passes))
        classes.append(class_id[number])
    order = np.argsort(-np.array(scores, np.float32), kind="stable")
    return (
        np.array(boxes, np.float32).reshape(-1, 4)[order],
        np.array(scores, np.float32)[order],
        np.array(classes, np.int32)[order],
    )


def _surest(
    group: NDArray[np.intp], score: NDArray[np.float32], which: NDArray[np.intp]
) -> list[int]:
    """The best of each pass."""
    best: dict[int, int] = {}
    for number in group[np.argsort(-score[group], kind="stable")]:
        best.setdefault(int(which[number]), int(number))
    return list(best.values())


def _overlaps(xyxy: NDArray[np.float32]) -> NDArray[np.floating]:
    """(N, N) intersection over union."""
    common, size = common_areas(xyxy, xyxy), areas(xyxy)
    return np.asarray(common / np.maximum(size[:, None] + size[None] - common, 1e-9))
