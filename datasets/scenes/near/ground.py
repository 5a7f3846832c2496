"""What covers lie in: asphalt, concrete, pavers, earth, grass; and what lies there."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from near.chance import any_of
from near.noise import Mask, cloud, ragged, step, turned, wander
from near.plane import Colour, Plane, Surface, drawn_colour

_Ground = Callable[[np.random.Generator, Plane, Surface], None]


def random_ground(rng: np.random.Generator, plane: Plane) -> Surface:
    surface = Surface.flat(plane.side_px)
    any_of(rng, _GROUNDS)(rng, plane, surface)
    return surface


def litter(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    """Paint, stains, patches, cracks: no cover, and none makes one damaged."""
    for thing in _LITTER:
        if rng.random() < 0.25:
            thing(rng, plane, surface)


def _grain(rng: np.random.Generator, plane: Plane, metres: float, octaves: int = 3) -> Mask:
    return cloud(rng, plane.side_px, max(metres / plane.m_a_px, 1.5), octaves)


def _fill(
    rng: np.random.Generator, plane: Plane, surface: Surface, colour: Colour, mottled: float
) -> None:
    tone = 1 + mottled * _grain(rng, plane, float(rng.uniform(0.2, 1.5)), 6)
    surface.albedo[:] = np.array(colour, np.float32) * np.clip(tone, 0.3, 2)[..., None]


def _asphalt(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    colour = drawn_colour(rng, (0.13, 0.13, 0.13), 0.45)
    _fill(rng, plane, surface, colour, float(rng.uniform(0.05, 0.15)))
    stone = _grain(rng, plane, float(rng.uniform(0.006, 0.014)), 2)
    surface.albedo *= np.clip(1 + float(rng.uniform(0.1, 0.35)) * stone, 0.3, 2.5)[..., None]
    surface.height_m += 0.0012 * stone
    surface.gloss += 0.1


def _concrete(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    colour = drawn_colour(rng, (0.38, 0.36, 0.33), 0.25)
    _fill(rng, plane, surface, colour, float(rng.uniform(0.05, 0.16)))
    surface.albedo *= (1 + 0.05 * _grain(rng, plane, 0.006, 2))[..., None]
    surface.height_m += 0.0006 * _grain(rng, plane, 0.02)
    if rng.random() < 0.5:
        _joints(rng, plane, surface)


def _joints(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    x, y = plane.grid()
    turn, span = rng.uniform(0, np.pi), float(rng.uniform(0.8, 3))
    for angle in (turn, turn + np.pi / 2):
        along = turned(x, y, angle)[0] + float(rng.uniform(0, span))
        line = step(-abs(along % span - span / 2), -float(rng.uniform(0.004, 0.012)), 0.004)
        surface.tint(drawn_colour(rng, (0.1, 0.09, 0.08)), line * 0.8)
        surface.height_m -= 0.004 * line


def _pavers(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    """Bricks or slabs, each of its own tone, in rows that are shifted or not."""
    colours = (
        (0.34, 0.33, 0.31),
        (0.36, 0.17, 0.12),
        (0.42, 0.34, 0.2),
        (0.24, 0.24, 0.25),
        (0.45, 0.3, 0.27),
    )
    colour = drawn_colour(rng, any_of(rng, colours), 0.2)
    _fill(rng, plane, surface, colour, 0.08)
    x, y = plane.grid()
    turn = rng.uniform(0, np.pi)
    a, b = turned(x, y, turn)
    long = float(rng.choice((0.2, 0.2, 0.3, 0.4, 0.6)))
    wide = long * float(rng.choice((0.5, 1.0, 1.0)))
    row = np.floor(b / wide)
    shift = float(rng.choice((0.0, 0.5))) * (row % 2)
    column = np.floor(a / long + shift)
    tone = np.sin(row * 127.1 + column * 311.7) * 43758.5453
    tone = tone - np.floor(tone)
    tone = 1 + float(rng.uniform(0.05, 0.35)) * (tone - 0.5)
    surface.albedo *= tone[..., None].astype(np.float32)
    across = (0.5 - abs(a / long + shift - column - 0.5)) * long
    edge = np.minimum(across, (0.5 - abs(b / wide - row - 0.5)) * wide)
    joint = step(-edge, -float(rng.uniform(0.002, 0.006)), 0.004)
    surface.tint(drawn_colour(rng, (0.12, 0.1, 0.08), 0.5), joint * 0.8)
    surface.height_m += 0.004 * (1 - joint) + 0.0005 * _grain(rng, plane, 0.01, 2)


def _earth(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    colour = drawn_colour(rng, (0.27, 0.2, 0.13), 0.3)
    _fill(rng, plane, surface, colour, 0.1)
    stone = _grain(rng, plane, float(rng.uniform(0.01, 0.05)))
    surface.albedo *= np.clip(1 + 0.2 * stone, 0.4, 2)[..., None]
    surface.height_m += 0.003 * stone


def _grass(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    _fill(rng, plane, surface, drawn_colour(rng, (0.06, 0.085, 0.03), 0.35), 0.15)
    blade = _grain(rng, plane, 0.012, 2)
    surface.albedo *= np.clip(1 + 0.4 * blade, 0.2, 2)[..., None]
    surface.height_m += 0.008 * blade
    bare = step(_grain(rng, plane, 0.5), float(rng.uniform(0.2, 2)), 0.4)
    surface.tint(drawn_colour(rng, (0.25, 0.19, 0.12)), bare)


_GROUNDS: tuple[_Ground, ...] = (
    _asphalt,
    _asphalt,
    _asphalt,
    _concrete,
    _concrete,
    _pavers,
    _pavers,
    _pavers,
    _earth,
    _grass,
)


def _paint(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    x, y = plane.grid()
    turn, width = rng.uniform(0, np.pi), float(rng.uniform(0.08, 0.4))
    along = turned(x, y, turn)[0] - float(rng.uniform(-1, 1)) * plane.half_m
    worn = step(_grain(rng, plane, 0.15, 5), float(rng.uniform(-2.5, 0)), 0.5)
    band = step(-abs(along), -width / 2, 0.008)
    colour = (0.7, 0.7, 0.68) if rng.random() < 0.6 else (0.65, 0.42, 0.05)
    surface.tint(drawn_colour(rng, colour), band * worn * 0.9)


def _blob(rng: np.random.Generator, plane: Plane, radius: float, ragged_edge: bool) -> Mask:
    """Somewhere on the ground, 0 to 1."""
    x, y = plane.grid()
    at = rng.uniform(-0.9, 0.9, 2) * plane.half_m
    turn, flat = rng.uniform(0, np.pi), float(rng.uniform(0.5, 1))
    a, b = turned(x - at[0], y - at[1], turn)
    far = np.hypot(a, b / flat) / radius
    if ragged_edge:
        far = far + 0.2 * _grain(rng, plane, radius)
    return step(-np.asarray(far, np.float32), -1.0, 0.15 if ragged_edge else 0.03)


def _oil(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    """A dark stain: flat, however black."""
    spot = _blob(rng, plane, float(rng.uniform(0.1, 0.45)), True)
    surface.tint(drawn_colour(rng, (0.025, 0.022, 0.02), 0.4), spot * float(rng.uniform(0.4, 0.9)))


def _puddle(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    spot = _blob(rng, plane, float(rng.uniform(0.15, 0.8)), True)
    surface.albedo *= (1 - 0.6 * spot)[..., None]
    surface.height_m *= 1 - spot
    surface.gloss += (1 - surface.gloss) * spot


def _patch(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    """Where a road was mended: round or oblong, of another tone."""
    round_one = rng.random() < 0.5
    spot = _blob(rng, plane, float(rng.uniform(0.25, 0.9)), not round_one and rng.random() < 0.4)
    surface.albedo *= (1 + (float(rng.uniform(0.45, 1.5)) - 1) * spot)[..., None]
    surface.height_m += 0.003 * spot


def _ring(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    """A circle sprayed or chalked on the road."""
    spot = _blob(rng, plane, float(rng.uniform(0.2, 0.6)), False)
    line = np.clip(4 * spot * (1 - spot), 0, 1)
    thick = max(1, round(0.01 / plane.m_a_px))
    line = cv2.dilate(line, np.ones((3, 3), np.uint8), iterations=thick)
    colour = any_of(rng, ((0.75, 0.75, 0.72), (0.7, 0.1, 0.05), (0.7, 0.5, 0.05)))
    surface.tint(colour, line * float(rng.uniform(0.4, 0.9)))


def _ground_cracks(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    lines = np.zeros((plane.side_px, plane.side_px), np.float32)
    for _ in range(int(rng.integers(1, 6))):
        at = rng.uniform(-1, 1, 2) * plane.half_m
        way = wander(rng, (float(at[0]), float(at[1])), rng.uniform(0, 6.28), rng.uniform(0.4, 2.5))
        thick = max(1, round(float(rng.uniform(0.003, 0.012)) / plane.m_a_px))
        points = np.round(plane.pixel(way)).astype(np.int32)
        cv2.polylines(lines, [points], False, 1.0, thick, cv2.LINE_AA)
    surface.tint((0.03, 0.028, 0.025), lines * 0.85)
    surface.height_m -= 0.006 * lines


def leaves(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    """Leaves, paper, stones; also on lids."""
    colours = (
        (0.35, 0.25, 0.05),
        (0.25, 0.1, 0.03),
        (0.12, 0.2, 0.04),
        (0.7, 0.7, 0.68),
        (0.5, 0.05, 0.04),
        (0.2, 0.19, 0.18),
    )
    usual = any_of(rng, colours)
    for _ in range(int(rng.integers(3, 40))):
        at = rng.uniform(-0.95, 0.95, 2) * plane.half_m
        outline = ragged(rng, (float(at[0]), float(at[1])), float(rng.uniform(0.01, 0.045)), 5)
        colour = drawn_colour(rng, usual if rng.random() < 0.7 else any_of(rng, colours), 0.3)
        spot = np.zeros((plane.side_px, plane.side_px), np.uint8)
        points = np.round(plane.pixel(outline)).astype(np.int32)
        cv2.fillPoly(spot, [points], 1)
        low, high = points.min(0).clip(0), points.max(0) + 1
        part = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
        inside = (spot[part] > 0) & (surface.gone[part] < 0.5)
        surface.albedo[part][inside] = colour
        surface.height_m[part][inside] += 0.006


def shoes(rng: np.random.Generator, plane: Plane, surface: Surface) -> None:
    """A pair of them, from above: dark and rounded, and no hole."""
    x, y = plane.grid()
    colours = ((0.015, 0.015, 0.018), (0.04, 0.03, 0.025), (0.6, 0.6, 0.6), (0.1, 0.13, 0.2))
    colour = drawn_colour(rng, any_of(rng, colours), 0.3)
    at, turn = rng.uniform(-0.8, 0.8, 2) * plane.half_m, float(rng.uniform(0, 2 * np.pi))
    for side in (-0.08, 0.08):
        heading = turn + float(rng.normal(0, 0.15))
        a, b = turned(x - at[0], y - at[1], heading)
        far = np.asarray(np.hypot(a / 0.14, (b - side) / 0.05), np.float32)
        foot = step(-far, -1.0, 0.06) * (surface.gone < 0.5)
        surface.tint(colour, np.asarray(foot, np.float32))
        surface.height_m += foot * 0.05 * np.sqrt(np.clip(1 - far**2, 0, 1))
        surface.gloss += foot * (0.4 - surface.gloss)


_LITTER: tuple[_Ground, ...] = (_paint, _oil, _puddle, _patch, _ring, _ground_cracks)
"""What lies under covers' frames; leaves and shoes come on top of all."""
