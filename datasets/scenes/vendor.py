"""Street vendors' things: goods, stalls, carts, cloths on the ground and parasols."""

from __future__ import annotations

import math
from random import Random

import numpy as np
from mesh import Mesh, oval
from paint import GLASS, RUBBER, STEEL, WOOD, Paint, any_colour, grey, hsv
from thing import Lamp

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


def build_stall(rng: Random) -> Mesh:
    """A table with goods; sometimes under a tent of its own, sometimes with clothes on a rail."""
    mesh = Mesh()
    length, depth, height = rng.uniform(1.5, 2.6), rng.uniform(0.7, 1.1), rng.uniform(0.6, 0.85)
    cloth = Paint(
        kind=rng.choice(("cloth", "stripes")),
        colour=any_colour(rng),
        second=grey(0.8),
        roughness=0.85,
        bump=0.3,
        mottle=0.35,
        tile_m=(0.2, 0.2),
    )
    mesh.box((length, depth, 0.05), (0, 0, height), cloth if rng.random() < 0.6 else WOOD)
    if rng.random() < 0.55:
        for side in (-1, 1):
            mesh.box((length, 0.02, height * 0.75), (0, side * depth / 2, height * 0.62), cloth)
    for x in (-1, 1):
        for y in (-1, 1):
            foot = (x * (length / 2 - 0.06), y * (depth / 2 - 0.06), 0.0)
            mesh.tube(foot, (foot[0], foot[1], height), 0.02, STEEL, sides=6)
    goods_on(mesh, rng, height + 0.03, length * 0.95, depth * 0.9)
    for _ in range(rng.randrange(1, 4)):
        crate(mesh, rng, (rng.uniform(-length / 2, length / 2), depth / 2 + 0.35, 0.0))
    kind = rng.random()
    if kind < 0.3:
        _tent(mesh, rng, length + 0.5, depth + 1.0)
    elif kind < 0.5:
        _rail(mesh, rng, length, depth)
    return mesh


def _tent(mesh: Mesh, rng: Random, length: float, depth: float) -> None:
    cloth = Paint(
        kind="cloth",
        colour=rng.choice(
            (hsv(0.6, 0.8, 0.6), hsv(0.0, 0.8, 0.7), grey(0.85), hsv(0.36, 0.7, 0.4))
        ),
        roughness=0.7,
        mottle=0.25,
        bump=0.3,
    )
    x, y = length / 2, depth / 2
    for sx in (-1, 1):
        for sy in (-1, 1):
            mesh.tube((sx * x, sy * y, 0), (sx * x, sy * y, 2.1), 0.022, STEEL, sides=6)
    c = [(-x, -y, 2.1), (x, -y, 2.1), (x, y, 2.1), (-x, y, 2.1)]
    for k in range(4):
        a, b = c[k], c[(k + 1) % 4]
        mesh.add([a, b, (0, 0, 2.75)], [(0, 1, 2)], cloth)
        mesh.quad([(*a[:2], 1.88), (*b[:2], 1.88), b, a], cloth)


def _rail(mesh: Mesh, rng: Random, length: float, depth: float) -> None:
    y = -depth / 2 - 0.4
    for x in (-length / 2, length / 2):
        mesh.tube((x, y, 0), (x, y, 1.65), 0.018, STEEL, sides=6)
    mesh.tube((-length / 2, y, 1.65), (length / 2, y, 1.65), 0.016, STEEL, sides=6)
    for k in range(int(length / 0.11)):
        cloth = Paint(kind="cloth", colour=any_colour(rng), roughness=0.9, mottle=0.35, bump=0.4)
        tall = rng.uniform(0.6, 1.0)
        mesh.box(
            (0.07, rng.uniform(0.35, 0.5), tall),
            (-length / 2 + 0.07 + k * 0.11, y, 1.6 - tall / 2),
            cloth,
            bevel=0.03,
        )


def build_cart(
    rng: Random, *, night: bool = False, kind: str = ""
) -> tuple[Mesh, tuple[Lamp, ...]]:
    """A `hand` cart, a cargo `tricycle` or a `food` cart with a glass case."""
    kind = kind or rng.choice(("hand", "tricycle", "food"))
    mesh = Mesh()
    lamps: tuple[Lamp, ...] = ()
    if kind == "hand":
        _handcart(mesh, rng)
    elif kind == "tricycle":
        _tricycle(mesh, rng)
    else:
        _food_cart(mesh, rng, night)
    if night:
        lamps = (Lamp(at=(0.0, 0.0, 1.95), power_w=45.0, colour=(1.0, 0.85, 0.6)),)
        mesh.tube((0.0, 0, 1.0), (0.0, 0, 2.05), 0.012, STEEL, sides=5)
        mesh.ball((0, 0, 2.05), 0.05, Paint(colour=grey(0.95), emission=30.0), sides=8, rows=5)
    return mesh, lamps


