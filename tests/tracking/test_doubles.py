"""One cover that was taken for a sound and a damaged one counts once."""

from __future__ import annotations

import numpy as np

from detector.tracking import TrackerConfig, without_doubles
from detector.types import Detections

CLASSES = ("cover_ok", "cover_damaged", "pothole", "person")


def seen(*rows: tuple[str, float, tuple[float, float, float, float]]) -> list[tuple[str, float]]:
    told = Detections(
        xyxy_px=np.array([box for *_, box in rows], np.float32),
        score=np.array([score for _, score, _ in rows], np.float32),
        class_id=np.array([CLASSES.index(name) for name, *_ in rows], np.int32),
        classes=CLASSES,
    )
    left = without_doubles(told, TrackerConfig())
    return [(left.class_name(i), round(float(left.score[i]), 2)) for i in range(len(left))]


HERE, BESIDE = (100, 100, 140, 130), (150, 100, 190, 130)


def test_the_strongest_of_classes_that_may_be_taken_for_one_another_is_kept():
    rows = ("cover_ok", 0.4, HERE), ("cover_damaged", 0.6, HERE), ("cover_ok", 0.5, BESIDE)
    assert seen(*rows) == [("cover_damaged", 0.6), ("cover_ok", 0.5)]


def test_what_is_not_followed_stays():
    rows = ("pothole", 0.7, HERE), ("cover_damaged", 0.6, HERE), ("person", 0.3, HERE)
    assert len(seen(*rows, ("person", 0.2, HERE))) == 4
