"""Matching of predictions to labels, and the figures that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detector.inference.overlap import iou_matrix

IOU_STEPS = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureMatch:
    """One picture and one class: which predictions hit."""

    score: np.ndarray  # (N,) best first
    hit: np.ndarray  # (N, 10) true at each overlap of IOU_STEPS
    labels: int  # objects to be found


def match_picture(
    boxes: np.ndarray, scores: np.ndarray, truth: np.ndarray, ignored: np.ndarray
) -> PictureMatch:
    """Greedy matching, best score first. A miss centred in an ignore region is dropped."""
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    overlaps = iou_matrix(boxes, truth)
    hit = np.zeros((len(boxes), len(IOU_STEPS)), bool)
    for step, limit in enumerate(IOU_STEPS):
        free = np.ones(len(truth), bool)
        for row in range(len(boxes)):
            candidates = np.where(free, overlaps[row], 0.0)
            if len(candidates) and candidates.max() >= limit:
                free[int(candidates.argmax())] = False
                hit[row, step] = True
    kept = hit[:, 0] | ~centred_in(boxes, ignored)
    return PictureMatch(score=scores[kept], hit=hit[kept], labels=len(truth))


def average_precision(matches: Sequence[PictureMatch]) -> tuple[float, float]:
    """AP at 0.5 and the mean over 0.5–0.95, 101-point interpolation; NaN without labels."""
    labels = sum(match.labels for match in matches)
    if not labels:
        return float("nan"), float("nan")
    score = np.concatenate([match.score for match in matches])
    hit = np.concatenate([match.hit for match in matches])[np.argsort(-score, kind="stable")]
    values = [_interpolated(hit[:, step], labels) for step in range(len(IOU_STEPS))]
    return values[0], float(np.mean(values))


def recall_at_false_alarms(matches: Sequence[PictureMatch], per_picture: float) -> float:
    """Highest recall at AP50's overlap with at most this many false alarms a picture."""
    labels = sum(match.labels for match in matches)
    if not labels:
        return float("nan")
    score = np.concatenate([match.score for match in matches])
    hit = np.concatenate([match.hit[:, 0] for match in matches])[np.argsort(-score, kind="stable")]
    allowed = np.cumsum(~hit) <= per_picture * len(matches)
    return float(np.cumsum(hit)[allowed].max(initial=0) / labels)


def interval(
    matches: Sequence[PictureMatch], rounds: int = 200, seed: int = 0
) -> tuple[float, float]:
    """Bootstrap 95 % interval of AP50 over pictures."""
    chance = np.random.default_rng(seed)
    values = []
    for _ in range(rounds):
        drawn = chance.integers(0, len(matches), len(matches))
        values.append(average_precision([matches[index] for index in drawn])[0])
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def centred_in(boxes: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """True for each box whose centre lies in a region."""
    centre = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    inside = (centre >= regions[None, :, :2]) & (centre <= regions[None, :, 2:])
    return np.asarray(inside.all(2).any(1))


def _interpolated(hit: np.ndarray, labels: int) -> float:
    true = np.cumsum(hit)
    recall = np.concatenate([[0.0], true / labels, [1.0]])
    precision = np.concatenate([[1.0], true / np.arange(1, len(hit) + 1), [0.0]])
    envelope = np.flip(np.maximum.accumulate(np.flip(precision)))
    points = np.linspace(0, 1, 101)
    return float(np.trapezoid(np.interp(points, recall, envelope), points))
