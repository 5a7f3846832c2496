"""Goods of street vendors, and how they are laid out."""

from __future__ import annotations

from random import Random

from mesh import Mesh, oval
from paint import STEEL, Paint, any_colour, grey, hsv

FRUIT = (
    (0.08, 0.9, 0.85),
    (0.0, 0.85, 0.7),
    (0.13, 0.9, 0.9),
    (0.28, 0.8, 0.6),
    (0.3, 0.7, 0.35),
    (0.95, 0.5, 0.8),
    (0.78, 0.5, 0.35),
    (0.1, 0.4, 0.6),
)
SHEETS = (hsv(0.6, 0.85, 0.75), hsv(0.38, 0.7, 0.5), grey(0.85), hsv(0.07, 0.8, 0.7))
"""Colours of the plastic sheets that cover goods."""


def palette(rng: Random, saturation: tuple[float, float]) -> list[Paint]:
    """A few colours for many small wares: each paint costs the renderer time."""
    return [
        Paint(colour=any_colour(rng, saturation), roughness=0.7, mottle=0.35, grain_m=0.06)
        for _ in range(6)
    ]


def heap(
    mesh: Mesh, rng: Random, at: tuple[float, float, float], size: tuple[float, float]
) -> None:
    """A heap of fruit or vegetables of one kind on a rectangle."""
    h, s, v = rng.choice(FRUIT)
    r = rng.uniform(0.035, 0.06)
    paints = [
        Paint(
            colour=hsv(h + rng.uniform(-0.015, 0.015), s, v * k),
            roughness=0.45,
            mottle=0.3,
            grain_m=0.03,
        )
        for k in (0.75, 1.0)
    ]
    for _ in range(max(8, int(size[0] * size[1] / (r * r) * 0.22))):
        x, y = rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5)
        z = r + 0.12 * max(0.0, 1 - 2 * max(abs(x), abs(y))) * rng.random() * 1.6
        p = (at[0] + x * size[0], at[1] + y * size[1], at[2] + z)
        mesh.ball(p, r * rng.uniform(0.85, 1.15), rng.choice(paints), sides=6, rows=4)


def crate(mesh: Mesh, rng: Random, at: tuple[float, float, float]) -> None:
    colour = rng.choice(
        ((0.7, 0.55, 0.35), hsv(0.6, 0.7, 0.6), hsv(0.36, 0.6, 0.5), hsv(0.02, 0.7, 0.6))
    )
    paint = Paint(colour=colour, roughness=0.75, bump=0.3, mottle=0.4, grain_m=0.1)
    x, y, z = at
    for side in (-1, 1):
        mesh.box((0.55, 0.02, 0.24), (x, y + side * 0.19, z + 0.12), paint)
        mesh.box((0.02, 0.38, 0.24), (x + side * 0.27, y, z + 0.12), paint)
    mesh.box((0.54, 0.37, 0.12), (x, y, z + 0.07), paint)
    heap(mesh, rng, (x, y, z + 0.14), (0.46, 0.3))


def goods_on(mesh: Mesh, rng: Random, z: float, length: float, depth: float) -> None:
    """Cover a surface with a mixture of heaps, crates and boxes."""
    columns, rows = max(2, int(length / 0.58)), max(1, int(depth / 0.42))
    for i in range(columns):
        for j in range(rows):
            at = (
                (i + 0.5 - columns / 2) * length / columns,
                (j + 0.5 - rows / 2) * depth / rows,
                z,
            )
            pick = rng.random()
            if pick < 0.5:
                heap(mesh, rng, at, (length / columns * 0.85, depth / rows * 0.85))
            elif pick < 0.8:
                crate(mesh, rng, at)
            else:
                box = Paint(colour=any_colour(rng), roughness=0.6, mottle=0.35)
                size = (rng.uniform(0.2, 0.45), rng.uniform(0.15, 0.3), rng.uniform(0.1, 0.35))
                mesh.box(size, (at[0], at[1], z + size[2] / 2), box, rz=rng.uniform(-0.3, 0.3))


def mound(mesh: Mesh, rng: Random, z: float, length: float, depth: float) -> None:
    """One to three great heaps, each of one kind, that fill a surface."""
    count = rng.choice((1, 1, 2, 3))
    wide = length / count
    tall = rng.uniform(0.12, 0.4)
    for k in range(count):
        h, s, v = rng.choice(FRUIT)
        r = rng.uniform(0.04, 0.075)
        paints = [
            Paint(colour=hsv(h + rng.uniform(-0.02, 0.02), s, v * f), roughness=0.5, mottle=0.3)
            for f in (0.7, 0.85, 1.0)
        ]
        x0 = -length / 2 + (k + 0.5) * wide
        radii = (wide * 0.52, depth * 0.52, tall)
        mesh.ball((x0, 0, z), radii, paints[0], sides=14, rows=5, bottom=0.0)
        for _ in range(min(150, int(wide * depth / (r * r) * 0.6))):
            x, y = rng.uniform(-1, 1), rng.uniform(-1, 1)
            if x * x + y * y < 1:
                top = z + tall * (1 - x * x - y * y) ** 0.5
                at = (x0 + x * radii[0], y * radii[1], top)
                mesh.ball(at, r * rng.uniform(0.8, 1.2), rng.choice(paints), sides=6, rows=4)


