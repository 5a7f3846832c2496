"""What vendors lay on the ground, and what they sit under."""

from __future__ import annotations

import math
from random import Random

import numpy as np
from goods import goods_on, heap
from mesh import Mesh, oval
from paint import STEEL, Paint, any_colour, grey


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