def _handcart(mesh: Mesh, rng: Random) -> None:
    length, depth, z = rng.uniform(1.6, 2.1), rng.uniform(0.95, 1.2), 0.75
    paint = WOOD if rng.random() < 0.5 else Paint(colour=any_colour(rng), roughness=0.6, mottle=0.4)
    mesh.box((length, depth, 0.07), (0, 0, z), paint)
    for side in (-1, 1):
        mesh.box((length, 0.03, 0.14), (0, side * depth / 2, z + 0.06), paint)
        for x in (-0.3 * length, 0.3 * length):
            mesh.hoop((x, side * (depth / 2 - 0.05), 0.33), 0.3, 0.03, RUBBER)
            mesh.spokes((x, side * (depth / 2 - 0.05), 0.33), 0.3, STEEL, r=0.012)
        mesh.tube(
            (length / 2, side * 0.35, z), (length / 2 + 0.5, side * 0.35, z + 0.2), 0.025, STEEL
        )
    mesh.tube((length / 2 + 0.5, -0.35, z + 0.2), (length / 2 + 0.5, 0.35, z + 0.2), 0.025, STEEL)
    mesh.box((length * 0.7, depth * 0.6, 0.05), (0, 0, 0.42), paint)
    goods_on(mesh, rng, z + 0.04, length * 0.95, depth * 0.9)


def _tricycle(mesh: Mesh, rng: Random) -> None:
    paint = Paint(
        colour=rng.choice((hsv(0.6, 0.7, 0.5), hsv(0.0, 0.8, 0.6), hsv(0.36, 0.6, 0.4))),
        roughness=0.5,
        mottle=0.35,
    )
    mesh.hoop((1.25, 0, 0.3), 0.26, 0.045, RUBBER)
    mesh.tube((1.25, 0, 0.3), (1.05, 0, 1.0), 0.03, paint)
    mesh.tube((1.05, -0.32, 1.02), (1.05, 0.32, 1.02), 0.018, STEEL)
    mesh.tube((1.1, 0, 0.6), (0.3, 0, 0.5), 0.04, paint)
    mesh.box((0.35, 0.3, 0.12), (0.45, 0, 0.8), Paint(colour=grey(0.1)), bevel=0.04)
    mesh.box((0.12, 0.36, 0.5), (1.12, 0, 0.65), paint, bevel=0.04)
    mesh.box((1.6, 1.05, 0.06), (-0.6, 0, 0.55), paint)
    for side in (-1, 1):
        mesh.box((1.6, 0.03, 0.3), (-0.6, side * 0.52, 0.7), paint)
        mesh.wheel((-0.7, side * 0.45, 0.28), 0.28, 0.1, RUBBER, STEEL)
    mesh.box((0.03, 1.05, 0.3), (-1.4, 0, 0.7), paint)
    mesh.box((1.5, 0.98, 0.2), (-0.6, 0, 0.68), Paint(colour=grey(0.2), mottle=0.4))
    goods_on(mesh, rng, 0.78, 1.5, 0.95)


def _food_cart(mesh: Mesh, rng: Random, night: bool) -> None:
    length, depth = rng.uniform(1.5, 2.0), rng.uniform(0.75, 0.95)
    body = Paint(
        colour=rng.choice(
            (hsv(0.0, 0.85, 0.6), hsv(0.12, 0.9, 0.8), grey(0.75), hsv(0.58, 0.7, 0.6))
        ),
        roughness=0.4,
        mottle=0.25,
    )
    mesh.box((length, depth, 0.6), (0, 0, 0.58), body, bevel=0.02)
    mesh.box(
        (length * 0.8, 0.02, 0.4),
        (0, -depth / 2 - 0.012, 0.6),
        Paint(kind="picture", picture=f"sign-{rng.randrange(9999)}"),
    )
    mesh.box((length + 0.1, depth + 0.1, 0.05), (0, 0, 0.9), STEEL)
    for sx in (-1, 1):
        for sy in (-1, 1):
            mesh.tube(
                (sx * length / 2, sy * depth / 2, 0.9),
                (sx * length / 2, sy * depth / 2, 1.9),
                0.02,
                STEEL,
                sides=6,
            )
        mesh.wheel((sx * length * 0.3, -depth / 2, 0.24), 0.24, 0.08, RUBBER, STEEL)
        mesh.wheel((sx * length * 0.3, depth / 2, 0.24), 0.24, 0.08, RUBBER, STEEL)
        mesh.box(
            (length * 0.4, 0.015, 0.45),
            (sx * length * 0.2, -depth / 2, 1.15),
            GLASS.but(colour=grey(0.35)),
        )
    mesh.box((length + 0.3, depth + 0.4, 0.06), (0, 0, 1.95), body, bevel=0.02)
    sign = Paint(
        kind="picture", picture=f"sign-{rng.randrange(9999)}", emission=2.0 if night else 0.0
    )
    front = -depth / 2 - 0.22
    mesh.quad(
        [
            (-length / 2, front, 1.9),
            (length / 2, front, 1.9),
            (length / 2, front, 2.2),
            (-length / 2, front, 2.2),
        ],
        sign,
        uv=True,
    )
    for k in range(3):
        x = (k - 1) * length * 0.3
        mesh.tube((x, 0.1, 0.92), (x, 0.1, 1.12), 0.17, STEEL, sides=12)
    goods_on(mesh, rng, 0.93, length * 0.9, 0.35)