def sacks(mesh: Mesh, rng: Random, z: float, length: float, depth: float) -> None:
    """Full sacks in one or two layers."""
    colour = grey(rng.uniform(0.5, 0.85)) if rng.random() < 0.6 else hsv(0.09, 0.45, 0.55)
    cloth = Paint(kind="cloth", colour=colour, roughness=0.9, bump=0.5, mottle=0.4)
    columns, rows = max(2, round(length / 0.5)), max(1, round(depth / 0.45))
    for layer in range(rng.choice((1, 2, 2))):
        for i in range(columns):
            for j in range(rows):
                at = (
                    (i + 0.5 - columns / 2) * length / columns + rng.gauss(0, 0.05),
                    (j + 0.5 - rows / 2) * depth / rows,
                    z + 0.12 + 0.2 * layer,
                )
                radii = (length / columns * 0.58, depth / rows * 0.55, 0.15)
                mesh.ball(at, radii, cloth, sides=9, rows=5)


def folded(mesh: Mesh, rng: Random, z: float, length: float, depth: float) -> None:
    """Rows of small flat piles: clothes, shoes, books, packets."""
    step = rng.uniform(0.16, 0.3)
    paints = palette(rng, (0.0, 0.3) if rng.random() < 0.3 else (0.3, 0.95))
    for i in range(int(length / step)):
        for j in range(int(depth / step)):
            tall = rng.uniform(0.03, 0.16)
            at = (
                -length / 2 + (i + 0.5) * step,
                -depth / 2 + (j + 0.5) * step,
                z + tall / 2,
            )
            mesh.box(
                (step * 0.92, step * 0.86, tall), at, rng.choice(paints), rz=rng.gauss(0, 0.12)
            )


def covered(mesh: Mesh, rng: Random, z: float, length: float, depth: float) -> None:
    """Goods under a sheet that hangs over the edge."""
    colour = rng.choice(
        (hsv(0.6, 0.85, 0.75), hsv(0.38, 0.7, 0.5), grey(0.85), hsv(0.07, 0.8, 0.7))
    )
    sheet = Paint(kind="cloth", colour=colour, second=grey(0.8), roughness=0.55, bump=0.5)
    if rng.random() < 0.3:
        sheet = sheet.but(kind="stripes", tile_m=(0.12, 0.12))
    top = rng.uniform(0.1, 0.5)
    rings = [
        oval((0, 0, z + height), length * wide, depth * wide, 18, 0.45)
        for height, wide in ((-0.25, 0.53), (0.05, 0.52), (top * 0.8, 0.42), (top, 0.2))
    ]
    for one in rings:
        one += [[rng.gauss(0, 0.02), rng.gauss(0, 0.02), rng.gauss(0, 0.04)] for _ in range(18)]
    mesh.loft(rings, sheet, smooth=False)


def cylinders(mesh: Mesh, rng: Random, z: float, length: float, depth: float) -> None:
    """Gas bottles, buckets or cans."""
    radius, tall = rng.choice(((0.15, 0.55), (0.14, 0.3), (0.2, 0.5)))
    paint = Paint(
        colour=rng.choice((hsv(0.0, 0.8, 0.6), hsv(0.6, 0.7, 0.6), grey(0.7), hsv(0.12, 0.8, 0.8))),
        roughness=0.4,
        mottle=0.3,
    )
    for i in range(int(length / (2.1 * radius))):
        for j in range(int(depth / (2.1 * radius))):
            if rng.random() < 0.85:
                x = -length / 2 + (i + 0.5) * 2.1 * radius
                y = -depth / 2 + (j + 0.5) * 2.1 * radius
                mesh.tube((x, y, z), (x, y, z + tall), radius, paint, sides=10)
                mesh.tube((x, y, z + tall), (x, y, z + tall + 0.07), radius * 0.4, STEEL, sides=7)


def trays(mesh: Mesh, rng: Random, z: float, length: float, depth: float) -> None:
    """Crates of fruit that stand in steps, the back ones higher."""
    rows = max(1, int(depth / 0.42))
    for j in range(rows):
        for i in range(max(1, int(length / 0.58))):
            at = (
                -length / 2 + 0.29 + i * 0.58,
                -depth / 2 + 0.21 + j * 0.42,
                z + 0.2 * j * (rows > 1),
            )
            crate(mesh, rng, at)


def hung(mesh: Mesh, rng: Random, z: float, length: float, depth: float) -> None:
    """Bags, toys or clothes on a line at height z."""
    paints = palette(rng, (0.2, 0.9))
    for y in (-depth / 2, depth / 2):
        mesh.tube((-length / 2, y, z), (length / 2, y, z), 0.01, STEEL, sides=5)
        for k in range(int(length / 0.16)):
            if rng.random() < 0.75:
                size = (rng.uniform(0.06, 0.15), rng.uniform(0.03, 0.12), rng.uniform(0.12, 0.5))
                x = -length / 2 + 0.08 + k * 0.16
                mesh.box(
                    size, (x, y, z - size[2] / 2 - 0.02), rng.choice(paints), rz=rng.gauss(0, 0.3)
                )


LOADS = (goods_on, mound, mound, sacks, folded, covered, cylinders, trays)


def load(mesh: Mesh, rng: Random, z: float, length: float, depth: float) -> None:
    """Whatever a cart may carry, on a surface at height z; now and then nothing."""
    if rng.random() < 0.85:
        rng.choice(LOADS)(mesh, rng, z, length, depth)
