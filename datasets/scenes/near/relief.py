"""Patterns cast into lids: heights from 0 to 1 on a lid's own raster, whose rim is at 1."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from near.chance import any_of
from near.noise import Field, turned

REACH = 1.3
"""A lid's raster reaches that many radii to each side of its middle."""
Pattern = Callable[[np.random.Generator, Field, Field], Field]


def random_relief(rng: np.random.Generator, u: Field, v: Field) -> Field:
    """One or two patterns in rings, a medallion, plates with writing, a rim."""
    far = np.maximum(abs(u), abs(v)) if rng.random() < 0.15 else np.hypot(u, v)
    height = _any_pattern(rng, u, v)
    if rng.random() < 0.35:
        split = float(rng.uniform(0.4, 0.75))
        height = np.where(far < split, height, _any_pattern(rng, u, v))
        height = np.where(abs(far - split) < 0.03, float(rng.integers(2)), height)
    if rng.random() < 0.6:
        height = _medallion(rng, far, height)
    if rng.random() < 0.35:
        height = _ring_of_writing(rng, far, height)
    if rng.random() < 0.4:
        height = _plates(rng, height)
    if rng.random() < 0.7:
        rim = float(rng.uniform(0.86, 0.95))
        height = np.where(far > rim, float(rng.integers(2)), height)
    if rng.random() < 0.3:
        teeth = int(rng.integers(12, 40))
        notch = (np.sin(np.arctan2(v, u) * teeth) > 0.3) & (far > 0.9)
        height = np.where(notch, 0.0, height)
    return np.asarray(height, np.float32)


def _any_pattern(rng: np.random.Generator, u: Field, v: Field) -> Field:
    turn = float(rng.uniform(0, np.pi))
    pattern = any_of(rng, _PATTERNS)(rng, *turned(u, v, turn))
    return np.asarray(1 - pattern if rng.random() < 0.3 else pattern, np.float32)


def _cells(value: Field, count: float) -> tuple[Field, Field]:
    """The number of each cell and the place in it, -0.5 to 0.5."""
    number = np.floor(value * count)
    return number, value * count - number - 0.5


def _squares(rng: np.random.Generator, u: Field, v: Field) -> Field:
    count, half = float(rng.uniform(4, 14)), float(rng.uniform(0.2, 0.42))
    (row, down), (_, across) = _cells(v, count), _cells(u, count)
    if rng.random() < 0.4:
        _, across = _cells(u + (row % 2) * 0.5 / count, count)
    return np.asarray((abs(down) < half) & (abs(across) < half), np.float32)


def _studs(rng: np.random.Generator, u: Field, v: Field) -> Field:
    count, radius = float(rng.uniform(5, 16)), float(rng.uniform(0.2, 0.42))
    row, down = _cells(v, count)
    _, across = _cells(u + (row % 2) * 0.5 / count, count)
    return np.asarray(np.hypot(down, across) < radius, np.float32)


def _lattice(rng: np.random.Generator, u: Field, v: Field) -> Field:
    count, half = float(rng.uniform(2.5, 8)), float(rng.uniform(0.05, 0.14))
    (_, down), (_, across) = _cells(v, count), _cells(u, count * float(rng.choice((1, 1, 1.6))))
    return np.asarray((abs(down) < half) | (abs(across) < half), np.float32)


def _chequer_plate(rng: np.random.Generator, u: Field, v: Field) -> Field:
    """Ovals that lie across each other by turns."""
    count = float(rng.uniform(5, 13))
    (row, down), (column, across) = _cells(v, count), _cells(u, count)
    swap = (row + column) % 2 > 0
    long, wide = np.where(swap, down, across), np.where(swap, across, down)
    return np.asarray((long / 0.46) ** 2 + (wide / 0.17) ** 2 < 1, np.float32)


def _weave(rng: np.random.Generator, u: Field, v: Field) -> Field:
    """Cells of two to four short bars that turn by turns."""
    count, bars = float(rng.uniform(3, 8)), int(rng.integers(2, 5))
    (row, down), (column, across) = _cells(v, count), _cells(u, count)
    swap = (row + column) % 2 > 0
    along, over = np.where(swap, down, across), np.where(swap, across, down)
    stripe = abs((over + 0.5) * bars % 1 - 0.5) < 0.3
    return np.asarray(stripe & (abs(along) < 0.42), np.float32)


def _rings(rng: np.random.Generator, u: Field, v: Field) -> Field:
    count, share = float(rng.uniform(3, 11)), float(rng.uniform(0.25, 0.65))
    return np.asarray(np.hypot(u, v) * count % 1 < share, np.float32)


