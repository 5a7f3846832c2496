"""Motor three-wheelers with a cabin: those that carry passengers, and those that carry loads."""

from __future__ import annotations

from random import Random

from goods import load
from mesh import Mesh
from paint import BLACK, GLASS, RUBBER, STEEL, Paint, any_colour, grey, hsv

_BODIES = (hsv(0.14, 0.9, 0.85), hsv(0.36, 0.7, 0.4), hsv(0.0, 0.8, 0.6), hsv(0.6, 0.6, 0.55))


def build_passenger(rng: Random) -> Mesh:
    """An auto rickshaw or a covered electric tricycle; nothing for sale."""
    mesh = Mesh()
    body = Paint(colour=rng.choice(_BODIES), roughness=0.35, coat=0.3, mottle=0.3)
    roof = body if rng.random() < 0.4 else Paint(colour=rng.choice((grey(0.1), *_BODIES)))
    _front(mesh, body)
    for side in (-1, 1):
        mesh.wheel((-0.85, side * 0.55, 0.25), 0.25, 0.12, RUBBER, STEEL)
        mesh.box((0.9, 0.05, 0.5), (-0.85, side * 0.62, 0.6), body, bevel=0.02)
        mesh.tube((-0.2, side * 0.6, 0.4), (-0.2, side * 0.58, 1.7), 0.025, BLACK)
    mesh.box((2.0, 1.25, 0.06), (-0.3, 0, 0.36), BLACK)
    mesh.box((0.06, 1.25, 0.95), (-1.3, 0, 0.8), body, bevel=0.03)
    mesh.box((0.5, 1.15, 0.3), (-0.9, 0, 0.6), BLACK, bevel=0.05)
    mesh.box((2.1, 1.3, 0.12), (-0.3, 0, 1.75), roof, bevel=0.05)
    if rng.random() < 0.6:
        mesh.box((0.04, 1.2, 0.5), (-1.3, 0, 1.48), roof)
    return mesh


def build_cabin_cart(mesh: Mesh, rng: Random) -> None:
    """A cargo tricycle with a cabin, whatever lies on its bed, and perhaps a cover over it."""
    body = Paint(colour=any_colour(rng, (0.5, 0.95)), roughness=0.4, coat=0.2, mottle=0.3)
    _front(mesh, body)
    if rng.random() < 0.5:  # a closed cabin, or only a screen with a roof
        mesh.box((0.06, 1.1, 1.0), (0.1, 0, 1.1), body)
    mesh.box((1.0, 1.15, 0.08), (0.55, 0, 1.65), body, bevel=0.03)
    for side in (-1, 1):
        mesh.tube((0.1, side * 0.52, 0.5), (0.1, side * 0.52, 1.65), 0.025, body)
        mesh.wheel((-0.8, side * 0.52, 0.28), 0.28, 0.12, RUBBER, STEEL)
    length, high = rng.uniform(1.5, 2.0), rng.uniform(0.2, 0.45)
    middle = -0.05 - length / 2
    mesh.box((length, 1.15, 0.07), (middle, 0, 0.58), BLACK)
    for side in (-1, 1):
        mesh.box((length, 0.04, high), (middle, side * 0.56, 0.6 + high / 2), body)
    if rng.random() < 0.7:  # else the tailboard is down
        mesh.box((0.04, 1.15, high), (middle - length / 2, 0, 0.6 + high / 2), body)
    bed = Mesh()
    load(bed, rng, 0.62 if rng.random() < 0.6 else 0.62 + high, length * 0.95, 1.05)
    mesh.join(bed, (middle, 0, 0))
    if rng.random() < 0.3:
        _hood(mesh, rng, middle, length)


def _front(mesh: Mesh, body: Paint) -> None:
    """Wheel, nose, windscreen and bars; the nose towards +x."""
    mesh.hoop((1.15, 0, 0.26), 0.2, 0.06, RUBBER)
    mesh.box((0.35, 0.25, 0.12), (1.15, 0, 0.52), body, bevel=0.04)
    mesh.box((0.1, 1.05, 0.75), (0.92, 0, 0.75), body, bevel=0.04, ry=-0.15)
    mesh.box((0.03, 0.95, 0.55), (0.8, 0, 1.38), GLASS, ry=-0.2)
    for side in (-1, 1):
        mesh.tube((0.88, side * 0.5, 1.1), (0.72, side * 0.5, 1.7), 0.025, body)
        mesh.ball((1.0, side * 0.3, 0.85), 0.08, Paint(colour=grey(0.9), roughness=0.1), sides=8)
    mesh.tube((0.7, -0.3, 1.0), (0.7, 0.3, 1.0), 0.018, BLACK)
    mesh.box((0.4, 0.8, 0.2), (0.3, 0, 0.7), BLACK, bevel=0.05)


def _hood(mesh: Mesh, rng: Random, middle: float, length: float) -> None:
    """A cover of cloth over bows above the bed."""
    cloth = Paint(kind="cloth", colour=any_colour(rng), roughness=0.7, bump=0.3, mottle=0.35)
    x, y, low, top = length / 2, 0.6, 1.4, rng.uniform(1.65, 1.95)
    for side in (-1, 1):
        corners = [(middle - x, side * y, low), (middle + x, side * y, low)]
        corners += [(middle + x, 0, top), (middle - x, 0, top)]
        mesh.quad(corners, cloth)
    for px in (middle - x, middle + x):
        for side in (-1, 1):
            mesh.tube((px, side * 0.56, 0.7), (px, side * y, low), 0.018, STEEL)
