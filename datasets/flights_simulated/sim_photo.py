"""Photographs with telemetry, made here: a JPEG with hand-built EXIF and XMP segments."""

from __future__ import annotations

import struct
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np


def jpeg(image: np.ndarray, quality: int = 92) -> bytes:
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return data.tobytes()


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_segments(data: bytes, *segments: bytes) -> bytes:
    return data[:2] + b"".join(segments) + data[2:]


def xmp(tags: dict[str, object], elements: bool = False) -> bytes:
    """An XMP segment with `drone-dji` properties as attributes, or as elements."""
    if elements:
        body = ">" + "".join(f"<drone-dji:{k}>{v}</drone-dji:{k}>" for k, v in tags.items())
        body += "</rdf:Description>"
    else:
        body = "".join(f'\n   drone-dji:{k}="{v}"' for k, v in tags.items()) + "/>"
    text = f"<x:xmpmeta><rdf:RDF><rdf:Description rdf:about='Made'{body}</rdf:RDF></x:xmpmeta>"
    return segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + text.encode())


def exif(at: datetime, lon_deg: float | None = None, lat_deg: float | None = None) -> bytes:
    """An EXIF segment with the time and, where given, the position."""
    details = [(0x9003, 2, at.strftime("%Y:%m:%d %H:%M:%S").encode() + b"\0")]
    gps = []
    if lon_deg is not None and lat_deg is not None:
        gps = [
            (1, 2, b"N\0" if lat_deg >= 0 else b"S\0"),
            (2, 5, _degrees(lat_deg)),
            (3, 2, b"E\0" if lon_deg >= 0 else b"W\0"),
            (4, 5, _degrees(lon_deg)),
        ]
    main_size = 2 + 12 * 2 + 4
    details_at = 8 + main_size
    details_block = _ifd(details, details_at)
    gps_at = details_at + len(details_block)
    main = _ifd(
        [(0x8769, 4, struct.pack("<I", details_at)), (0x8825, 4, struct.pack("<I", gps_at))], 8
    )
    tiff = b"II*\0" + struct.pack("<I", 8) + main + details_block + _ifd(gps, gps_at)
    return segment(0xE1, b"Exif\0\0" + tiff)


def _degrees(value: float) -> bytes:
    value = abs(value)
    return struct.pack(
        "<6I", int(value), 1, int(value % 1 * 60), 1, round(value * 60 % 1 * 60e6), 10**6
    )


def _ifd(entries: list[tuple[int, int, bytes]], at: int) -> bytes:
    sizes = {2: 1, 4: 4, 5: 8}
    head, tail = struct.pack("<H", len(entries)), b""
    data_at = at + 2 + 12 * len(entries) + 4
    for tag, kind, raw in entries:
        field = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack("<I", data_at + len(tail))
        head += struct.pack("<HHI", tag, kind, len(raw) // sizes[kind]) + field
        tail += b"" if len(raw) <= 4 else raw + b"\0" * (len(raw) % 2)
    return head + b"\0" * 4 + tail


def photo(
    path: Path, at: datetime, tags: dict[str, object], image: np.ndarray | None = None
) -> Path:
    """Writes a photograph with the time in EXIF and the tags in XMP."""
    image = np.full((60, 80, 3), 90, np.uint8) if image is None else image
    path.write_bytes(with_segments(jpeg(image), exif(at), xmp(tags)))
    return path
