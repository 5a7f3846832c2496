"""Converts positions between reference systems, those of Chinese web maps included.

WGS-84 and CGCS2000 agree within a metre and are taken as one. GCJ-02 shifts WGS-84 by a published
polynomial with sines, BD-09 turns GCJ-02 a little further; neither has an inverse in closed form,
so the forward formula is inverted by iteration, to below a millimetre.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import atan2, cos, hypot, pi, radians, sin, sqrt
from typing import Final

from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from detector.types import ConfigError, Position

WGS84: Final = "EPSG:4326"
GCJ02: Final = "GCJ-02"
BD09: Final = "BD-09"
_PLAIN: Final = frozenset({WGS84, "EPSG:4490"})  # CGCS2000: no transformation at this accuracy
_AXIS_M: Final = 6_378_245.0  # Krassowsky's ellipsoid, on which GCJ-02 is defined
_ECCENTRICITY2: Final = 0.00669342162296594323
_ENOUGH_DEG: Final = 1e-10
_ROUNDS: Final = 60
_Point = tuple[float, float]


def normal_name(crs: str) -> str:
    """One spelling for each system. Raises ConfigError for an unknown one."""
    name = crs.strip().upper().replace("_", "-")
    short = name.replace("-", "").replace(" ", "")
    named = {"GCJ02": GCJ02, "BD09": BD09, "WGS84": WGS84, "CGCS2000": "EPSG:4490"}
    if short in named:
        return named[short]
    try:
        _transformer(name, WGS84)
    except CRSError as error:
        known = f"an EPSG code, {GCJ02} or {BD09}"
        raise ConfigError(
            f"crs {crs!r} is not known; use {known}", code="crs_unknown", crs=crs
        ) from error
    return name


def convert(position: Position, crs: str) -> Position:
    """The same point in another system, with the same error radius. Raises ConfigError."""
    source, target = normal_name(position.crs), normal_name(crs)
    if source == target:
        return position
    lon, lat = _to_wgs84(position.x, position.y, source)
    x, y = _from_wgs84(lon, lat, target)
    return Position(x=x, y=y, crs=target, error_radius_m=position.error_radius_m)


def wgs84_lon_lat_deg(position: Position) -> tuple[float, float]:
    """WGS-84 longitude and latitude of a position in any known system. Raises ConfigError."""
    return _to_wgs84(position.x, position.y, normal_name(position.crs))


def _to_wgs84(x: float, y: float, crs: str) -> _Point:
    if crs in _PLAIN:
        return x, y
    if crs == GCJ02:
        return _inverted(_gcj02_of_wgs84, (x, y))
    if crs == BD09:
        return _inverted(_gcj02_of_wgs84, _inverted(_bd09_of_gcj02, (x, y)))
    return _projected(_transformer(crs, WGS84), x, y, crs)


def _from_wgs84(lon: float, lat: float, crs: str) -> _Point:
    if crs in _PLAIN:
        return lon, lat
    if crs == GCJ02:
        return _gcj02_of_wgs84((lon, lat))
    if crs == BD09:
        return _bd09_of_gcj02(_gcj02_of_wgs84((lon, lat)))
    return _projected(_transformer(WGS84, crs), lon, lat, crs)


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(CRS.from_user_input(source), target, always_xy=True)


def _projected(transformer: Transformer, x: float, y: float, crs: str) -> _Point:
    first, second = transformer.transform(x, y)
    if not (abs(first) < 1e9 and abs(second) < 1e9):  # pyproj gives infinity outside a projection
        raise ConfigError(
            f"({x}, {y}) lies outside of what {crs} covers", code="crs_outside", x=x, y=y, crs=crs
        )
    return float(first), float(second)


def _inverted(forward: Callable[[_Point], _Point], target: _Point) -> _Point:
    """The point that `forward` takes to `target`; its shift changes slowly from place to place."""
    x, y = target
    for _ in range(_ROUNDS):
        got = forward((x, y))
        off_x, off_y = target[0] - got[0], target[1] - got[1]
        x, y = x + off_x, y + off_y
        if abs(off_x) < _ENOUGH_DEG and abs(off_y) < _ENOUGH_DEG:
            break
    return x, y


def _gcj02_of_wgs84(point: _Point) -> _Point:
    lon, lat = point
    if not (72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271):
        return point  # the shift is defined for China only
    x, y = lon - 105.0, lat - 35.0
    ripple = 20.0 * (sin(6 * pi * x) + sin(2 * pi * x)) * 2 / 3
    north_m = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + ripple
    ) + (
        20.0 * sin(pi * y) + 40.0 * sin(pi * y / 3) + 160.0 * sin(pi * y / 12)
        + 320.0 * sin(pi * y / 30)
    ) * 2 / 3  # fmt: skip
    east_m = (
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + ripple
    ) + (
        20.0 * sin(pi * x) + 40.0 * sin(pi * x / 3) + 150.0 * sin(pi * x / 12)
        + 300.0 * sin(pi * x / 30)
    ) * 2 / 3  # fmt: skip
    phi = radians(lat)
    curve = 1 - _ECCENTRICITY2 * sin(phi) ** 2
    north_deg = north_m * 180 / (_AXIS_M * (1 - _ECCENTRICITY2) / (curve * sqrt(curve)) * pi)
    east_deg = east_m * 180 / (_AXIS_M / sqrt(curve) * cos(phi) * pi)
    return lon + east_deg, lat + north_deg


def _bd09_of_gcj02(point: _Point) -> _Point:
    lon, lat = point
    turn = pi * 3000 / 180
    radius = hypot(lon, lat) + 0.00002 * sin(lat * turn)
    angle = atan2(lat, lon) + 0.000003 * cos(lon * turn)
    return radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006
