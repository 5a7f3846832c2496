"""Clips and pictures made for the tests."""

from __future__ import annotations

import struct
import time
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from detector.sources.base import SourceContext


def picture(seed=0, width=320, height=240):
    """A textured street-like picture."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)


def jpeg(seed=0, width=320, height=240):
    return cv2.imencode(".jpg", picture(seed, width, height))[1].tobytes()


def with_exif(data, taken=b"2026:05:01 10:00:00", offset=b"+08:00", lat=(31, 14), lon=(121, 28)):
    """The JPEG with time and position in its EXIF block."""
    ascii_at, out = 8 + 2 + 24 + 4, b""
    details_at = ascii_at
    taken, offset = taken + b"\0", offset + b"\0"
    text_at = details_at + 2 + 24 + 4
    details = struct.pack(
        "<HHHIIHHIII",
        2,
        0x9003,
        2,
        len(taken),
        text_at,
        0x9011,
        2,
        len(offset),
        text_at + len(taken),
        0,
    )
    gps_at = text_at + len(taken) + len(offset)
    values_at = gps_at + 2 + 48 + 4
    gps = struct.pack("<H", 4)
    gps += struct.pack("<HHI4s", 1, 2, 2, b"N\0") + struct.pack("<HHII", 2, 5, 3, values_at)
    gps += struct.pack("<HHI4s", 3, 2, 2, b"E\0") + struct.pack("<HHII", 4, 5, 3, values_at + 24)
    gps += struct.pack("<I", 0)
    gps += struct.pack("<6I", lat[0], 1, lat[1], 1, 0, 1)
    gps += struct.pack("<6I", lon[0], 1, lon[1], 1, 0, 1)
    main = struct.pack(
        "<2sHIHHHIIHHIII", b"II", 42, 8, 2, 0x8769, 4, 1, details_at, 0x8825, 4, 1, gps_at, 0
    )
    out = b"Exif\0\0" + main + details + taken + offset + gps
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(out) + 2) + out + data[2:]


def write_clip(
    path, seconds=2.0, fps=10, gop=5, width=160, height=120, options=None, codec="libx264"
):
    with av.open(str(path), "w", options=options or {}) as out:
        stream = out.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = gop
        if codec == "libx264":
            stream.options = {"preset": "ultrafast", "sc_threshold": "0"}
        if codec == "libx265":
            stream.options = {"preset": "ultrafast", "x265-params": "log-level=none:scenecut=0"}
        for index in range(int(seconds * fps)):
            image = picture(1, width, height)
            image[:, : 1 + index % width] = 200
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def wait_for(condition, timeout_s=8.0):
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain")


@pytest.fixture
def context(tmp_path):
    return SourceContext(seen=lambda key: False, spool_dir=tmp_path / "spool")
