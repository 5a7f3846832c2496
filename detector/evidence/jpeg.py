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
    height_px, width_px = image.shape[:2]
    scale = longest_px / max(height_px, width_px)
    if scale >= 1:
        return image, 1.0
    size = (max(1, round(width_px * scale)), max(1, round(height_px * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), scale
