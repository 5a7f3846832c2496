"""The `drone-dji` properties that DJI writes into its photographs."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from detector.flights.city_bounds import CityBounds, checked
from detector.flights.telemetry import Telemetry
from detector.sources.exif import Exif, read_exif

_PROPERTY = re.compile(
    rb"""drone-dji:(\w+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)')|>\s*([^<]*?)\s*</drone-dji:)""", re.S
)
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_LONGITUDE = ("gpslongitude", "gpslongtitude")  # several firmwares misspell it


def read_photo_telemetry(data: bytes, bounds: CityBounds | None, default_tz: tzinfo) -> Telemetry:
    """EXIF and XMP of a JPEG together; XMP wins where both tell. Never raises on damage."""
    exif = read_exif(data, default_tz)
    return _of(_properties(data), exif, bounds)


def _of(tags: dict[str, str], exif: Exif, bounds: CityBounds | None) -> Telemetry:
    remarks: list[str] = []
    lon_deg, lat_deg = _position(tags, exif, remarks)
    if lon_deg is not None and lat_deg is not None:
        lon_deg, lat_deg, remark = checked(lon_deg, lat_deg, bounds)
        remarks += [remark] if remark else []
    told = Telemetry(
        captured_at=exif.captured_at,
        lon_deg=lon_deg,
        lat_deg=lat_deg,
        height_above_takeoff_m=_number(tags, "relativealtitude"),
        altitude_m=_first(_number(tags, "absolutealtitude"), exif.altitude_m),
        gimbal_yaw_deg=_number(tags, "gimbalyawdegree"),
        gimbal_pitch_deg=_number(tags, "gimbalpitchdegree"),
        gimbal_roll_deg=_number(tags, "gimbalrolldegree"),
        flight_yaw_deg=_number(tags, "flightyawdegree"),
        focal_px=_positive(_number(tags, "calibratedfocallength")),
        centre_px=_centre(tags),
        dewarp=_dewarp(tags, remarks),
        dewarped=tags.get("dewarpflag", "0").strip() == "1",
        focal_35mm=_positive(exif.focal_35mm),
        camera=exif.camera,
    )
    return replace(told, **_receiver(tags), remarks=tuple(remarks))


def _properties(data: bytes) -> dict[str, str]:
    """Names in lower case to values, from every XMP segment."""
    found: dict[str, str] = {}
    for packet in _packets(data):
        for name, double, single, element in _PROPERTY.findall(packet):
            text = (double or single or element).decode("utf-8", "replace").strip()
            found.setdefault(name.decode().lower(), text)
    return found


def _packets(data: bytes) -> Iterator[bytes]:
    at = 2
    while data[:2] == b"\xff\xd8" and at + 4 <= len(data) and data[at] == 0xFF:
        marker, size = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xDA or size < 2:
            return
        if marker == 0xE1 and data[at + 4 :].startswith(_XMP, 0, len(_XMP)):
            yield data[at + 4 + len(_XMP) : at + 2 + size]
        at += 2 + size


def _number(tags: dict[str, str], name: str) -> float | None:
    try:
        value = float(tags[name])
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def _position(
    tags: dict[str, str], exif: Exif, remarks: list[str]
) -> tuple[float | None, float | None]:
    lat_deg = _number(tags, "gpslatitude")
    lon_deg = _first(*(_number(tags, name) for name in _LONGITUDE))
    if lat_deg is None or lon_deg is None or lat_deg == lon_deg == 0:
        lat_deg, lon_deg = exif.lat_deg, exif.lon_deg
    if lat_deg is None or lon_deg is None:
        remarks.append("no position")
        return None, None
    if abs(lat_deg) > 90 or abs(lon_deg) > 180:
        if abs(lon_deg) <= 90 and abs(lat_deg) <= 180:
            remarks.append("latitude and longitude were swapped; put right by their ranges")
            return lat_deg, lon_deg
        remarks.append(f"position {lat_deg}, {lon_deg} is impossible")
        return None, None
    return lon_deg, lat_deg


def _centre(tags: dict[str, str]) -> tuple[float, float] | None:
    x = _positive(_number(tags, "calibratedopticalcenterx"))
    y = _positive(_number(tags, "calibratedopticalcentery"))
    return (x, y) if x is not None and y is not None else None


def _dewarp(tags: dict[str, str], remarks: list[str]) -> tuple[float, ...] | None:
    """`date;fx,fy,cx,cy,k1,k2,p1,p2,k3`; the centre counts from the middle of the picture."""
    text = tags.get("dewarpdata")
    if not text:
        return None
    try:
        values = tuple(float(part) for part in text.split(";")[-1].split(","))
    except ValueError:
        values = ()
    if len(values) != 9 or not all(map(math.isfinite, values)) or min(values[:2]) <= 0:
        remarks.append("DewarpData cannot be read; lens taken as undistorted")
        return None
    return values


def _receiver(tags: dict[str, str]) -> dict[str, Any]:
    flag = _number(tags, "rtkflag")
    across = [_number(tags, "rtkstdlon"), _number(tags, "rtkstdlat")]
    told = [value for value in across if value is not None and value > 0]
    return {
        "rtk_flag": None if flag is None else int(flag),
        "position_sigma_m": max(told) if told else None,
        "height_sigma_m": _positive(_number(tags, "rtkstdhgt")),
    }
