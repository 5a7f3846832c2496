"""Pictures cut into tiles at their own scale, so that small objects train at the size they have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from detector.inference.parts import starts
from training.label import Box, box_from_corners

WHOLE = 0.6
"""An object with at least this share of its area in a tile is still that object."""

TRACE = 0.1
"""With less than this share nothing of it is to be seen; between the two it counts neither way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TileRule:
    """How the training pictures of a set are cut."""

    side_px: int  # of the square tiles
    zoom: float = 1.0  # the picture is enlarged by this before it is cut
    every: bool = False  # all tiles; else only as many as show each object, and some without any
    empty_every: int = 8  # of the pictures whose tiles are chosen, one in this many adds a bare one


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One cut-out with its labels."""

    image: np.ndarray  # (side, side, 3) BGR
    boxes: tuple[Box, ...]
    row: int
    column: int


def tiles_of(
    image: np.ndarray, boxes: Sequence[Box], classes: int, rule: TileRule, number: int
) -> Iterator[Tile]:
    """The tiles of a picture; `number` is its place in the set, for the bare ones.

    Rows with a class id of at least `classes` are mask rows and are cut without any limit.
    """
    if rule.zoom != 1:
        image = cv2.resize(image, None, fx=rule.zoom, fy=rule.zoom, interpolation=cv2.INTER_CUBIC)
    tiles = list(_cut_all(image, boxes, classes, rule.side_px))
    if rule.every:
        yield from tiles
        return
    chosen = _covering(tiles, classes)
    if number % rule.empty_every == 0:
        bare = [tile for tile in tiles if not _objects(tile, classes)]
        chosen += bare[:1]
    yield from chosen


def turned(image: np.ndarray, boxes: Sequence[Box], quarters: int) -> tuple[np.ndarray, list[Box]]:
    """A picture and its boxes turned counter-clockwise by quarter turns, without any loss."""
    result = list(boxes)
    for _ in range(quarters % 4):
        result = [
            Box(class_id=box.class_id, cx=box.cy, cy=1 - box.cx, w=box.h, h=box.w) for box in result
        ]
    return np.ascontiguousarray(np.rot90(image, quarters)), result


def _cut_all(image: np.ndarray, boxes: Sequence[Box], classes: int, side: int) -> Iterator[Tile]:
    height, width = image.shape[:2]
    for row, top in enumerate(starts(height, side)):
        for column, left in enumerate(starts(width, side)):
            part = image[top : top + side, left : left + side]
            window = (
                left / width,
                top / height,
                (left + part.shape[1]) / width,
                (top + part.shape[0]) / height,
            )
            cut = [clipped(box, window, classes) for box in boxes]
            yield Tile(
                image=part,
                boxes=tuple(box for box in cut if box is not None),
                row=row,
                column=column,
            )


def clipped(box: Box, window: tuple[float, float, float, float], classes: int) -> Box | None:
    """The box as it stands in a window of its picture (left, top, right, bottom, as fractions);
    None where hardly anything of it does. Its class is `classes`, the mask of all, where only a
    part does; mask rows, of a class id from there on, are cut without any limit."""
    left, top, right, bottom = window
    width, height = right - left, bottom - top
    corners = (
        (box.cx - box.w / 2 - left) / width,
        (box.cy - box.h / 2 - top) / height,
        (box.cx + box.w / 2 - left) / width,
        (box.cy + box.h / 2 - top) / height,
    )
    inside = box_from_corners(box.class_id, *corners)
    if inside is None or box.class_id >= classes:
        return inside
    share = inside.w * width * inside.h * height / (box.w * box.h)
    if share >= WHOLE:
        return inside
    return inside.with_class(classes) if share >= TRACE else None


def _objects(tile: Tile, classes: int) -> int:
    return sum(box.class_id < classes for box in tile.boxes)


def _covering(tiles: Sequence[Tile], classes: int) -> list[Tile]:
    """The tiles with most objects first, until a further one would show fewer than two thirds
    as many as its neighbours already do."""
    ordered = sorted(tiles, key=lambda tile: -_objects(tile, classes))
    best = _objects(ordered[0], classes)
    return [tile for tile in ordered[:2] if best and _objects(tile, classes) * 3 >= best * 2]
