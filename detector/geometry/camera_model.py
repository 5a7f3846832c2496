"""A calibrated lens, and a camera that hangs over a plane."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
_MOST_CORRECTIONS = 40
_STRAIGHT = 1e-9  # of the focal length: some millionths of a pixel


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """A pinhole with Brown's distortion; lengths in pixels of a `width_px` by `height_px` picture.

    `focal_error` is the relative uncertainty (one sigma) of the focal length.
    Raises ValueError for sizes and focal lengths that are not positive.
    """

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)
    focal_error: float = 0.003  # k1, k2, p1, p2, k3 stand in `distortion`, in OpenCV's order

    def __post_init__(self) -> None:
        if min(self.width_px, self.height_px) <= 0 or min(self.fx_px, self.fy_px) <= 0:
            raise ValueError(f"a lens needs a positive size and focal length: {self}")

    @classmethod
    def simple(cls, width_px: int, height_px: int, focal_px: float, error: float = 0.003) -> Lens:
        """A lens without distortion, its axis through the middle of the picture."""
        return cls(
            width_px=width_px,
            height_px=height_px,
            fx_px=focal_px,
            fy_px=focal_px,
            cx_px=width_px / 2,
            cy_px=height_px / 2,
            focal_error=error,
        )

    @property
    def matrix(self) -> Points:
        """The (3, 3) camera matrix."""
        return np.array(
            [[self.fx_px, 0, self.cx_px], [0, self.fy_px, self.cy_px], [0, 0, 1]], np.float64
        )

    def rays(self, uv_px: Points) -> Points:
        """Directions (N, 2) as x right and y down at depth 1, of the pixels (N, 2)."""
        bent = (np.asarray(uv_px, np.float64).reshape(-1, 2) - (self.cx_px, self.cy_px)) / (
            self.fx_px,
            self.fy_px,
        )
        return self._straightened(bent) if any(self.distortion) else bent

    def _straightened(self, bent: Points) -> Points:
        """Undoes the distortion by repeated correction; exact to far less than a pixel."""
        xy = bent
        for _ in range(_MOST_CORRECTIONS):
            radial, across, along = self._bending(xy)
            better = np.empty_like(bent)
            better[:, 0] = (bent[:, 0] - across) / radial
            better[:, 1] = (bent[:, 1] - along) / radial
            correction = np.abs(better - xy).max(initial=0.0)
            xy = better
            if correction < _STRAIGHT:
                break
        return xy

    def pixels(self, xy: Points) -> Points:
        """Pixels (N, 2) of directions (N, 2): the inverse of `rays`."""
        radial, across, along = self._bending(xy)
        bent_x, bent_y = xy[..., 0] * radial + across, xy[..., 1] * radial + along
        return np.stack([bent_x * self.fx_px + self.cx_px, bent_y * self.fy_px + self.cy_px], -1)

    def _bending(self, xy: Points) -> tuple[Points, Points, Points]:
        """Of directions (..., 2): Brown's radial factor, and what is added across and along."""
        k1, k2, p1, p2, k3 = self.distortion
        x, y = xy[..., 0], xy[..., 1]
        r2 = x * x + y * y
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        across = 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
        along = p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
        return radial, across, along

    def scaled(self, factor: float) -> Lens:
        """The lens of the same picture resized by `factor`."""
        return Lens(
            width_px=max(1, round(self.width_px * factor)),
            height_px=max(1, round(self.height_px * factor)),
            fx_px=self.fx_px * factor,
            fy_px=self.fy_px * factor,
            cx_px=self.cx_px * factor,
            cy_px=self.cy_px * factor,
            distortion=self.distortion,
            focal_error=self.focal_error,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A camera in a local frame: metres east, north and above the surface that it looks at.

    Angles in degrees as DJI gives them: yaw from north clockwise, pitch -90 straight down,
    roll positive with the right side down.
    """

    lens: Lens
    east_m: float
    north_m: float
    up_m: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0

    def axes(self) -> Points:
        """(3, 3): columns are the camera's right, down and forward in east, north, up."""
        theta, psi, phi = (math.radians(a) for a in (self.pitch_deg, self.yaw_deg, self.roll_deg))
        ct, st, cp, sp = math.cos(theta), math.sin(theta), math.cos(psi), math.sin(psi)
        right = np.array([cp, -sp, 0.0])
        down = np.array([st * sp, st * cp, -ct])
        forward = np.array([ct * sp, ct * cp, st])
        return np.stack(
            [
                right * math.cos(phi) + down * math.sin(phi),
                down * math.cos(phi) - right * math.sin(phi),
                forward,
            ],
            axis=1,
        )

    def to_ground(self, uv_px: Points, surface_m: float = 0.0) -> Points:
        """East and north (N, 2) of pixels (N, 2) on a level surface `surface_m` above the datum.

        NaN for pixels that look at or over the horizon.
        """
        xy = self.lens.rays(uv_px)
        away = np.column_stack([xy, np.ones(len(xy))]) @ self.axes().T
        with np.errstate(divide="ignore", invalid="ignore"):
            k = np.where(away[:, 2] < -1e-6, (self.up_m - surface_m) / -away[:, 2], np.nan)
        return np.array([self.east_m, self.north_m]) + away[:, :2] * k[:, None]

    def to_picture(self, enu_m: Points) -> Points:
        """Pixels (N, 2) of points (N, 3) or, on the datum, (N, 2); NaN behind the camera."""
        points = np.asarray(enu_m, np.float64)
        if points.shape[-1] == 2:
            points = np.column_stack([points, np.zeros(len(points))])
        seen = (points - (self.east_m, self.north_m, self.up_m)) @ self.axes()
        depth = np.where(seen[:, 2] > 1e-6, seen[:, 2], np.nan)
        return self.lens.pixels(seen[:, :2] / depth[:, None])

    def ground_px_m(self) -> float:
        """Metres of ground to a pixel where the optical axis meets the datum."""
        slope = max(math.sin(math.radians(-self.pitch_deg)), 0.05)
        return self.up_m / slope / self.lens.fx_px
