"""Recall by size, and the sheets of the worst misses and false alarms."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.made_entry import entry
from training.dataset import Dataset
from training.evaluate import Seen, figures
from training.label import Box
from training.predict import Predictions
from training.report import write_report
from training.sizes import recall_by_size, worst_false_alarms, worst_misses

DATASET = Dataset(
    model="covers",
    classes=("cover_ok", "cover_missing"),
    mask_classes=((0, 1),),
    entries=(),
    licences={},
)
THRESHOLDS = {"cover_ok": 0.5, "cover_missing": 0.5}


def picture(name: str, boxes: list[Box], found: list[tuple[float, ...]]) -> Seen:
    """A 400×400 picture; `found` is x1, y1, x2, y2, score, class id."""
    rows = np.array(found, float).reshape(-1, 6)
    return Seen(
        entry=entry(name, DATASET.classes),
        boxes=tuple(boxes),
        predictions=Predictions(
            xyxy=rows[:, :4], score=rows[:, 4], class_id=rows[:, 5].astype(int)
        ),
        width=400,
        height=400,
    )


def square(class_id: int, x: float, y: float, side: float) -> Box:
    return Box(class_id=class_id, cx=x / 400, cy=y / 400, w=side / 400, h=side / 400)


@pytest.fixture
def seen() -> list[Seen]:
    return [
        picture(
            "a.jpg",
            [square(0, 50, 50, 20), square(0, 200, 200, 200), square(1, 350, 50, 60)],
            [(100, 100, 300, 300, 0.9, 0), (320, 20, 380, 80, 0.3, 1), (0, 350, 40, 390, 0.8, 1)],
        ),
        picture(
            "b.jpg",
            [square(0, 50, 50, 20), square(2, 300, 300, 100)],
            [(40, 40, 60, 60, 0.6, 0), (280, 280, 320, 320, 0.95, 1)],
        ),
    ]


def test_recall_is_counted_by_class_and_size(seen: list[Seen]):
    rows = {
        (r.name, r.size): (r.found, r.labels) for r in recall_by_size(DATASET, seen, THRESHOLDS)
    }
    assert rows == {
        ("cover_ok", "small"): (1, 2),
        ("cover_ok", "large"): (1, 1),
        ("cover_missing", "medium"): (0, 1),
    }


def test_misses_come_largest_first_with_their_best_score(seen: list[Seen]):
    found = worst_misses(DATASET, seen, THRESHOLDS)
    assert [(f.name, f.score) for f in found] == [("cover_missing", 0.3), ("cover_ok", 0.0)]


def test_a_detection_in_an_ignore_region_is_no_false_alarm(seen: list[Seen]):
    (alarm,) = worst_false_alarms(DATASET, seen, THRESHOLDS)
    assert (alarm.picture, alarm.name, alarm.score) == ("a.jpg", "cover_missing", 0.8)


def test_a_report_is_written_as_files(seen: list[Seen], tmp_path: Path):
    folder = tmp_path / "built" / "images" / "val"
    folder.mkdir(parents=True)
    for item in seen:
        cv2.imwrite(str(folder / item.entry.name), np.full((400, 400, 3), 90, np.uint8))
    measured = figures(DATASET, seen)
    report = write_report(tmp_path / "built", DATASET, seen, measured, THRESHOLDS, tmp_path / "out")
    misses = cv2.imread(str(tmp_path / "out" / "misses.png"))
    assert (misses == (0, 0, 255)).all(2).any()  # the missed object is marked
    assert all(path.is_file() for path in report.files)


def test_classes_that_only_other_models_know_are_no_false_alarms(seen: list[Seen]):
    """A set may label more than the model looks for; datasets built before say so in their list."""
    more = [
        replace(item, entry=entry(item.entry.name, ("cart", *DATASET.classes))) for item in seen
    ]
    assert worst_false_alarms(DATASET, more, THRESHOLDS) == worst_false_alarms(
        DATASET, seen, THRESHOLDS
    )
