"""What a picture shows: covers of all states in some ground, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from near.chance import any_of
from near.fracture import broken
from near.grate import random_grate
from near.ground import leaves, litter, random_ground, shoes
from near.lid import Lid, Shape, laid, random_lid
from near.noise import Field, Mask, cloud, step, turned
from near.plane import Plane, Surface, drawn_colour
from near.well import Well, random_well

STATES = ("cover_ok", "cover_damaged", "cover_missing", "storm_grate")
_SQUARE = dict(zip(STATES, (0.15, 0.15, 0.3, 0.95), strict=True))
"""How many of a state are not round."""
ODDS = (0.42, 0.3, 0.2, 0.08)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slab:
    """A lid that lies on the ground, off its frame."""

    surface: Surface
    alpha: Mask
    thick_m: float


@dataclass(slots=True, kw_only=True)
class Cover:
    state: str
    at: tuple[float, float]
    turn: float
    shape: Shape
    radius_m: float
    frame: float  # its outer edge, in radii
    thick_m: float
    well: Well
    slab: Slab | None = None

    def outline(self) -> NDArray[np.float32]:
        """(N, 3) points of the frame's outer edge."""
        points = self.shape.outline() * self.radius_m * self.frame
        x, y = turned(points[:, 0], points[:, 1], -self.turn)
        return np.stack([x + self.at[0], y + self.at[1], np.zeros_like(x)], 1).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    plane: Plane
    surface: Surface
    bare: Surface  # the ground before the covers came
    covers: list[Cover]


def random_site(
    rng: np.random.Generator,
    plane: Plane,
    radius_m: float,
    count: int,
    seen_px: float,
    odds: Sequence[float] = ODDS,
) -> Site:
    """The first cover is at the origin, of the given radius, and takes so many pixels."""
    surface = random_ground(rng, plane)
    litter(rng, plane, surface)
    bare = surface.copy()
    covers: list[Cover] = []
    for number in range(count):
        at, radius = (0.0, 0.0), radius_m
        if number:
            radius = radius_m * float(rng.uniform(0.7, 1.2))
            at = _free_place(rng, plane, covers, radius)
        covers.append(_cover(rng, plane, surface, at, radius, seen_px, odds))
    if rng.random() < 0.3:
        leaves(rng, plane, surface)
    if rng.random() < 0.15:
        shoes(rng, plane, surface)
    return Site(plane=plane, surface=surface, bare=bare, covers=covers)


def _free_place(
    rng: np.random.Generator, plane: Plane, covers: list[Cover], radius: float
) -> tuple[float, float]:
    """Beside the others, or out of sight where there is no room."""
    for _ in range(60):
        x, y = (float(c) for c in rng.uniform(-0.8, 0.8, 2) * plane.half_m)
        if all(np.hypot(x - c.at[0], y - c.at[1]) > 1.7 * (c.radius_m + radius) for c in covers):
            return x, y
    return 50.0, 50.0


def _cover(
    rng: np.random.Generator,
    plane: Plane,
    surface: Surface,
    at: tuple[float, float],
    radius: float,
    seen_px: float,
    odds: Sequence[float],
) -> Cover:
    state = str(rng.choice(STATES, p=odds))
    square = rng.random() < _SQUARE[state]
    wide = float(rng.choice((1.0, 1.0, 1.4, 1.8))) if square else 1.0
    shape, turn = Shape(square=square, wide=wide), float(rng.uniform(0, 2 * np.pi))
    frame = 1.0 if rng.random() < 0.2 else float(rng.uniform(1.03, 1.14))
    well = random_well(rng, at, shape, turn, radius * float(rng.uniform(0.97, 1.15)))
    cover = Cover(
        state=state,
        at=at,
        turn=turn,
        shape=shape,
        radius_m=radius,
        frame=frame,
        thick_m=radius * float(rng.uniform(0.07, 0.2)),
        well=well,
    )
    _setting(rng, plane, surface, cover)
    _closed(rng, plane, surface, cover, seen_px)
    return cover


def _closed(
    rng: np.random.Generator, plane: Plane, surface: Surface, cover: Cover, seen_px: float
) -> None:
    """Lays the lid into its frame, or leaves the well open."""
    whole = random_lid(rng, cover.shape, cover.radius_m)
    if cover.state == "cover_missing":
        hole = _inside(plane, cover, 0.97)
        if rng.random() < 0.25:
            hole = _torn(rng, plane, cover)
        surface.gone[:] = np.maximum(surface.gone, hole)
        if rng.random() < 0.4:
            cover.slab = _aside(rng, plane, cover, whole)
        return
    lid = whole
    if cover.state == "cover_damaged":
        lid = broken(rng, whole, seen_px)
    elif cover.state == "storm_grate":
        lid = random_grate(rng, whole)
    own, alpha = laid(lid, plane, cover.at, cover.turn)
    if rng.random() < 0.3:
        _settled(rng, own, cover)
    surface.cover(own, alpha)
    gone = float((own.gone * alpha).sum() / max(float(alpha.sum()), 1))
    cover.well = replace(cover.well, open_share=float(np.clip(gone, 0.03, 1)))
    _sand(rng, plane, surface, cover)


