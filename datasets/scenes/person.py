"""Pedestrians and vendors: articulated figures with clothes, looking along +x."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

import numpy as np
from mesh import Mesh, Points, oval, turn
from paint import BLACK, STEEL, Colour, Paint, any_colour, grey, hsv


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one person looks; the pose is separate."""

    height_m: float
    girth: float
    skin: Colour
    hair: Colour
    long_hair: bool
    hat: Colour | None
    top: Paint
    bottom: Paint
    shoes: Colour
    coat: bool
    skirt: bool
    bag: Colour | None
    umbrella: Colour | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """`phase` is the walking phase in radians (None stands); lean bends forward."""

    phase: float | None = None
    sitting: bool = False
    lean_rad: float = 0.0
    arms_forward_rad: float = 0.0


def random_look(rng: Random, *, vendor: bool = False) -> Look:
    woman = rng.random() < 0.5
    dark = rng.random() < 0.55
    top_colour = grey(rng.uniform(0.08, 0.4), rng.uniform(-0.04, 0.04)) if dark else any_colour(rng)
    kind = rng.choice(("cloth", "cloth", "stripes"))
    top = Paint(
        kind=kind,
        colour=top_colour,
        second=any_colour(rng, (0.0, 0.5)),
        roughness=0.85,
        bump=0.35,
        grain_m=0.09,
        mottle=0.4,
        tile_m=(0.08, rng.uniform(0.04, 0.12)),
    )
    jeans = hsv(0.6, rng.uniform(0.2, 0.6), rng.uniform(0.15, 0.5))
    bottom_colour = rng.choice(
        (jeans, grey(rng.uniform(0.08, 0.3)), grey(rng.uniform(0.4, 0.7), 0.05))
    )
    bottom = Paint(kind="cloth", colour=bottom_colour, roughness=0.9, bump=0.4, grain_m=0.1)
    shade = rng.uniform(0.55, 1.0)
    return Look(
        height_m=rng.uniform(1.52, 1.7) if woman else rng.uniform(1.62, 1.84),
        girth=rng.uniform(0.88, 1.18),
        skin=(0.55 * shade, 0.32 * shade, 0.21 * shade),
        hair=grey(rng.choice((0.06, 0.1, 0.12, 0.5)), 0.01),
        long_hair=woman and rng.random() < 0.7,
        hat=any_colour(rng) if rng.random() < (0.35 if vendor else 0.1) else None,
        top=top,
        bottom=bottom,
        shoes=grey(rng.choice((0.1, 0.15, 0.8))),
        coat=rng.random() < 0.3,
        skirt=woman and rng.random() < 0.3,
        bag=any_colour(rng, (0.1, 0.7)) if rng.random() < 0.3 else None,
        umbrella=any_colour(rng) if rng.random() < 0.03 and not vendor else None,
    )


def build_person(look: Look, pose: Pose) -> Mesh:
    """The figure at its own size, feet at z = 0."""
    mesh = Mesh()
    figure = Mesh()
    hip = 0.47 if pose.sitting else 0.9
    swing = 0.0 if pose.phase is None else 0.5 * math.sin(pose.phase)
    for side in (-1, 1):
        _leg(figure, look, side, hip, swing * side, pose)
    _trunk(figure, look, hip, pose)
    for side in (-1, 1):
        _arm(figure, look, side, hip, -swing * side * 0.9, pose)
    _head(figure, look, hip, pose)
    if look.umbrella is not None:
        _umbrella(figure, look.umbrella, hip)
    mesh.join(figure, scale=look.height_m / 1.72)
    return mesh


def _off(point: Points, x: float, y: float, z: float) -> Points:
    return np.asarray(point + np.array([x, y, z]))


def _bent(pose: Pose, hip: float, point: Points) -> Points:
    """A point of the upper body after the lean about the hip."""
    base = np.array([0.0, 0.0, hip])
    return np.asarray(base + turn(ry=pose.lean_rad) @ (point - base))


def _leg(mesh: Mesh, look: Look, side: int, hip: float, swing: float, pose: Pose) -> None:
    g = look.girth
    start = np.array([0.0, 0.09 * side, hip])
    if pose.sitting:
        knee, ankle = _off(start, 0.42, 0.03 * side, 0.02), _off(start, 0.4, 0.03 * side, -0.39)
    else:
        bend = 0.5 * max(0.0, -math.cos((pose.phase or 0.0) + (0 if side > 0 else math.pi)))
        bend = bend if pose.phase is not None else 0.0
        knee = start + 0.43 * np.array([math.sin(swing), 0, -math.cos(swing)])
        lower = swing - bend
        ankle = knee + 0.4 * np.array([math.sin(lower), 0, -math.cos(lower)])
        ankle[2] = max(ankle[2], 0.07)
    skin = Paint(colour=look.skin, roughness=0.55, mottle=0.15)
    wear = skin if look.skirt else look.bottom
    thin = 0.8 if look.skirt else 1.0
    mesh.tube(start, knee, 0.088 * g * thin, wear, end_radius=0.066 * g * thin, sides=8)
    mesh.tube(knee, ankle, 0.066 * g * thin, wear, end_radius=0.05 * thin, sides=8)
    mesh.ball(_off(ankle, 0.05, 0, -0.03), (0.13, 0.048, 0.05), _shoe(look), sides=8, rows=4)


