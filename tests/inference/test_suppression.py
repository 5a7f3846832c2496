"""Raw outputs become boxes: of the strongest class or of every one, each thing once a class."""

from __future__ import annotations

import numpy as np

from detector.inference.manifest import NmsSpec
from detector.inference.suppression import suppressed

FLOORS = np.array([0.3, 0.35, 0.6], np.float32)


def output(*anchors: tuple[tuple[float, float, float, float], tuple[float, ...]]) -> np.ndarray:
    """(4 + C, A) of (centre x, centre y, width, height) and scores."""
    return np.array([[*box, *scores] for box, scores in anchors], np.float32).T


def found(raw: np.ndarray, **nms) -> list[tuple[int, float]]:
    _, score, class_id = suppressed(raw, FLOORS, NmsSpec(**nms))
    return [(int(c), round(float(s), 2)) for c, s in zip(class_id, score, strict=True)]


def test_a_box_whose_strongest_class_misses_its_floor_may_stand_for_another():
    raw = output(((50, 50, 20, 20), (0.1, 0.4, 0.55)))
    assert found(raw) == []
    assert found(raw, multi_label=True) == [(1, 0.4)]


def test_a_box_stands_for_its_strongest_class_or_for_each():
    raw = output(((50, 50, 20, 20), (0.5, 0.7, 0.1)))
    assert found(raw) == [(1, 0.7)]
    assert found(raw, multi_label=True) == [(1, 0.7), (0, 0.5)]


def test_boxes_that_overlap_more_than_allowed_are_one_thing_within_a_class():
    shifted = ((50, 50, 20, 20), (0.8, 0, 0)), ((54, 50, 20, 20), (0.6, 0, 0))  # overlap 0.67
    assert found(output(*shifted), iou=0.5) == [(0, 0.8)]
    assert found(output(*shifted), iou=0.7) == [(0, 0.8), (0, 0.6)]


def test_no_more_boxes_than_allowed_the_best_first():
    raw = output(*[((30 * n + 10, 50, 20, 20), (0.4 + 0.1 * n, 0, 0)) for n in range(4)])
    assert found(raw, max_detections=2) == [(0, 0.7), (0, 0.6)]
