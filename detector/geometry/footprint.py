"""What of the ground a picture shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Polygon

from detector.geometry.camera_model import View

REACH = 8.0  # heights from the camera beyond which ground is too flat to use


def ground_footprint(
    view: View, surface_m: float = 0.0, reach: float = REACH, steps: int = 12
) -> Polygon | None:
    """Outline in east and north of what lies within `reach` heights of the camera's foot.

    None when the picture shows no such ground (it looks at the sky).
    """
    height_m = view.up_m - surface_m
    if height_m <= 0:
        return None
    ring = _border(view.lens.width_px, view.lens.height_px, steps)
    ground = view.to_ground(ring, surface_m)
    foot = np.array([view.east_m, view.north_m])
    limit_m = reach * height_m
    far = ~np.isfinite(ground[:, 0]) | (np.hypot(*(ground - foot).T) > limit_m)
    if far.all():
        return None
    if far.any():
        ground = _pulled_in(view, ring, ground, far, limit_m, surface_m)
    outline = Polygon(ground)
    if outline.is_valid:
        return outline
    hull = outline.buffer(0).convex_hull
    return hull if isinstance(hull, Polygon) else None


def _border(width: int, height: int, steps: int) -> NDArray[np.float64]:
    t = np.arange(steps) / steps
    zero, one = np.zeros(steps), np.ones(steps)
    ring = [(t, zero), (one, t), (1 - t, one), (zero, 1 - t)]
    return np.vstack([np.column_stack(side) for side in ring]) * (width, height)


def _pulled_in(
    view: View,
    ring: NDArray[np.float64],
    ground: NDArray[np.float64],
    far: NDArray[np.bool_],
    limit_m: float,
    surface_m: float,
) -> NDArray[np.float64]:
    """Moves what is too far along its pixel's bearing onto the limit."""
    foot = np.array([view.east_m, view.north_m])
    xy = view.lens.rays(ring[far])
    away = (np.column_stack([xy, np.ones(len(xy))]) @ view.axes().T)[:, :2]
    length = np.maximum(np.hypot(*away.T), 1e-9)
    pulled = ground.copy()
    pulled[far] = foot + away / length[:, None] * limit_m
    return pulled
