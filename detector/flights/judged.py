"""Pieces of ground on which a structure is likely to have come or gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.flights.candidate import Candidate, CandidateConfig, around, candidates

# Of change planes (7, H, W): the probabilities (3, H, W) of CLASSES.
Judge = Callable[[NDArray[np.float32]], NDArray[np.float32]]
Plane = NDArray[np.float32]
_SCORE_PERCENTILE = 90  # a few odd pixels make no score
_CORE_SHARE = 0.5  # of the score: ground that is less likely is the piece's hem
_TOO_WIDE_M = 0.2  # by so much the network draws an edge too far out; measured, docs/flights.md
_SPLIT_SHARES = (0.6, 0.7, 0.8)  # of the score, at which a piece may fall into several


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A piece of ground. `corners` (4, 2) of a rectangle of area `area_m2`, in pixels; `inside` its
    rows and columns; `came`, `went`: the probability that nine of ten of its pixels
    stay below, of what happened; the mean of the other."""

    corners: NDArray[np.float64]
    inside: tuple[NDArray[np.intp], NDArray[np.intp]]
    came: float
    went: float
    area_m2: float

    @property
    def new(self) -> bool:
        return self.came >= self.went


def judge(came: Plane, went: Plane, pixel_m: float, config: CandidateConfig) -> list[Judged]:
    """Pieces of probabilities (H, W) where something came, then where something went."""
    found = []
    for new, own, other in ((True, came, went), (False, went, came)):
        for one in candidates(own, pixel_m, config):
            if own[one.inside].mean() < other[one.inside].mean():
                continue
            for part in _parts(own, one, pixel_m, config):
                score = float(np.percentile(own[part.inside], _SCORE_PERCENTILE))
                rest = float(other[part.inside].mean())
                core = _core(own, part, max(config.probability, _CORE_SHARE * score))
                corners, area_px = _trimmed(core, pixel_m)
                found.append(
                    Judged(
                        corners=corners,
                        inside=core.inside,
                        came=score if new else rest,
                        went=rest if new else score,
                        area_m2=area_px * pixel_m**2,
                    )
                )
    return found


def _parts(own: Plane, one: Candidate, pixel_m: float, config: CandidateConfig) -> list[Candidate]:
    """Structures side by side whose hems touch: where likelier ground falls into several pieces,
    each of them takes the ground that is nearest to it."""
    rows, columns = one.inside
    top, left = rows.min(), columns.min()
    plane = np.zeros((rows.max() - top + 1, columns.max() - left + 1), np.float32)
    plane[rows - top, columns - left] = own[one.inside]
    highest = float(np.percentile(own[one.inside], _SCORE_PERCENTILE))
    least_px = config.min_area_m2 / pixel_m**2
    for share in _SPLIT_SHARES:
        likely = (plane >= share * highest).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(likely, connectivity=4)
        cores = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= least_px]
        if len(cores) > 1:
            away = [
                cv2.distanceTransform((labels != i).astype(np.uint8), cv2.DIST_L2, 3) for i in cores
            ]
            nearest = np.argmin(away, axis=0)[rows - top, columns - left]
            return [around(rows[nearest == i], columns[nearest == i]) for i in range(len(cores))]
    return [one]


def _core(own: Plane, one: Candidate, least: float) -> Candidate:
    rows, columns = one.inside
    likely = own[rows, columns] >= least
    return around(rows[likely], columns[likely])


def _trimmed(one: Candidate, pixel_m: float) -> tuple[NDArray[np.float64], float]:
    """Corners and pixels of the piece without the hem that the network adds all around."""
    middle = one.corners.mean(axis=0)
    sides = one.corners[1] - one.corners[0], one.corners[3] - one.corners[0]
    lengths_m = [float(np.hypot(*side)) * pixel_m for side in sides]
    along, across = (max(1 - 2 * _TOO_WIDE_M / length, 0.5) for length in lengths_m)
    ways = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    corners = middle + ways[:, :1] * sides[0] * along + ways[:, 1:] * sides[1] * across
    return corners, one.area_px * along * across
