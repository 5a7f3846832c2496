"""Lids: what they are made of, what is cast into them, how worn they are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from near.chance import any_of
from near.noise import Field, Mask, cloud, step, turned
from near.plane import Colour, Plane, Surface, drawn_colour
from near.relief import REACH, random_relief

LID_PX = 560


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    colour: Colour
    gloss: float
    smooth: float  # share of these lids that have no pattern
    dust: float  # how much of what lies in its recesses hides its colour
    spread: float = 0.25


MATERIALS: tuple[Material, ...] = (
    Material(colour=(0.09, 0.09, 0.095), gloss=0.35, smooth=0.05, dust=0.5),  # cast iron
    Material(colour=(0.14, 0.13, 0.12), gloss=0.3, smooth=0.05, dust=0.6),
    Material(colour=(0.05, 0.06, 0.08), gloss=0.45, smooth=0.05, dust=0.2),  # freshly painted
    Material(colour=(0.2, 0.1, 0.055), gloss=0.1, smooth=0.05, dust=0.4),  # rust
    Material(colour=(0.3, 0.29, 0.27), gloss=0.05, smooth=0.4, dust=0.3),  # concrete
    Material(colour=(0.42, 0.4, 0.36), gloss=0.05, smooth=0.4, dust=0.3),
    Material(colour=(0.38, 0.4, 0.4), gloss=0.2, smooth=0.1, dust=0.3),  # composite
    Material(colour=(0.3, 0.36, 0.34), gloss=0.2, smooth=0.1, dust=0.2),
    Material(colour=(0.5, 0.42, 0.24), gloss=0.1, smooth=0.1, dust=0.3),  # as sand
    Material(colour=(0.35, 0.36, 0.37), gloss=0.7, smooth=0.0, dust=0.4),  # steel plate
    Material(colour=(0.36, 0.2, 0.15), gloss=0.05, smooth=0.2, dust=0.3),  # as red pavers
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A disc, or a plate with square corners, of radius 1."""

    square: bool = False
    wide: float = 1.0

    def far(self, u: Field, v: Field) -> Field:
        """How far out a point lies: 1 on the rim."""
        if self.square:
            return np.asarray(np.maximum(abs(u), abs(v) * self.wide), np.float32)
        return np.asarray(np.hypot(u, v), np.float32)

    def outline(self) -> Field:
        """(N, 2) points of the rim."""
        if self.square:
            tall = 1 / self.wide
            corners = np.array([(-1, -tall), (1, -tall), (1, tall), (-1, tall)], np.float32)
            share = np.linspace(0, 1, 8, endpoint=False, dtype=np.float32)[:, None]
            sides = [
                a + (b - a) * share for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)
            ]
            return np.concatenate(sides)
        turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        return np.stack([np.cos(turn), np.sin(turn)], 1).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lid:
    shape: Shape
    radius_m: float
    surface: Surface  # on its own raster
    alpha: Mask


def lid_grid() -> tuple[Field, Field]:
    line = (np.arange(LID_PX, dtype=np.float32) + 0.5) / LID_PX * 2 * REACH - REACH
    u, v = np.meshgrid(line, line)
    return u, v


def random_lid(rng: np.random.Generator, shape: Shape, radius_m: float) -> Lid:
    """A sound one."""
    material = any_of(rng, MATERIALS)
    u, v = lid_grid()
    far = shape.far(u, v)
    surface = Surface.flat(LID_PX)
    relief = np.full_like(u, 0.5) if rng.random() < material.smooth else random_relief(rng, u, v)
    relief = _worn(rng, cv2.GaussianBlur(relief, (0, 0), float(rng.uniform(0.6, 1.6))))
    surface.height_m[:] = relief * float(rng.uniform(0.008, 0.02)) * radius_m
    base = np.array(drawn_colour(rng, material.colour, material.spread), np.float32)
    mottle = 1 + float(rng.uniform(0.05, 0.2)) * cloud(rng, LID_PX, float(rng.uniform(20, 160)))
    surface.albedo[:] = base * np.clip(mottle, 0.4, 1.8)[..., None]
    surface.gloss[:] = material.gloss * (0.3 + 0.7 * relief)
    _dust(rng, surface, relief, material.dust)
    if rng.random() < 0.2:
        _deep(rng, surface, relief)
    for _ in range(int(rng.integers(0, 3))):
        _stain(rng, surface)
    _pick_holes(rng, surface, u, v)
    _rim_line(rng, surface, far)
    return Lid(shape=shape, radius_m=radius_m, surface=surface, alpha=step(-far, -1.0, 0.01))


