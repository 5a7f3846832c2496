"""Houses as a drone sees them: flat roofs and what stands on them, sheet roofs, tiled roofs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import numpy as np
from mesh import Mesh, Points
from paint import STEEL, Colour, Paint, any_colour, grey, hsv

SHEET_COLOURS: tuple[Colour, ...] = (
    hsv(0.585, 0.75, 0.8),
    hsv(0.59, 0.6, 0.65),
    hsv(0.555, 0.55, 0.8),
    hsv(0.0, 0.7, 0.65),
    hsv(0.985, 0.6, 0.5),
    hsv(0.02, 0.55, 0.55),
    grey(0.9),
    grey(0.75, -0.01),
    grey(0.62, -0.01),
    hsv(0.4, 0.45, 0.5),
    hsv(0.33, 0.3, 0.7),
)
RUST = hsv(0.05, 0.55, 0.42)
TANK_COLOURS: tuple[Colour, ...] = (
    grey(0.06),
    grey(0.06),
    hsv(0.6, 0.7, 0.6),
    hsv(0.42, 0.6, 0.5),
    grey(0.85),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A part of a house that has a label: its upper outline, metres, in the house or the world."""

    label: str
    outline: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    mesh: Mesh
    patches: tuple[Patch, ...]


def build_flat_house(
    rng: Random, width: float, depth: float, height: float, *, sheds: int
) -> House:
    """Walls, a flat roof with a parapet, what one finds on it, and so many sheds."""
    mesh = Mesh()
    wall, floor = _wall(rng), _floor(rng)
    mesh.box((width, depth, height), (0, 0, height / 2), wall)
    mesh.box((width - 0.1, depth - 0.1, 0.04), (0, 0, height + 0.02), floor)
    _parapet(mesh, rng, (width, depth), height, wall)
    patches = [Patch(label="building", outline=_rectangle(0, 0, width, depth, height))]
    free = _Floor(width, depth)
    for _ in range(sheds):
        patches += _shed(mesh, rng, free, height)
    if rng.random() < 0.65:
        _stairhead(mesh, rng, free, height, wall, floor)
    for _ in range(rng.randrange(1, 9)):
        rng.choice((_tank, _tank, _panel, _plants, _plants, _laundry, _things, _columns, _slab))(
            mesh, rng, free, height
        )
    return House(mesh=mesh, patches=tuple(patches))


def build_sheet_house(rng: Random, width: float, depth: float, height: float) -> House:
    """A low house or hall all of whose roof is sheet: a building, and nothing added to one."""
    mesh = Mesh()
    mesh.box((width, depth, height), (0, 0, height / 2), _wall(rng))
    over = rng.uniform(0.1, 0.5)
    size = (width + 2 * over, depth + 2 * over)
    if rng.random() < 0.5:
        _sheets(mesh, rng, (0, 0, height + 0.1), size, rise=size[1] * rng.uniform(0.03, 0.15))
    else:
        half, rise = (size[0], size[1] / 2), size[1] * rng.uniform(0.06, 0.16)
        seed = rng.random()
        _sheets(mesh, Random(seed), (0, -size[1] / 4, height + 0.1), half, rise=rise)
        _sheets(mesh, Random(seed), (0, size[1] / 4, height + 0.1), half, rise=-rise)
    outline = _rectangle(0, 0, *size, height)
    return House(mesh=mesh, patches=(Patch(label="building", outline=outline),))


def build_tiled_house(rng: Random, width: float, depth: float, height: float) -> House:
    """A house under a hipped roof of tiles."""
    mesh = Mesh()
    mesh.box((width, depth, height), (0, 0, height / 2), _wall(rng))
    x, y, rise = width / 2 + 0.4, depth / 2 + 0.4, min(width, depth) * rng.uniform(0.2, 0.35)
    ridge = max(0.2, x - y)
    colour = rng.choice((hsv(0.03, 0.55, 0.5), hsv(0.01, 0.6, 0.4), grey(0.4), hsv(0.6, 0.2, 0.4)))
    tiles = Paint(
        kind="tiles", colour=colour, second=grey(0.3), roughness=0.8, mottle=0.4, tile_m=(0.3, 0.4)
    )
    low = [(-x, -y, height), (x, -y, height), (x, y, height), (-x, y, height)]
    a, b = (-ridge, 0.0, height + rise), (ridge, 0.0, height + rise)
    mesh.quad([low[0], low[1], b, a], tiles)
    mesh.quad([low[2], low[3], a, b], tiles)
    mesh.quad([low[1], low[2], b], tiles)
    mesh.quad([low[3], low[0], a], tiles)
    outline = _rectangle(0, 0, 2 * x, 2 * y, height)
    return House(mesh=mesh, patches=(Patch(label="building", outline=outline),))


