"""Precision-recall curves and the confusion table."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.made_entry import entry
from training.confusion import confusion
from training.dataset import Dataset
from training.evaluate import Seen, match_seen
from training.label import Box
from training.plots import curve, write_confusion, write_curves
from training.predict import Predictions

CLASSES = ("cover_ok", "cover_missing")
LIMITS = dict.fromkeys(CLASSES, 0.5)
DATASET = Dataset(model="covers", classes=CLASSES, mask_classes=((0, 1),), entries=(), licences={})
HERE, THERE, FAR = (10.0, 10, 30, 30), (60.0, 60, 80, 80), (10.0, 70, 30, 90)


def box(class_id: int, corners) -> Box:
    x1, y1, x2, y2 = (value / 100 for value in corners)
    return Box(class_id=class_id, cx=(x1 + x2) / 2, cy=(y1 + y2) / 2, w=x2 - x1, h=y2 - y1)


def seen(labels, detections, labelled=CLASSES) -> Seen:
    return Seen(
        entry=entry("a.jpg", labelled),
        boxes=tuple(box(*row) for row in labels),
        predictions=Predictions(
            xyxy=np.array([row[2] for row in detections], float).reshape(-1, 4),
            score=np.array([row[1] for row in detections], float),
            class_id=np.array([row[0] for row in detections], int),
        ),
        width=100,
        height=100,
    )


def test_the_confusion_counts_hits_mixups_misses_and_false_alarms():
    item = seen(
        [(1, HERE), (0, THERE), (0, FAR)],
        [(1, 0.9, HERE), (1, 0.8, THERE), (0, 0.3, FAR), (0, 0.7, (60, 10, 80, 30))],
    )
    assert confusion(DATASET, [item], LIMITS).tolist() == [[0, 1, 1], [0, 1, 0], [1, 0, 0]]


def test_what_is_not_labelled_or_ignored_is_no_false_alarm():
    silent = seen([], [(0, 0.9, HERE)], labelled=("cover_missing",))
    ignored = seen([(2, HERE)], [(0, 0.9, HERE)])
    assert confusion(DATASET, [silent, ignored], LIMITS).sum() == 0


def test_a_curve_falls_with_its_false_alarms():
    item = seen([(1, HERE), (1, THERE)], [(1, 0.9, HERE), (1, 0.8, FAR), (1, 0.7, THERE)])
    recall, precision = curve([match_seen(DATASET, item, ("cover_missing",))])
    assert recall.tolist() == [0.5, 0.5, 1.0]
    assert precision.tolist() == pytest.approx([1, 0.5, 2 / 3])


def test_both_are_written_as_pictures(tmp_path: Path):
    item = seen([(1, HERE)], [(1, 0.9, HERE)])
    write_curves(DATASET, [item], tmp_path / "curves.png")
    write_confusion(DATASET, confusion(DATASET, [item], LIMITS), tmp_path / "confusion.png")
    curves, table = (cv2.imread(str(tmp_path / f"{n}.png")) for n in ("curves", "confusion"))
    assert (curves == (0, 94, 213)).all(2).sum() > 100  # the second class's line
    assert len(np.unique(table.reshape(-1, 3), axis=0)) > 3
