"""Reads time and position from a JPEG's EXIF block, giving up quietly on damage."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
_MAX_ENTRIES = 512
_Value = bytes | tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exif:
    """What was found; None where nothing or nonsense stood. Times are aware."""

    captured_at: datetime | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    altitude_m: float | None = None  # above the ellipsoid or the sea, as the maker pleased
    focal_mm: float | None = None
    focal_35mm: float | None = None  # the maker's "35 mm equivalent"
    camera: str = ""  # model name


def read_exif(data: bytes, default_tz: tzinfo = UTC) -> Exif:
    """EXIF of a JPEG; `default_tz` holds where the picture names no offset. Never raises."""
    try:
        tiff = _find_tiff(data)
        return Exif() if tiff is None else _parse(tiff, default_tz)
    except (struct.error, IndexError, ValueError, OverflowError, ZeroDivisionError):
        return Exif()


def _find_tiff(data: bytes) -> bytes | None:
    at = 2
    while data[:2] == b"\xff\xd8" and at + 4 <= len(data) and data[at] == 0xFF:
        marker, size = data[at + 1], struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            return data[at + 10 : at + 2 + size]
        if marker == 0xDA or size < 2:
            return None
        at += 2 + size
    return None


def _parse(tiff: bytes, default_tz: tzinfo) -> Exif:
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return Exif()
    main = _ifd(tiff, order, struct.unpack_from(order + "I", tiff, 4)[0])
    details = _ifd(tiff, order, _pointer(main.get(0x8769)))
    gps = _ifd(tiff, order, _pointer(main.get(0x8825)))
    lat_deg = _degrees(gps.get(2), gps.get(1), b"S", 90)
    lon_deg = _degrees(gps.get(4), gps.get(3), b"W", 180)
    if lat_deg is None or lon_deg is None or lat_deg == lon_deg == 0:
        lat_deg = lon_deg = None
    taken_at = _time(details.get(0x9003), details.get(0x9011), default_tz)
    return Exif(
        captured_at=taken_at,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        altitude_m=_number(gps.get(6)),
        focal_mm=_number(details.get(0x920A)),
        focal_35mm=_number(details.get(0xA405)),
        camera=_text(main.get(0x0110)).strip(),
    )


def _number(value: _Value | None) -> float | None:
    if not isinstance(value, tuple) or not value or not math.isfinite(value[0]):
        return None
    return value[0]


def _pointer(value: _Value | None) -> int:
    return int(value[0]) if value else 0


def _ifd(tiff: bytes, order: str, at: int) -> dict[int, _Value]:
    found: dict[int, _Value] = {}
    if at < 8 or at + 2 > len(tiff):
        return found
    count = min(struct.unpack_from(order + "H", tiff, at)[0], _MAX_ENTRIES)
    for entry in range(at + 2, min(at + 2 + 12 * count, len(tiff) - 11), 12):
        tag, kind, number = struct.unpack_from(order + "HHI", tiff, entry)
        size = _SIZES.get(kind, 0) * number
        if not 0 < size <= len(tiff):
            continue
        start = entry + 8 if size <= 4 else struct.unpack_from(order + "I", tiff, entry + 8)[0]
        raw = tiff[start : start + size]
        if len(raw) == size:
            found[tag] = _value(raw, kind, order)
    return found


def _value(raw: bytes, kind: int, order: str) -> _Value:
    if kind in (1, 2, 7):
        return raw
    if kind in (5, 10):
        letter = "I" if kind == 5 else "i"
        parts = struct.unpack(f"{order}{len(raw) // 4}{letter}", raw)
        pairs = zip(parts[::2], parts[1::2], strict=True)
        return tuple(a / b if b else math.nan for a, b in pairs)
    letter = {3: "H", 4: "I", 9: "i"}[kind]
    return struct.unpack(f"{order}{len(raw) // _SIZES[kind]}{letter}", raw)


def _text(value: _Value | None) -> str:
    return value.split(b"\0")[0].decode("ascii", "ignore") if isinstance(value, bytes) else ""


def _time(taken: _Value | None, offset: _Value | None, default_tz: tzinfo) -> datetime | None:
    try:
        at = datetime.strptime(_text(taken).strip(), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    zone, text = default_tz, _text(offset).strip()
    if len(text) == 6 and text[0] in "+-" and text[1:3].isdigit() and text[4:].isdigit():
        shift = timedelta(hours=int(text[1:3]), minutes=int(text[4:]))
        if shift < timedelta(hours=24):
            zone = timezone(-shift if text[0] == "-" else shift)
    return at.replace(tzinfo=zone)


def _degrees(
    value: _Value | None, half: _Value | None, negative: bytes, limit: float
) -> float | None:
    if not isinstance(value, tuple) or len(value) != 3 or not isinstance(half, bytes):
        return None
    degrees = value[0] + value[1] / 60 + value[2] / 3600
    if not math.isfinite(degrees) or not 0 <= degrees <= limit:
        return None
    return -degrees if half[:1] == negative else degrees