def _sectors(rng: np.random.Generator, u: Field, v: Field) -> Field:
    """Blocks in rings, more of them in each ring further out."""
    count, per_ring = float(rng.uniform(2, 6)), int(rng.integers(4, 9))
    far = np.hypot(u, v) * count
    ring = np.floor(far)
    turn = np.arctan2(v, u) / (2 * np.pi) * per_ring * (ring + 1)
    edge = float(rng.uniform(0.06, 0.15))
    inside = (abs(far - ring - 0.5) < 0.5 - edge) & (abs(turn % 1 - 0.5) < 0.5 - edge)
    return np.asarray(inside, np.float32)


def _spokes(rng: np.random.Generator, u: Field, v: Field) -> Field:
    count = int(rng.integers(6, 24))
    turn = np.arctan2(v, u) / (2 * np.pi) * count
    return np.asarray(abs(turn % 1 - 0.5) < float(rng.uniform(0.12, 0.3)), np.float32)


def _bars(rng: np.random.Generator, u: Field, v: Field) -> Field:
    _, down = _cells(v, float(rng.uniform(4, 14)))
    return np.asarray(abs(down) < float(rng.uniform(0.15, 0.35)), np.float32)


def _plain(rng: np.random.Generator, u: Field, v: Field) -> Field:
    return np.full_like(u, 0.5)


_PATTERNS: tuple[Pattern, ...] = (
    _squares,
    _squares,
    _studs,
    _studs,
    _lattice,
    _lattice,
    _chequer_plate,
    _weave,
    _weave,
    _rings,
    _sectors,
    _spokes,
    _bars,
    _plain,
)


def _medallion(rng: np.random.Generator, far: Field, height: Field) -> Field:
    radius = float(rng.uniform(0.14, 0.34))
    disc = _written(rng, far.shape[0], int(rng.integers(1, 3)), 0.0, 0.0, radius)
    height = np.where(far < radius, disc, height)
    return np.where(abs(far - radius) < 0.025, 1.0, height)


def _plates(rng: np.random.Generator, height: Field) -> Field:
    """One or two smooth oblongs with writing."""
    side = height.shape[0]
    high, wide, off = rng.uniform(0.09, 0.16), rng.uniform(0.25, 0.5), rng.uniform(0.4, 0.68)
    for sign in (-1, 1)[: int(rng.integers(1, 3))]:
        middle = side / 2 * (1 + sign * off / REACH)
        top, bottom = (round(middle + k * high * side / 2 / REACH) for k in (-1, 1))
        left, right = (round(side / 2 * (1 + k * wide / REACH)) for k in (-1, 1))
        words = _written(rng, side, int(rng.integers(2, 7)), 0.0, sign * off, wide)
        height[top:bottom, left:right] = words[top:bottom, left:right]
    return height


def _ring_of_writing(rng: np.random.Generator, far: Field, height: Field) -> Field:
    inner = float(rng.uniform(0.6, 0.78))
    outer = inner + 0.15
    side = height.shape[0]
    band = np.zeros((side, side), np.float32)
    count = int(rng.integers(5, 16))
    start, reach = rng.uniform(0, 2 * np.pi), rng.uniform(2.0, 6.28)
    for k in range(count):
        turn = start + reach * k / count
        at = (inner + outer) / 2 * np.array([np.cos(turn), np.sin(turn)])
        _glyph(band, rng, float(at[0]), float(at[1]), 0.055)
    return np.where((far > inner) & (far < outer), band, height)


def _written(
    rng: np.random.Generator, side: int, count: int, x: float, y: float, wide: float
) -> Field:
    page = np.zeros((side, side), np.float32)
    size = min(wide / count, 0.12) * 0.8
    for k in range(count):
        _glyph(page, rng, x + (k - (count - 1) / 2) * 2.1 * size, y, size)
    return page


def _glyph(page: Field, rng: np.random.Generator, x: float, y: float, half: float) -> None:
    """Strokes that from a step away read as a character or a letter."""
    side = page.shape[0]
    thick = max(1, round(half * 0.25 * side / 2 / REACH))
    for _ in range(int(rng.integers(2, 6))):
        a = rng.uniform(-half, half, 4)
        if rng.random() < 0.7:
            a[3 if rng.random() < 0.5 else 2] = a[1] if rng.random() < 0.5 else a[0]
        ends = [
            tuple(
                round(float((p + o) / REACH + 1) * side / 2)
                for p, o in zip((x, y), pair, strict=True)
            )
            for pair in ((a[0], a[1]), (a[2], a[3]))
        ]
        cv2.line(page, ends[0], ends[1], 1.0, thick, cv2.LINE_AA)
