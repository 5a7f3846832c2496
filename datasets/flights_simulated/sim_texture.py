"""What sheds and canopies are roofed with, as seen from above."""

from __future__ import annotations

import cv2
import numpy as np

PALETTE = {
    "blue": (165, 105, 45),
    "red": (60, 65, 150),
    "grey": (150, 148, 145),
    "white": (222, 222, 220),
    "rust": (75, 95, 130),
    "green": (95, 130, 80),
    "dark": (70, 68, 66),
}


def sheet(
    rng: np.random.Generator, length_px: int, width_px: int, px_m: float, colour: str | None = None
) -> np.ndarray:
    """Profiled sheet metal (length, width, 3): stripes, panel seams, stains, grain."""
    base = np.array(PALETTE[colour or str(rng.choice(list(PALETTE)))], np.float32)
    base = base * rng.uniform(0.85, 1.12) + rng.normal(0, 6, 3)
    rows, columns = np.mgrid[:length_px, :width_px].astype(np.float32)
    period = rng.uniform(0.25, 0.8) / px_m
    light = 1 + rng.uniform(0.03, 0.10) * np.sin(columns * 2 * np.pi / max(period, 2.2))
    seam = rng.uniform(2.0, 4.0) / px_m
    light -= 0.12 * (np.abs((rows % seam) - seam / 2) < 0.7)
    light *= 1 + _stains(rng, length_px, width_px) * rng.uniform(0.03, 0.12)
    image = base * light[..., None] + rng.normal(0, 3, (length_px, width_px, 1))
    return np.clip(image, 0, 255).astype(np.uint8)


def _stains(rng: np.random.Generator, length_px: int, width_px: int) -> np.ndarray:
    coarse = rng.normal(0, 1, (length_px // 9 + 2, width_px // 9 + 2)).astype(np.float32)
    return cv2.resize(coarse, (width_px, length_px), interpolation=cv2.INTER_CUBIC)


def cut_from(
    rng: np.random.Generator, image: np.ndarray, ring_px: np.ndarray, length_px: int, width_px: int
) -> np.ndarray:
    """A piece of a real roof, turned and sized to (length, width)."""
    (cx, cy), (w, h), angle = cv2.minAreaRect(ring_px.astype(np.float32))
    share = rng.uniform(0.55, 0.85)
    corners = cv2.boxPoints(((cx, cy), (w * share, h * share), angle)).astype(np.float32)
    target = np.array([[0, length_px], [0, 0], [width_px, 0], [width_px, length_px]], np.float32)
    turn = cv2.getPerspectiveTransform(corners, target)
    return cv2.warpPerspective(image, turn, (width_px, length_px), borderMode=cv2.BORDER_REFLECT)
