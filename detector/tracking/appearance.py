"""What a piece of a picture looks like, whatever the light."""

from __future__ import annotations

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.types import Box

SIDE = 24
Signature = NDArray[np.float32]


def signature(image: NDArray[np.uint8], box_px: Box) -> Signature | None:
    """Unit-length gradient map (SIDE*SIDE*2,) of the box in a (H, W, 3) picture.

    Gradients divided by their own norm ignore brightness and contrast. None where the box lies
    outside the picture or is too flat to be recognised.
    """
    height, width = image.shape[:2]
    x1, y1 = max(0, int(box_px.x1)), max(0, int(box_px.y1))
    x2, y2 = min(width, int(box_px.x2) + 1), min(height, int(box_px.y2) + 1)
    if x2 - x1 < 6 or y2 - y1 < 6:
        return None
    grey = cv2.cvtColor(image[y1:y2, x1:x2], cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = cv2.GaussianBlur(small, (3, 3), 0).astype(np.float32)
    gradient = np.stack([np.gradient(small, axis=0), np.gradient(small, axis=1)]).ravel()
    norm = float(np.linalg.norm(gradient))
    if norm < SIDE:  # less than about one grey level a pixel: nothing to recognise
        return None
    return (gradient / norm).astype(np.float32)


def likeness(one: Signature | None, other: Signature | None) -> float:
    """Correlation of two signatures, -1 to 1; 0 where either is unknown."""
    if one is None or other is None:
        return 0.0
    return float(np.dot(one, other))


def to_text(value: Signature | None) -> str | None:
    """For the tracker's saved state."""
    if value is None:
        return None
    return base64.b64encode((value * 2000).clip(-32000, 32000).astype("<i2").tobytes()).decode()


def from_text(text: str | None) -> Signature | None:
    if text is None:
        return None
    raw = np.frombuffer(base64.b64decode(text), "<i2").astype(np.float32)
    norm = float(np.linalg.norm(raw))
    return (raw / norm).astype(np.float32) if norm else None