def _settled(rng: np.random.Generator, own: Surface, cover: Cover) -> None:
    """Stands a little lower or higher than the ground; no one minds a finger's breadth."""
    own.height_m += float(rng.uniform(-0.03, 0.015)) * cover.radius_m


def _far(plane: Plane, cover: Cover) -> Field:
    x, y = plane.grid()
    x, y = (x - cover.at[0]) / cover.radius_m, (y - cover.at[1]) / cover.radius_m
    return cover.shape.far(*turned(x, y, cover.turn))


def _inside(plane: Plane, cover: Cover, reach: float) -> Mask:
    return step(-_far(plane, cover), -reach, 1.5 * plane.m_a_px / cover.radius_m)


def _torn(rng: np.random.Generator, plane: Plane, cover: Cover) -> Mask:
    """The frame went with the lid: the hole's edge is broken ground."""
    rough = cloud(rng, plane.side_px, max(0.5 * cover.radius_m / plane.m_a_px, 2), 5)
    far = _far(plane, cover) + float(rng.uniform(0.03, 0.09)) * rough
    return step(-far, -float(rng.uniform(0.9, 1.0)), 1.5 * plane.m_a_px / cover.radius_m)


def _setting(rng: np.random.Generator, plane: Plane, surface: Surface, cover: Cover) -> None:
    """A collar of concrete or fresh asphalt, and the frame."""
    if rng.random() < 0.4:
        reach = cover.frame + float(rng.uniform(0.1, 0.6))
        collar = _inside(plane, cover, reach)
        colour = (0.4, 0.38, 0.34) if rng.random() < 0.6 else (0.06, 0.06, 0.06)
        kept = float(rng.uniform(0.1, 0.4))
        surface.tint(drawn_colour(rng, colour, 0.3), collar * (1 - kept))
        surface.height_m *= 1 - 0.8 * collar
    if cover.frame > 1:
        ring = _inside(plane, cover, cover.frame)
        colours = ((0.09, 0.09, 0.095), (0.2, 0.11, 0.06), (0.36, 0.34, 0.31))
        surface.tint(drawn_colour(rng, any_of(rng, colours), 0.3), ring)
        surface.height_m += ring * (0.004 - surface.height_m)
        surface.gloss *= 1 - 0.7 * ring
    if rng.random() < 0.35:
        _worn_edge(rng, plane, surface, cover)


def _worn_edge(rng: np.random.Generator, plane: Plane, surface: Surface, cover: Cover) -> None:
    """The ground around the frame broke or sank: that is no damage of the cover."""
    far = _far(plane, cover)
    outside = step(far, cover.frame, 0.02)
    dark = step(-far, -(cover.frame + float(rng.uniform(0.03, 0.15))), 0.08) * outside
    surface.tint(drawn_colour(rng, (0.05, 0.045, 0.04), 0.4), dark * float(rng.uniform(0.3, 0.8)))
    surface.height_m -= 0.012 * dark


def _sand(rng: np.random.Generator, plane: Plane, surface: Surface, cover: Cover) -> None:
    """Earth lies over a part of some lids."""
    if rng.random() > 0.2:
        return
    heap = cloud(rng, plane.side_px, max(cover.radius_m / plane.m_a_px, 2))
    where = step(heap, float(rng.uniform(0.2, 1.5)), 0.5) * (1 - surface.gone)
    where *= _inside(plane, cover, 1.2 * cover.frame)
    surface.tint(drawn_colour(rng, (0.3, 0.24, 0.17), 0.3), where * float(rng.uniform(0.4, 0.95)))
    surface.height_m *= 1 - 0.7 * where


def _aside(rng: np.random.Generator, plane: Plane, cover: Cover, lid: Lid) -> Slab:
    """The lid lies beside its well, or half upon it."""
    turn, far = rng.uniform(0, 2 * np.pi), cover.radius_m * float(rng.uniform(0.6, 2.4))
    at = (cover.at[0] + far * float(np.cos(turn)), cover.at[1] + far * float(np.sin(turn)))
    surface, alpha = laid(lid, plane, at, float(rng.uniform(0, 2 * np.pi)))
    thick = cover.radius_m * float(rng.uniform(0.1, 0.25))
    return Slab(surface=surface, alpha=alpha, thick_m=thick)


def slab_shadow(slab: Slab, plane: Plane, slip: tuple[float, float]) -> Mask:
    """How much light gets past a slab to the ground: 1 all of it."""
    size = (plane.side_px, plane.side_px)
    shade = slab.alpha.copy()
    for share in (0.25, 0.5, 0.75, 1.0):
        move = np.array(
            [[1, 0, slip[0] * share / plane.m_a_px], [0, 1, slip[1] * share / plane.m_a_px]],
            np.float32,
        )
        shade = np.maximum(shade, cv2.warpAffine(slab.alpha, move, size))
    return np.asarray(1 - shade, np.float32)
