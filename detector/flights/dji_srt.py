"""DJI's subtitle telemetry, one form a firmware.

Forms: `[latitude: …] [longitude: …] [rel_alt: … abs_alt: …]` (also misspelt and with one bare
`altitude`), `GPS(a,b,c) BAROMETER:…`, `GPS (lon, lat, n), D …, H …, G.PRY (…)`, and bare
`lon,lat,height`. Where a form does not say which number is the longitude, the city's bounds do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from detector.flights.city_bounds import CityBounds, checked, ordered
from detector.flights.errors import TelemetryError
from detector.flights.srt_block import SrtBlock, srt_blocks
from detector.flights.telemetry import Telemetry

_N = r"[-+]?\d+(?:\.\d+)?"
_KEYED = re.compile(rf"\b([a-z_]+)\s*:\s*({_N})(?![\d/])", re.I)
_GPS = re.compile(rf"\bGPS\s*\(\s*({_N})\s*,\s*({_N})\s*(?:,\s*({_N})\s*(m?)\s*)?\)", re.I)
_BAROMETER = re.compile(rf"\bBAROMETER\s*[:(]\s*({_N})", re.I)
_HEIGHT = re.compile(rf"(?<![\w.])H\s+({_N})\s*m", re.I)
_GIMBAL = re.compile(rf"\bG\.PRY\s*\(\s*({_N})\D*?,\s*({_N})\D*?,\s*({_N})")
_FLIGHT = re.compile(rf"\bF\.PRY\s*\(\s*({_N})\D*?,\s*({_N})\D*?,\s*({_N})")
_BARE = re.compile(rf"^({_N})\s*,\s*({_N})\s*,\s*({_N})$")
_TIME = re.compile(r"(\d{4})[-.](\d\d)[-.](\d\d) (\d\d):(\d\d):(\d\d)(?:[.,](\d{1,3}))?")
_FOCAL = re.compile(rf"\bfocal_len\s*:\s*({_N})", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class SrtMoment:
    """Telemetry at a time of the video; `line` is where it stands in the file."""

    line: int
    video_s: float | None
    telemetry: Telemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class SrtTrack:
    """What a subtitle file told, and the remarks on it, each with its line."""

    moments: tuple[SrtMoment, ...]
    remarks: tuple[str, ...]


def read_srt(path: Path, bounds: CityBounds | None = None, zone: tzinfo = UTC) -> SrtTrack:
    """Reads a DJI subtitle file; blocks that tell nothing are named and left out.

    Raises TelemetryError naming file, line and reason when no block has a position.
    """
    blocks = srt_blocks(path.read_bytes().decode("utf-8-sig", "replace"))
    if not blocks:
        raise TelemetryError(path, 1, "empty: there is no subtitle block in the file")
    moments, faults = [], []
    for block in blocks:
        told = _telemetry(block, bounds, zone)
        if told.has_position:
            moments.append(SrtMoment(line=block.line, video_s=block.starts_s, telemetry=told))
        else:
            reason = told.remarks[0] if told.remarks else "no position"
            faults.append((block.line, f"block {block.number}: {reason}"))
    if not moments:
        line, reason = faults[0]
        raise TelemetryError(path, line, f"{reason}; so it is in all {len(blocks)} blocks")
    return SrtTrack(moments=tuple(moments), remarks=tuple(_gathered(faults, moments)))


def _gathered(faults: list[tuple[int, str]], moments: list[SrtMoment]) -> list[str]:
    remarks = [f"line {line}: {reason}" for line, reason in faults[:20]]
    if len(faults) > 20:
        remarks.append(f"and {len(faults) - 20} more blocks without a position")
    seen: set[str] = set()
    for moment in moments:
        for text in moment.telemetry.remarks:
            if text not in seen:
                seen.add(text)
                remarks.append(f"line {moment.line}: {text}")
    return remarks


def _telemetry(block: SrtBlock, bounds: CityBounds | None, zone: tzinfo) -> Telemetry:
    if not block.text:
        return Telemetry(remarks=("the block is cut short, nothing stands in it",))
    keyed = {k.lower(): float(v) for k, v in _KEYED.findall(block.text)}
    told = Telemetry(
        captured_at=_time(block.text, zone),
        focal_35mm=_focal(block.text),
        **_heights(block.text, keyed),
        **_angles(block.text),
    )
    found = _position(block.text, keyed, bounds)
    if isinstance(found, str):
        return replace(told, remarks=(found,))
    lon_deg, lat_deg, remark = found
    remarks = [remark] if remark else []
    if told.height_above_takeoff_m is None:
        remarks.append("no height above take-off")
    return replace(told, lon_deg=lon_deg, lat_deg=lat_deg, remarks=tuple(remarks))


def _position(
    text: str, keyed: dict[str, float], bounds: CityBounds | None
) -> tuple[float, float, str] | str:
    """Longitude, latitude and a remark, or why there is none."""
    lat_deg = keyed.get("latitude")
    lon_deg = keyed.get("longitude", keyed.get("longtitude"))
    if lat_deg is not None and lon_deg is not None:
        if lat_deg == lon_deg == 0:
            return "position 0, 0: the receiver had no fix"
        if abs(lat_deg) > 90 and abs(lon_deg) <= 90:
            return lat_deg, lon_deg, "latitude and longitude were swapped; put right by range"
        if abs(lat_deg) > 90 or abs(lon_deg) > 180:
            return f"position {lat_deg}, {lon_deg} is impossible"
        return checked(lon_deg, lat_deg, bounds)
    gps = _GPS.search(text) or _BARE.match(text)
    if gps is None:
        return "no position in it"
    first, second = float(gps[1]), float(gps[2])
    if first == second == 0:
        return "position 0, 0: the receiver had no fix"
    # Only the newest firmwares put the latitude first; they write BAROMETER(…) in brackets.
    latitude_first = bool(re.search(r"BAROMETER\s*\(", text, re.I))
    return ordered(first, second, bounds, not latitude_first) or (
        f"position {first}, {second} is impossible"
    )


def _heights(text: str, keyed: dict[str, float]) -> dict[str, Any]:
    height = keyed.get("rel_alt")
    for pattern in (_BAROMETER, _HEIGHT):
        found = pattern.search(text)
        if height is None and found:
            height = float(found[1])
    altitude = keyed.get("abs_alt", keyed.get("altitude"))
    gps = _GPS.search(text)
    # A bare whole number there counts satellites; with a unit or a fraction it is a height.
    if altitude is None and gps and gps[3] and (gps[4] or "." in gps[3]):
        altitude = float(gps[3])
    return {"height_above_takeoff_m": height, "altitude_m": altitude}


def _angles(text: str) -> dict[str, Any]:
    gimbal, flight = _GIMBAL.search(text), _FLIGHT.search(text)
    return {
        "gimbal_pitch_deg": float(gimbal[1]) if gimbal else None,
        "gimbal_roll_deg": float(gimbal[2]) if gimbal else None,
        "gimbal_yaw_deg": float(gimbal[3]) if gimbal else None,
        "flight_yaw_deg": float(flight[3]) if flight else None,
    }


def _focal(text: str) -> float | None:
    """The 35 mm equivalent: `24.00` is millimetres, `240` tenths of them."""
    found = _FOCAL.search(text)
    if not found:
        return None
    value = float(found[1])
    return value if "." in found[1] else value / 10


def _time(text: str, zone: tzinfo) -> datetime | None:
    found = _TIME.search(text)
    if not found:
        return None
    parts = [int(part) for part in found.groups()[:6]]
    try:
        at = datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], tzinfo=zone)
    except ValueError:
        return None
    return at.replace(microsecond=int((found[7] or "0").ljust(3, "0")) * 1000)
