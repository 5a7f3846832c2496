"""What is under a cover: a shaft with a wall and something at its bottom, seen along a ray."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from near.chance import any_of
from near.lid import Shape
from near.noise import Field, cloud, turned
from near.plane import Colour, drawn_colour
from near.sun import SKY

Points = NDArray[np.float32]  # (N, 3), metres; z up, 0 at the ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Well:
    at: tuple[float, float]
    shape: Shape
    turn: float
    radius_m: float
    depth_m: float
    wall: Colour
    bottom: Colour
    water: bool
    rows_m: float  # height of a ring of bricks or concrete; 0 for none
    rough: Field
    open_share: float = 1.0
    """How much of what closes it is gone: so much sky comes in."""

    def hit(self, start: Points, way: Points) -> tuple[Points, NDArray[np.bool_], Field]:
        """Where rays end: the points, whether on the bottom, and the place around the wall."""
        local = self._turned(start[:, 0] - self.at[0], start[:, 1] - self.at[1], start[:, 2])
        heading = self._turned(way[:, 0], way[:, 1], way[:, 2])
        reach = self._reach(local, heading)
        fall = self.depth_m / np.maximum(-heading[:, 2], 1e-4)
        floor = fall < reach
        run = np.minimum(reach, fall)[:, None]
        ended = local + heading * run
        around = np.arctan2(ended[:, 1], ended[:, 0])
        if self.shape.square:
            around = np.where(abs(ended[:, 0]) > abs(ended[:, 1]), ended[:, 1], ended[:, 0])
        return np.asarray(start + way * run, np.float32), floor, np.asarray(around, np.float32)

    def colour(
        self, points: Points, floor: NDArray[np.bool_], around: Field, sun: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(N, 3) linear; `sun` is what of it reaches the points."""
        deep = np.clip(-points[:, 2], 0, None)
        radius = self.radius_m
        sky = radius**2 / (radius**2 + deep**2) * self.open_share**0.7
        side = self.rough.shape[0]
        row = (deep * 97).astype(int) % side
        column = (around * 97 * (1 if self.shape.square else radius)).astype(int) % side
        grain = 1 + 0.25 * self.rough[row, column]
        albedo = np.array(self.wall, np.float32) * grain[:, None]
        if self.rows_m:
            joint = abs(deep / self.rows_m % 1 - 0.5) > 0.44
            albedo = albedo * np.where(joint, 0.5, 1.0)[:, None]
        across = (points[:, 0] * 61).astype(int) % side, (points[:, 1] * 61).astype(int) % side
        ground = np.array(self.bottom, np.float32) * (1 + 0.4 * self.rough[across])[:, None]
        if self.water:
            ground = np.broadcast_to(np.array(self.bottom, np.float32), ground.shape)
        albedo = np.where(floor[:, None], ground, albedo)
        light = (0.55 * sky + 0.015)[:, None] * SKY + sun
        colour = albedo * light
        if self.water:
            colour = colour + (floor * sky * 0.05)[:, None] * SKY
        return np.asarray(np.clip(colour, 0, None), np.float32)

    def _turned(self, x: Field, y: Field, z: Field) -> Points:
        return np.stack([*turned(x, y, self.turn), z], 1).astype(np.float32)

    def _reach(self, local: Points, way: Points) -> Field:
        """How far along each ray the wall is."""
        if self.shape.square:
            tall = self.radius_m / self.shape.wide
            half = np.array([self.radius_m, tall], np.float32)
            way = np.where(way[:, :2] == 0, 1e-6, way[:, :2])
            sides = (np.sign(way) * half - local[:, :2]) / way
            return np.asarray(np.clip(sides.min(1), 0, 99), np.float32)
        a = way[:, 0] ** 2 + way[:, 1] ** 2 + 1e-9
        b = local[:, 0] * way[:, 0] + local[:, 1] * way[:, 1]
        c = np.minimum(local[:, 0] ** 2 + local[:, 1] ** 2 - self.radius_m**2, 0)
        return np.asarray((-b + np.sqrt(b**2 - a * c)) / a, np.float32)


def random_well(
    rng: np.random.Generator, at: tuple[float, float], shape: Shape, turn: float, radius_m: float
) -> Well:
    walls = ((0.3, 0.28, 0.25), (0.22, 0.1, 0.07), (0.15, 0.14, 0.13), (0.42, 0.4, 0.36))
    bottoms = ((0.02, 0.02, 0.02), (0.1, 0.08, 0.06), (0.05, 0.05, 0.035), (0.2, 0.18, 0.15))
    deep = float(rng.uniform(0.25, 0.7) if rng.random() < 0.25 else rng.uniform(0.7, 3.5))
    return Well(
        at=at,
        shape=shape,
        turn=turn,
        radius_m=radius_m,
        depth_m=deep,
        wall=drawn_colour(rng, any_of(rng, walls), 0.4),
        bottom=drawn_colour(rng, any_of(rng, bottoms), 0.4),
        water=bool(rng.random() < 0.35),
        rows_m=float(rng.choice((0.0, 0.06, 0.2, 0.3))),
        rough=cloud(rng, 256, 24),
    )
