"""Manhole covers, their holes, grates and potholes; each fills a square cut out of the ground."""

from __future__ import annotations

import math
from random import Random

import numpy as np
from mesh import Mesh, Points
from paint import IRON, Paint, grey


def circle(radius: float, z: float, sides: int = 32, wobble: float = 0.0, seed: int = 0) -> Points:
    rng = np.random.default_rng(seed)
    noise = 1 + wobble * np.interp(
        np.arange(sides), np.linspace(0, sides, 9), np.append(w := rng.uniform(-1, 1, 8), w[0])
    )
    a = np.linspace(0, 2 * math.pi, sides, endpoint=False)
    return np.stack(
        [radius * noise * np.cos(a), radius * noise * np.sin(a), np.full(sides, z)], axis=1
    )


def surround(half: float, inner: Points, paint: Paint, middle: tuple[float, float]) -> Mesh:
    """The ground from a square to a round hole; in world coordinates so that its noise fits."""
    n = len(inner)
    a = np.arctan2(inner[:, 1], inner[:, 0])
    reach = half / np.maximum(np.abs(np.cos(a)), np.abs(np.sin(a)))
    outer = np.stack([reach * np.cos(a), reach * np.sin(a), np.zeros(n)], axis=1)
    corners = [np.argmin(np.abs(a - c)) for c in (-2.356, -0.785, 0.785, 2.356)]
    for index, (sx, sy) in zip(corners, ((-1, -1), (1, -1), (1, 1), (-1, 1)), strict=True):
        outer[index] = (sx * half, sy * half, 0)
    mesh = Mesh()
    faces = [(i, (i + 1) % n, n + (i + 1) % n, n + i) for i in range(n)]
    mesh.add(np.concatenate([outer, inner]) + np.array([*middle, 0]), faces, paint)
    return mesh


def lid_paint(rng: Random) -> Paint:
    concrete = rng.random() < 0.25
    base = (
        grey(rng.uniform(0.5, 0.65), 0.02)
        if concrete
        else grey(rng.uniform(0.2, 0.42), rng.uniform(0.0, 0.03))
    )
    return Paint(
        kind="studs",
        colour=base,
        second=tuple(c * 0.35 for c in base),  # type: ignore[arg-type]
        roughness=0.6,
        metallic=0.0 if concrete else 0.35,
        mottle=0.5,
        grain_m=0.15,
        tile_m=(0.09, 0.09),
        bump=0.7,
    )


def build_ok(rng: Random, radius: float) -> Mesh:
    mesh = Mesh()
    frame = IRON.but(colour=grey(rng.uniform(0.15, 0.5)))
    paint = lid_paint(rng)
    gap = Paint(colour=grey(0.04), roughness=1.0)
    mesh.loft([circle(radius, 0.0), circle(radius * 0.93, 0.004)], frame, caps=False)
    mesh.loft([circle(radius * 0.93, 0.004), circle(radius * 0.9, -0.03)], gap, caps=False)
    mesh.loft(
        [circle(radius * 0.905, -0.004), circle(radius * 0.8, 0.004)],
        frame.but(mottle=0.5),
        caps=False,
    )
    mesh.loft(
        [circle(radius * 0.8, 0.004), circle(radius * 0.3, 0.004)], paint, caps=False, smooth=False
    )
    mesh.loft([circle(radius * 0.3, 0.004), circle(0.01, 0.004)], frame, caps=False, smooth=False)
    for a in (0.6, 3.7):
        mesh.tube(
            (0.62 * radius * math.cos(a), 0.62 * radius * math.sin(a), 0.0),
            (0.62 * radius * math.cos(a), 0.62 * radius * math.sin(a), 0.008),
            0.03,
            gap,
            sides=8,
        )
    return mesh


def build_missing(rng: Random, radius: float) -> Mesh:
    mesh = Mesh()
    frame = IRON.but(colour=grey(rng.uniform(0.2, 0.5)))
    mesh.loft([circle(radius, 0.0), circle(radius * 0.92, 0.006)], frame, caps=False)
    mesh.loft([circle(radius * 0.92, 0.006), circle(radius * 0.92, -0.08)], frame, caps=False)
    _shaft(mesh, rng, radius * 0.9)
    return mesh


def _shaft(mesh: Mesh, rng: Random, radius: float) -> None:
    brick = Paint(
        colour=grey(rng.uniform(0.07, 0.2), 0.02),
        roughness=0.95,
        mottle=0.6,
        grain_m=0.12,
        bump=0.8,
    )
    mesh.loft(
        [
            circle(radius * 1.04, -0.07),
            circle(radius, -0.09),
            circle(radius, -0.5),
            circle(radius, -2.2),
        ],
        brick,
        caps=False,
    )
    mesh.add(circle(radius, -1.9), [tuple(range(32))], Paint(colour=grey(0.05), roughness=0.1))


