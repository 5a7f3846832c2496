"""The ground as rasters: its colour, how high it stands, how it shines, where it is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from near.noise import Field, Mask

Colour = tuple[float, float, float]  # linear RGB


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A square of ground around the origin; x grows to the right of its raster, y downwards."""

    half_m: float
    side_px: int

    @property
    def m_a_px(self) -> float:
        return 2 * self.half_m / self.side_px

    def grid(self) -> tuple[Field, Field]:
        """x and y of each pixel's middle, in metres."""
        line = (np.arange(self.side_px, dtype=np.float32) + 0.5) * self.m_a_px - self.half_m
        x, y = np.meshgrid(line, line)
        return x, y

    def pixel(self, metres: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raster coordinates of x or y."""
        return np.asarray((metres + self.half_m) / self.m_a_px - 0.5, np.float32)


@dataclass(slots=True, kw_only=True)
class Surface:
    """What lies on a raster; a Plane's, or a lid's own before it is laid on one."""

    albedo: NDArray[np.float32]  # (H, W, 3), linear RGB
    height_m: Field
    gloss: Field  # 0 rough, 1 polished
    gone: Mask  # where one looks through
    bars: Mask  # reinforcement that still spans a hole

    @classmethod
    def flat(cls, side_px: int) -> Surface:
        zero = np.zeros((side_px, side_px), np.float32)
        return cls(
            albedo=np.zeros((side_px, side_px, 3), np.float32),
            height_m=zero.copy(),
            gloss=zero.copy(),
            gone=zero.copy(),
            bars=zero.copy(),
        )

    def cover(self, other: Surface, alpha: Mask) -> None:
        """Lays another surface of the same raster over this one."""
        for name in ("height_m", "gloss", "gone", "bars"):
            below, above = getattr(self, name), getattr(other, name)
            below += (above - below) * alpha
        self.albedo += (other.albedo - self.albedo) * alpha[..., None]

    def each(self, change: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Surface:
        """A surface of all its rasters, each changed alike."""
        return Surface(**{field.name: change(getattr(self, field.name)) for field in fields(self)})

    def copy(self) -> Surface:
        return self.each(np.copy)

    def tint(self, colour: Colour, alpha: Mask) -> None:
        self.albedo += (np.array(colour, np.float32) - self.albedo) * alpha[..., None]


def drawn_colour(rng: np.random.Generator, colour: Colour, spread: float = 0.15) -> Colour:
    """The colour lighter or darker, and a little off."""
    factor = np.exp(rng.normal(0, spread)) * np.exp(rng.normal(0, spread / 9, 3))
    r, g, b = np.clip(np.array(colour) * factor, 0.005, 0.9)
    return float(r), float(g), float(b)
