"""Pieces of ground that may hold a structure which came or went."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field


class CandidateConfig(BaseModel):
    """What counts as one piece."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    probability: float = Field(default=0.3, gt=0, lt=1)  # of ground that belongs to a piece
    thin_m: float = Field(default=0.8, ge=0)  # what is narrower is an edge, not a thing
    min_area_m2: float = Field(default=3.0, gt=0)
    min_side_m: float = Field(default=1.2, gt=0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """One piece: `corners` (4, 2) of a rectangle of the piece's own area, in pixels of the map;
    `inside` its rows and columns."""

    corners: NDArray[np.float64]
    area_px: int
    inside: tuple[NDArray[np.intp], NDArray[np.intp]]


def candidates(
    probability: NDArray[np.float32], pixel_m: float, config: CandidateConfig
) -> list[Candidate]:
    """Connected ground (H, W) that is likely enough, cleared of thin edges."""
    likely = (probability >= config.probability).astype(np.uint8)
    mask = cv2.morphologyEx(likely, cv2.MORPH_OPEN, _disc(config.thin_m / pixel_m))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    found = []
    for label in range(1, count):
        area_px = int(stats[label, cv2.CC_STAT_AREA])
        if area_px * pixel_m**2 < config.min_area_m2:
            continue
        x, y, w, h = (int(v) for v in stats[label, :4])
        rows, columns = np.nonzero(labels[y : y + h, x : x + w] == label)
        one = around(rows + y, columns + x)
        sides = [float(np.hypot(*(one.corners[i] - one.corners[0]))) for i in (1, 3)]
        if min(sides) * pixel_m >= config.min_side_m:
            found.append(one)
    return found


def _disc(diameter: float) -> NDArray[np.uint8]:
    size = max(1, round(diameter)) | 1
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(shape, np.uint8)


def around(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Candidate:
    """A piece of these pixels in the smallest rectangle around it, shrunk to the piece's area:
    ragged edges widen it."""
    points = np.stack([columns, rows], -1).astype(np.float32)
    (x, y), (w, h), angle = cv2.minAreaRect(points)
    w, h = w + 1, h + 1
    shrink = (len(rows) / (w * h)) ** 0.5
    corners = cv2.boxPoints(((x, y), (w * shrink, h * shrink), angle))
    return Candidate(
        corners=np.asarray(corners, np.float64), area_px=len(rows), inside=(rows, columns)
    )
