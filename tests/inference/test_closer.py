"""Small things are seen in parts of a picture, large ones on the whole, each of them once."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from detector.inference import closer
from detector.inference.closer import CloserModel
from detector.inference.fake import FakeDetector
from detector.inference.parts import Part, detect_parts, each_once, parts_of
from detector.types import Detections

CLASSES = ("cover_missing", "cover_ok")
INPUT_PX = 416


def network(image):
    """Sees black discs that are at least 12 pixels wide in its input, as networks do."""
    scale = INPUT_PX / max(image.shape[:2])
    mask = (image.max(2) < 40).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return [
        ("cover_missing", 0.8, (x, y, x + w, y + h))
        for x, y, w, h, _ in stats[1:count]
        if w * scale >= 12
    ]


def street(*discs: tuple[int, int, int]) -> np.ndarray:
    """1080p with black discs at (x, y) of that radius."""
    image = np.full((1080, 1920, 3), 150, np.uint8)
    for x, y, radius in discs:
        cv2.circle(image, (x, y), radius, (0, 0, 0), -1)
    return image


def model() -> FakeDetector:
    return FakeDetector(network, CLASSES, name="covers", thresholds=dict.fromkeys(CLASSES, 0.5))


def places(found: Detections) -> list[tuple[int, int, int]]:
    boxes = [found.box(i) for i in range(len(found))]
    return sorted((round(b.x1), round(b.y1), round(b.x2 - b.x1)) for b in boxes)


def test_what_is_too_small_on_the_whole_picture_is_seen_closer_by():
    image = street((300, 300, 20), (960, 540, 19), (1500, 800, 60))
    assert places(model().detect([image])[0]) == [(1440, 740, 121)]
    (found,) = CloserModel(model(), 2).detect([image])
    assert places(found) == [(280, 280, 41), (941, 521, 39), (1440, 740, 121)]
    assert found.classes == CLASSES


@pytest.mark.parametrize("across", [2, 3, 4])
@pytest.mark.parametrize("x", range(300, 1700, 97))
def test_a_thing_where_parts_meet_is_found_once_and_whole(across: int, x: int):
    image = street((x, 540, 32))
    (found,) = CloserModel(model(), across).detect([image])
    assert places(found) == [(x - 32, 508, 65)]


def test_a_thing_larger_than_a_part_is_taken_from_the_whole_picture():
    (found,) = CloserModel(model(), 4).detect([street((960, 540, 400))])
    assert places(found) == [(560, 140, 801)]


@pytest.mark.parametrize("across", [2, 3, 4])
def test_so_many_passes_are_made_and_no_more(across: int):
    sizes = []

    def see(image):
        sizes.append(image.shape[:2])
        return []

    seeing = FakeDetector(see, CLASSES, name="covers")
    CloserModel(seeing, across).detect([street()])
    assert len(sizes) == across**2 + 1
    assert len(set(sizes[1:])) == 1, "parts of one size share a pass"
    height, width = sizes[1]
    assert width / height == pytest.approx(16 / 9, rel=0.01)


def test_the_floor_reaches_the_model():
    weak = FakeDetector(
        lambda image: [("cover_ok", 0.2, (10, 10, 40, 40))],
        CLASSES,
        thresholds=dict.fromkeys(CLASSES, 0.5),
    )
    assert len(CloserModel(weak, 2).detect([street()])[0]) == 0
    assert len(CloserModel(weak, 2).detect([street()], floor=0.1)[0]) > 0


def test_only_the_models_that_are_named_look_closer():
    covers, other = model(), FakeDetector(network, CLASSES, name="street")
    first, second = closer([covers, other], {"covers": 2})
    assert isinstance(first, CloserModel)
    assert (first.name, first.sha256, first.thresholds) == (
        covers.name,
        covers.sha256,
        covers.thresholds,
    )
    assert second is other
    assert closer([covers, other], {}) == (covers, other)


@pytest.mark.parametrize("size", [(1920, 1080), (640, 480), (500, 300), (90, 70)])
@pytest.mark.parametrize("part", [(640, 640), (200, 120), (700, 90)])
@pytest.mark.parametrize("overlap", [0.0, 0.2, 0.5])
def test_parts_cover_the_picture_and_overlap(size, part, overlap):
    parts = parts_of(size, part, overlap)
    covered = np.zeros((size[1], size[0]), bool)
    for p in parts:
        assert p.left >= 0
        assert p.top >= 0
        assert p.left + p.width <= size[0]
        assert p.top + p.height <= size[1]
        covered[p.top : p.top + p.height, p.left : p.left + p.width] = True
    assert covered.all()
    lefts = sorted({p.left for p in parts})
    assert all(
        a + parts[0].width - b >= overlap * parts[0].width - 1 for a, b in itertools.pairwise(lefts)
    )


def test_many_parts_go_to_the_model_a_few_at_a_time():
    together = []

    class Counting(FakeDetector):
        def detect(self, images, *, floor=None):
            together.append(len(images))
            return super().detect(images, floor=floor)

    counting = Counting(network, CLASSES)
    parts = parts_of((1920, 1080), (200, 200), 0.25)
    detect_parts(counting, street(), parts)
    assert sum(together) == len(parts)
    assert max(together) <= 16


def test_the_better_of_two_on_one_place_stays_and_other_classes_beside_it():
    found = Detections(
        xyxy_px=np.array([[0, 0, 40, 40], [5, 5, 30, 30], [0, 0, 40, 40], [90, 90, 99, 99]]),
        score=np.array([0.5, 0.9, 0.4, 0.3], np.float32),
        class_id=np.array([0, 0, 1, 0], np.int32),
        classes=CLASSES,
    )
    kept = each_once(found)
    assert kept.score.tolist() == pytest.approx([0.9, 0.4, 0.3])
    assert kept.class_id.tolist() == [0, 1, 0]
    assert len(each_once(Detections.empty(CLASSES))) == 0


def test_a_part_has_pixels_of_its_own():
    image = street()
    part = Part(left=10, top=20, width=30, height=40).of(image)
    assert part.shape == (40, 30, 3)
    part[:] = 0
    assert image.min() == 150
