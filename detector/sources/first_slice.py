"""Where a picture begins among packets that hold pieces of pictures."""

from __future__ import annotations

from typing import Final

_START: Final = b"\x00\x00\x01"
_H264_SLICES: Final = range(1, 6)
_HEVC_SLICES: Final = range(32)
CODECS: Final = ("h264", "hevc")
"""Codecs whose pictures some cameras send as several packets."""


def begins_picture(data: bytes, codec: str) -> bool:
    """True where the first slice in the packet is the first one of its picture, by the slice's own
    header (ITU-T H.264, 7.3.3: first_mb_in_slice is 0; H.265, 7.3.6.1), and where nothing can be
    told: other codecs, containers that hold whole pictures without start codes, no slice at all."""
    if codec not in CODECS:
        return True
    at = data.find(_START)
    while 0 <= at < len(data) - 5:
        unit = data[at + 3 : at + 6]
        if codec == "h264" and unit[0] & 0x1F in _H264_SLICES:
            return bool(unit[1] & 0x80)
        if codec == "hevc" and (unit[0] >> 1) & 0x3F in _HEVC_SLICES:
            return bool(unit[2] & 0x80)
        at = data.find(_START, at + 3)
    return True
