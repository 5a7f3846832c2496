"""Houses, streets, yards and trees over which a drone flies."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from car import build_car
from mesh import Mesh, turn
from paint import Paint, grey, hsv
from rooftop import House, Patch, build_flat_house, build_sheet_house, build_tiled_house
from thing import Thing
from town import build_tree

SIDE_M = 110.0
"""How far houses reach, whatever part of them the picture shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    things: tuple[Thing, ...]
    labelled: tuple[Patch, ...]
    """In world coordinates."""


def random_settlement(rng: Random) -> Settlement:
    """Rows of houses along streets, all turned by one angle, each a little on its own."""
    angle = rng.uniform(0, math.pi)
    things = [Thing(mesh=_ground(rng), name="ground")]
    labelled: list[Patch] = []
    manner = _Manner(rng)
    y = -SIDE_M / 2
    while y < SIDE_M / 2:
        depth = rng.uniform(8.0, 16.0)
        for offset in (0.0, depth + rng.uniform(0.2, 4.0)):
            _row(rng, manner, y + offset + depth / 2, depth, angle, things, labelled)
        y += 2 * depth + 4.0
        lane = rng.uniform(3.0, 9.0)
        things.append(_street(rng, y + lane / 2, lane, angle))
        _cars(rng, y, lane, angle, things)
        y += lane
    return Settlement(things=tuple(things), labelled=tuple(labelled))


class _Manner:
    """What a quarter has in common: how dense, how high, how many roofs carry sheds."""

    def __init__(self, rng: Random) -> None:
        self.gap = rng.choice((0.08, 0.2, 0.4))
        self.flat = rng.uniform(0.5, 0.95)
        self.sheds = rng.uniform(0.15, 0.6)
        self.storeys = rng.choice((2, 3, 4, 6))
        self.jitter = rng.choice((0.0, 0.02, 0.06))

    def house(self, rng: Random, width: float, depth: float) -> House:
        pick = rng.random()
        if pick < self.flat:
            height = 3.1 * rng.randrange(1, self.storeys + 1)
            sheds = rng.choice((1, 1, 1, 2)) if rng.random() < self.sheds else 0
            return build_flat_house(rng, width, depth, height, sheds=sheds)
        if pick < self.flat + 0.75 * (1 - self.flat):
            return build_sheet_house(rng, width, depth, rng.uniform(2.5, 4.5))
        return build_tiled_house(rng, width, depth, rng.uniform(3.0, 7.0))


def _row(
    rng: Random,
    manner: _Manner,
    y: float,
    depth: float,
    angle: float,
    things: list[Thing],
    labelled: list[Patch],
) -> None:
    x = -SIDE_M / 2
    while x < SIDE_M / 2:
        width = rng.uniform(5.0, 13.0) if rng.random() < 0.9 else rng.uniform(16.0, 30.0)
        if rng.random() < manner.gap:
            _yard(rng, x + width / 2, y, width, angle, things)
        else:
            house = manner.house(rng, width, depth * rng.uniform(0.75, 1.0))
            thing = Thing(
                mesh=house.mesh, name="house", **_place(x + width / 2, y, angle, rng, manner.jitter)
            )
            things.append(thing)
            labelled += [_in_world(patch, thing) for patch in house.patches]
        x += width + rng.choice((0.0, 0.1, rng.uniform(0.5, 3.0)))


def _place(x: float, y: float, angle: float, rng: Random, jitter: float) -> dict[str, float]:
    c, s = math.cos(angle), math.sin(angle)
    return {
        "x_m": c * x - s * y,
        "y_m": s * x + c * y,
        "heading_rad": angle + rng.gauss(0, jitter) if jitter else angle,
    }


def _in_world(patch: Patch, thing: Thing) -> Patch:
    turned = patch.outline @ turn(thing.heading_rad).T
    return replace(patch, outline=turned + np.array([thing.x_m, thing.y_m, 0.0]))


def _ground(rng: Random) -> Mesh:
    mesh = Mesh()
    soil = rng.choice((grey(0.55, 0.06), grey(0.45, 0.04), hsv(0.09, 0.3, 0.6)))
    second = rng.choice((hsv(0.26, 0.5, 0.35), hsv(0.3, 0.45, 0.3), grey(0.4, 0.05)))
    half = SIDE_M
    mesh.quad(
        [(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)],
        Paint(kind="stain", colour=soil, second=second, roughness=0.95, mottle=0.5, grain_m=3.0),
    )
    return mesh


def _street(rng: Random, y: float, lane: float, angle: float) -> Thing:
    mesh = Mesh()
    value = rng.uniform(0.3, 0.6)
    paint = Paint(
        kind=rng.choice(("asphalt", "stain")),
        colour=grey(value, rng.uniform(0, 0.04)),
        second=grey(value * 0.8),
        roughness=0.9,
        mottle=0.3,
        grain_m=1.0,
    )
    mesh.box((2 * SIDE_M, lane, 0.04), (0, 0, 0.02), paint)
    return Thing(mesh=mesh, name="street", **_place(0, y, angle, rng, 0.0))


def _cars(rng: Random, y: float, lane: float, angle: float, things: list[Thing]) -> None:
    for _ in range(rng.randrange(0, 7)):
        mesh, _lamps = build_car(rng, rng.choice(("sedan", "hatch", "van")))
        side = rng.choice((1.2, lane - 1.2))
        place = _place(rng.uniform(-45, 45), y + side, angle, rng, 0.03)
        things.append(Thing(mesh=mesh, name="car", **place))


def _yard(rng: Random, x: float, y: float, width: float, angle: float, things: list[Thing]) -> None:
    for _ in range(rng.randrange(0, 4)):
        tree = build_tree(rng)
        place = _place(x + rng.uniform(-0.4, 0.4) * width, y + rng.uniform(-3, 3), angle, rng, 0.5)
        things.append(Thing(mesh=tree, name="tree", scale=rng.uniform(0.5, 1.1), **place))
