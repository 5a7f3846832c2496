"""Pictures cut into tiles, turned and roughened: what happens to their labels."""

from itertools import product

import cv2
import numpy as np
import pytest

from training.label import Box
from training.roughen import roughened, seed_of
from training.tile import Tile, TileRule, tiles_of, turned

CLASSES = 2


def tiles(boxes: list[Box], side: int = 60, number: int = 1, **rule) -> list[Tile]:
    image = np.zeros((100, 100, 3), np.uint8)
    return list(tiles_of(image, boxes, CLASSES, TileRule(side_px=side, **rule), number))


def test_every_pixel_is_in_a_tile_and_all_tiles_are_whole():
    image = np.arange(100 * 130, dtype=np.uint32).reshape(100, 130)
    pixels = np.dstack([image & 255, image >> 8 & 255, image >> 16]).astype(np.uint8)
    found = list(tiles_of(pixels, [], CLASSES, TileRule(side_px=60, every=True), 0))
    assert all(tile.image.shape == (60, 60, 3) for tile in found)
    seen = {tuple(pixel) for tile in found for pixel in tile.image.reshape(-1, 3)}
    assert len(seen) == image.size


def test_an_object_in_part_outside_is_masked_and_a_trace_is_dropped():
    whole = Box(class_id=1, cx=0.3, cy=0.3, w=0.2, h=0.2)
    half = Box(class_id=1, cx=0.6, cy=0.2, w=0.2, h=0.2)
    trace = Box(class_id=1, cx=0.695, cy=0.5, w=0.2, h=0.2)
    first = tiles([whole, half, trace], every=True)[0]
    assert (first.row, first.column) == (0, 0)
    assert [box.class_id for box in first.boxes] == [1, CLASSES]
    assert first.boxes[0].w == pytest.approx(0.2 / 0.6)
    assert first.boxes[1].cx + first.boxes[1].w / 2 == pytest.approx(1)


def test_a_mask_row_is_kept_however_little_of_it_is_left():
    mask = Box(class_id=CLASSES, cx=0.8, cy=0.5, w=0.4, h=1)
    first = tiles([mask, Box(class_id=0, cx=0.1, cy=0.1, w=0.1, h=0.1)], side=62, every=True)[0]
    assert [box.class_id for box in first.boxes] == [CLASSES, 0]


def test_bare_tiles_come_from_few_pictures_only():
    box = Box(class_id=0, cx=0.1, cy=0.1, w=0.1, h=0.1)
    assert len(tiles([box], number=1)) == 1
    assert len(tiles([box], number=8)) == 2
    assert tiles([], number=1) == []
    assert len(tiles([], number=8)) == 1


@pytest.mark.parametrize("quarters", range(5))
def test_a_turned_box_lies_on_the_same_pixels(quarters: int):
    image = np.zeros((40, 80, 3), np.uint8)
    image[4:12, 50:70] = 255
    box = Box(class_id=0, cx=60 / 80, cy=8 / 40, w=20 / 80, h=8 / 40)
    result, (moved,) = turned(image, [box], quarters)
    height, width = result.shape[:2]
    rows, columns = np.nonzero(result[..., 0])
    assert (moved.cx - moved.w / 2) * width == pytest.approx(columns.min())
    assert (moved.cx + moved.w / 2) * width == pytest.approx(columns.max() + 1)
    assert (moved.cy - moved.h / 2) * height == pytest.approx(rows.min())
    assert (moved.cy + moved.h / 2) * height == pytest.approx(rows.max() + 1)


def test_rough_copies_differ_but_each_is_made_alike_and_keeps_its_places():
    image = np.full((200, 300, 3), 60, np.uint8)
    cv2.rectangle(image, (90, 60), (209, 139), (220, 220, 220), -1)
    copies = [roughened(image, seed_of("p", number)) for number in range(8)]
    assert len({copy.tobytes() for copy in copies}) == 8
    assert np.array_equal(copies[3], roughened(image, seed_of("p", 3)))
    for copy, (x, y) in product(copies, [(0.5, 0.5), (0.35, 0.35), (0.65, 0.65)]):
        height, width = copy.shape[:2]
        inside = copy[round(y * height) - 4 : round(y * height) + 4, round(x * width) - 4 :][:, :8]
        outside = copy[: height // 5, : width // 5]
        assert inside.mean() > outside.mean() + 40
