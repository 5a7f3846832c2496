"""What stands on pavements all day and looks a little like a stall: benches, kiosks, racks."""

from __future__ import annotations

from random import Random

from clutter import Maker, build_clutter
from mesh import Mesh
from paint import GLASS, IRON, STEEL, WOOD, Paint, any_colour, any_sign, grey, hsv

PLAIN = 0.3
"""So many of the things are of the few kinds that every street has."""


def build_furniture(rng: Random) -> Mesh:
    """One of them, its front towards -y; nobody sells there."""
    if rng.random() < PLAIN:
        return build_clutter(rng)
    mesh = Mesh()
    paint = Paint(colour=any_colour(rng, (0.1, 0.6)), roughness=rng.uniform(0.3, 0.7), mottle=0.3)
    rng.choice(MAKERS)(mesh, rng, paint)
    return mesh


def _seats(mesh: Mesh, rng: Random, paint: Paint) -> None:
    """A row of steel seats on one rail, now and then against a wall of its own."""
    count, steel = rng.randrange(2, 6), rng.choice((STEEL, IRON, paint))
    length = count * 0.58
    for k in range(count):
        x = (k + 0.5) * 0.58 - length / 2
        for step in range(6):
            mesh.box((0.5, 0.05, 0.02), (x, -0.22 + 0.08 * step, 0.44), steel)
            mesh.box((0.5, 0.02, 0.05), (x, 0.24 + 0.012 * step, 0.5 + 0.08 * step), steel)
        mesh.tube((x - 0.27, -0.2, 0.46), (x - 0.27, 0.25, 0.66), 0.02, steel)
    mesh.box((length, 0.08, 0.06), (0, 0, 0.38), IRON)
    for x in (-length * 0.4, length * 0.4):
        mesh.box((0.08, 0.5, 0.38), (x, 0, 0.19), IRON)
    if rng.random() < 0.5:
        high = rng.uniform(0.7, 1.1)
        mesh.box((length + 0.4, 0.15, high), (0, 0.45, high / 2), paint, bevel=0.02)


def _slatted_bench(mesh: Mesh, rng: Random, paint: Paint) -> None:
    """Slats on iron legs, with a back or without."""
    length, slat = rng.uniform(1.3, 2.4), rng.choice((WOOD, WOOD, paint, STEEL))
    for k in range(5):
        mesh.box((length, 0.08, 0.04), (0, -0.2 + 0.1 * k, 0.45), slat)
    if rng.random() < 0.6:
        for k in range(4):
            mesh.box((length, 0.03, 0.09), (0, 0.27 + 0.03 * k, 0.55 + 0.11 * k), slat)
    for x in (-length * 0.42, 0.0, length * 0.42):
        mesh.box((0.06, 0.5, 0.45), (x, 0, 0.22), IRON)


def _booth(mesh: Mesh, rng: Random, paint: Paint) -> None:
    """Telephones, parcels or tickets: a shell of glass around a machine, up to three abreast."""
    top = rng.uniform(1.9, 2.3)
    for k in range(rng.randrange(1, 4)):
        x = k * 0.95
        mesh.box((0.9, 0.05, top - 0.3), (x, 0.4, top / 2 + 0.1), GLASS)
        mesh.box((0.95, 0.9, 0.2), (x, 0, top), paint, bevel=0.02)
        mesh.box((0.5, 0.3, 0.7), (x, 0.2, 1.2), Paint(colour=grey(rng.uniform(0.2, 0.7))))
        mesh.box((0.3, 0.02, 0.2), (x, 0.04, 1.35), any_sign(rng))
        for side in (-0.46, 0.46):
            mesh.box((0.05, 0.85, top), (x + side, 0, top / 2), STEEL)


def _lockers(mesh: Mesh, rng: Random, paint: Paint) -> None:
    """A parcel station or a row of vending machines."""
    height, columns = rng.uniform(1.6, 2.1), rng.randrange(2, 7)
    face = Paint(colour=any_colour(rng, (0.1, 0.8)), roughness=0.4)
    mesh.box((columns * 0.5, 0.55, height), (0, 0, height / 2), paint, bevel=0.02)
    for k in range(columns):
        x = (k + 0.5 - columns / 2) * 0.5
        for row in range(4):
            z = height * (row + 0.5) / 4
            look = any_sign(rng) if rng.random() < 0.1 else face
            mesh.box((0.44, 0.03, height / 4 - 0.05), (x, -0.28, z), look)


def _stands(mesh: Mesh, rng: Random, paint: Paint) -> None:
    """Hoops for bicycles, none in them."""
    apart = rng.uniform(0.5, 0.9)
    for k in range(rng.randrange(3, 9)):
        x = k * apart
        mesh.path([(x, -0.3, 0), (x, -0.3, 0.75), (x, 0.3, 0.75), (x, 0.3, 0)], 0.025, STEEL)