def build_damaged(rng: Random, radius: float) -> Mesh:
    """A lid with a bite out of it, or broken into pieces that sag into the frame."""
    mesh = Mesh()
    frame = IRON.but(colour=grey(rng.uniform(0.2, 0.5)))
    mesh.loft([circle(radius, 0.0), circle(radius * 0.92, 0.006)], frame, caps=False)
    mesh.loft([circle(radius * 0.92, 0.006), circle(radius * 0.92, -0.08)], frame, caps=False)
    _shaft(mesh, rng, radius * 0.9)
    paint = lid_paint(rng)
    a0 = rng.uniform(0, 2 * math.pi)
    centre = np.array([math.cos(a0), math.sin(a0)]) * radius * rng.uniform(0.35, 0.8)
    bite = radius * rng.uniform(0.4, 0.75)
    steps, sides = 9, 40
    tilt = np.array([rng.uniform(-0.12, 0.12), rng.uniform(-0.12, 0.12)])
    r = np.linspace(0.02, radius * 0.9, steps)
    a = np.linspace(0, 2 * math.pi, sides, endpoint=False)
    points = np.array([[ri * math.cos(ai), ri * math.sin(ai), 0.0] for ri in r for ai in a])
    jitter = np.random.default_rng(rng.randrange(9999)).normal(0, radius * 0.015, (len(points), 2))
    inner = np.arange(len(points)) < (steps - 1) * sides
    points[:, :2] += jitter * inner[:, None]
    points[:, 2] = -0.02 + points[:, :2] @ tilt
    faces = []
    for i in range(steps - 1):
        for k in range(sides):
            face = (
                i * sides + k,
                i * sides + (k + 1) % sides,
                (i + 1) * sides + (k + 1) % sides,
                (i + 1) * sides + k,
            )
            middle = points[list(face), :2].mean(axis=0)
            if np.linalg.norm(middle - centre) > bite * (
                1 + 0.25 * math.sin(5 * math.atan2(*(middle - centre)))
            ):
                faces.append(face)
    mesh.add(points, faces, paint)
    low = points.copy()
    low[:, 2] -= 0.05
    mesh.add(low, faces, Paint(colour=grey(0.3), roughness=0.9))
    crack = Paint(colour=grey(0.05), roughness=1.0)
    for _ in range(2):
        b = rng.uniform(0, 6.28)
        p, q = centre * 0.9, np.array([math.cos(b), math.sin(b)]) * radius * 0.85
        if np.linalg.norm(p - q) > 0.2:
            mesh.tube(
                (*p, float(p @ tilt) - 0.02), (*q, float(q @ tilt) - 0.02), 0.012, crack, sides=4
            )
    for _ in range(rng.randrange(0, 6)):
        b, d = rng.uniform(0, 6.28), radius * rng.uniform(1.0, 1.35)
        mesh.box((0.08, 0.06, 0.04), (d * math.cos(b), d * math.sin(b), 0.02), paint, rz=b, rx=0.3)
    return mesh


def build_grate(rng: Random, radius: float) -> Mesh:
    """A storm grate: bars over a dark pit, filling a square of half side `radius`."""
    mesh = Mesh()
    iron = IRON.but(colour=grey(rng.uniform(0.15, 0.4)))
    pit = Paint(colour=grey(0.05), roughness=1.0)
    mesh.box((2 * radius, 2 * radius, 0.02), (0, 0, -0.3), pit)
    for side in (-1, 1):
        mesh.box((2 * radius, 0.06, 0.3), (0, side * (radius - 0.03), -0.148), iron)
        mesh.box((0.06, 2 * radius, 0.3), (side * (radius - 0.03), 0, -0.148), iron)
    for k in range(1, 9):
        mesh.box((0.03, 2 * radius, 0.04), (-radius + k * 2 * radius / 9, 0, -0.02), iron)
    mesh.box((2 * radius, 0.04, 0.03), (0, 0, -0.025), iron)
    return mesh


def build_pothole(rng: Random, radius: float, seed: int) -> Mesh:
    mesh = Mesh()
    dirt = Paint(
        kind="asphalt",
        colour=grey(rng.uniform(0.25, 0.4), 0.03),
        second=grey(0.15),
        roughness=0.95,
        bump=1.0,
        mottle=0.7,
        grain_m=0.05,
    )
    rings = [
        circle(radius * k, z, wobble=0.25, seed=seed)
        for k, z in ((1, 0.0), (0.92, -0.05), (0.6, -0.08), (0.05, -0.07))
    ]
    mesh.loft(rings, dirt, caps=False)
    return mesh