def _worn(rng: np.random.Generator, relief: Field) -> Field:
    """Trodden flat here and there, and grainy."""
    flat = step(cloud(rng, LID_PX, 220), float(rng.uniform(-0.5, 2.5)), 1.5)
    grain = float(rng.uniform(0.02, 0.12)) * cloud(rng, LID_PX, float(rng.uniform(3, 9)), 2)
    return np.asarray(relief * (1 - 0.8 * flat) + 0.4 * flat + grain, np.float32)


def _dust(rng: np.random.Generator, surface: Surface, relief: Field, most: float) -> None:
    """Recesses hold what lies on the street; raised parts are walked bright."""
    colour = drawn_colour(rng, (0.26, 0.22, 0.17), 0.4)
    patchy = np.clip(0.6 + 0.4 * cloud(rng, LID_PX, 120), 0, 1)
    surface.tint(colour, np.clip(1 - relief * 1.2, 0, 1) * patchy * most * float(rng.random()))


def _stain(rng: np.random.Generator, surface: Surface) -> None:
    colours = ((0.18, 0.08, 0.03), (0.05, 0.045, 0.04), (0.4, 0.38, 0.34))
    colour = drawn_colour(rng, any_of(rng, colours), 0.3)
    where = step(cloud(rng, LID_PX, float(rng.uniform(60, 260))), float(rng.uniform(0.3, 1.8)), 0.6)
    surface.tint(colour, where * float(rng.uniform(0.2, 0.8)))


def _pick_holes(rng: np.random.Generator, surface: Surface, u: Field, v: Field) -> None:
    """Where the lid is lifted or aired: sound lids have these, and they are no damage.

    They are alike, and stand in order; what breaks does neither.
    """
    count = int(rng.choice((0, 1, 2, 2, 2, 4, 4, 6, 8, 14)))
    reach, start = float(rng.uniform(0.15, 0.88)), float(rng.uniform(0, 2 * np.pi))
    wide, long = float(rng.uniform(0.02, 0.055)), float(rng.uniform(0.03, 0.09))
    level, square = float(rng.uniform(0.005, 0.03)), rng.random() < 0.3
    for k in range(count):
        turn = start + 2 * np.pi * k / count
        x, y = u - reach * np.cos(turn), v - reach * np.sin(turn)
        along, aside = turned(x, y, turn)
        far = np.hypot(along / wide, aside / long)
        if square:
            far = np.maximum(abs(along / wide), abs(aside / long))
        hole = step(-far, -1.0, 0.3)
        surface.tint((level, level, level), hole)
        surface.height_m[:] *= 1 - hole
        surface.gloss[:] *= 1 - hole


def _deep(rng: np.random.Generator, surface: Surface, relief: Field) -> None:
    """Recesses so deep, or full of black dirt, that they look like holes."""
    level = float(rng.uniform(0.008, 0.04))
    low = step(-cv2.GaussianBlur(relief, (0, 0), 1.0), -float(rng.uniform(0.25, 0.5)), 0.25)
    surface.tint((level, level, level), low * float(rng.uniform(0.6, 1)))
    surface.gloss[:] *= 1 - low
    surface.height_m[:] *= float(rng.uniform(1, 2.5))


def _rim_line(rng: np.random.Generator, surface: Surface, far: Field) -> None:
    """The joint between lid and frame: dark, or full of dirt."""
    width = float(rng.uniform(0.006, 0.03))
    colour = drawn_colour(rng, (0.02, 0.018, 0.015) if rng.random() < 0.7 else (0.2, 0.17, 0.13))
    surface.tint(colour, step(far, 1.0 - width, 0.012))


def laid(lid: Lid, plane: Plane, at: tuple[float, float], turn: float) -> tuple[Surface, Mask]:
    """The lid on a plane's raster, and where it lies."""
    scale = lid.radius_m / plane.m_a_px * 2 * REACH / LID_PX
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    middle = (LID_PX - 1) / 2
    x, y = (float(c) for c in plane.pixel(np.array(at, np.float32)))
    move = np.array(
        [
            [cos, -sin, x - cos * middle + sin * middle],
            [sin, cos, y - sin * middle - cos * middle],
        ],
        np.float32,
    )
    size = (plane.side_px, plane.side_px)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR

    def warped(field: Field) -> Field:
        sized = cv2.GaussianBlur(field, (0, 0), 0.45 / scale) if scale < 0.8 else field
        return np.asarray(cv2.warpAffine(sized, move, size, flags=how), np.float32)

    return lid.surface.each(warped), warped(lid.alpha)
