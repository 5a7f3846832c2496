"""Labels from the rendered numbers: the box of the pixels in which a thing is really seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from lens import Lens, Pinhole
from mesh import Points
from numpy.typing import NDArray
from thing import Thing

FLAT = ("cover_ok", "cover_damaged", "cover_missing", "storm_grate", "pothole")


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    label: str
    track: str
    xyxy_px: tuple[float, float, float, float]
    visible: float


def boxes_of(
    index: NDArray[np.int32], numbered: Mapping[int, Sequence[Thing]], lens: Lens
) -> list[Box]:
    """Boxes of labelled things with at least a fifth of them visible and 4 pixels a side."""
    found = []
    for number, things in numbered.items():
        label = things[0].label
        if label is None:
            continue
        ys, xs = np.nonzero(index == number)
        if len(xs) < 12:
            continue
        box = (float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
        area = _flat_area(things, lens) if label in FLAT else _full_area(things, lens)
        visible = min(1.0, len(xs) / max(1, area))
        small = box[2] - box[0] < 4 or box[3] - box[1] < 4
        if visible < 0.2 or small:
            continue
        found.append(Box(label=label, track=things[0].name, xyxy_px=box, visible=round(visible, 3)))
    return found


def box_of_outline(
    outline: Points, lens: Pinhole, *, inside: float
) -> tuple[float, float, float, float] | None:
    """The part in the picture of the upright box around world points; None where less than a share
    `inside` of it is in the picture, or a point is behind the camera."""
    pixels = lens.project(outline)
    if np.isnan(pixels).any():
        return None
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    limit = np.array([lens.width_px, lens.height_px])
    cut_low, cut_high = np.clip(low, 0, limit), np.clip(high, 0, limit)
    share = np.prod(cut_high - cut_low) / max(1e-6, float(np.prod(high - low)))
    if share < inside:
        return None
    return float(cut_low[0]), float(cut_low[1]), float(cut_high[0]), float(cut_high[1])


def yolo_line(
    number: int, xyxy_px: tuple[float, float, float, float], size_px: tuple[int, int]
) -> str:
    """A line of a label file: class, then middle and size as shares of the picture's sides."""
    x0, y0, x1, y1 = xyxy_px
    w, h = size_px
    shares = ((x0 + x1) / 2 / w, (y0 + y1) / 2 / h, (x1 - x0) / w, (y1 - y0) / h)
    return " ".join([str(number), *(f"{s:.5f}" for s in shares)]) + "\n"


def _full_area(things: Sequence[Thing], lens: Lens) -> int:
    """Pixels that the thing would cover with nothing before it, beyond the frame included."""
    pad = 200
    mask = np.zeros((lens.height_px + 2 * pad, lens.width_px + 2 * pad), np.uint8)
    for thing in things:
        pixels = lens.project(thing.world_points()) + pad
        for face in thing.mesh.faces:
            corners = pixels[list(face)]
            if not np.isnan(corners).any() and np.abs(corners).max() < 5000:
                cv2.fillConvexPoly(mask, cv2.convexHull(corners.astype(np.int32)), (1,))
    return int(mask.sum())


def _flat_area(things: Sequence[Thing], lens: Lens) -> int:
    """Pixels of what lies at ground level: a shaft below it can never be seen whole."""
    points = np.concatenate([t.world_points() for t in things])
    pixels = lens.project(points[points[:, 2] > -0.06])
    if np.isnan(pixels).any():
        return 1
    return int(cv2.contourArea(cv2.convexHull(pixels.astype(np.float32))))