def build_ground_goods(rng: Random) -> Mesh:
    """A cloth on the ground spread with things."""
    mesh = Mesh()
    length, depth = rng.uniform(1.2, 2.4), rng.uniform(0.8, 1.5)
    cloth = Paint(
        kind=rng.choice(("cloth", "stripes")),
        colour=any_colour(rng, (0.1, 0.7)),
        second=grey(0.7),
        roughness=0.9,
        bump=0.5,
        mottle=0.45,
        grain_m=0.15,
        tile_m=(0.15, 0.15),
    )
    edge = oval((0, 0, 0.012), length / 2, depth / 2, 20, 0.35)
    edge[:, :2] += np.array(
        [[rng.uniform(-0.05, 0.05), rng.uniform(-0.05, 0.05)] for _ in range(20)]
    )
    mesh.add(edge, [tuple(range(20))], cloth)
    if rng.random() < 0.5:
        for i in range(int(length / 0.3)):
            for j in range(int(depth / 0.3)):
                at = (-length / 2 + 0.2 + i * 0.3, -depth / 2 + 0.2 + j * 0.3, 0.015)
                if rng.random() < 0.6:
                    heap(mesh, rng, at, (0.24, 0.24))
                else:
                    thing = Paint(colour=any_colour(rng), roughness=0.5, mottle=0.3)
                    tall = rng.uniform(0.05, 0.25)
                    mesh.box(
                        (rng.uniform(0.08, 0.22), rng.uniform(0.08, 0.2), tall),
                        (at[0], at[1], tall / 2),
                        thing,
                        rz=rng.uniform(0, 3),
                        bevel=0.01,
                    )
    else:
        goods_on(mesh, rng, 0.015, length * 0.85, depth * 0.8)
    return mesh


def build_parasol(rng: Random) -> tuple[Mesh, Mesh]:
    """A sun umbrella 2–3 m wide, and its pole: labels of parasols enclose the cloth alone."""
    mesh, pole = Mesh(), Mesh()
    radius, top = rng.uniform(1.0, 1.5), rng.uniform(2.3, 2.6)
    one = any_colour(rng, (0.5, 0.95))
    two = one if rng.random() < 0.5 else rng.choice((grey(0.9), any_colour(rng)))
    ribs = rng.choice((8, 8, 4))
    paints = [
        Paint(kind="cloth", colour=c, roughness=0.75, mottle=0.25, bump=0.2) for c in (one, two)
    ]
    tip = (0.0, 0.0, top)
    turn0 = rng.random()
    rim = [
        (
            radius * math.cos(turn0 + 2 * math.pi * k / ribs),
            radius * math.sin(turn0 + 2 * math.pi * k / ribs),
            top - 0.42,
        )
        for k in range(ribs)
    ]
    for k in range(ribs):
        a, b = rim[k], rim[(k + 1) % ribs]
        mid = [((p[0]) * 0.55, (p[1]) * 0.55, top - 0.17) for p in (a, b)]
        mesh.add([tip, mid[0], mid[1]], [(0, 1, 2)], paints[k % 2])
        mesh.quad([mid[0], a, b, mid[1]], paints[k % 2])
        mesh.quad([a, b, (b[0], b[1], b[2] - 0.16), (a[0], a[1], a[2] - 0.16)], paints[k % 2])
    pole.tube((0, 0, 0), (0, 0, top + 0.08), 0.022, STEEL, sides=6)
    pole.tube((0, 0, 0), (0, 0, 0.1), 0.25, Paint(colour=grey(0.3)), sides=10)
    return mesh, pole
