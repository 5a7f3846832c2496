"""Distances on the ground."""

from __future__ import annotations

from pyproj import Geod

from detector.geometry.crs import wgs84_lon_lat_deg
from detector.types import Position

_GEOD = Geod(ellps="WGS84")


def lon_lat_deg(position: Position) -> tuple[float, float]:
    """WGS-84 longitude and latitude of a position in any crs that is known, GCJ-02 and BD-09 too.

    Raises ConfigError for an unknown one.
    """
    return wgs84_lon_lat_deg(position)


def distance_m(one: Position, other: Position) -> float:
    """Geodesic distance in metres."""
    lon1, lat1 = lon_lat_deg(one)
    lon2, lat2 = lon_lat_deg(other)
    return float(_GEOD.inv(lon1, lat1, lon2, lat2)[2])
