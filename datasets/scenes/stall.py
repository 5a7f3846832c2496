"""Stalls: tables, racks, boards and chests with goods, some under a tent or a sheet."""

from __future__ import annotations

import math
from random import Random

from goods import covered, crate, folded, goods_on, hung, load, mound, palette, trays
from mesh import Mesh, turn
from paint import STEEL, WOOD, Paint, any_colour, any_sign, grey, hsv
from trailer import build_kiosk


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
    mesh.posts((length, depth), (0, 2.1), 0.022, STEEL)
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


def any_stall(rng: Random) -> Mesh:
    """A stall of any kind: what streets show beside the tables of `build_stall`."""
    make = rng.choice(_MAKERS)
    if make is None:
        return build_stall(rng)
    mesh = Mesh()
    make(mesh, rng)
    return mesh


def _bed(mesh: Mesh, rng: Random) -> None:
    """A long low table or bed frame under wares."""
    length, depth, z = rng.uniform(1.6, 3.2), rng.uniform(0.9, 1.4), rng.uniform(0.3, 0.75)
    cloth = Paint(kind="cloth", colour=any_colour(rng), roughness=0.85, bump=0.3)
    mesh.box((length, depth, 0.05), (0, 0, z), cloth)
    if rng.random() < 0.4:
        for side in (-1, 1):
            mesh.box((length, 0.02, z * 0.7), (0, side * depth / 2, z * 0.65), cloth)
    for x in (-length / 2 + 0.1, 0, length / 2 - 0.1):
        for y in (-depth / 2 + 0.06, depth / 2 - 0.06):
            mesh.tube((x, y, 0), (x, y, z), 0.025, WOOD, sides=5)
    rng.choice((folded, folded, goods_on, mound, covered))(
        mesh, rng, z + 0.03, length * 0.96, depth * 0.92
    )


def _steps(mesh: Mesh, rng: Random) -> None:
    """Trays of fruit on piles of crates."""
    length, depth = rng.uniform(1.2, 3.0), rng.uniform(0.9, 1.4)
    z = rng.choice((0.25, 0.5))
    for i in range(int(length / 0.58)):
        paint = Paint(colour=any_colour(rng, (0.3, 0.8)), roughness=0.7, mottle=0.3)
        x = -length / 2 + 0.29 + i * 0.58
        mesh.box((0.55, depth * 0.9, z), (x, 0, z / 2), paint)
    trays(mesh, rng, z, length, depth)


def _racks(mesh: Mesh, rng: Random) -> None:
    """One to three rails of clothes without a table."""
    length = rng.uniform(1.4, 2.6)
    for k in range(rng.choice((1, 2, 3))):
        rail = Mesh()
        _rail(rail, rng, length, 0.0)
        mesh.join(rail, (0.0, 0.75 * k, 0.0))


def _board(mesh: Mesh, rng: Random) -> None:
    """Upright boards or nets with small wares hung on them."""
    length, top = rng.uniform(1.5, 3.0), rng.uniform(1.6, 2.1)
    back = Paint(colour=grey(rng.uniform(0.2, 0.9)), roughness=0.8, mottle=0.3)
    mesh.box((length, 0.04, top - 0.3), (0, 0, (top + 0.3) / 2), back)
    for x in (-length / 2, length / 2):
        mesh.tube((x, 0, 0), (x, 0, top), 0.02, STEEL, sides=5)
    step, paints = rng.uniform(0.12, 0.22), palette(rng, (0.2, 0.9))
    for i in range(int(length / step)):
        for j in range(int((top - 0.45) / step)):
            if rng.random() < 0.85:
                at = (-length / 2 + (i + 0.5) * step, 0.0, 0.42 + j * step)
                size = (step * 0.7, 0.12, step * rng.uniform(0.3, 0.8))
                mesh.box(size, at, rng.choice(paints))