class _Floor:
    """Which parts of a flat roof are still free."""

    def __init__(self, width: float, depth: float) -> None:
        self.width, self.depth = width - 0.6, depth - 0.6
        self._taken: list[tuple[float, float, float, float]] = []

    def place(
        self, rng: Random, w: float, d: float, *, at_edge: bool = False
    ) -> tuple[float, float] | None:
        """A free middle for a rectangle, taken from then on; None where there is no room."""
        sx, sy = (self.width - w) / 2, (self.depth - d) / 2
        if sx < 0 or sy < 0:
            return None
        for _ in range(12):
            x, y = rng.uniform(-sx, sx), rng.uniform(-sy, sy)
            if at_edge:
                x, y = rng.choice((-sx, sx)), rng.choice((-sy, sy, y))
            if all(
                abs(x - a) > (w + p) / 2 or abs(y - b) > (d + q) / 2 for a, b, p, q in self._taken
            ):
                self._taken.append((x, y, w, d))
                return x, y
        return None


def _rectangle(x: float, y: float, w: float, d: float, z: float) -> Points:
    corners = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    return np.array([(x + a * w, y + b * d, z) for a, b in corners])


def _wall(rng: Random) -> Paint:
    pick = rng.random()
    if pick < 0.3:
        return Paint(kind="brick", colour=hsv(0.03, 0.5, 0.5), second=hsv(0.03, 0.4, 0.4))
    colour = grey(rng.uniform(0.5, 0.9), rng.uniform(-0.02, 0.06))
    if pick < 0.55:
        colour = hsv(rng.random(), rng.uniform(0.1, 0.4), rng.uniform(0.6, 0.9))
    return Paint(colour=colour, roughness=0.85, mottle=0.3, grain_m=0.8)


def _floor(rng: Random) -> Paint:
    pick = rng.random()
    if pick < 0.15:
        return Paint(
            kind="tiles", colour=hsv(0.03, 0.5, 0.55), second=hsv(0.03, 0.4, 0.45), mottle=0.4
        )
    value = rng.uniform(0.42, 0.8)
    tint = rng.uniform(-0.01, 0.05)
    if pick < 0.22:
        return Paint(colour=hsv(rng.choice((0.4, 0.02, 0.58)), 0.35, 0.5), mottle=0.5, grain_m=1.2)
    return Paint(
        kind="stain",
        colour=grey(value, tint),
        second=grey(value * rng.uniform(0.6, 0.9), tint),
        roughness=0.9,
        mottle=rng.uniform(0.3, 0.6),
        grain_m=rng.uniform(0.4, 2.0),
    )


def _parapet(mesh: Mesh, rng: Random, size: tuple[float, float], z: float, paint: Paint) -> None:
    width, depth = size
    tall, thick = rng.uniform(0.3, 1.1), rng.uniform(0.12, 0.22)
    for side in (-1, 1):
        mesh.box((width, thick, tall), (0, side * (depth - thick) / 2, z + tall / 2), paint)
        mesh.box((thick, depth, tall), (side * (width - thick) / 2, 0, z + tall / 2), paint)


