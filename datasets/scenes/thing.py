"""Something that stands in a scene: a mesh, a place, and what the labels call it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from mesh import Mesh, Points, turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """A light that a thing carries (metres, watts, linear colour)."""

    at: tuple[float, float, float]
    power_w: float
    colour: tuple[float, float, float] = (1.0, 0.78, 0.5)
    radius_m: float = 0.15
    aim: tuple[float, float, float] | None = None
    """Direction of a spot; without one the light shines all round."""
    cone_deg: float = 140.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One object; things that share a `name` make up one labelled object."""

    mesh: Mesh
    name: str
    label: str | None = None
    x_m: float = 0.0
    y_m: float = 0.0
    z_m: float = 0.0
    heading_rad: float = 0.0
    scale: float = 1.0
    lamps: tuple[Lamp, ...] = field(default=())

    def placed(self, x_m: float, y_m: float, heading_rad: float, z_m: float = 0.0) -> Thing:
        return replace(self, x_m=x_m, y_m=y_m, z_m=z_m, heading_rad=heading_rad)

    def world_points(self) -> Points:
        points = self.mesh.points() * self.scale @ turn(self.heading_rad).T
        return np.asarray(points + np.array([self.x_m, self.y_m, self.z_m]))

    def world_lamps(self) -> list[Lamp]:
        moved = []
        for lamp in self.lamps:
            rotation = turn(self.heading_rad)
            at = rotation @ np.array(lamp.at) * self.scale
            at = at + np.array([self.x_m, self.y_m, self.z_m])
            aim = None
            if lamp.aim is not None:
                a = rotation @ np.array(lamp.aim)
                aim = (float(a[0]), float(a[1]), float(a[2]))
            moved.append(replace(lamp, at=(float(at[0]), float(at[1]), float(at[2])), aim=aim))
        return moved


def heading_to(dx: float, dy: float) -> float:
    """Heading of something whose front looks along +x."""
    return math.atan2(dy, dx)
