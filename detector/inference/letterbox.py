"""Fits a picture into the network's input without distorting it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.inference.manifest import InputSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """How a picture is scaled and padded; maps boxes back to the original's pixels."""

    gain: float
    left_px: int
    top_px: int
    width_px: int  # of the original
    height_px: int
    scaled_width_px: int
    scaled_height_px: int
    input_width_px: int  # padding included
    input_height_px: int

    def to_original(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, 4) boxes of the network's input as pixels of the original, clipped to it."""
        offset = np.array([self.left_px, self.top_px] * 2, np.float32)
        limit = np.array([self.width_px, self.height_px] * 2, np.float32)
        scaled = (xyxy - offset) / np.float32(self.gain)
        clipped: NDArray[np.float32] = np.clip(scaled, 0, limit).astype(np.float32)
        return clipped

    def padded(self, scaled: NDArray[np.uint8], fill: int) -> NDArray[np.uint8]:
        """The (input_height_px, input_width_px, 3) input with the scaled picture in its place."""
        canvas = np.full((self.input_height_px, self.input_width_px, 3), fill, np.uint8)
        bottom, right = self.top_px + self.scaled_height_px, self.left_px + self.scaled_width_px
        canvas[self.top_px : bottom, self.left_px : right] = scaled
        return canvas


def letterbox_of(width_px: int, height_px: int, spec: InputSpec) -> Letterbox:
    """Scales to fit the spec's size, then pads to the next multiple of the stride only.

    The rounding is that of ultralytics' minimal-rectangle letterbox, so that boxes agree.
    """
    gain = min(spec.height_px / height_px, spec.width_px / width_px)
    new_width, new_height = max(1, round(width_px * gain)), max(1, round(height_px * gain))
    pad_x = ((spec.width_px - new_width) % spec.stride_px) / 2
    pad_y = ((spec.height_px - new_height) % spec.stride_px) / 2
    left, right = round(pad_x - 0.1), round(pad_x + 0.1)
    top, bottom = round(pad_y - 0.1), round(pad_y + 0.1)
    return Letterbox(
        gain=gain,
        left_px=left,
        top_px=top,
        width_px=width_px,
        height_px=height_px,
        scaled_width_px=new_width,
        scaled_height_px=new_height,
        input_width_px=new_width + left + right,
        input_height_px=new_height + top + bottom,
    )


def letterboxed(image: NDArray[np.uint8], spec: InputSpec) -> tuple[NDArray[np.uint8], Letterbox]:
    """A (H, W, 3) picture as the network's input, before its colours are made numbers."""
    box = letterbox_of(image.shape[1], image.shape[0], spec)
    size = (box.scaled_width_px, box.scaled_height_px)
    if (box.width_px, box.height_px) != size:
        image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    return box.padded(image, spec.letterbox_fill), box


def as_input(images: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """(H, W, 3) BGR pictures of one size as the (N, 3, H, W) float32 RGB input, 0 to 1."""
    batch = np.empty((len(images), 3, *images[0].shape[:2]), np.float32)
    for image, planes in zip(images, batch, strict=True):
        # Plane by plane: reversing the colours of a whole picture walks through it byte by byte.
        for plane, colour in zip(planes, reversed(cv2.split(image)), strict=True):
            np.divide(colour, np.float32(255), out=plane)
    return batch
