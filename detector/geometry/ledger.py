"""The city's ledger of covers: which one a position means, if that can be told."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from pyproj import Geod
from shapely import STRtree
from shapely.geometry import Point, box

from detector.geometry.crs import WGS84, normal_name, wgs84_lon_lat_deg
from detector.geometry.geojson import read_features, text_property
from detector.types import ConfigError, Position

COVER_KINDS: Final = {
    "01": "water", "02": "sewage", "03": "rain", "04": "rain grate", "05": "power",
    "06": "street light", "07": "telecom", "08": "television", "09": "network", "11": "gas",
    "12": "police", "14": "ownerless", "27": "reclaimed water", "28": "bus", "29": "oil and gas",
    "30": "special",
}  # fmt: skip
"""The example table of minor classes; a city's own replaces it by configuration."""

_CODE_DIGITS: Final = 16
_GEOD: Final = Geod(ellps="WGS84")
_DEG_PER_M: Final = 1 / 111_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One cover of the ledger."""

    code: str  # 16 digits: 6 division, 2 major class, then the minor class and a serial
    kind: str  # the minor class, two digits or three
    position: Position
    owner: str = ""

    @property
    def county_code(self) -> str:
        return self.code[:6]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerMatch:
    """What the ledger says of a position. Without an entry the case is sent as ownerless or
    unknown, for a person to resolve."""

    entry: LedgerEntry | None
    distance_m: float | None
    others: int  # plausible entries within the error radius beside the nearest
    reason: str


class CoverLedger:
    """Finds the nearest entry of a plausible kind within a position's error radius."""

    def __init__(self, entries: Iterable[LedgerEntry], own_error_m: float = 1.0) -> None:
        """`own_error_m` is that of the ledger's surveyed positions."""
        self._entries = list(entries)
        self._own_error_m = own_error_m
        points = [wgs84_lon_lat_deg(entry.position) for entry in self._entries]
        self._lon_lat = np.array(points, np.float64).reshape(-1, 2)
        self._tree = STRtree([Point(point) for point in points])

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> tuple[LedgerEntry, ...]:
        return tuple(self._entries)

    def match(self, position: Position, kinds: Collection[str] | None = None) -> LedgerMatch:
        """`kinds`: minor classes that what was seen may be; None: any."""
        reach_m = position.error_radius_m + self._own_error_m
        near = self._within(position, reach_m)
        plausible = [(m, e) for m, e in near if kinds is None or e.kind in kinds]
        if not plausible:
            of_kind = " of a plausible kind" if near else ""
            text = f"no cover{of_kind} in the ledger within {reach_m:.0f} m"
            return LedgerMatch(entry=None, distance_m=None, others=0, reason=text)
        distance_m, entry = plausible[0]
        others = len(plausible) - 1
        text = f"nearest cover of the ledger, {distance_m:.1f} m away"
        if others:
            text += f"; {others} more within {reach_m:.0f} m"
        return LedgerMatch(entry=entry, distance_m=distance_m, others=others, reason=text)

    def _within(self, position: Position, reach_m: float) -> list[tuple[float, LedgerEntry]]:
        lon, lat = wgs84_lon_lat_deg(position)
        high = reach_m * _DEG_PER_M * 1.01
        wide = high / max(np.cos(np.radians(lat)), 0.01)
        found = self._tree.query(box(lon - wide, lat - high, lon + wide, lat + high))
        if not len(found):
            return []
        there = self._lon_lat[found]
        here = np.full(len(there), lon), np.full(len(there), lat)
        away = _GEOD.inv(*here, there[:, 0], there[:, 1])[2]
        near = [
            (float(m), self._entries[int(i)])
            for m, i in zip(away, found, strict=True)
            if m <= reach_m
        ]
        return sorted(near, key=lambda pair: (pair[0], pair[1].code))

    @classmethod
    def from_geojson(
        cls,
        data: bytes,
        name: str,
        *,
        crs: str = WGS84,
        code_property: str = "code",
        owner_property: str = "owner",
        kind_digits: int = 2,
    ) -> CoverLedger:
        """Covers from points. On newer platforms the minor class has three digits.

        Raises ConfigError naming the feature that is wrong.
        """
        normal_name(crs)
        entries = []
        for feature in read_features(data, name):
            point = feature.geometry
            if not isinstance(point, Point) or point.is_empty:
                raise ConfigError(f"{feature.where}: is a {point.geom_type}, not a point")
            code = text_property(feature, code_property)
            owner = text_property(feature, owner_property)
            place = _position(feature.where, point.x, point.y, crs)
            entries.append(_entry(feature.where, code, place, owner, kind_digits))
        return cls(_unique(entries, name))

    @classmethod
    def from_csv(
        cls, data: bytes, name: str, *, crs: str = WGS84, kind_digits: int = 2
    ) -> CoverLedger:
        """Covers from columns code, lon (or x), lat (or y), and perhaps crs and owner.
        Raises ConfigError naming the line that is wrong."""
        normal_name(crs)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("gb18030", "replace")
        entries = []
        for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
            where = f"{name}: line {number}"
            try:
                x, y = float(row.get("lon") or row["x"]), float(row.get("lat") or row["y"])
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigError(f"{where}: needs numbers in lon and lat (or x and y)") from error
            code, owner = (row.get("code") or "").strip(), (row.get("owner") or "").strip()
            place = _position(where, x, y, row.get("crs") or crs)
            entries.append(_entry(where, code, place, owner, kind_digits))
        return cls(_unique(entries, name))


def _entry(where: str, code: str, place: Position, owner: str, kind_digits: int) -> LedgerEntry:
    if len(code) != _CODE_DIGITS or not (code.isascii() and code.isdigit()):
        raise ConfigError(f"{where}: code {code!r} has not {_CODE_DIGITS} digits")
    return LedgerEntry(code=code, kind=code[8 : 8 + kind_digits], position=place, owner=owner)


def _position(where: str, x: float, y: float, crs: str) -> Position:
    try:
        position = Position(x=x, y=y, crs=normal_name(crs), error_radius_m=0)
        wgs84_lon_lat_deg(position)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
    return position


def _unique(entries: list[LedgerEntry], name: str) -> list[LedgerEntry]:
    known: set[str] = set()
    for entry in entries:
        if entry.code in known:
            raise ConfigError(f"{name}: code {entry.code} stands there twice")
        known.add(entry.code)
    return entries
