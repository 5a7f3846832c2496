"""How well a picture shows each cell of the ground."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.flights.ground_window import GroundWindow
from detector.geometry.camera_model import View

_FADE = 0.04  # share of the window's longer side over which a picture fades at its edge
MIN_ELEVATION = 0.5  # sine of the angle under which the ground is looked at: 30°


def view_quality(view: View, window: GroundWindow, shown: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(H, W), 1 to 255: best straight under the camera and away from the picture's edge.

    0 where the picture shows nothing or looks at the ground too flatly.
    """
    cells = np.stack(np.meshgrid(np.arange(window.width), np.arange(window.height)), -1).astype(
        np.float64
    )
    ground = window.to_ground(cells)
    away2 = (ground[..., 0] - view.east_m) ** 2 + (ground[..., 1] - view.north_m) ** 2
    steep = view.up_m / np.sqrt(away2 + view.up_m**2)
    inner = _edge_share(shown, max(window.width, window.height) * _FADE)
    quality = np.clip(steep * inner * 254, 0, 254) + 1
    quality[~shown | (steep < MIN_ELEVATION)] = 0
    return np.asarray(quality, np.uint8)


def _edge_share(shown: NDArray[np.bool_], fade_px: float) -> NDArray[np.float64]:
    padded = np.pad(shown.astype(np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    return np.asarray(np.clip(distance / max(fade_px, 1.0), 0.0, 1.0), np.float64)
