"""Fits a picture into the network's input without distorting it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.inference.manifest import InputSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """How a picture was scaled and padded; maps boxes back to the original's pixels."""

    gain: float
    left_px: int
    top_px: int
    width_px: int  # of the original
    height_px: int

    def to_original(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 4) boxes of the network's input as pixels of the original, clipped to it."""
        offset = np.array([self.left_px, self.top_px] * 2, np.float32)
        limit = np.array([self.width_px, self.height_px] * 2, np.float32)
        scaled = (xyxy - offset) / np.float32(self.gain)
        clipped: NDArray[np.float32] = np.clip(scaled, 0, limit).astype(np.float32)
        return clipped


def letterboxed(image: NDArray[np.uint8], spec: InputSpec) -> tuple[NDArray[np.uint8], Letterbox]:
    """Scales to fit (width_px, height_px), then pads to the next multiple of the stride only.

    The rounding is that of ultralytics' minimal-rectangle letterbox, so that boxes agree.
    """
    height, width = image.shape[:2]
    gain = min(spec.height_px / height, spec.width_px / width)
    new_width, new_height = max(1, round(width * gain)), max(1, round(height * gain))
    pad_x = ((spec.width_px - new_width) % spec.stride_px) / 2
    pad_y = ((spec.height_px - new_height) % spec.stride_px) / 2
    left, right = round(pad_x - 0.1), round(pad_x + 0.1)
    top, bottom = round(pad_y - 0.1), round(pad_y + 0.1)
    if (width, height) != (new_width, new_height):
        image = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    canvas = np.full(
        (new_height + top + bottom, new_width + left + right, 3), spec.letterbox_fill, np.uint8
    )
    canvas[top : top + new_height, left : left + new_width] = image
    box = Letterbox(gain=gain, left_px=left, top_px=top, width_px=width, height_px=height)
    return canvas, box


def as_input(images: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """(H, W, 3) BGR pictures of one size as the (N, 3, H, W) float32 RGB input, 0 to 1."""
    batch = np.stack(images)[..., ::-1].transpose(0, 3, 1, 2)
    return np.ascontiguousarray(batch, dtype=np.float32) / np.float32(255)
