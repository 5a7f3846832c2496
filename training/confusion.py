"""What a model calls each labelled object at its thresholds, and what it sees where nothing is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detector.inference.overlap import iou_matrix
from training.dataset import Dataset
from training.evaluate import Seen
from training.match import centred_in

OVERLAP = 0.5


def confusion(dataset: Dataset, seen: Sequence[Seen], thresholds: dict[str, float]) -> np.ndarray:
    """(C+1, C+1) counts: row the label, column the detection; the last of each is "nothing".

    Pairs of most overlap are joined first, whatever their classes. A detection counts against
    nothing only where its class is labelled everywhere and no ignore region lies.
    """
    count = len(dataset.classes)
    table = np.zeros((count + 1, count + 1), int)
    limits = np.array([thresholds[name] for name in dataset.classes])
    for item in seen:
        _add(table, dataset, item, limits)
    return table


def _add(table: np.ndarray, dataset: Dataset, item: Seen, limits: np.ndarray) -> None:
    count = len(dataset.classes)
    objects = [box for box in item.boxes if box.class_id < count]
    labels = np.array([box.class_id for box in objects], int)
    truth = np.concatenate(
        [item.corners_of([number]) for number in range(count)] or [np.zeros((0, 4))]
    )
    labels = np.sort(labels, kind="stable")  # as `corners_of` lists them, class by class
    ids = item.predictions.class_id.astype(int)
    strong = item.predictions.score >= limits[ids]
    boxes, ids = item.predictions.xyxy[strong], ids[strong]
    pairs = _joined(iou_matrix(boxes, truth))
    for row, column in pairs:
        table[labels[column], ids[row]] += 1
    for column in set(range(len(truth))) - {column for _, column in pairs}:
        table[labels[column], count] += 1
    for row in set(range(len(boxes))) - {row for row, _ in pairs}:
        name = dataset.classes[ids[row]]
        ignored = item.ignored_for(dataset, [int(ids[row])])
        if name in item.entry.labelled and not centred_in(boxes[row : row + 1], ignored).any():
            table[count, ids[row]] += 1


def _joined(overlaps: np.ndarray) -> list[tuple[int, int]]:
    """Pairs with at least OVERLAP, most first; each row and column in one pair at most."""
    pairs: list[tuple[int, int]] = []
    rows, columns = np.nonzero(overlaps >= OVERLAP)
    for index in np.argsort(-overlaps[rows, columns], kind="stable"):
        row, column = int(rows[index]), int(columns[index])
        if all(row != r and column != c for r, c in pairs):
            pairs.append((row, column))
    return pairs
