"""Sound covers are broken where they are, and nothing else of the picture changes."""

from __future__ import annotations

import numpy as np
import pytest

from training.breakage import broken
from training.close_up import close_up
from training.label import Box

COVER = Box(class_id=0, cx=0.5, cy=0.6, w=0.4, h=0.3)


def street(size: int = 400) -> np.ndarray:
    chance = np.random.default_rng(0)
    return chance.integers(120, 160, (size, size, 3)).astype(np.uint8)


def inside(image: np.ndarray, box: Box = COVER) -> np.ndarray:
    """The (H, W) ellipse of the box."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1)
    return ((x - box.cx) / box.w * 2) ** 2 + ((y - box.cy) / box.h * 2) ** 2 < 1


@pytest.mark.parametrize("seed", range(12))
def test_a_part_of_the_lid_is_gone_and_nothing_around_it(seed: int):
    image = street()
    result = broken(image, COVER, np.random.default_rng(seed))
    changed = np.abs(result.astype(int) - image).max(2) > 20
    lid = inside(image)
    assert 0.005 < changed[lid].mean() < 0.8, "a hole or a crack, not the whole lid"
    assert not changed[~lid].any()
    darker = result.astype(int).mean(2) < image.astype(int).mean(2)
    assert darker[changed].mean() > 0.9, "holes are dark"


def test_damage_differs_and_the_same_chance_breaks_alike():
    image = street()
    made = [broken(image, COVER, np.random.default_rng(seed)) for seed in (1, 2, 1)]
    assert (made[0] == made[2]).all()
    assert (made[0] != made[1]).any()


def test_a_cover_too_small_to_show_damage_is_left_alone():
    tiny = Box(class_id=0, cx=0.5, cy=0.5, w=0.02, h=0.02)
    assert broken(street(), tiny, np.random.default_rng(0)) is None


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_close_up_holds_the_thing_at_the_size_that_was_asked_for(share: float, seed: int):
    image = street(1000)
    cover = Box(class_id=0, cx=0.5, cy=0.55, w=0.2, h=0.1)
    part, boxes = close_up(image, [cover], cover, share, 5, np.random.default_rng(seed))
    (found,) = boxes
    assert found.class_id == 0
    size = max(found.w * part.shape[1], found.h * part.shape[0])
    assert size == pytest.approx(200, abs=3), "cut, not scaled"
    assert size / max(part.shape[:2]) == pytest.approx(share, abs=0.03)


def test_what_a_close_up_cuts_in_two_counts_neither_way_and_masks_are_kept():
    image = street(1000)
    cover = Box(class_id=0, cx=0.5, cy=0.5, w=0.2, h=0.2)
    beside = [Box(class_id=1, cx=0.5 + dx, cy=0.5, w=0.1, h=0.1) for dx in (-0.16, 0.16)]
    mask = Box(class_id=6, cx=0.5, cy=0.5, w=1, h=1)
    boxes = [cover, *beside, mask]
    chance = np.random.default_rng(3)
    _, found = close_up(image, boxes, cover, 0.8, 5, chance)
    assert sum(box.class_id == 0 for box in found) == 1
    assert all(box.class_id in (0, 1, 5, 6) for box in found)
    assert [box for box in found if box.class_id == 6] == [mask]
    assert sum(box.class_id in (1, 5) for box in found) <= 2


def test_a_close_up_at_the_edge_stays_in_the_picture():
    corner = Box(class_id=0, cx=0.05, cy=0.97, w=0.1, h=0.06)
    part, boxes = close_up(street(500), [corner], corner, 0.6, 5, np.random.default_rng(1))
    assert min(part.shape[:2]) >= 1
    assert len(boxes) == 1
