"""Ground shapes as seen in the picture: zones for a config, and calibration points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from lens import Lens
from mesh import Points

Pixel = tuple[float, float]


def ground_polygon(lens: Lens, corners_m: list[tuple[float, float]]) -> list[Pixel]:
    """A polygon on the ground, cut to what the camera sees."""
    points = lens.camera_points(np.array([[x, y, 0.0] for x, y in corners_m]))
    points = _cut(points, lambda p: p[2] - 0.5)
    if len(points) < 3:
        return []
    f, w, h = lens.focal_px, lens.width_px, lens.height_px
    pixels = np.stack(
        [w / 2 + f * points[:, 0] / points[:, 2], h / 2 + f * points[:, 1] / points[:, 2]], axis=1
    )
    sides: list[Callable[[Points], float]] = [
        lambda p: float(p[0]),
        lambda p: float(w - p[0]),
        lambda p: float(p[1]),
        lambda p: float(h - p[1]),
    ]
    for side in sides:
        pixels = _cut(pixels, side)
    return [(round(float(u), 1), round(float(v), 1)) for u, v in pixels]


def ground_line(lens: Lens, y_m: float) -> list[Pixel]:
    """The seen part of the ground line at one y, as its two ends."""
    line = np.array([[x, y_m, 0.0] for x in np.arange(-60, 60, 0.1)])
    pixels = lens.project(line)
    seen = [
        (round(float(u), 1), round(float(v), 1))
        for u, v in pixels
        if 0 <= u <= lens.width_px and 0 <= v <= lens.height_px
    ]
    return [seen[0], seen[-1]] if len(seen) > 1 else []


def calibration(lens: Lens) -> list[dict[str, list[float]]]:
    """Picture points with the ground metres under them."""
    pairs = []
    for u_share, v_share in (
        (0.1, 0.95),
        (0.9, 0.95),
        (0.15, 0.55),
        (0.85, 0.55),
        (0.5, 0.75),
        (0.5, 0.45),
    ):
        u, v = u_share * lens.width_px, v_share * lens.height_px
        at = lens.ground(u, v)
        if at is not None:
            pairs.append(
                {"px": [round(u, 1), round(v, 1)], "ground_m": [round(at[0], 3), round(at[1], 3)]}
            )
    return pairs


def _cut(points: Points, inside: Callable[[Points], float]) -> Points:
    """Keep the part of a polygon where a linear function is positive."""
    kept = []
    for k in range(len(points)):
        a, b = points[k], points[(k + 1) % len(points)]
        fa, fb = inside(a), inside(b)
        if fa >= 0:
            kept.append(a)
        if (fa >= 0) != (fb >= 0):
            kept.append(a + (b - a) * (fa / (fa - fb)))
    return np.array(kept) if kept else np.zeros((0, points.shape[1]))
