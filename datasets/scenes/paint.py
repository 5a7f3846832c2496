"""A surface, described without Blender: the back end turns it into a node tree."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from random import Random

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """What a surface is made of; `kind` picks the procedural texture, lengths are metres."""

    kind: str = "plain"
    colour: Colour = (0.5, 0.5, 0.5)
    second: Colour = (0.3, 0.3, 0.3)
    roughness: float = 0.6
    metallic: float = 0.0
    coat: float = 0.0
    bump: float = 0.0
    grain_m: float = 0.2
    """Size of the noise that keeps the colour from being flat."""
    mottle: float = 0.25
    """How strongly that noise darkens and lightens the colour, 0 to 1."""
    tile_m: tuple[float, float] = (0.3, 0.3)
    plane: str = "xy"
    emission: float = 0.0
    picture: str = ""
    """Name of a drawn picture (see pictures.py) for kind `picture`."""
    wet: float = 0.0

    def but(self, **changes: object) -> Paint:
        return replace(self, **changes)  # type: ignore[arg-type]


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """A linear colour from hue, saturation and display value."""
    r, g, b = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return (r**2.2, g**2.2, b**2.2)


def grey(value: float, tint: float = 0.0) -> Colour:
    """A linear grey from a display value; tint > 0 is warm, < 0 cold."""
    return (
        max(0.0, value + tint) ** 2.2,
        max(0.0, value) ** 2.2,
        max(0.0, value - tint) ** 2.2,
    )


def dimmed(colour: Colour, factor: float) -> Colour:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)


def any_colour(rng: Random, saturation: tuple[float, float] = (0.2, 0.9)) -> Colour:
    return hsv(rng.random(), rng.uniform(*saturation), rng.uniform(0.25, 0.95))


def any_sign(rng: Random, *, emission: float = 0.0) -> Paint:
    """A drawn sign or advertisement (see pictures.py)."""
    return Paint(kind="picture", picture=f"sign-{rng.randrange(9999)}", emission=emission)


BLACK = Paint(colour=grey(0.1), roughness=0.7)
RUBBER = Paint(colour=grey(0.13), roughness=0.85, bump=0.2, grain_m=0.05)
STEEL = Paint(colour=grey(0.62), roughness=0.35, metallic=0.9, grain_m=0.1)
IRON = Paint(colour=grey(0.3, 0.02), roughness=0.55, metallic=0.6, grain_m=0.08, mottle=0.4)
WOOD = Paint(kind="wood", colour=(0.30, 0.17, 0.08), second=(0.16, 0.08, 0.035), roughness=0.7)
GLASS = Paint(colour=grey(0.12, -0.01), roughness=0.06, coat=0.6, mottle=0.1)