def _sheets(
    mesh: Mesh,
    rng: Random,
    at: tuple[float, float, float],
    size: tuple[float, float],
    *,
    rise: float,
) -> None:
    """Corrugated sheets side by side, sloping along y; now and then one is older or lighter."""
    colour = rng.choice(SHEET_COLOURS)
    wear = rng.choice((0.0, 0.0, 0.15, 0.5))
    wide = rng.uniform(0.8, 1.1)
    count = max(1, round(size[0] / wide))
    slope = math.atan2(rise, size[1])
    ruled = rng.uniform(0.15, 0.35)
    for k in range(count):
        one = RUST if rng.random() < wear * 0.6 else colour
        if rng.random() < 0.05:
            one = grey(rng.uniform(0.6, 0.95))
        shade = rng.uniform(0.85, 1.1)
        paint = Paint(
            kind="stripes",
            colour=(one[0] * shade, one[1] * shade, one[2] * shade),
            second=(one[0] * 0.72, one[1] * 0.72, one[2] * 0.72),
            roughness=rng.uniform(0.35, 0.7),
            metallic=rng.choice((0.0, 0.3)),
            mottle=0.2 + wear * 0.5,
            grain_m=rng.uniform(0.4, 1.5),
            tile_m=(ruled, ruled),
        )
        x = at[0] + (k + 0.5 - count / 2) * size[0] / count
        long = size[1] / math.cos(slope) * rng.uniform(0.985, 1.015)
        z = at[2] + abs(rise) / 2
        mesh.box((size[0] / count * 1.02, long, 0.03), (x, at[1], z), paint, rx=slope)


def _shed(mesh: Mesh, rng: Random, free: _Floor, z: float) -> list[Patch]:
    """A sheet roof on posts or thin walls over a part of the roof; none where there is no room."""
    share = rng.uniform(0.3, 1.0)
    w = max(2.0, free.width * rng.choice((share, 1.0 if rng.random() < 0.4 else share)))
    d = max(1.8, free.depth * rng.uniform(0.2, 0.65))
    if rng.random() < 0.5:
        w, d = max(2.0, free.width * rng.uniform(0.2, 0.65)), max(1.8, free.depth * share)
    place = free.place(rng, w, d, at_edge=rng.random() < 0.8)
    if place is None:
        return []
    x, y = place
    tall = rng.uniform(2.0, 2.9)
    over = rng.uniform(0.0, 0.5)
    if rng.random() < 0.6:
        wall = Paint(colour=rng.choice((grey(0.7), grey(0.5), any_colour(rng))), mottle=0.4)
        for side in (-1, 1):
            mesh.box((w, 0.08, tall), (x, y + side * (d / 2 - 0.1), z + tall / 2), wall)
            if rng.random() < 0.7:
                mesh.box((0.08, d, tall), (x + side * (w / 2 - 0.1), y, z + tall / 2), wall)
    else:
        for sx in (-1, 1):
            for sy in (-1, 1):
                foot = (x + sx * (w / 2 - 0.1), y + sy * (d / 2 - 0.1), z)
                mesh.tube(foot, (*foot[:2], z + tall), 0.06, STEEL, sides=5)
    size = (w + 2 * over, d + 2 * over)
    rise = rng.choice((-1, 1)) * size[1] * rng.uniform(0.03, 0.18)
    roof = Mesh()
    turned = rng.random() < 0.4
    _sheets(roof, rng, (0, 0, 0), size[::-1] if turned else size, rise=rise)
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]) if turned else None
    mesh.join(roof, (x, y, z + tall), quarter)
    return [Patch(label="rooftop_shed", outline=_rectangle(x, y, *size, z + tall + 0.2))]


def _stairhead(mesh: Mesh, rng: Random, free: _Floor, z: float, wall: Paint, floor: Paint) -> None:
    w, d, tall = rng.uniform(2.2, 3.5), rng.uniform(2.5, 4.5), rng.uniform(2.2, 2.8)
    place = free.place(rng, w, d, at_edge=True)
    if place is None:
        return
    mesh.box((w, d, tall), (*place, z + tall / 2), wall)
    mesh.box((w + 0.3, d + 0.3, 0.12), (*place, z + tall + 0.06), floor)
    if rng.random() < 0.5:
        colour = rng.choice((grey(0.08), hsv(0.6, 0.6, 0.5), grey(0.8)))
        mesh.tube((*place, z + tall), (*place, z + tall + 1.1), 0.55, Paint(colour=colour))