def _shoe(look: Look) -> Paint:
    return Paint(colour=look.shoes, roughness=0.5)


def _trunk(mesh: Mesh, look: Look, hip: float, pose: Pose) -> None:
    g = look.girth
    hem = 0.32 if look.coat else 0.06
    shape = [
        (-hem, 0.12 * g, 0.175 * g),
        (0.05, 0.125 * g, 0.17 * g),
        (0.2, 0.112 * g, 0.15 * g),
        (0.36, 0.125 * g, 0.175 * g),
        (0.48, 0.105 * g, 0.19 * g),
        (0.545, 0.07, 0.13),
        (0.57, 0.05, 0.06),
    ]
    if pose.sitting:
        shape[0] = (-0.02, 0.12 * g, 0.17 * g)
    rings = []
    for dz, rx, ry in shape:
        section = oval((0.0, 0.0, hip + dz), rx, ry, 12, 0.85)
        rings.append(np.array([_bent(pose, hip, p) for p in section]))
    mesh.loft(rings, look.top)
    if look.skirt and not pose.sitting:
        cone = [oval((0, 0, hip - 0.45), 0.2, 0.24), oval((0, 0, hip + 0.03), 0.125, 0.17)]
        mesh.loft(cone, look.bottom)
    if look.bag is not None:
        at = _bent(pose, hip, np.array([-0.17, 0.0, hip + 0.3]))
        paint = Paint(kind="cloth", colour=look.bag, roughness=0.8, bump=0.3)
        mesh.box((0.16, 0.28, 0.38), at, paint, bevel=0.05, ry=pose.lean_rad)


def _arm(mesh: Mesh, look: Look, side: int, hip: float, swing: float, pose: Pose) -> None:
    shoulder = _bent(pose, hip, np.array([0.0, 0.2 * look.girth * side, hip + 0.48]))
    a = swing + pose.arms_forward_rad
    holding = look.umbrella is not None and side > 0
    a = 1.1 if holding else a
    elbow = shoulder + 0.28 * np.array([math.sin(a), 0.12 * side, -math.cos(a)])
    b = a + 0.25 + 0.5 * pose.arms_forward_rad + (1.3 if holding else 0.0)
    hand = elbow + 0.25 * np.array([math.sin(b), 0.0, -math.cos(b)])
    mesh.tube(shoulder, elbow, 0.058, look.top, end_radius=0.045, sides=7)
    mesh.ball(shoulder, 0.062, look.top, sides=8, rows=4)
    mesh.tube(elbow, hand, 0.045, look.top, end_radius=0.034, sides=7)
    mesh.ball(hand, 0.042, Paint(colour=look.skin, roughness=0.55), sides=7, rows=4)


def _head(mesh: Mesh, look: Look, hip: float, pose: Pose) -> None:
    skin = Paint(colour=look.skin, roughness=0.55, mottle=0.2, grain_m=0.04)
    hair = Paint(colour=look.hair, roughness=0.6, bump=0.6, grain_m=0.02)
    neck = _bent(pose, hip, np.array([0.0, 0.0, hip + 0.56]))
    top = _bent(pose, hip, np.array([0.02, 0.0, hip + 0.71]))
    mesh.tube(neck, top, 0.05, skin, sides=8)
    mesh.ball(top, (0.095, 0.076, 0.115), skin, sides=10, rows=7)
    mesh.ball(_off(top, -0.015, 0, 0.012), (0.1, 0.085, 0.12), hair, sides=10, rows=5, bottom=0.1)
    mesh.ball(_off(top, -0.035, 0, 0.0), (0.085, 0.083, 0.1), hair, sides=10, rows=5)
    if look.long_hair:
        mesh.ball(_off(top, -0.06, 0, -0.09), (0.05, 0.08, 0.16), hair, sides=8, rows=5)
    if look.hat is not None:
        cloth = Paint(kind="cloth", colour=look.hat, roughness=0.8)
        mesh.ball(_off(top, 0, 0, 0.03), (0.11, 0.095, 0.11), cloth, sides=10, rows=4, bottom=0.1)
        brim = [
            oval(_off(top, 0.04, 0, 0.045), 0.15, 0.11),
            oval(_off(top, 0.03, 0, 0.06), 0.1, 0.09),
        ]
        mesh.loft(brim, cloth)


def _umbrella(mesh: Mesh, colour: Colour, hip: float) -> None:
    """A carried umbrella: never a vendor's parasol in the labels."""
    base = np.array([0.42, 0.22, hip + 0.35])
    tip = _off(base, -0.1, 0.0, 0.75)
    mesh.tube(base, tip, 0.008, STEEL, sides=5)
    cloth = Paint(kind="cloth", colour=colour, roughness=0.5, mottle=0.15)
    rings = [
        oval(_off(tip, 0, 0, dz), r, r, 8) for r, dz in ((0.52, -0.2), (0.4, -0.1), (0.02, 0.0))
    ]
    mesh.loft(rings, cloth, caps=False)
    mesh.tube(tip, _off(tip, 0, 0, 0.06), 0.006, BLACK, sides=5)
