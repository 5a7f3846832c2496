"""A short film of a street with somebody's face in it."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

FPS = 12
FACE_PX = (195, 45, 225, 75)
"""A fine pattern, so that one can tell whether it is still to be seen."""


def video(path: Path, seconds: int) -> bytes:
    """320×180; the suffix chooses the container."""
    ground = np.random.default_rng(2).integers(60, 190, (18, 32, 3), np.uint8)
    ground = ground.repeat(10, 0).repeat(10, 1)
    x1, y1, x2, y2 = FACE_PX
    rows, columns = np.mgrid[y1:y2, x1:x2]
    pattern = np.where((rows // 3 + columns // 3) % 2, 235, 20)[..., None].repeat(3, 2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.options = {"crf": "12", "preset": "veryfast"}
        stream.codec_context.gop_size = FPS
        for number in range(seconds * FPS):
            image = ground.copy()
            image[100:120, 10 + number : 40 + number] = 240  # something moves
            image[y1:y2, x1:x2] = pattern
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path.read_bytes()


def face_is_readable(image: np.ndarray) -> bool:
    """Whether the pattern's squares can be told apart; any size of 16:9."""
    scale = image.shape[1] / 320
    x1, y1, x2, y2 = (round(value * scale) for value in FACE_PX)
    return float(image[y1:y2, x1:x2].mean(axis=2).std()) > 50
