"""Street furniture that must never be taken for a vendor."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
from mesh import Mesh, Points
from paint import STEEL, WOOD, Paint, any_colour, any_sign, grey, hsv


def build_clutter(rng: Random) -> Mesh:
    """A bin, a bench, a flower tub and the like."""
    mesh = Mesh()
    kind = rng.choice(("bin", "bin", *list(MAKERS)[1:]))
    paint = Paint(colour=any_colour(rng, (0.2, 0.7)), roughness=0.6, mottle=0.4, grain_m=0.3)
    MAKERS[kind](mesh, rng, paint)
    return mesh


def _bin(mesh: Mesh, rng: Random, paint: Paint) -> None:
    green = Paint(
        colour=rng.choice(
            (hsv(0.36, 0.6, 0.35), grey(0.25), hsv(0.6, 0.6, 0.45), hsv(0.01, 0.7, 0.5))
        ),
        roughness=0.5,
        mottle=0.35,
    )
    for k in range(rng.randrange(1, 4)):
        mesh.loft(
            [_square(k * 0.65, 0.23, 0.05), _square(k * 0.65, 0.28, 0.95)],
            green,
            smooth=False,
        )
        mesh.box((0.6, 0.64, 0.07), (k * 0.65, 0, 1.0), green, bevel=0.02, rx=0.06)


def _bench(mesh: Mesh, rng: Random, paint: Paint) -> None:
    mesh.box((1.6, 0.45, 0.06), (0, 0, 0.44), WOOD)
    mesh.box((1.6, 0.05, 0.4), (0, 0.22, 0.75), WOOD)
    for x in (-0.7, 0.7):
        mesh.box((0.06, 0.45, 0.44), (x, 0, 0.22), STEEL)


def _tub(mesh: Mesh, rng: Random, paint: Paint) -> None:
    mesh.box((1.2, 0.5, 0.5), (0, 0, 0.25), paint, bevel=0.03)
    for _ in range(70):
        colour = rng.choice(
            (
                hsv(0.33, 0.6, 0.35),
                hsv(0.33, 0.6, 0.35),
                hsv(0.95, 0.7, 0.8),
                hsv(0.14, 0.8, 0.85),
            )
        )
        mesh.ball(
            (rng.uniform(-0.55, 0.55), rng.uniform(-0.2, 0.2), rng.uniform(0.5, 0.75)),
            rng.uniform(0.03, 0.07),
            Paint(colour=colour),
            sides=5,
            rows=3,
        )


def _cabinet(mesh: Mesh, rng: Random, paint: Paint) -> None:
    mesh.box(
        (0.9, 0.45, 1.3),
        (0, 0, 0.65),
        Paint(colour=grey(rng.uniform(0.5, 0.8)), mottle=0.4, roughness=0.5),
        bevel=0.02,
    )


def _cone(mesh: Mesh, rng: Random, paint: Paint) -> None:
    for k in range(3):
        mesh.tube(
            (k * 1.2, 0, 0),
            (k * 1.2, 0, 0.7),
            0.17,
            Paint(colour=hsv(0.04, 0.9, 0.85)),
            end_radius=0.03,
        )
        mesh.tube(
            (k * 1.2, 0, 0.3),
            (k * 1.2, 0, 0.45),
            0.115,
            Paint(colour=grey(0.9)),
            end_radius=0.09,
        )


def _bollards(mesh: Mesh, rng: Random, paint: Paint) -> None:
    for k in range(4):
        mesh.tube(
            (k * 1.3, 0, 0),
            (k * 1.3, 0, 0.8),
            0.07,
            Paint(colour=hsv(0.13, 0.8, 0.7), mottle=0.4),
        )


def _board(mesh: Mesh, rng: Random, paint: Paint) -> None:
    sign = any_sign(rng)
    mesh.quad([(-0.4, -0.2, 0), (0.4, -0.2, 0), (0.4, 0, 1.0), (-0.4, 0, 1.0)], sign, uv=True)
    mesh.quad([(-0.4, 0.2, 0), (0.4, 0.2, 0), (0.4, 0, 1.0), (-0.4, 0, 1.0)], paint)


def _boxes(mesh: Mesh, rng: Random, paint: Paint) -> None:
    card = Paint(colour=(0.36, 0.22, 0.11), roughness=0.85, mottle=0.35)
    for k in range(3):
        mesh.box(
            (0.5, 0.4, 0.35),
            (k * 0.4, rng.uniform(-0.1, 0.1), 0.18),
            card,
            rz=rng.uniform(-0.3, 0.3),
        )


def _square(x: float, half: float, z: float) -> Points:
    return np.array(
        [[x - half, -half, z], [x + half, -half, z], [x + half, half, z], [x - half, half, z]]
    )


Maker = Callable[[Mesh, Random, Paint], None]
MAKERS: dict[str, Maker] = {
    "bin": _bin,
    "bench": _bench,
    "tub": _tub,
    "cabinet": _cabinet,
    "cone": _cone,
    "bollards": _bollards,
    "board": _board,
    "boxes": _boxes,
}
