"""Food trailers and kiosks: a box with a counter and an open side, on wheels or on the ground."""

from __future__ import annotations

from random import Random

from goods import goods_on, hung
from mesh import Mesh
from paint import BLACK, GLASS, RUBBER, STEEL, WOOD, Paint, any_colour, any_sign, grey, hsv


def build_trailer(mesh: Mesh, rng: Random) -> None:
    """A food trailer: the box, two or four small wheels and a bar to draw it by."""
    low = rng.uniform(0.3, 0.5)
    length, depth = _shop(mesh, rng, low)
    axles = (0.0,) if rng.random() < 0.5 else (-0.35 * length, 0.35 * length)
    for x in axles:
        for side in (-1, 1):
            mesh.wheel((x, side * depth / 2, 0.27), 0.27, 0.14, RUBBER, STEEL)
    if rng.random() < 0.6:
        for y in (-0.3, 0.3):
            mesh.tube((length / 2, y, low + 0.05), (length / 2 + 0.8, 0, low), 0.03, BLACK)


def build_kiosk(mesh: Mesh, rng: Random) -> None:
    """The same without wheels: newspapers, drinks, fruit."""
    length, depth = _shop(mesh, rng, 0.05)
    if rng.random() < 0.6:  # wares before the counter
        wares = Mesh()
        goods_on(wares, rng, 0.3, length * 0.9, 0.5)
        mesh.box((length * 0.9, 0.5, 0.28), (0, -depth / 2 - 0.3, 0.14), WOOD)
        mesh.join(wares, (0, -depth / 2 - 0.3, 0))


def _shop(mesh: Mesh, rng: Random, low: float) -> tuple[float, float]:
    """The box, open towards −y and perhaps at the back: its length and depth."""
    length, depth, top = rng.uniform(1.6, 3.2), rng.uniform(1.1, 1.7), low + rng.uniform(1.7, 2.0)
    skin = _skin(rng)
    sill = low + rng.uniform(0.7, 0.9)
    head = top - rng.uniform(0.15, 0.4)
    mesh.box((length, depth, 0.08), (0, 0, low), BLACK)
    mesh.box((length + 0.1, depth + 0.1, 0.07), (0, 0, top), skin, bevel=0.02)
    for x in (-length / 2, length / 2):
        mesh.box((0.05, depth, sill - low), (x, 0, (sill + low) / 2), skin)
        mesh.box((0.05, depth, top - head), (x, 0, (top + head) / 2), skin)
        pane = skin if rng.random() < 0.5 else GLASS
        mesh.box((0.03, depth, head - sill), (x, 0, (head + sill) / 2), pane)
    mesh.posts((length - 0.05, depth - 0.05), (low, top), 0.035, skin)
    inside = Paint(colour=hsv(0.1, 0.35, 0.9), roughness=0.7, emission=rng.choice((0.0, 0.3, 1.0)))
    for side in (-1, 1):
        y = side * depth / 2
        mesh.box((length, 0.04, sill - low), (0, y, (sill + low) / 2), skin)
        mesh.box((length, 0.04, top - head), (0, y, (top + head) / 2), skin)
        if side > 0 and rng.random() < 0.6:  # a closed back
            mesh.box((length, 0.04, head - sill), (0, y, (head + sill) / 2), skin)
            mesh.box((length * 0.95, 0.01, head - sill), (0, y - 0.03, (head + sill) / 2), inside)
        else:
            _window(mesh, rng, (length, y, sill, head))
        if rng.random() < 0.7:
            share, tall = rng.uniform(0.4, 0.95), (sill - low) * rng.uniform(0.4, 0.8)
            at = (0, y + side * 0.03, (sill + low) / 2)
            mesh.box((length * share, 0.01, tall), at, any_sign(rng))
    mesh.box((length, depth * 0.4, 0.04), (0, -depth * 0.25, sill - 0.05), STEEL)
    goods_on(mesh, rng, sill - 0.03, length * 0.9, depth * 0.35)
    _board(mesh, rng, length, depth, top)
    return length, depth


def _skin(rng: Random) -> Paint:
    if rng.random() < 0.25:
        return WOOD.but(colour=hsv(0.07, 0.5, rng.uniform(0.25, 0.6)))
    white = rng.random() < 0.3
    colour = grey(rng.uniform(0.6, 0.95)) if white else any_colour(rng, (0.3, 0.95))
    return Paint(colour=colour, roughness=0.4, mottle=0.3, coat=0.2)


def _window(mesh: Mesh, rng: Random, at: tuple[float, float, float, float]) -> None:
    """An open side (length, y, sill, head): a shelf before it, a flap above, wares hung in it."""
    length, y, sill, head = at
    out = 1 if y > 0 else -1
    mesh.box((length, 0.3, 0.03), (0, y + out * 0.15, sill), STEEL)
    if rng.random() < 0.5:
        cloth = Paint(kind="cloth", colour=any_colour(rng), roughness=0.7, bump=0.3)
        reach, drop = rng.uniform(0.4, 0.9), rng.uniform(-0.25, 0.3)
        edge = y + out * reach
        x = length / 2
        corners = [(-x, y, head), (x, y, head), (x, edge, head + drop), (-x, edge, head + drop)]
        mesh.quad(corners, cloth)
    if rng.random() < 0.4:
        line = Mesh()
        hung(line, rng, head, length * 0.9, 0.05)
        mesh.join(line, (0, y - out * 0.1, 0))


def _board(mesh: Mesh, rng: Random, length: float, depth: float, top: float) -> None:
    """Perhaps a signboard on the roof's edge, on one side or on both."""
    tall, sign = rng.uniform(0.25, 0.55), any_sign(rng)
    for side in (-1, 1):
        if rng.random() < 0.6:
            y = side * (depth / 2 + 0.04)
            corners = [(-length / 2, y, top), (length / 2, y, top)]
            corners += [(length / 2, y, top + tall), (-length / 2, y, top + tall)]
            mesh.quad(corners, sign, uv=True)
