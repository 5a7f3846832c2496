"""Decodes uploaded pictures safely: the size is read before anything is allocated."""

from __future__ import annotations

import struct
from datetime import UTC, tzinfo

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.sources.exif import Exif, read_exif
from detector.types import PictureError, Pose

MAX_BYTES = 32 * 2**20
MAX_PIXELS = 64_000_000
_PNG = b"\x89PNG\r\n\x1a\n"


def decode_picture(
    data: bytes, name: str, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS
) -> NDArray[np.uint8]:
    """The picture as (H, W, 3) BGR. Raises PictureError naming it."""
    if len(data) > max_bytes:
        raise PictureError(f"{name}: {len(data)} bytes, more than the allowed {max_bytes}")
    try:
        size = picture_size(data)
    except (struct.error, IndexError) as error:
        raise PictureError(f"{name}: cut short within its header") from error
    if size is None or min(size) <= 0:
        raise PictureError(f"{name}: not a readable JPEG, PNG, WebP or BMP picture")
    if size[0] * size[1] > max_pixels:
        raise PictureError(
            f"{name}: {size[0]}x{size[1]} pixels, more than the allowed {max_pixels}"
        )
    if not _whole(data):
        raise PictureError(f"{name}: cut short, its end is missing")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PictureError(f"{name}: cannot be decoded") from error
    if image is None or image.ndim != 3:
        raise PictureError(f"{name}: cannot be decoded")
    return np.ascontiguousarray(image, dtype=np.uint8)


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as the header says; None for an unknown format."""
    if data[:2] == b"\xff\xd8":
        return _jpeg_size(data)
    if data[:8] == _PNG and data[12:16] == b"IHDR":
        width, height = struct.unpack_from(">II", data, 16)
        return width, height
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp_size(data)
    if data[:2] == b"BM":
        width, height = struct.unpack_from("<ii", data, 18)
        return abs(width), abs(height)
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        if marker in (0x01, *range(0xD0, 0xD8)):
            at += 2
            continue
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return (
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
        )
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _whole(data: bytes) -> bool:
    """False for a picture that was cut off; OpenCV would fill the rest with grey."""
    if data[:2] == b"\xff\xd8":
        scan = data.rfind(b"\xff\xda")  # an EOI before the last scan is a thumbnail's
        return data.find(b"\xff\xd9", max(scan, 0)) > 0
    if data[:8] == _PNG:
        return b"IEND" in data[-64:]
    if data[:4] == b"RIFF":
        return len(data) >= 8 + int(struct.unpack_from("<I", data, 4)[0])
    if data[:2] == b"BM":
        return len(data) >= int(struct.unpack_from("<I", data, 2)[0])
    return True


def exif_of(data: bytes, default_tz: tzinfo = UTC) -> Exif:
    return read_exif(data, default_tz)


def pose_of(exif: Exif) -> Pose | None:
    """Where EXIF says the camera was; None without a position."""
    if exif.lat_deg is None or exif.lon_deg is None:
        return None
    return Pose(lat_deg=exif.lat_deg, lon_deg=exif.lon_deg)
