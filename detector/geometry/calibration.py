"""Where on the ground a fixed camera sees a thing, from points marked on picture and map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.geometry.crs import wgs84_lon_lat_deg
from detector.geometry.local_frame import LocalFrame
from detector.types import Box, ConfigError, Position

_LEAST_POINTS: Final = 4
_CLICK_ERROR_UNIT: Final = 0.004  # a careful click, as a fraction of the picture's width
_TRIALS: Final = 200
_SHARE: Final = 0.95  # of the trials that lie within the stated error
_LEAST_SPREAD: Final = 1e-4  # of the points across their own line
_FURTHEST_M: Final = 1_000.0  # from the marked points; beyond it is the horizon
_FRONT: Final = 1e-12  # of the depth: below it a point lies behind the camera
_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturePoint:
    """A point of the picture, in fractions of its width and height, and where it lies."""

    x_unit: float
    y_unit: float
    position: Position


class GroundCalibration:
    """A homography from the picture to the flat ground in front of one camera.

    Its error is found by marking anew: the points are displaced at random as a person's clicks
    and the map's own error would, or by what the points disagree among themselves if that is
    more, and the spread of the answers is the error. It grows towards the horizon.
    """

    def __init__(self, points: Sequence[PicturePoint]) -> None:
        """Raises ConfigError for fewer than four points, points on one line, or points that
        contradict each other."""
        if len(points) < _LEAST_POINTS:
            raise ConfigError(f"calibration: {len(points)} points, {_LEAST_POINTS} are needed")
        picture = np.array([(p.x_unit, p.y_unit) for p in points], np.float64)
        lon_lat = np.array([wgs84_lon_lat_deg(p.position) for p in points], np.float64)
        self._frame = LocalFrame(*(float(v) for v in lon_lat.mean(axis=0)))
        ground = self._frame.to_local(lon_lat)
        _demand_spread(picture, "on the picture")
        _demand_spread(ground, "on the ground")
        self._matrix = _fitted(picture, ground)
        self._centre_m = ground.mean(axis=0)
        mapped, front = _mapped(self._matrix, picture)
        if not front.all():
            raise ConfigError("calibration: the points contradict each other; check their order")
        freedom = max(1.0, (2 * len(points) - 8) / 2)
        self.residual_m = float(np.sqrt(np.square(mapped - ground).sum() / freedom))
        map_m = max(p.position.error_radius_m for p in points)
        self._map_m = max(map_m, self.residual_m)
        self._trials = self._again(picture, ground)

    def position(self, x_unit: float, y_unit: float) -> Position | None:
        """Where that point of the picture lies, its error with 95 % of the trials within.
        None: at or above the horizon, or too far away to tell."""
        point = np.array([(x_unit, y_unit)], np.float64)
        here, front = _mapped(self._matrix, point)
        if not front[0] or float(np.hypot(*(here[0] - self._centre_m))) > _FURTHEST_M:
            return None
        answers = self._trials @ np.array((x_unit, y_unit, 1.0))
        depth = np.where(answers[:, 2] > _FRONT, answers[:, 2], np.nan)
        away = np.linalg.norm(answers[:, :2] / depth[:, None] - here[0], axis=1)
        spread_m = float(np.quantile(np.nan_to_num(away, nan=np.inf), _SHARE, method="higher"))
        if not np.isfinite(spread_m) or spread_m > _FURTHEST_M:
            return None
        lon, lat = self._frame.to_lon_lat(here)[0]
        return Position(x=float(lon), y=float(lat), error_radius_m=float(np.hypot(spread_m, 0.1)))

    def foot(self, box: Box) -> Position | None:
        """Where the middle of a box's lower edge stands; the box is in unit coordinates."""
        return self.position((box.x1 + box.x2) / 2, box.y2)

    def _again(self, picture: _Array, ground: _Array) -> _Array:
        """The homographies (trials, 3, 3) of the points when marked anew."""
        random = np.random.default_rng(0)
        trials = []
        for _ in range(_TRIALS):
            clicks = picture + random.normal(0, _CLICK_ERROR_UNIT, picture.shape)
            places = ground + random.normal(0, self._map_m / np.sqrt(2), ground.shape)
            trials.append(_fitted(clicks, places))
        return np.stack(trials)


def _demand_spread(points: _Array, where: str) -> None:
    """Three corners of any four must not lie on a line, or the ground could tilt about it."""
    centred = points - points.mean(axis=0)
    spread = np.linalg.svd(centred, compute_uv=False)
    if spread[1] <= max(_LEAST_SPREAD, 0.02 * spread[0]):
        raise ConfigError(f"calibration: the points lie on one line {where}; spread them out")
    for left_out in range(len(points)):
        rest = np.delete(centred, left_out, axis=0)
        values = np.linalg.svd(rest - rest.mean(axis=0), compute_uv=False)
        if values[1] <= 0.01 * values[0]:
            raise ConfigError(
                f"calibration: all points but number {left_out + 1} lie on one line {where}"
            )


def _fitted(picture: _Array, ground: _Array) -> _Array:
    """The homography (3, 3) with the least squares error, found on points that are first
    centred and scaled, as the numbers would else differ by thousands."""
    from_picture, from_ground = _scaling(picture), _scaling(ground)
    u, v = _apply(from_picture, picture).T
    x, y = _apply(from_ground, ground).T
    one, none = np.ones_like(u), np.zeros_like(u)
    rows = np.concatenate(
        [
            np.column_stack([u, v, one, none, none, none, -x * u, -x * v, -x]),
            np.column_stack([none, none, none, u, v, one, -y * u, -y * v, -y]),
        ]
    )
    scaled = np.linalg.svd(rows)[2][-1].reshape(3, 3)
    matrix: _Array = np.linalg.inv(from_ground) @ scaled @ from_picture
    depths = np.column_stack([picture, np.ones(len(picture))]) @ matrix[2]
    sign = np.sign(np.median(depths)) or 1.0
    return np.asarray(matrix * sign / np.linalg.norm(matrix), np.float64)


def _scaling(points: _Array) -> _Array:
    centre = points.mean(axis=0)
    scale = np.sqrt(2) / max(float(np.linalg.norm(points - centre, axis=1).mean()), 1e-12)
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1]])


def _apply(matrix: _Array, points: _Array) -> _Array:
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(moved[:, :2] / moved[:, 2:], np.float64)


def _mapped(matrix: _Array, points: _Array) -> tuple[_Array, NDArray[np.bool_]]:
    """Ground points (N, 2), and which of them lie in front of the camera."""
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    front = moved[:, 2] > _FRONT
    depth = np.where(front, moved[:, 2], np.nan)
    return np.asarray(moved[:, :2] / depth[:, None], np.float64), front
