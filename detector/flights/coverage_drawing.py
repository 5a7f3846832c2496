"""The coverage of a comparison and its findings, as shapes that both reports draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from detector.flights.comparison import Comparison
from detector.flights.finding import FlightFinding, FlightVerdict

COLOURS = {
    FlightVerdict.NEW: "#b3261e",
    FlightVerdict.GROWN: "#d97706",
    FlightVerdict.REMOVED: "#2c6e49",
    FlightVerdict.UNCHANGED: "#5f6b76",
    FlightVerdict.NOT_VISIBLE: "#8e24aa",
}

Ring = list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Everything in metres east and north of the south-west corner."""

    width_m: float
    height_m: float
    seen: tuple[Ring, ...]
    findings: tuple[tuple[FlightFinding, Ring], ...]
    seen_m2: float


def coverage_of(comparison: Comparison) -> Coverage:
    frame = comparison.baseline.frame
    rings = [(f, frame.to_local(np.array(f.ring))) for f in comparison.findings]
    parts = _polygons(comparison.seen)
    everything = [np.array(p.exterior.coords) for p in parts] + [ring for _, ring in rings]
    points = np.vstack(everything) if everything else np.zeros((1, 2))
    low, high = points.min(axis=0), points.max(axis=0)

    def moved(ring: np.ndarray) -> Ring:
        return [(float(x), float(y)) for x, y in ring - low]

    return Coverage(
        width_m=float(max(high[0] - low[0], 1)),
        height_m=float(max(high[1] - low[1], 1)),
        seen=tuple(moved(np.array(p.exterior.coords)) for p in parts),
        findings=tuple((f, moved(ring)) for f, ring in rings),
        seen_m2=float(comparison.seen.area),
    )


def _polygons(area: BaseGeometry) -> list[Polygon]:
    parts = list(area.geoms) if isinstance(area, MultiPolygon) else [area]
    return [part for part in parts if isinstance(part, Polygon) and not part.is_empty]