def _sheet(mesh: Mesh, rng: Random) -> None:
    """Wares under a slanting sheet on poles."""
    length, depth, z = rng.uniform(1.6, 2.8), rng.uniform(0.8, 1.3), rng.uniform(0.3, 0.8)
    mesh.box((length, depth, 0.05), (0, 0, z), WOOD)
    for x in (-length / 2 + 0.1, length / 2 - 0.1):
        for y in (-depth / 2 + 0.06, depth / 2 - 0.06):
            mesh.tube((x, y, 0), (x, y, z), 0.025, WOOD, sides=5)
    load(mesh, rng, z + 0.03, length * 0.95, depth * 0.9)
    x, y = length / 2 + 0.3, depth / 2 + 0.5
    low, high = rng.uniform(1.7, 2.0), rng.uniform(2.1, 2.6)
    colour = rng.choice(
        (hsv(0.6, 0.8, 0.7), grey(0.85), hsv(0.12, 0.5, 0.75), hsv(0.38, 0.7, 0.45))
    )
    cloth = Paint(kind="cloth", colour=colour, roughness=0.6, bump=0.4, mottle=0.35)
    sag = (low + high) / 2 - rng.uniform(0.05, 0.2)
    mesh.quad([(-x, -y, low), (x, -y, low), (x, 0, sag), (-x, 0, sag)], cloth)
    mesh.quad([(-x, 0, sag), (x, 0, sag), (x, y, high), (-x, y, high)], cloth)
    for sx in (-x, x):
        mesh.tube((sx, -y, 0), (sx, -y, low), 0.025, WOOD, sides=5)
        mesh.tube((sx, y, 0), (sx, y, high), 0.025, WOOD, sides=5)
    if rng.random() < 0.5:
        hung(mesh, rng, low - 0.05, length, depth)


def _chest(mesh: Mesh, rng: Random) -> None:
    """A chest freezer or closed counter, pots and jars on it."""
    length, depth, tall = rng.uniform(1.0, 2.0), rng.uniform(0.6, 0.8), rng.uniform(0.8, 0.95)
    white = rng.random() < 0.6
    body = Paint(colour=grey(0.9) if white else any_colour(rng), roughness=0.3, mottle=0.15)
    mesh.box((length, depth, tall), (0, 0, tall / 2 + 0.05), body, bevel=0.02)
    sign = any_sign(rng)
    for side in (-1, 1):
        at = (rng.uniform(-0.2, 0.2) * length, side * (depth / 2 + 0.01), tall * 0.6)
        mesh.box((length * rng.uniform(0.3, 0.8), 0.015, 0.4), at, sign)
    goods_on(mesh, rng, tall + 0.06, length * 0.9, depth * 0.8)


def _seats(mesh: Mesh, rng: Random) -> None:
    """A small table or two with wares, and stools round them."""
    for k in range(rng.choice((1, 2))):
        table = Mesh()
        paint = Paint(colour=any_colour(rng), roughness=0.5, mottle=0.2)
        wide, z = rng.uniform(0.7, 1.1), rng.uniform(0.4, 0.72)
        table.box((wide, wide * 0.7, 0.04), (0, 0, z), paint)
        for x in (-0.4 * wide, 0.4 * wide):
            for y in (-0.28 * wide, 0.28 * wide):
                table.tube((x, y, 0), (x, y, z), 0.02, paint, sides=5)
        rng.choice((folded, goods_on))(table, rng, z + 0.02, wide * 0.9, wide * 0.6)
        mesh.join(table, (1.2 * k, 0, 0))
    for _ in range(rng.randrange(1, 4)):
        at = (rng.uniform(-0.8, 1.6), rng.choice((-0.8, 0.8)))
        colour = rng.choice((hsv(0.0, 0.8, 0.7), hsv(0.6, 0.8, 0.7), grey(0.85)))
        mesh.tube((*at, 0), (*at, 0.42), 0.17, Paint(colour=colour), end_radius=0.14, sides=8)


def _gazebo(mesh: Mesh, rng: Random) -> None:
    """A folding tent over tables that stand along two or three of its sides."""
    length, depth = rng.uniform(2.2, 3.4), rng.uniform(2.0, 3.0)
    _tent(mesh, rng, length, depth)
    for turned in rng.choice(((0.0, 1.57), (0.0, 3.14), (0.0, 1.57, 4.71))):
        table = Mesh()
        _bed(table, rng)
        reach = 0.35 * (depth if turned in (0.0, 3.14) else length)
        at = (reach * math.sin(turned), -reach * math.cos(turned), 0.0)
        mesh.join(table, at, turn(turned), scale=0.8)
    if rng.random() < 0.4:
        hung(mesh, rng, 1.9, length * 0.9, depth * 0.9)


_MAKERS = (
    None,
    _bed,
    _bed,
    _steps,
    _racks,
    _board,
    _sheet,
    _sheet,
    _chest,
    _seats,
    _gazebo,
    build_kiosk,
)
