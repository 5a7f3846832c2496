"""What lies under the incidents on the map: grids, the ledger of covers, flights."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import structlog
from numpy.typing import NDArray
from shapely import transform
from shapely.geometry import Polygon, mapping
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from api.where import GridConfig, LedgerConfig, read_ledger
from detector.flights.flight_record import FILE as RECORD
from detector.flights.flight_record import read_record
from detector.geometry.crs import wgs84_lon_lat_deg
from detector.geometry.footprint import ground_footprint
from detector.geometry.geojson import read_features, text_property
from detector.geometry.ledger import LedgerEntry
from detector.types import Position, XunjieError

_log = structlog.get_logger(__name__)
_DEGREES: Final = 6  # decimals: a decimetre
_COARSE_M: Final = 0.5
_REACH: Final = 3.0  # heights from the camera: what lies beyond is hardly seen


@dataclass(frozen=True, slots=True, kw_only=True)
class GridShape:
    """One cell; geometry as GeoJSON in WGS-84."""

    code: str
    name: str
    geometry: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightShape:
    """The ground that a flight's pictures show; geometry as GeoJSON in WGS-84."""

    name: str
    dated_at: datetime
    pictures: int
    geometry: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverPoint:
    code: str
    kind: str
    owner: str
    lon_deg: float
    lat_deg: float


class MapLayers:
    """Reads files when they are asked for, and again when they have changed. What cannot be read
    is left out and logged: the map works without it."""

    def __init__(
        self, grids: tuple[GridConfig, ...], ledger: LedgerConfig | None, flights: Path | None
    ) -> None:
        """`flights`: the folder in which `xunjie flight` keeps its work."""
        self._grids, self._ledger, self._flights = grids, ledger, flights
        self._kept: dict[Path, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    @property
    def has_covers(self) -> bool:
        """True where a ledger is configured, readable or not."""
        return self._ledger is not None

    def grids(self) -> list[GridShape]:
        found: list[GridShape] = []
        for grid in self._grids:
            found += self._read(grid.file, partial(_cells, grid=grid)) or []
        return found

    def flights(self) -> list[FlightShape]:
        """Newest first."""
        folder = self._flights
        if folder is None:
            return []
        files = sorted({*folder.glob(f"*/{RECORD}"), *folder.glob(f"*/*/{RECORD}")})
        shapes = (self._read(path, _flight) for path in files)
        known = [shape for shape in shapes if shape is not None]
        return sorted(known, key=lambda flight: flight.dated_at, reverse=True)

    def covers(
        self, west: float, south: float, east: float, north: float, most: int
    ) -> tuple[list[CoverPoint], int]:
        """Covers within those degrees, at most so many of them, and how many there are."""
        ledger = self._ledger
        points = self._read(ledger.file, partial(_covers, ledger)) if ledger is not None else None
        if points is None:
            return [], 0
        where, entries = points
        inside = (
            (where[:, 0] >= west)
            & (where[:, 0] <= east)
            & (where[:, 1] >= south)
            & (where[:, 1] <= north)
        )
        chosen = np.flatnonzero(inside)
        return [_point(entries[i], where[i]) for i in chosen[:most]], len(chosen)

    def _read(self, path: Path, read: Callable[[Path], Any]) -> Any:
        try:
            changed_s = path.stat().st_mtime
            with self._lock:
                kept = self._kept.get(path)
                if kept is None or kept[0] != changed_s:
                    kept = self._kept[path] = (changed_s, read(path))
            return kept[1]
        except (OSError, ValueError, XunjieError) as error:
            _log.warning("map_layer_unreadable", file=str(path), error=str(error))
            return None


def _covers(config: LedgerConfig, _: Path) -> tuple[NDArray[np.float64], tuple[LedgerEntry, ...]]:
    entries = read_ledger(config).entries
    places = [wgs84_lon_lat_deg(entry.position) for entry in entries]
    return np.array(places, np.float64).reshape(-1, 2), entries


def _cells(path: Path, grid: GridConfig) -> list[GridShape]:
    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        places = [Position(x=x, y=y, crs=grid.crs, error_radius_m=0) for x, y in points.tolist()]
        return np.array([wgs84_lon_lat_deg(place) for place in places])

    return [
        GridShape(
            code=text_property(feature, grid.code_property),
            name=text_property(feature, grid.name_property),
            geometry=_geojson(transform(feature.geometry, moved)),
        )
        for feature in read_features(path.read_bytes(), path.name)
    ]


def _flight(path: Path) -> FlightShape | None:
    record = read_record(path.parent)
    seen = [outline for outline in map(_outline, record.pictures) if outline is not None]
    if not seen:
        return None
    ground = unary_union(seen).simplify(_COARSE_M)
    return FlightShape(
        name=record.name,
        dated_at=record.dated_at,
        pictures=len(record.pictures),
        geometry=_geojson(transform(ground, record.frame.to_lon_lat)),
    )


def _outline(picture: Any) -> Polygon | None:
    return ground_footprint(picture.view.view(), reach=_REACH)


def _geojson(geometry: BaseGeometry) -> dict[str, Any]:
    def rounded(value: Any) -> Any:
        if isinstance(value, float):
            return round(value, _DEGREES)
        return [rounded(each) for each in value]

    drawn = mapping(geometry)
    return {"type": drawn["type"], "coordinates": rounded(drawn["coordinates"])}


def _point(entry: LedgerEntry, where: NDArray[np.float64]) -> CoverPoint:
    return CoverPoint(
        code=entry.code,
        kind=entry.kind,
        owner=entry.owner,
        lon_deg=round(float(where[0]), _DEGREES),
        lat_deg=round(float(where[1]), _DEGREES),
    )
