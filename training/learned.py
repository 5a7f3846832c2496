"""Pictures that a candidate learned from, drawn to be looked at again."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from training.composed import originals
from training.dataset import Dataset, Entry
from training.label import read_boxes

LABELS: Final = 100
"""Pictures are drawn until each class has so many labels, or there are no more."""

REJECTED: Final = 400
"""At most so many pictures in which somebody rejected a place."""


def learned_entries(folder: Path, dataset: Dataset) -> list[Entry]:
    """Photographs of the training side, each once, in an order by the hash of their names: those
    with a rejected place, and others with labels of classes that have few so far."""
    once = [entry for entry in originals(dataset) if not entry.made]
    once.sort(key=lambda entry: hashlib.sha256(entry.name.encode()).digest())
    rejected = [entry for entry in once if any(item.rejected for item in entry.judged)]
    chosen = rejected[:REJECTED]
    return chosen + _labelled(folder, dataset, [entry for entry in once if entry not in rejected])


def _labelled(folder: Path, dataset: Dataset, entries: Sequence[Entry]) -> list[Entry]:
    counts: Counter[int] = Counter()
    chosen = []
    for entry in entries:
        boxes = read_boxes((folder / "labels" / entry.split / entry.name).with_suffix(".txt"))
        here = Counter(box.class_id for box in boxes if box.class_id < len(dataset.classes))
        if any(counts[class_id] < LABELS for class_id in here):
            counts += here
            chosen.append(entry)
    return chosen
