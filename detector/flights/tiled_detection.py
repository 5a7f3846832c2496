"""Runs a detector over a large picture in overlapping tiles and puts the pieces together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from detector.flights.ground_window import Image
from detector.types import Box, Detections, Detector

_CUT_PX = 2.0  # a box that ends so near a tile's inner edge is a part of something
_TOGETHER: Final = 16  # tiles given to the detector at a time: some 100 MB as its input
_SAME = 0.5  # share of the smaller box that lies on the larger


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing in the picture, in its pixels."""

    class_name: str
    score: float
    box_px: Box


def detect_tiled(
    detector: Detector, image: Image, side_px: int = 640, overlap: float = 0.25
) -> list[Seen]:
    """Detections at the model's own thresholds, best first, each thing once."""
    found: list[Seen] = []
    corners = _corners(image.shape[1], image.shape[0], side_px, overlap)
    while together := list(islice(corners, _TOGETHER)):
        tiles = [np.ascontiguousarray(image[y : y + side_px, x : x + side_px]) for x, y in together]
        for at, tile, told in zip(together, tiles, detector.detect(tiles), strict=True):
            found += _placed(told, tile, at, image)
    return _once(found)


def _placed(told: Detections, tile: Image, at: tuple[int, int], image: Image) -> Iterator[Seen]:
    """What the tile with its corner there shows whole, in the picture's pixels."""
    x, y = at
    for i in range(len(told)):
        box = told.box(i)
        if not _cut(box, tile, at, image):
            placed = Box(box.x1 + x, box.y1 + y, box.x2 + x, box.y2 + y)
            yield Seen(class_name=told.class_name(i), score=float(told.score[i]), box_px=placed)


def _corners(width: int, height: int, side: int, overlap: float) -> Iterator[tuple[int, int]]:
    step = max(1, round(side * (1 - overlap)))
    for y in _starts(height, side, step):
        for x in _starts(width, side, step):
            yield x, y


def _starts(length: int, side: int, step: int) -> list[int]:
    last = max(0, length - side)
    return sorted({*range(0, last, step), last})


def _cut(box: Box, tile: Image, at: tuple[int, int], image: Image) -> bool:
    """Whether an inner edge of the tile cuts the box: its neighbour shows the whole thing."""
    height, width = tile.shape[:2]
    return (
        (box.x1 < _CUT_PX and at[0] > 0)
        or (box.y1 < _CUT_PX and at[1] > 0)
        or (box.x2 > width - _CUT_PX and at[0] + width < image.shape[1])
        or (box.y2 > height - _CUT_PX and at[1] + height < image.shape[0])
    )


def _once(found: list[Seen]) -> list[Seen]:
    kept: list[Seen] = []
    for one in sorted(found, key=lambda seen: -seen.score):
        same = (k for k in kept if k.class_name == one.class_name)
        if all(_common(one.box_px, k.box_px) < _SAME for k in same):
            kept.append(one)
    return kept


def _common(a: Box, b: Box) -> float:
    width = min(a.x2, b.x2) - max(a.x1, b.x1)
    height = min(a.y2, b.y2) - max(a.y1, b.y1)
    smaller = min((a.x2 - a.x1) * (a.y2 - a.y1), (b.x2 - b.x1) * (b.y2 - b.y1))
    return max(0.0, width) * max(0.0, height) / max(smaller, 1e-9)
