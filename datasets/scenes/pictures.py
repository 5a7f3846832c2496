"""Drawn pictures for signs and shop windows, each made from the number in its name."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def draw(name: str) -> Picture:
    """An RGB picture for `sign-<n>` or `shelf-<n>`."""
    kind, number = name.rsplit("-", 1)
    rng = np.random.default_rng(int(number) + (0 if kind == "sign" else 10**6))
    return _sign(rng) if kind == "sign" else _shelf(rng)


def _sign(rng: np.random.Generator) -> Picture:
    grounds = (
        (190, 25, 25),
        (20, 70, 160),
        (235, 235, 230),
        (20, 110, 60),
        (240, 180, 30),
        (40, 40, 45),
    )
    ground = grounds[int(rng.integers(len(grounds)))]
    ink = (
        (250, 240, 220)
        if sum(ground) < 420
        else ((190, 20, 20) if rng.random() < 0.6 else (20, 20, 60))
    )
    picture = np.full((64, 320, 3), ground, np.uint8)
    count = int(rng.integers(3, 7))
    for k in range(count):
        _glyph(picture, rng, 160 + int((k - (count - 1) / 2) * 46), 30, 19, ink)
    shade = cv2.resize(rng.uniform(0.75, 1.05, (4, 12)).astype(np.float32), (320, 64))
    return np.clip(picture * shade[..., None], 0, 255).astype(np.uint8)


def _glyph(
    picture: Picture, rng: np.random.Generator, x: int, y: int, half: int, ink: tuple[int, int, int]
) -> None:
    """Strokes in a square: at street distance they read as a Chinese character."""
    for _ in range(int(rng.integers(4, 8))):
        a, b = rng.integers(-half, half, 2)
        if rng.random() < 0.5:
            cv2.line(picture, (x - half, y + int(a)), (x + half, y + int(a)), ink, 3)
        elif rng.random() < 0.6:
            cv2.line(picture, (x + int(a), y - half), (x + int(a), y + half), ink, 3)
        else:
            cv2.line(picture, (x + int(a), y - half), (x + int(b), y + half), ink, 3)


def _shelf(rng: np.random.Generator) -> Picture:
    """The dim inside of a shop."""
    base = np.clip(rng.integers(25, 90) + rng.normal(0, 8, 3), 10, 110).astype(int)
    picture = np.full((128, 192, 3), base, np.uint8)
    for row in range(20, 120, int(rng.integers(16, 30))):
        x = 2
        while x < 186:
            w, h = int(rng.integers(3, 14)), int(rng.integers(5, 15))
            level = rng.integers(30, 150)
            tint = rng.normal(0, 22, 3)
            colour = tuple(int(c) for c in np.clip(level + tint, 10, 190))
            cv2.rectangle(picture, (x, row - h), (x + w, row), colour, -1)
            x += w + int(rng.integers(0, 8))
        cv2.line(picture, (0, row + 1), (191, row + 1), (60, 55, 50), 2)
    return np.asarray(cv2.GaussianBlur(_clerk(picture, rng), (5, 5), 0), dtype=np.uint8)


def _clerk(picture: Picture, rng: np.random.Generator) -> Picture:
    """A door opening and uneven lighting break the rows up."""
    x = int(rng.integers(20, 140))
    cv2.rectangle(picture, (x, 30), (x + 36, 127), (28, 27, 26), -1)
    shade = cv2.resize(rng.uniform(0.35, 1.1, (3, 5)).astype(np.float32), (192, 128))
    return np.clip(picture * shade[..., None], 0, 255).astype(np.uint8)
