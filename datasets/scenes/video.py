"""Pictures with their scene times into an H.264 file whose timestamps are scene seconds."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

TICKS = 1000


def encode(
    pictures: Sequence[tuple[float, Path]], out: Path, *, interval_s: float, crf: int
) -> None:
    """Every picture is a keyframe, so that a reader may decode keyframes only."""
    with av.open(str(out), "w", options={"movflags": "+faststart"}) as container:
        first = _read(pictures[0][1])
        stream = container.add_stream(
            "libx264", rate=Fraction(1 / interval_s).limit_denominator(1000)
        )
        stream.width, stream.height, stream.pix_fmt = first.shape[1], first.shape[0], "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        stream.codec_context.gop_size = 1
        stream.options = {"crf": str(crf), "preset": "slow", "bf": "0"}
        for seconds, path in pictures:
            frame = av.VideoFrame.from_ndarray(_read(path), format="bgr24")
            frame.pts, frame.time_base = round(seconds * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _read(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path))
    if picture is None:
        raise ValueError(f"unreadable picture: {path}")
    return np.asarray(picture, dtype=np.uint8)
