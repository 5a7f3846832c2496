"""The camera: where it hangs, where it looks, and how picture and ground correspond."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from mesh import Points
from numpy.typing import NDArray


class Pinhole(ABC):
    """What cameras share: world points (z up, metres) and where they are in the picture."""

    __slots__ = ()
    width_px: int
    height_px: int
    focal_px: float

    @abstractmethod
    def place(self) -> Points:
        """Where it is, (3,)."""

    @abstractmethod
    def axes(self) -> tuple[Points, Points, Points]:
        """Right, down and forward in world coordinates."""

    def camera_points(self, world: Points) -> Points:
        """Coordinates right, down, forward of world points."""
        return np.asarray((world - self.place()) @ np.stack(self.axes()).T, dtype=np.float64)

    def project(self, world: Points) -> NDArray[np.float64]:
        """Pixel positions of world points in front of the camera (others become NaN)."""
        p = self.camera_points(np.atleast_2d(world))
        depth = np.where(p[:, 2] > 0.05, p[:, 2], np.nan)
        u = self.width_px / 2 + self.focal_px * p[:, 0] / depth
        v = self.height_px / 2 + self.focal_px * p[:, 1] / depth
        return np.stack([u, v], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens(Pinhole):
    """A camera over flat ground (yaw from +x, pitch below the horizon), upright."""

    x_m: float
    y_m: float
    height_m: float
    yaw_rad: float
    pitch_rad: float
    width_px: int
    height_px: int
    focal_px: float

    def place(self) -> Points:
        return np.array([self.x_m, self.y_m, self.height_m])

    def axes(self) -> tuple[Points, Points, Points]:
        cp, sp = math.cos(self.pitch_rad), math.sin(self.pitch_rad)
        cy, sy = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        forward = np.array([cp * cy, cp * sy, -sp])
        right = np.array([sy, -cy, 0.0])
        return right, np.cross(forward, right), forward

    def ground(self, u_px: float, v_px: float) -> tuple[float, float] | None:
        """The ground point (z = 0) under a pixel; None above the horizon."""
        right, down, forward = self.axes()
        ray = (
            forward
            + right * (u_px - self.width_px / 2) / self.focal_px
            + down * (v_px - self.height_px / 2) / self.focal_px
        )
        if ray[2] > -1e-4:
            return None
        k = self.height_m / -ray[2]
        return float(self.x_m + k * ray[0]), float(self.y_m + k * ray[1])


def looking_at(
    position: tuple[float, float, float],
    target: tuple[float, float, float],
    *,
    size_px: tuple[int, int],
    field_of_view_deg: float,
) -> Lens:
    """A camera at `position` whose middle is `target`."""
    dx, dy, dz = (t - p for t, p in zip(target, position, strict=True))
    return Lens(
        x_m=position[0],
        y_m=position[1],
        height_m=position[2],
        yaw_rad=math.atan2(dy, dx),
        pitch_rad=math.atan2(-dz, math.hypot(dx, dy)),
        width_px=size_px[0],
        height_px=size_px[1],
        focal_px=size_px[0] / 2 / math.tan(math.radians(field_of_view_deg) / 2),
    )
