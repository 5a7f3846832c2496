"""Breaks sound covers: holes, a broken edge, cracks, where a picture shows a whole one.

A picture with the damage and the same picture without it differ in nothing else, so that a network
cannot tell the classes by what usually comes along with damage: how near the photographer stood.
After Kaushik, Hovy, Lipton, "Learning the Difference that Makes a Difference with
Counterfactually-Augmented Data" (ICLR 2020), done on pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.label import Box

_Mask = NDArray[np.float32]  # (H, W), 0 to 1
_DRAWN_PX: Final = 256
"""Damage is drawn this large and then shrunk or enlarged to the cover."""


def broken(
    image: NDArray[np.uint8], box: Box, chance: np.random.Generator
) -> NDArray[np.uint8] | None:
    """The (H, W, 3) BGR picture with the cover in the box damaged; None where the box is too small
    to show it."""
    window = _window(image, box)
    height, width = image[window].shape[:2]
    if min(height, width) < 12:
        return None
    drawn = _KINDS[int(chance.integers(len(_KINDS)))](chance)
    sized = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
    soft = max(0.4, min(height, width) / 160)
    gone = np.asarray(cv2.GaussianBlur(sized, (0, 0), soft), np.float32)
    result = image.copy()
    lid = result[window].astype(np.float32)
    seen = gone[..., None]
    mixed = lid * (1 - seen) + _depth(lid, gone, chance) * seen
    result[window] = np.clip(mixed, 0, 255).astype(np.uint8)
    return result


def _window(image: NDArray[np.uint8], box: Box) -> tuple[slice, slice]:
    """The rows and columns of a box."""
    height, width = image.shape[:2]
    top, left = round((box.cy - box.h / 2) * height), round((box.cx - box.w / 2) * width)
    bottom, right = round((box.cy + box.h / 2) * height), round((box.cx + box.w / 2) * width)
    return slice(max(top, 0), bottom), slice(max(left, 0), right)


def _holes(chance: np.random.Generator) -> _Mask:
    canvas = _canvas()
    for _ in range(int(chance.integers(1, 6))):
        reach, angle = 0.75 * np.sqrt(chance.random()), chance.uniform(0, 2 * np.pi)
        size = float(chance.uniform(0.08, 0.32))
        _blob(canvas, reach * np.cos(angle), reach * np.sin(angle), size, chance)
    return _inside(canvas)


def _edge(chance: np.random.Generator) -> _Mask:
    canvas = _canvas()
    start = chance.uniform(0, 2 * np.pi)
    for _ in range(int(chance.integers(1, 4))):
        angle, reach = start + chance.normal(0, 0.35), chance.uniform(0.75, 1.0)
        size = float(chance.uniform(0.2, 0.55))
        _blob(canvas, reach * np.cos(angle), reach * np.sin(angle), size, chance)
    return _inside(canvas)


def _cracks(chance: np.random.Generator) -> _Mask:
    canvas = _canvas()
    middle = chance.normal(0, 0.25, 2)
    for _ in range(int(chance.integers(2, 6))):
        point, angle = middle.copy(), chance.uniform(0, 2 * np.pi)
        thick = max(1, round(float(chance.uniform(0.012, 0.04)) * _DRAWN_PX))
        for _ in range(int(chance.integers(3, 8))):
            angle += chance.normal(0, 0.4)
            after = point + chance.uniform(0.12, 0.3) * np.array([np.cos(angle), np.sin(angle)])
            cv2.line(canvas, _pixel(point), _pixel(after), 1.0, thick, cv2.LINE_AA)
            point = after
    if chance.random() < 0.6:
        size = float(chance.uniform(0.08, 0.3))
        _blob(canvas, float(middle[0]), float(middle[1]), size, chance)
    return _inside(canvas)


_KINDS: Final[tuple[Callable[[np.random.Generator], _Mask], ...]] = (_holes, _edge, _cracks)


def _canvas() -> _Mask:
    return np.zeros((_DRAWN_PX, _DRAWN_PX), np.float32)


def _pixel(point: NDArray[np.float64]) -> tuple[int, int]:
    """Of a point of the cover, whose rim is the unit circle."""
    x, y = (point + 1) * _DRAWN_PX / 2
    return round(float(x)), round(float(y))


def _blob(canvas: _Mask, x: float, y: float, radius: float, chance: np.random.Generator) -> None:
    """An irregular hole, its corners as broken iron or concrete has them."""
    count = int(chance.integers(7, 16))
    angles = np.sort(chance.uniform(0, 2 * np.pi, count))
    radii = radius * np.clip(1 + 0.35 * chance.normal(size=count), 0.35, 1.8)
    corners = np.array([x, y]) + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    pixels = np.round((corners + 1) * _DRAWN_PX / 2).astype(np.int32)
    cv2.fillPoly(canvas, [pixels], 1.0, cv2.LINE_AA)


def _inside(canvas: _Mask) -> _Mask:
    """Only the lid breaks: its ellipse in the box, a little smaller than it."""
    lid = _canvas()
    half = _DRAWN_PX // 2
    cv2.circle(lid, (half, half), round(0.96 * half), 1.0, -1, cv2.LINE_AA)
    return canvas * lid


def _depth(
    lid: NDArray[np.float32], gone: _Mask, chance: np.random.Generator
) -> NDArray[np.float32]:
    """What is seen through a hole: dark, a little lighter to one side, and the broken thickness
    of the lid along the farther edge."""
    height, width = gone.shape
    level = float(chance.uniform(6, 55))
    top, bottom = chance.uniform(0.6, 1.5, 2)
    slope = np.linspace(float(top), float(bottom), height)[:, None]
    rough = chance.normal(0, 1, (max(height // 8, 2), max(width // 8, 2)))
    grain = cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC) * level * 0.25
    tint = chance.uniform(0.85, 1.15, 3)
    dark = (level * slope + grain)[..., None] * tint
    thick = max(1, round(float(chance.uniform(0.02, 0.08)) * height))
    wall = _farther_edge(gone, thick)[..., None]
    side = lid.mean((0, 1)) * float(chance.uniform(0.3, 0.8))
    return np.asarray(dark * (1 - wall) + side * wall, np.float32)


def _farther_edge(gone: _Mask, thick: int) -> _Mask:
    """The uppermost pixels of each hole; a crack is too narrow to show any."""
    wide = cv2.morphologyEx(gone, cv2.MORPH_OPEN, np.ones((3 * thick, 3 * thick), np.uint8))
    above = np.zeros_like(wide)
    above[thick:] = wide[:-thick]
    return np.asarray(np.clip(wide - above, 0, 1), np.float32)
