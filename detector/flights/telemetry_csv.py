"""Telemetry tables: one row a picture or a moment, columns known by many names and units."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from detector.flights.city_bounds import CityBounds, checked
from detector.flights.errors import TelemetryError
from detector.flights.telemetry import Telemetry

_NAMES = {
    "file": ("file", "filename", "picture", "image", "name", "label"),
    "video_ms": ("time(millisecond)", "video_ms"),
    "video_s": ("video_s", "seconds", "time(s)"),
    "at": ("datetime(utc)", "datetime", "captured_at", "timestamp", "utc"),
    "lat": ("latitude", "lat", "lat_deg", "y"),
    "lon": ("longitude", "longtitude", "lon", "lng", "long", "lon_deg", "x"),
    "height": ("height_above_takeoff", "height_above_takeoff_m", "rel_alt", "height", "agl"),
    "altitude": ("altitude_above_sealevel", "abs_alt", "altitude_m", "altitude", "alt", "z"),
    "yaw": ("gimbal_heading", "gimbal_yaw", "gimbal_yaw_deg", "yaw"),
    "pitch": ("gimbal_pitch", "gimbal_pitch_deg", "pitch"),
    "roll": ("gimbal_roll", "gimbal_roll_deg", "roll"),
    "flight_yaw": ("compass_heading", "heading", "flight_yaw", "flight_yaw_deg"),
    "focal_px": ("focal_px", "calibrated_focal_length"),
    "sigma": ("position_sigma_m",),
}
_FEET = 0.3048
_UNIT = re.compile(r"^(.*?)\s*[\[(]([^\])]*)[\])]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvRow:
    """Telemetry of a named picture, or of a moment of the video."""

    line: int
    file: str | None
    video_s: float | None
    telemetry: Telemetry


@dataclass(frozen=True, slots=True)
class _Column:
    index: int
    factor: float


def read_telemetry_csv(
    path: Path, bounds: CityBounds | None = None, zone: tzinfo = UTC
) -> tuple[CsvRow, ...]:
    """Rows with a position, in the file's order.

    Raises TelemetryError naming file, line and reason for a missing column or when no row has
    a position.
    """
    text = path.read_bytes().decode("utf-8-sig", "replace")
    dialect = csv.Sniffer().sniff(text[:2000], ",;\t") if "," not in text[:500] else csv.excel
    rows = list(csv.reader(io.StringIO(text), dialect))
    if not rows:
        raise TelemetryError(path, 1, "empty")
    columns = _columns(rows[0])
    for needed in ("lat", "lon"):
        if needed not in columns:
            known = ", ".join(_NAMES[needed])
            raise TelemetryError(path, 1, f"no column for {needed} (one of {known})")
    found = [_row(n, row, columns, bounds, zone) for n, row in enumerate(rows[1:], 2) if any(row)]
    good = tuple(row for row in found if row.telemetry.has_position)
    if not good:
        raise TelemetryError(path, 2, "no row has a position")
    return good


def _columns(header: list[str]) -> dict[str, _Column]:
    found: dict[str, _Column] = {}
    for index, raw in enumerate(header):
        name, factor = _plain(raw)
        for key, names in _NAMES.items():
            if name in names and key not in found:
                found[key] = _Column(index, factor)
    return found


def _plain(raw: str) -> tuple[str, float]:
    name = raw.strip().lower().replace(" ", "_").strip("_")
    if any(name in names for names in _NAMES.values()):
        return name, 1.0
    unit = _UNIT.match(name)
    if not unit:
        return name, 1.0
    feet = unit[2] in ("feet", "ft", "foot")
    return unit[1].strip("_"), _FEET if feet else 1.0


def _row(
    line: int,
    row: list[str],
    columns: dict[str, _Column],
    bounds: CityBounds | None,
    zone: tzinfo,
) -> CsvRow:
    def number(key: str) -> float | None:
        column = columns.get(key)
        try:
            value = float(row[column.index]) * column.factor if column else math.nan
        except (ValueError, IndexError):
            return None
        return value if math.isfinite(value) else None

    lon_deg, lat_deg, remarks = number("lon"), number("lat"), []
    if lon_deg is None or lat_deg is None or lon_deg == lat_deg == 0:
        lon_deg = lat_deg = None
    elif abs(lat_deg) > 90 or abs(lon_deg) > 180:
        lon_deg, lat_deg = (lat_deg, lon_deg) if abs(lon_deg) <= 90 else (None, None)
        remarks.append("latitude and longitude were swapped; put right by their ranges")
    if lon_deg is not None and lat_deg is not None:
        lon_deg, lat_deg, remark = checked(lon_deg, lat_deg, bounds)
        remarks += [remark] if remark else []
    video_ms, video_s = number("video_ms"), number("video_s")
    told = Telemetry(
        captured_at=_time(_cell(row, columns.get("at")), zone),
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        height_above_takeoff_m=number("height"),
        altitude_m=number("altitude"),
        gimbal_yaw_deg=number("yaw"),
        gimbal_pitch_deg=number("pitch"),
        gimbal_roll_deg=number("roll"),
        flight_yaw_deg=number("flight_yaw"),
        focal_px=number("focal_px"),
        position_sigma_m=number("sigma"),
        remarks=tuple(remarks),
    )
    return CsvRow(
        line=line,
        file=_cell(row, columns.get("file")) or None,
        video_s=video_ms / 1000 if video_ms is not None else video_s,
        telemetry=told,
    )


def _cell(row: list[str], column: _Column | None) -> str:
    return row[column.index].strip() if column and column.index < len(row) else ""


def _time(text: str, zone: tzinfo) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=zone)
