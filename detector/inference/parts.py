"""Looks at a picture in overlapping parts and puts together what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.inference.overlap import areas, common_areas
from detector.types import Detections, Detector

_CUT_PX: Final = 2.0  # a box that ends so near a part's inner edge is a part of something
_TOGETHER: Final = 16  # parts given to the detector at a time: some 100 MB as its input
_SAME: Final = 0.5  # share of the smaller box that lies on the larger


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A window of a picture, in its pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Its pixels, of their own."""
        rows = image[self.top : self.top + self.height]
        return np.ascontiguousarray(rows[:, self.left : self.left + self.width])


def parts_of(
    size_px: tuple[int, int], part_px: tuple[int, int], overlap: float
) -> tuple[Part, ...]:
    """Parts that cover a picture, each over its neighbours by at least that share of itself; sizes
    are (width, height). One that is larger than the picture becomes as large as it."""
    width, height = min(part_px[0], size_px[0]), min(part_px[1], size_px[1])
    return tuple(
        Part(left=left, top=top, width=width, height=height)
        for top in starts(size_px[1], height, overlap)
        for left in starts(size_px[0], width, overlap)
    )


def detect_parts(
    detector: Detector,
    image: NDArray[np.uint8],
    parts: Sequence[Part],
    *,
    floor: float | None = None,
) -> Detections:
    """What the parts of a (H, W, 3) BGR picture show whole, in the picture's pixels; what several
    show stands there as often. `floor` as for `Detector.detect`."""
    waiting, found = iter(parts), [Detections.empty(detector.classes)]
    while together := list(islice(waiting, _TOGETHER)):
        told = detector.detect([part.of(image) for part in together], floor=floor)
        found += [_placed(seen, part, image) for part, seen in zip(together, told, strict=True)]
    return Detections.merged(found)


def each_once(found: Detections) -> Detections:
    """Best first, without what lies half on, or half in, a better one of its class."""
    kept: list[int] = []
    for index in map(int, np.argsort(-found.score, kind="stable")):
        rivals = [k for k in kept if found.class_id[k] == found.class_id[index]]
        if not (_common(found.xyxy_px[index], found.xyxy_px[rivals]) >= _SAME).any():
            kept.append(index)
    rows = np.array(kept, np.intp)
    return Detections(
        xyxy_px=found.xyxy_px[rows],
        score=found.score[rows],
        class_id=found.class_id[rows],
        classes=found.classes,
    )


def starts(length: int, side: int, overlap: float = 0.0) -> list[int]:
    """Where parts begin along a side of a picture: evenly spread, the first and the last flush with
    its edges; one where the picture is no longer than a part."""
    if length <= side:
        return [0]
    count = 1 + int(np.ceil((length - side) / max(1.0, side * (1 - overlap))))
    return [round(index * (length - side) / (count - 1)) for index in range(count)]


def _placed(seen: Detections, part: Part, image: NDArray[np.uint8]) -> Detections:
    """In the picture's pixels, without what an inner edge cuts: a neighbour shows it whole."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = seen.xyxy_px.T
    cut = (
        ((x1 < _CUT_PX) & (part.left > 0))
        | ((y1 < _CUT_PX) & (part.top > 0))
        | ((x2 > part.width - _CUT_PX) & (part.left + part.width < width))
        | ((y2 > part.height - _CUT_PX) & (part.top + part.height < height))
    )
    whole = seen.where(~cut)
    shift = np.array([part.left, part.top, part.left, part.top], np.float32)
    return Detections(
        xyxy_px=whole.xyxy_px + shift,
        score=whole.score,
        class_id=whole.class_id,
        classes=whole.classes,
    )


def _common(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) share of the smaller of the two that lies on the other."""
    (common,) = common_areas(box[None], others)
    smaller = np.minimum(areas(box[None]), areas(others))
    return np.asarray(common / np.maximum(smaller, 1e-9), np.float32)
