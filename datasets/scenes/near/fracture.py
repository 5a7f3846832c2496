"""Breaks lids: holes, a broken edge, cracks, pieces that are gone, a crumbled ring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from near.chance import any_of
from near.lid import LID_PX, REACH, Lid, lid_grid
from near.noise import Field, Mask, cloud, ragged, step, turned, wander
from near.plane import Surface, drawn_colour

_SHOWS = 0.01
"""Share of a lid that has to be gone or cracked for a person to call it damaged."""
_SHOWS_PX = 120
"""So many pixels of it, where it is seen from afar."""


def broken(rng: np.random.Generator, lid: Lid, seen_px: float) -> Lid:
    """The lid damaged, plainly enough to be seen where it takes so many pixels."""
    shows = float(np.clip(_SHOWS_PX / seen_px, _SHOWS, 0.3))
    surface = lid.surface.copy()
    for attempt in range(40):
        if attempt % 5 == 0:  # else it adds to the damage before
            surface = lid.surface.copy()
        any_of(rng, _KINDS)(rng, lid, surface)
        if _damaged_share(lid, surface) > shows:
            break
    if rng.random() < 0.5:
        _bars(rng, surface)
    _broken_stone(rng, surface)
    return replace(lid, surface=surface)


def _damaged_share(lid: Lid, surface: Surface) -> float:
    """How much of a lid is gone, or dark where it was not: a crack in black iron does not show."""
    before, after = lid.surface.albedo.sum(2), surface.albedo.sum(2)
    inside = lid.alpha > 0.5
    gone = (surface.gone > 0.5) & inside
    cracked = (after < 0.5 * before) & (before - after > 0.15) & inside & ~gone
    return (float(gone.sum()) + 0.6 * float(cracked.sum())) / float(inside.sum())


def _pixels(points: NDArray[np.float32]) -> NDArray[np.int32]:
    return np.round((points / REACH + 1) * LID_PX / 2).astype(np.int32)


def _take(surface: Surface, outlines: list[NDArray[np.float32]], lid: Lid) -> None:
    gone = np.zeros((LID_PX, LID_PX), np.float32)
    for outline in outlines:
        cv2.fillPoly(gone, [_pixels(outline)], 1.0, cv2.LINE_AA)
    _gone(surface, gone, lid)


def _gone(surface: Surface, gone: Mask, lid: Lid) -> None:
    surface.gone[:] = np.maximum(surface.gone, gone * lid.alpha)


def _holes(rng: np.random.Generator, lid: Lid, surface: Surface) -> None:
    outlines = []
    for _ in range(int(rng.integers(1, 7))):
        turn, reach = rng.uniform(0, 2 * np.pi), 0.85 * np.sqrt(rng.random())
        size = float(np.clip(rng.lognormal(-1.9, 0.5), 0.06, 0.5))
        at = (float(reach * np.cos(turn)), float(reach * np.sin(turn)))
        outlines.append(ragged(rng, at, size, int(rng.integers(5, 10))))
    _take(surface, outlines, lid)


def _pits(rng: np.random.Generator, lid: Lid, surface: Surface) -> None:
    """Small holes without order, more of them to one side."""
    outlines, side = [], rng.normal(0, 0.3, 2)
    for _ in range(int(rng.integers(2, 9))):
        at = np.clip(side + rng.normal(0, 0.45, 2), -0.9, 0.9)
        size = float(rng.uniform(0.045, 0.13))
        outlines.append(ragged(rng, (float(at[0]), float(at[1])), size, int(rng.integers(5, 9))))
    _take(surface, outlines, lid)


def _edge(rng: np.random.Generator, lid: Lid, surface: Surface) -> None:
    start, outlines = rng.uniform(0, 2 * np.pi), []
    for _ in range(int(rng.integers(1, 5))):
        turn, reach = start + rng.normal(0, 0.6), rng.uniform(0.8, 1.05)
        at = (float(reach * np.cos(turn)), float(reach * np.sin(turn)))
        outlines.append(ragged(rng, at, float(rng.uniform(0.15, 0.5)), int(rng.integers(5, 10))))
    _take(surface, outlines, lid)


def _segment(rng: np.random.Generator, lid: Lid, surface: Surface) -> None:
    """A part beyond one ragged line across the lid."""
    u, v = lid_grid()
    turn = rng.uniform(0, 2 * np.pi)
    along, _ = turned(u, v, turn)
    line = float(rng.uniform(0.2, 0.85)) + 0.05 * cloud(rng, LID_PX, 120)
    _gone(surface, step(along - line, 0.0, 0.01), lid)


def _pieces(rng: np.random.Generator, lid: Lid, surface: Surface) -> None:
    """Cracked into pieces of which some sank and some are gone."""
    u, v = lid_grid()
    count = int(rng.integers(4, 16))
    seeds = rng.uniform(-1, 1, (count, 2)) * (0.9 if rng.random() < 0.6 else 0.5)
    u = u + 0.05 * cloud(rng, LID_PX, 90)
    v = v + 0.05 * cloud(rng, LID_PX, 90)
    far = np.stack([np.hypot(u - x, v - y) for x, y in seeds])
    order = np.sort(far, 0)
    piece = far.argmin(0)
    gap = float(rng.uniform(0.012, 0.05))
    crack = step(order[0] - order[1], -gap * (0.6 + 0.4 * cloud(rng, LID_PX, 60)), 0.012)
    _darken(rng, lid, surface, crack)
    missing = float(rng.choice((0.0, 0.1, 0.25, 0.4)))
    for number in range(count):
        inside = (piece == number).astype(np.float32)
        if rng.random() < missing:
            _gone(surface, inside, lid)
        tone, drop = 1 + 0.12 * rng.normal(), -abs(rng.normal(0, 0.02)) * lid.radius_m
        surface.albedo *= (1 + (tone - 1) * inside)[..., None].astype(np.float32)
        surface.height_m += inside * float(drop)


def _cracks(rng: np.random.Generator, lid: Lid, surface: Surface) -> None:
    lines = np.zeros((LID_PX, LID_PX), np.float32)
    middle = rng.normal(0, 0.3, 2)
    for _ in range(int(rng.integers(2, 6))):
        way = wander(
            rng, (float(middle[0]), float(middle[1])), rng.uniform(0, 6.28), rng.uniform(0.5, 1.4)
        )
        thick = max(2, round(float(rng.uniform(0.012, 0.045)) * LID_PX / 2 / REACH))
        cv2.polylines(lines, [_pixels(way)], False, 1.0, thick, cv2.LINE_AA)
    _darken(rng, lid, surface, lines)
    if rng.random() < 0.7:
        at = (float(middle[0]), float(middle[1]))
        _take(surface, [ragged(rng, at, float(rng.uniform(0.1, 0.35)), 8)], lid)


def _crumbled(rng: np.random.Generator, lid: Lid, surface: Surface) -> None:
    """A ring of it fell away around a block that reinforcement still holds."""
    u, v = lid_grid()
    rough = lid.shape.far(u, v) + 0.09 * cloud(rng, LID_PX, 90)
    inner, outer = float(rng.uniform(0.45, 0.75)), float(rng.uniform(0.85, 1.1))
    turn = np.cos(np.arctan2(v, u) - rng.uniform(0, 6.28)) + 0.4 * cloud(rng, LID_PX, 150)
    ring = step(rough, inner, 0.02) * step(-rough, -outer, 0.02)
    _gone(surface, ring * step(turn, float(rng.uniform(-1.2, 0.7)), 0.05), lid)


def _darken(rng: np.random.Generator, lid: Lid, surface: Surface, crack: Mask) -> None:
    crack = crack * lid.alpha
    level = float(rng.uniform(0.005, 0.035))
    surface.tint((level, level * 0.95, level * 0.9), crack)
    surface.height_m -= crack * 0.06 * lid.radius_m
    surface.gloss *= 1 - crack


_Kind = Callable[[np.random.Generator, Lid, Surface], None]
_KINDS: tuple[_Kind, ...] = (
    _holes,
    _holes,
    _pits,
    _pits,
    _edge,
    _edge,
    _segment,
    _pieces,
    _pieces,
    _cracks,
    _crumbled,
)


def _bars(rng: np.random.Generator, surface: Surface) -> None:
    """Reinforcement: radial, or crosswise."""
    thick = max(2, round(float(rng.uniform(0.015, 0.04)) * LID_PX / 2 / REACH))
    ends: list[NDArray[np.float32]] = []
    start = rng.uniform(0, np.pi)
    if rng.random() < 0.5:
        for k in range(int(rng.integers(6, 14))):
            turn = start + 2 * np.pi * k / 12 + rng.normal(0, 0.06)
            way = np.array([np.cos(turn), np.sin(turn)])
            ends.append(np.stack([0.3 * way, 1.0 * way]).astype(np.float32))
    else:
        for across in (0.0, np.pi / 2):
            way = np.array([np.cos(start + across), np.sin(start + across)])
            aside = np.array([-way[1], way[0]])
            for off in np.arange(-0.9, 0.91, float(rng.uniform(0.25, 0.5))):
                a, b = (off + 0.03 * rng.normal()) * aside, off * aside
                ends.append(np.stack([a - way, b + way]).astype(np.float32))
    for line in ends:
        if rng.random() < 0.8:
            cv2.polylines(surface.bars, [_pixels(line)], False, 1.0, thick, cv2.LINE_AA)


def _broken_stone(rng: np.random.Generator, surface: Surface) -> None:
    """Along what fell away the lid's inside shows: rougher, lighter or rusty."""
    if rng.random() < 0.4:
        return
    near = cv2.GaussianBlur(surface.gone, (0, 0), float(rng.uniform(3, 12)))
    rough: Field = cloud(rng, LID_PX, 12, 2)
    colour = drawn_colour(rng, (0.4, 0.37, 0.32) if rng.random() < 0.6 else (0.2, 0.11, 0.06), 0.3)
    surface.tint(colour, np.clip(near * 1.6 + 0.15 * rough - 0.1, 0, 1) * (near > 0.03) * 0.8)
