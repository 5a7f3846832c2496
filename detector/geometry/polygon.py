"""How much of a box stands within a polygon of the picture."""

from __future__ import annotations

from functools import lru_cache

from shapely.geometry import Polygon
from shapely.geometry import box as rectangle

from detector.types import Box

FOOT_SHARE = 0.25  # the lowest quarter of a box is what stands on the ground


@lru_cache(maxsize=4096)
def _polygon(points: tuple[tuple[float, float], ...]) -> Polygon:
    shape = Polygon(points)
    return shape if shape.is_valid else shape.buffer(0)


def foot_share(box: Box, polygon_unit: tuple[tuple[float, float], ...]) -> float:
    """Share (0 to 1) of the box's foot region within the polygon, both in unit coordinates."""
    foot = rectangle(box.x1, box.y2 - box.height * FOOT_SHARE, box.x2, box.y2)
    return _share(foot, polygon_unit)


def box_share(box: Box, polygon_unit: tuple[tuple[float, float], ...]) -> float:
    """Share (0 to 1) of the whole box within the polygon, both in unit coordinates."""
    return _share(rectangle(*box.as_tuple()), polygon_unit)


def _share(region: Polygon, polygon_unit: tuple[tuple[float, float], ...]) -> float:
    if region.area <= 0:
        return 0.0
    return float(region.intersection(_polygon(polygon_unit)).area / region.area)
