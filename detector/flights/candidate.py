"""Pieces of ground whose structure changed."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from detector.flights.change_map import ChangeMap


class CandidateConfig(BaseModel):
    """What counts as one piece of changed ground."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    structure: float = Field(default=0.3, gt=0, lt=1)
    gap_m: float = Field(default=0.9, ge=0)  # holes and slits narrower than this are closed
    thin_m: float = Field(default=0.7, ge=0)  # what is narrower is an edge, not a thing
    min_area_m2: float = Field(default=4.0, gt=0)
    min_side_m: float = Field(default=1.2, gt=0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """`corners` (4, 2) in cells of the smallest rectangle around one changed piece."""

    corners: NDArray[np.float64]
    fill: float  # share of the rectangle that changed
    structure: float  # mean of the change within the rectangle
    kept: float  # how well the pattern there was is still there, -1 to 1

    @property
    def sides(self) -> tuple[float, float]:
        """Lengths of the first and the second side, in cells."""
        a, b, _, d = self.corners
        return float(np.hypot(*(b - a))), float(np.hypot(*(d - a)))


def candidates(
    change: ChangeMap, valid: NDArray[np.bool_], cell_m: float, config: CandidateConfig
) -> list[Candidate]:
    """Connected changed ground, closed over gaps and cleared of thin edges."""
    changed = ((change.structure > config.structure) & valid).astype(np.uint8)
    closed = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, _disc(config.gap_m / cell_m))
    mask = cv2.morphologyEx(closed, cv2.MORPH_OPEN, _disc(config.thin_m / cell_m))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    found = []
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] * cell_m**2 < config.min_area_m2 * 0.5:
            continue
        x, y, w, h = (int(v) for v in stats[label, :4])
        piece = labels[y : y + h, x : x + w] == label
        one = _around(change, piece, (x, y))
        long, short = max(one.sides) * cell_m, min(one.sides) * cell_m
        if short >= config.min_side_m and long * short >= config.min_area_m2:
            found.append(one)
    return found


def _disc(diameter: float) -> NDArray[np.uint8]:
    size = max(1, round(diameter)) | 1
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(shape, np.uint8)


def _around(change: ChangeMap, piece: NDArray[np.bool_], at: tuple[int, int]) -> Candidate:
    points = np.argwhere(piece)[:, ::-1].astype(np.float32)
    (x, y), (w, h), angle = cv2.minAreaRect(points)
    corners = np.asarray(cv2.boxPoints(((x, y), (w + 1, h + 1), angle)), np.float64)
    rows = slice(at[1], at[1] + piece.shape[0])
    columns = slice(at[0], at[0] + piece.shape[1])
    weight = change.pattern[rows, columns][piece]
    kept = change.kept[rows, columns][piece]
    return Candidate(
        corners=corners + np.array(at),
        fill=float(piece.sum() / ((w + 1) * (h + 1))),
        structure=float(change.structure[rows, columns][piece].mean()),
        kept=float((kept * weight).sum() / max(float(weight.sum()), 1e-9)),
    )
