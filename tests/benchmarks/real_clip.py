"""A real 1080p camera clip for benchmarks: people in motion and a sensor's own noise.

The footage is that of the workplace's data (`XUNJIE_SHARED`), which does not come with the project;
without it the rendered corner is used, whose frames between keyframes are nearly free to decode.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import av

from tests.benchmarks.street_clip import FPS, KEYFRAME_EVERY_S, write_clip

_NAME: Final = "yas-sim_people.mp4"
_BIT_RATE: Final = 4_000_000


def real_footage() -> Path | None:
    """1920×1080, 30 frames a second, 10 s; None where it is not at hand."""
    shared = os.environ.get("XUNJIE_SHARED")
    path = Path(shared) / "data" / "clips" / _NAME if shared else None
    return path if path is not None and path.is_file() else None


def benchmark_clip(path: Path, seconds: int) -> tuple[Path, str]:
    """H.264 at 25 frames a second with a keyframe every 2 s, and what it shows."""
    footage = real_footage()
    if footage is None:
        return write_clip(path, seconds), "rendered corner"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.bit_rate = _BIT_RATE
        stream.codec_context.gop_size = FPS * KEYFRAME_EVERY_S
        stream.options = {"preset": "veryfast", "sc_threshold": "0", "threads": "1"}
        for number, image in enumerate(_pictures(footage, seconds * FPS)):
            picture = av.VideoFrame.from_ndarray(image, format="yuv420p")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path, "people on camera, 1080p at 4 Mbit/s"


def _pictures(footage: Path, count: int):
    """(1620, 1920) planes at 25 frames a second; from the beginning again when the footage ends."""
    given = 0
    while given < count:
        with av.open(str(footage)) as container:
            stream = container.streams.video[0]
            ratio = FPS / float(stream.average_rate)
            shown = -1
            for number, picture in enumerate(container.decode(stream)):
                if int(number * ratio) == shown:
                    continue
                shown = int(number * ratio)
                yield picture.to_ndarray(format="yuv420p")
                given += 1
                if given == count:
                    return
