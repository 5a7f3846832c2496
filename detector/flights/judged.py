"""Judges changed pieces of ground: did a structure come, did one go, or is it something else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detector.flights.candidate import Candidate
from detector.flights.change_map import ChangeMap
from detector.flights.change_network import CLASSES, patch_of
from detector.flights.roof_crop import best_sides, crop_roof

Planes = NDArray[np.float32]
Judge = Callable[[Sequence[NDArray[np.float32]]], NDArray[np.float64]]
_CAME, _WENT = CLASSES.index("added"), CLASSES.index("removed")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A candidate with the probabilities (0 to 1) that a structure came or went.

    `corners` (4, 2) in cells, snapped to the edges of the day on which it stands there.
    """

    corners: NDArray[np.float64]
    came: float
    went: float
    area_m2: float


def planes_of(change: ChangeMap) -> tuple[Planes, Planes]:
    """Log brightness and hues (H, W, 3) of both days."""
    before = np.dstack([change.before, change.hue_before]).astype(np.float32)
    after = np.dstack([change.after, change.hue_after]).astype(np.float32)
    return before, after


def judge(
    found: Sequence[Candidate], planes: tuple[Planes, Planes], cell_m: float, network: Judge
) -> list[Judged]:
    """Judges each candidate; the order stays."""
    scores = network([patch_of(one, planes, cell_m) for one in found])
    return [
        judged_as(one, planes, cell_m, float(score[_CAME]), float(score[_WENT]))
        for one, score in zip(found, scores, strict=True)
    ]


def judged_as(
    one: Candidate, planes: tuple[Planes, Planes], cell_m: float, came: float, went: float
) -> Judged:
    """The candidate with given scores, snapped to the edges of the day that they speak for."""
    crop = crop_roof(planes[1] if came >= went else planes[0], one.corners)
    left, right, top, bottom = best_sides(crop).place
    ring = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]])
    return Judged(
        corners=ring @ crop.to_cells.T,
        came=came,
        went=went,
        area_m2=(right - left) * (bottom - top) * cell_m**2,
    )
