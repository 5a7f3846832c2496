"""A piece's height, told by where pictures from several sides agree on it: paint has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.flights.mask import Mask, widened
from detector.geometry.camera_model import View

# Heights above the surface, in heights of a structure.
_FLAT = 0.0
_RAISED = (0.75, 1.0, 1.25)
_BELOW = (-1.25, -1.0, -0.75, -0.5)
_CLEARLY = 0.5  # of the scatter of a raised thing's looks; additions were seen from 1.0 up
_BETTER = 0.8  # the other way round
_LEAST_SPREAD_M = 0.5  # of the looks' leans, root mean square: what a registration may be off
_LEAST_LOOKS = 3
_EDGE, _RING = 3, 21  # cells: sides of what widens the piece by its own edge and by its ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Lean:
    """How a picture shows what rises: on the surface, away from the camera at `camera_m` (east,
    north), stretched by `stretch`."""

    camera_m: tuple[float, float]
    stretch: float

    @classmethod
    def of(cls, view: View, height_m: float) -> Self:
        """Of a thing `height_m` above the surface."""
        stretch = view.up_m / (view.up_m - height_m)
        return cls(camera_m=(view.east_m, view.north_m), stretch=stretch)

    def at(self, foot_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Metres (..., 2) east and north from a foot to where the picture shows the top."""
        return np.asarray((foot_m - np.array(self.camera_m)) * (self.stretch - 1), np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """`after` (3, H, W): what a picture shows around a piece, moved to its foot; `lean_px` (2,):
    columns and rows by which it was moved."""

    after: NDArray[np.float32]
    lean_px: NDArray[np.float64]


class Rise(Enum):
    """How a piece stands against the ground around it."""

    FLAT = "flat"
    RAISED = "raised"
    UNKNOWN = "unknown"


def rise(core: Mask, shown: Sequence[Shown], cell_m: float) -> Rise:
    """Whether the pictures of a piece `core` (H, W) agree on it clearly better where it is taken to
    lie on the surface than where it is taken to be as high as a structure, or the other way round.

    Unknown where too few pictures show it, or all from one side, and where it is as even as that
    says nothing. The ground around it is asked, too: a shed on a roof that lies below the surface
    reaches just up to it, and paint on a roof above the surface lies as high as a structure.
    """
    if len(shown) < _LEAST_LOOKS:
        return Rise.UNKNOWN
    leans = np.stack([one.lean_px for one in shown])
    leans -= leans.mean(axis=0)  # the piece stands where the pictures show it together
    if float(np.sqrt((leans**2).sum(axis=1).mean())) * cell_m < _LEAST_SPREAD_M:
        return Rise.UNKNOWN
    piece = widened(core, _EDGE)
    around = widened(core, _RING) & ~widened(core, 2 * _EDGE - 1)

    def scatters(*heights: float) -> list[NDArray[np.float32]]:
        return [_scatter(shown, leans * (height - 1)) for height in heights]

    level, high = scatters(_FLAT), scatters(*_RAISED)
    flat, raised, ground = _least(level, piece), _least(high, piece), _least(level, around)
    if flat <= _CLEARLY * raised:
        return Rise.FLAT if ground <= _least(scatters(*_BELOW), around) else Rise.RAISED
    if raised <= _BETTER * flat and ground <= _least(high, around):
        return Rise.RAISED
    return Rise.UNKNOWN


def _scatter(shown: Sequence[Shown], by_px: NDArray[np.float64]) -> NDArray[np.float32]:
    """(H, W): standard deviation of the looks' colours, each moved by its own of `by_px` (N, 2).
    Ground that a picture does not show is 0 in it and speaks for no height."""
    looks = np.stack([_moved(one.after, by) for one, by in zip(shown, by_px, strict=True)])
    return np.asarray(np.sqrt(np.var(looks, axis=0).sum(axis=0)), np.float32)


def _least(scatters: Sequence[NDArray[np.float32]], where: Mask) -> float:
    return min(float(scatter[where].mean()) for scatter in scatters)


def _moved(planes: NDArray[np.float32], by_px: NDArray[np.float64]) -> NDArray[np.float32]:
    """(3, H, W) whose pixel holds what lies `by_px` columns and rows from it."""
    matrix = np.array([[1, 0, by_px[0]], [0, 1, by_px[1]]])
    size = planes.shape[2], planes.shape[1]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = [
        cv2.warpAffine(plane, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for plane in planes
    ]
    return np.asarray(np.stack(moved), np.float32)