def _tank(mesh: Mesh, rng: Random, free: _Floor, z: float) -> None:
    r = rng.uniform(0.4, 0.75)
    place = free.place(rng, 2 * r + 0.3, 2 * r + 0.3)
    if place is None:
        return
    colour = rng.choice(TANK_COLOURS)
    paint = Paint(colour=colour, roughness=0.5)
    if rng.random() < 0.3:
        mesh.tube((place[0] - r, place[1], z + r), (place[0] + r, place[1], z + r), r, STEEL)
    else:
        mesh.tube((*place, z), (*place, z + rng.uniform(0.9, 1.5)), r, paint, sides=14)


def _panel(mesh: Mesh, rng: Random, free: _Floor, z: float) -> None:
    count = rng.randrange(1, 5)
    place = free.place(rng, 1.1 * count, 1.8)
    if place is None:
        return
    glass = Paint(
        kind="tiles",
        colour=hsv(0.62, 0.7, 0.2),
        second=hsv(0.62, 0.6, 0.25),
        roughness=0.2,
        tile_m=(0.25, 0.25),
    )
    for k in range(count):
        x = place[0] + (k + 0.5 - count / 2) * 1.1
        mesh.box((1.0, 1.7, 0.05), (x, place[1], z + 0.6), glass, rx=0.45)
    if rng.random() < 0.5:
        y, half = place[1] + 0.8, 0.5 * count
        mesh.tube((place[0] - half, y, z + 1.1), (place[0] + half, y, z + 1.1), 0.22, STEEL)


def _plants(mesh: Mesh, rng: Random, free: _Floor, z: float) -> None:
    place = free.place(rng, 1.6, 0.7, at_edge=rng.random() < 0.8)
    if place is None:
        return
    for _ in range(rng.randrange(3, 9)):
        x, y = place[0] + rng.uniform(-0.7, 0.7), place[1] + rng.uniform(-0.25, 0.25)
        green = Paint(colour=hsv(rng.uniform(0.22, 0.38), 0.6, rng.uniform(0.25, 0.5)), mottle=0.5)
        mesh.ball((x, y, z + 0.5), rng.uniform(0.15, 0.45), green, sides=6, rows=4)


def _laundry(mesh: Mesh, rng: Random, free: _Floor, z: float) -> None:
    place = free.place(rng, 3.0, 0.8)
    if place is None:
        return
    for k in range(rng.randrange(3, 8)):
        cloth = Paint(kind="cloth", colour=any_colour(rng), mottle=0.3)
        at = (place[0] - 1.3 + 0.38 * k, place[1], z + 1.2)
        mesh.box((0.33, rng.uniform(0.1, 0.5), 0.6), at, cloth)


def _things(mesh: Mesh, rng: Random, free: _Floor, z: float) -> None:
    """Chairs, boxes, a sheet of plastic, building material."""
    for _ in range(rng.randrange(2, 7)):
        w, d, tall = rng.uniform(0.3, 1.4), rng.uniform(0.3, 1.0), rng.uniform(0.05, 0.7)
        place = free.place(rng, w, d)
        if place is not None:
            colour = any_colour(rng) if rng.random() < 0.5 else grey(rng.uniform(0.2, 0.8))
            paint = Paint(colour=colour, mottle=0.4)
            mesh.box((w, d, tall), (*place, z + tall / 2), paint, rz=rng.uniform(0, 3))


def _columns(mesh: Mesh, rng: Random, free: _Floor, z: float) -> None:
    """Stubs of columns for a storey that may come."""
    concrete = Paint(colour=grey(0.55), mottle=0.4)
    for sx in (-1, 1):
        for sy in (-1, 1):
            at = (sx * free.width / 2, sy * free.depth / 2, z + 0.7)
            mesh.box((0.3, 0.3, 1.4), at, concrete)


def _slab(mesh: Mesh, rng: Random, free: _Floor, z: float) -> None:
    """A part of the house that is a step higher, flat as the rest."""
    w, d, tall = rng.uniform(2.0, 4.5), rng.uniform(2.0, 4.5), rng.uniform(0.3, 1.2)
    place = free.place(rng, w, d, at_edge=True)
    if place is not None:
        mesh.box((w, d, tall), (*place, z + tall / 2), _floor(rng))
