"""A 1080p street for benchmarks, made from the repository's rendered corner."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np

from detector.sources.recording import Recording

CORNER = Path(__file__).resolve().parents[2] / "datasets" / "scenes" / "clips" / "corner_day.mp4"
FPS = 25
KEYFRAME_EVERY_S = 2


def pictures(count: int, *, width_px: int = 1920, height_px: int = 1080) -> list[np.ndarray]:
    """(H, W, 3) pictures of the corner 4 s apart, enlarged, with sensor noise."""
    chance = np.random.default_rng(1)
    found = []
    for frame in Recording(path=CORNER, source_id="corner", interval_s=4).frames():
        large = cv2.resize(frame.image, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
        noise = chance.normal(0, 1.5, large.shape).astype(np.int8)
        found.append(np.clip(large.astype(np.int16) + noise, 0, 255).astype(np.uint8))
        if len(found) == count:
            break
    return found


def write_clip(path: Path, seconds: int) -> Path:
    """H.264 at 25 frames a second with a keyframe every 2 s; a car jerks by every few seconds."""
    shown = pictures(max(1, seconds // KEYFRAME_EVERY_S))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.codec_context.gop_size = FPS * KEYFRAME_EVERY_S
        stream.options = {"preset": "veryfast", "crf": "27", "sc_threshold": "0", "threads": "1"}
        for number in range(seconds * FPS):
            image = shown[number // (FPS * KEYFRAME_EVERY_S) % len(shown)]
            shifted = np.roll(image, number % 3, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shifted, format="bgr24")))
        container.mux(stream.encode())
    return path
