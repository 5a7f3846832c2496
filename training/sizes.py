"""Recall by the size of an object, and the worst misses and false alarms of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from detector.inference.overlap import iou_matrix
from training.dataset import Dataset
from training.evaluate import Seen
from training.match import centred_in

SIZES: Final = (("small", 0.0, 32.0), ("medium", 32.0, 96.0), ("large", 96.0, float("inf")))
"""COCO's sizes: square root of an object's area in pixels of the picture, from and below."""

OVERLAP: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRecall:
    """How many objects of one class and size a model finds at its threshold."""

    name: str
    size: str
    labels: int
    found: int

    @property
    def recall(self) -> float:
        return self.found / self.labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One object that was missed, or one detection of nothing."""

    picture: str  # file name in the dataset
    name: str  # class
    xyxy: tuple[float, float, float, float]  # pixels of the picture
    score: float  # a false alarm's score; a miss: the best score of its class upon it, 0 for none


def recall_by_size(
    dataset: Dataset, seen: Sequence[Seen], thresholds: dict[str, float]
) -> list[SizeRecall]:
    """Recall of every class and size that has labels."""
    found = []
    for name in dataset.classes:
        rows = [row for item in seen for row in _objects(dataset, item, name)]
        for size, low, high in SIZES:
            scores = [score for side, score, _ in rows if low <= side < high]
            if scores:
                hits = sum(score >= thresholds[name] for score in scores)
                found.append(SizeRecall(name=name, size=size, labels=len(scores), found=hits))
    return found


def worst_misses(
    dataset: Dataset, seen: Sequence[Seen], thresholds: dict[str, float], count: int = 24
) -> list[Fault]:
    """The largest objects that no detection of their class at its threshold overlaps."""
    rows = []
    for item in seen:
        for name in dataset.classes:
            for side, score, box in _objects(dataset, item, name):
                if score < thresholds[name]:
                    fault = Fault(
                        picture=item.entry.name, name=name, xyxy=_corners_of(box), score=score
                    )
                    rows.append((side / max(item.width, item.height), fault))
    rows.sort(key=lambda row: -row[0])
    return [fault for _, fault in rows[:count]]


def worst_false_alarms(
    dataset: Dataset, seen: Sequence[Seen], thresholds: dict[str, float], count: int = 24
) -> list[Fault]:
    """The surest detections with nothing of their class under them."""
    faults = [
        fault
        for item in seen
        for name in dataset.classes
        if name in item.entry.labelled
        for fault in _false_alarms(dataset, item, name, thresholds[name])
    ]
    faults.sort(key=lambda fault: -fault.score)
    return faults[:count]


def _objects(dataset: Dataset, item: Seen, name: str) -> list[tuple[float, float, np.ndarray]]:
    """Side in pixels, best score upon it, and corners of each labelled object of a class."""
    class_id = dataset.classes.index(name)
    truth = item.corners_of([class_id])
    chosen = item.predictions.class_id == class_id
    overlaps = iou_matrix(truth, item.predictions.xyxy[chosen]) >= OVERLAP
    scores = np.where(overlaps, item.predictions.score[chosen][None], 0.0).max(1, initial=0.0)
    sides = np.sqrt(np.prod(truth[:, 2:] - truth[:, :2], axis=1))
    return list(zip(sides.tolist(), scores.tolist(), truth, strict=True))


def _false_alarms(dataset: Dataset, item: Seen, name: str, threshold: float) -> list[Fault]:
    class_id = dataset.classes.index(name)
    predictions = item.predictions
    chosen = (predictions.class_id == class_id) & (predictions.score >= threshold)
    boxes, scores = predictions.xyxy[chosen], predictions.score[chosen]
    truth = item.corners_of([class_id])
    hit = (iou_matrix(boxes, truth) >= OVERLAP).any(1)
    false = ~hit & ~centred_in(boxes, item.ignored_for(dataset, [class_id]))
    return [
        Fault(picture=item.entry.name, name=name, xyxy=_corners_of(box), score=float(score))
        for box, score in zip(boxes[false], scores[false], strict=True)
    ]


def _corners_of(box: np.ndarray) -> tuple[float, float, float, float]:
    left, top, right, bottom = box.tolist()
    return left, top, right, bottom
