"""Distances on the ground."""

from __future__ import annotations

from functools import lru_cache

from pyproj import Geod, Transformer

from detector.types import ConfigError, Position

_GEOD = Geod(ellps="WGS84")


@lru_cache(maxsize=32)
def _to_wgs84(crs: str) -> Transformer:
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def lon_lat_deg(position: Position) -> tuple[float, float]:
    """WGS-84 longitude and latitude of a position in any EPSG crs.

    Raises ConfigError for GCJ-02 and BD-09, which must be converted where they come in.
    """
    if position.crs.upper() in ("EPSG:4326", "EPSG:4490"):  # equal at metre level
        return position.x, position.y
    if position.crs.upper() in ("GCJ-02", "BD-09"):
        raise ConfigError(f"{position.crs} positions are not accepted yet; send WGS-84")
    lon, lat = _to_wgs84(position.crs).transform(position.x, position.y)
    return float(lon), float(lat)


def distance_m(one: Position, other: Position) -> float:
    """Geodesic distance in metres."""
    lon1, lat1 = lon_lat_deg(one)
    lon2, lat2 = lon_lat_deg(other)
    return float(_GEOD.inv(lon1, lat1, lon2, lat2)[2])
