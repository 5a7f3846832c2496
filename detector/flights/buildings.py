"""Building footprints from the city's GeoJSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from shapely import STRtree
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, shape

from detector.flights.errors import FlightError
from detector.geometry.local_frame import LocalFrame

_ID_NAMES = ("id", "building_id", "bldg_id", "osm_id", "OBJECTID", "FID")
_SLACK_M = 0.5  # drawn outlines lie a little off what a camera sees


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """A building in the local frame."""

    id: str
    outline: Polygon


class Buildings:
    """Finds the building that something stands on."""

    def __init__(self, footprints: tuple[Footprint, ...]) -> None:
        self.footprints = footprints
        self._wide = [footprint.outline.buffer(_SLACK_M) for footprint in footprints]
        self._tree = STRtree(self._wide)

    def __len__(self) -> int:
        return len(self.footprints)

    def under(self, outline: Polygon) -> tuple[str, float]:
        """The building under most of an outline and the share (0 to 1) on any building."""
        shares = [
            (float(outline.intersection(self._wide[i]).area), int(i))
            for i in self._tree.query(outline)
        ]
        if not shares or outline.area <= 0:
            return "", 0.0
        best = max(shares)
        total = min(1.0, sum(area for area, _ in shares) / outline.area)
        return (self.footprints[best[1]].id if best[0] > 0 else ""), total


def read_buildings(path: Path, frame: LocalFrame) -> Buildings:
    """Polygons in WGS-84. Raises FlightError naming file and feature."""
    try:
        features = json.loads(path.read_text(encoding="utf-8-sig"))["features"]
    except OSError as error:
        raise FlightError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise FlightError(f"{path.name}: not a GeoJSON FeatureCollection") from error
    found: list[Footprint] = []
    for number, feature in enumerate(features, 1):
        for outline in _outlines(path, number, feature, frame):
            found.append(Footprint(id=_id_of(feature, number), outline=outline))
    return Buildings(tuple(found))


def _outlines(path: Path, number: int, feature: dict[str, Any], frame: LocalFrame) -> list[Polygon]:
    try:
        drawn = shape(feature["geometry"])
    except (ShapelyError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FlightError(f"{path.name}: feature {number}: geometry: {error}") from error
    parts = list(drawn.geoms) if isinstance(drawn, MultiPolygon) else [drawn]
    found = []
    for part in parts:
        if not isinstance(part, Polygon) or part.is_empty:
            continue
        ring = np.array(part.exterior.coords, np.float64)[:, :2]
        if np.abs(ring[:, 1]).max() > 90 or np.abs(ring[:, 0]).max() > 180:
            raise FlightError(f"{path.name}: feature {number}: not in WGS-84 degrees")
        flat = Polygon(frame.to_local(ring)).buffer(0)
        if isinstance(flat, Polygon) and flat.area > 0:
            found.append(flat)
    return found


def _id_of(feature: dict[str, Any], number: int) -> str:
    told = feature.get("properties") or {}
    for name in _ID_NAMES:
        if told.get(name) not in (None, ""):
            return str(told[name])
    return str(feature.get("id") or number)