def _railing(mesh: Mesh, rng: Random, paint: Paint) -> None:
    """A fence along the kerb, or the barriers of road works."""
    length = rng.uniform(2, 6)
    colour = rng.choice((paint, Paint(colour=hsv(0.13, 0.85, 0.8)), Paint(colour=grey(0.85))))
    for z in (0.25, 0.95):
        mesh.tube((-length / 2, 0, z), (length / 2, 0, z), 0.03, colour)
    for k in range(int(length / 0.15)):
        x = k * 0.15 - length / 2
        mesh.tube((x, 0, 0.25 if k % 12 else 0.0), (x, 0, 0.95), 0.012, colour, sides=5)


def _papers(mesh: Mesh, rng: Random, paint: Paint) -> None:
    """Boxes of newspapers, or for bottles and clothes: coloured, with a window or a slot."""
    for k in range(rng.randrange(1, 5)):
        body = Paint(colour=any_colour(rng, (0.4, 0.9)), roughness=0.4)
        high = rng.uniform(0.9, 1.5)
        mesh.box((0.5, 0.45, high - 0.15), (k * 0.62, 0, high / 2 + 0.1), body, bevel=0.03)
        mesh.box(
            (0.36, 0.02, 0.3), (k * 0.62, -0.23, high * 0.75), rng.choice((GLASS, any_sign(rng)))
        )


def _planter(mesh: Mesh, rng: Random, paint: Paint) -> None:
    """A hedge in a box, some with a seat around it."""
    length = rng.uniform(1.0, 3.0)
    mesh.box((length, 0.7, 0.45), (0, 0, 0.22), paint, bevel=0.03)
    if rng.random() < 0.4:
        mesh.box((length + 0.5, 1.2, 0.06), (0, 0, 0.45), WOOD)
    leaf = Paint(colour=hsv(rng.uniform(0.22, 0.38), 0.55, rng.uniform(0.2, 0.45)), roughness=0.8)
    for _ in range(int(40 * length)):
        at = rng.uniform(-length / 2 + 0.1, length / 2 - 0.1), rng.uniform(-0.25, 0.25)
        mesh.ball((*at, rng.uniform(0.5, 0.9)), rng.uniform(0.06, 0.13), leaf, sides=5, rows=3)


def _tables(mesh: Mesh, rng: Random, paint: Paint) -> None:
    """A bare table with stools, where people sit and play."""
    stone = rng.choice((Paint(colour=grey(0.6), mottle=0.4), WOOD, paint))
    mesh.tube((0, 0, 0), (0, 0, 0.72), 0.12, stone)
    mesh.box((0.9, 0.9, 0.06), (0, 0, 0.75), stone, bevel=0.01)
    for x, y in ((0.8, 0), (-0.8, 0), (0, 0.8), (0, -0.8)):
        mesh.tube((x, y, 0), (x, y, 0.42), 0.17, stone, sides=8)


def _hydrant(mesh: Mesh, rng: Random, paint: Paint) -> None:
    """A hydrant and the posts that guard it."""
    red = Paint(colour=hsv(0.0, 0.85, 0.6), roughness=0.4)
    mesh.tube((0, 0, 0), (0, 0, 0.7), 0.12, red)
    mesh.ball((0, 0, 0.72), 0.13, red)
    for x in (-0.5, 0.5):
        mesh.tube((x, 0, 0), (x, 0, 0.9), 0.05, IRON)


def _transformer(mesh: Mesh, rng: Random, paint: Paint) -> None:
    """A cabinet of the power grid, its doors in panels, a sheet of warnings on it."""
    width, high = rng.uniform(1.2, 2.6), rng.uniform(1.1, 1.8)
    body = Paint(colour=hsv(rng.uniform(0.2, 0.4), rng.uniform(0, 0.4), rng.uniform(0.3, 0.7)))
    mesh.box((width, 0.8, high), (0, 0, high / 2 + 0.1), body, bevel=0.02)
    mesh.box((width + 0.15, 0.95, 0.06), (0, 0, high + 0.12), body)
    for k in range(3):
        x = (k - 1) * width / 3
        mesh.box((width / 3 - 0.06, 0.02, high - 0.25), (x, -0.41, high / 2 + 0.1), paint)
    mesh.box((0.35, 0.02, 0.3), (0, -0.43, high * 0.65), any_sign(rng))


MAKERS: tuple[Maker, ...] = (
    _seats,
    _seats,
    _slatted_bench,
    _booth,
    _lockers,
    _stands,
    _railing,
    _papers,
    _planter,
    _tables,
    _hydrant,
    _transformer,
)
