"""Pictures as JPEG bytes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import PictureError


def encode_jpeg(image: NDArray[np.uint8], quality: int) -> bytes:
    """`image` (H, W, 3) uint8 BGR, quality 1 to 100. Raises PictureError if that fails."""
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise PictureError(f"a picture of shape {image.shape} cannot be written as JPEG")
    return data.tobytes()


def decode_jpeg(data: bytes, name: str) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR. Raises PictureError, naming `name`, for bytes that are no picture."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise PictureError(f"{name}: not a readable picture")
    return np.asarray(image, np.uint8)


def shrunk(image: NDArray[np.uint8], longest_px: int) -> tuple[NDArray[np.uint8], float]:
    """The picture with its longer side at most `longest_px`, and the factor it was scaled by."""
    size, scale = _fitting(image, longest_px)
    if scale == 1:
        return image, scale
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def quickly_shrunk(image: NDArray[np.uint8], longest_px: int) -> tuple[NDArray[np.uint8], float]:
    """As `shrunk`, at half its cost and a little softer or harder here and there: for pages.

    Halved as often as it goes (the mean of four pixels, for which OpenCV has a fast way), then
    interpolated the rest of the way, which leaves out no pixel below a factor of two.
    """
    size, scale = _fitting(image, longest_px)
    while image.shape[1] >= 2 * size[0] and image.shape[0] >= 2 * size[1]:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8)
    if (image.shape[1], image.shape[0]) != size:
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return image, scale


def _fitting(image: NDArray[np.uint8], longest_px: int) -> tuple[tuple[int, int], float]:
    """(width, height) in pixels, at most so long and never enlarged, and the factor to there."""
    height_px, width_px = image.shape[:2]
    scale = min(1.0, longest_px / max(height_px, width_px))
    return (max(1, round(width_px * scale)), max(1, round(height_px * scale))), scale
