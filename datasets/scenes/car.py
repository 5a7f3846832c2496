"""Cars, vans, buses and lorries: lofted bodies, front along +x, wheels on z = 0."""

from __future__ import annotations

import math
from random import Random

import numpy as np
from mesh import Mesh, Points
from paint import GLASS, RUBBER, STEEL, Colour, Paint, grey, hsv
from thing import Lamp

# One station of the body: share of the length, sill, belt and top heights, half widths.
Station = tuple[float, float, float, float, float, float]

SEDAN: tuple[Station, ...] = (
    (0.000, 0.38, 0.70, 0.74, 0.70, 0.62),
    (0.015, 0.30, 0.80, 0.90, 0.84, 0.74),
    (0.060, 0.26, 0.86, 1.00, 0.88, 0.78),
    (0.150, 0.22, 0.90, 1.03, 0.90, 0.76),
    (0.185, 0.22, 0.91, 1.06, 0.90, 0.72),
    (0.300, 0.22, 0.92, 1.40, 0.91, 0.58),
    (0.440, 0.22, 0.92, 1.46, 0.91, 0.60),
    (0.455, 0.22, 0.92, 1.46, 0.91, 0.60),
    (0.590, 0.22, 0.92, 1.42, 0.91, 0.59),
    (0.730, 0.22, 0.91, 1.03, 0.90, 0.72),
    (0.770, 0.22, 0.88, 0.98, 0.90, 0.76),
    (0.900, 0.22, 0.80, 0.90, 0.89, 0.76),
    (0.970, 0.26, 0.68, 0.78, 0.84, 0.70),
    (0.995, 0.32, 0.58, 0.66, 0.74, 0.62),
    (1.000, 0.38, 0.54, 0.60, 0.66, 0.56),
)
HATCH: tuple[Station, ...] = (
    (0.000, 0.38, 0.80, 0.84, 0.72, 0.62),
    (0.012, 0.30, 0.92, 1.06, 0.86, 0.74),
    (0.040, 0.24, 0.96, 1.14, 0.90, 0.74),
    (0.055, 0.24, 0.97, 1.18, 0.91, 0.73),
    (0.130, 0.22, 0.98, 1.56, 0.92, 0.62),
    (0.260, 0.22, 0.98, 1.64, 0.93, 0.64),
    (0.275, 0.22, 0.98, 1.64, 0.93, 0.64),
    (0.450, 0.22, 0.98, 1.66, 0.93, 0.64),
    (0.465, 0.22, 0.98, 1.66, 0.93, 0.64),
    (0.590, 0.22, 0.97, 1.60, 0.93, 0.63),
    (0.730, 0.22, 0.96, 1.10, 0.92, 0.74),
    (0.780, 0.22, 0.92, 1.04, 0.92, 0.78),
    (0.910, 0.22, 0.84, 0.96, 0.90, 0.78),
    (0.985, 0.28, 0.70, 0.82, 0.82, 0.70),
    (1.000, 0.38, 0.58, 0.64, 0.70, 0.58),
)
VAN: tuple[Station, ...] = (
    (0.000, 0.40, 0.98, 1.86, 0.80, 0.70),
    (0.010, 0.30, 1.00, 1.94, 0.86, 0.76),
    (0.030, 0.24, 1.00, 1.97, 0.88, 0.78),
    (0.220, 0.24, 1.00, 1.99, 0.89, 0.79),
    (0.240, 0.24, 1.00, 1.99, 0.89, 0.79),
    (0.460, 0.24, 1.00, 2.00, 0.89, 0.79),
    (0.480, 0.24, 1.00, 2.00, 0.89, 0.79),
    (0.680, 0.24, 1.00, 1.98, 0.89, 0.79),
    (0.720, 0.24, 1.00, 1.94, 0.89, 0.78),
    (0.900, 0.24, 1.00, 1.18, 0.88, 0.78),
    (0.930, 0.24, 0.96, 1.08, 0.87, 0.77),
    (0.990, 0.30, 0.80, 0.92, 0.83, 0.72),
    (1.000, 0.38, 0.66, 0.74, 0.76, 0.66),
)


def body_colour(rng: Random) -> Colour:
    pick = rng.random()
    if pick < 0.4:
        return grey(rng.uniform(0.75, 0.95))
    if pick < 0.6:
        return grey(rng.uniform(0.05, 0.2))
    if pick < 0.78:
        return grey(rng.uniform(0.35, 0.65))
    return hsv(
        rng.choice((0.0, 0.02, 0.6, 0.62, 0.1, 0.35)), rng.uniform(0.5, 0.9), rng.uniform(0.3, 0.8)
    )


def build_car(rng: Random, kind: str, *, lights: bool = False) -> tuple[Mesh, tuple[Lamp, ...]]:
    """A `sedan`, `hatch` or `van`; with lights its headlamps glow."""
    stations, length = {
        "sedan": (SEDAN, rng.uniform(4.4, 4.85)),
        "hatch": (HATCH, rng.uniform(4.0, 4.7)),
        "van": (VAN, rng.uniform(4.0, 4.9)),
    }[kind]
    mesh = Mesh()
    paint = Paint(colour=body_colour(rng), roughness=0.28, coat=0.8, mottle=0.12, grain_m=0.5)
    _body(mesh, stations, length, paint, kind)
    radius = 0.31 if kind != "hatch" else 0.34
    _wheels(mesh, length, radius, half_width=0.9 if kind != "hatch" else 0.92)
    _details(mesh, stations, length, lights, kind)
    return mesh, _headlamps(length) if lights else ()


def _section(s: Station, length: float) -> Points:
    """Twelve points round the body at one station, right half then left."""
    share, sill, belt, top, half, roof = s
    x = (share - 0.5) * length
    right = [
        (0.0, sill),
        (half * 0.9, sill),
        (half, sill + 0.14),
        (half * 1.01, (sill + belt) / 2 + 0.05),
        (half * 0.985, belt),
        (roof, top - 0.03),
        (roof * 0.7, top),
    ]
    left = [(-y, z) for y, z in reversed(right[1:])]
    ring = [*right, (0.0, top + 0.008), *left]
    return np.array([[x, y, z] for y, z in ring])


def _glazed(kind: str, a: Station, b: Station, strip: int) -> bool:
    """Whether the skin between two stations is glass on this strip of the section."""
    pillar = b[0] - a[0] < 0.022
    cabin = min(a[3] - a[2], b[3] - b[2])
    rise = abs(a[3] - b[3])
    side = strip in (4, 9)
    roof = strip in (5, 6, 7, 8)
    if side:
        return cabin > 0.35 and not pillar and a[0] > 0.02
    steep = rise > 0.2 and b[0] - a[0] > 0.03
    rear_window = kind == "van" and a[0] < 0.001
    return roof and steep and not rear_window


def _body(
    mesh: Mesh, stations: tuple[Station, ...], length: float, paint: Paint, kind: str
) -> None:
    rings = [_section(s, length) for s in stations]
    n = len(rings[0])
    body: list[tuple[int, ...]] = []
    glass: list[tuple[int, ...]] = []
    for r in range(len(rings) - 1):
        for i in range(n):
            face = (r * n + i, r * n + (i + 1) % n, (r + 1) * n + (i + 1) % n, (r + 1) * n + i)
            target = glass if _glazed(kind, stations[r], stations[r + 1], i) else body
            target.append(face)
    body.append(tuple(range(n - 1, -1, -1)))
    body.append(tuple(range((len(rings) - 1) * n, len(rings) * n)))
    points = np.concatenate(rings)
    mesh.add(points, body, paint, smooth=True)
    mesh.add(points, glass, GLASS, smooth=True)


def _wheels(mesh: Mesh, length: float, radius: float, half_width: float) -> None:
    rim = STEEL.but(colour=grey(0.6))
    arch = Paint(colour=grey(0.06), roughness=0.9)
    for x in (-0.31 * length, 0.32 * length):
        for side in (-1, 1):
            y = side * (half_width - 0.1)
            mesh.tube(
                (x, y, radius),
                (x, side * (half_width + 0.012), radius),
                radius * 1.2,
                arch,
                sides=20,
            )
            mesh.wheel((x, side * (half_width - 0.06), radius), radius, 0.2, RUBBER, rim)


def _details(
    mesh: Mesh, stations: tuple[Station, ...], length: float, lights: bool, kind: str
) -> None:
    front, rear = length / 2, -length / 2
    glow = 25.0 if lights else 0.0
    lamp = Paint(colour=grey(0.85), roughness=0.15, emission=glow, mottle=0.0)
    red = Paint(colour=(0.4, 0.01, 0.01), roughness=0.2, emission=glow * 0.15, mottle=0.0)
    plate = Paint(colour=hsv(0.61, 0.8, 0.7), roughness=0.5)
    tall = kind != "sedan"
    z_front, z_rear = (0.74, 0.95) if tall else (0.66, 0.82)
    for side in (-1, 1):
        mesh.box((0.22, 0.36, 0.13), (front - 0.16, side * 0.58, z_front), lamp, bevel=0.04)
        mesh.box((0.12, 0.26, 0.16), (rear + 0.06, side * 0.64, z_rear), red, bevel=0.03)
        mirror_x = 0.2 * length
        mesh.box(
            (0.12, 0.2, 0.13),
            (mirror_x, side * 0.99, stations[8][2] + 0.08),
            Paint(colour=grey(0.12), roughness=0.3),
            bevel=0.03,
        )
    dark = Paint(colour=grey(0.07), roughness=0.4)
    mesh.box((0.06, 0.95, 0.12), (front - 0.02, 0, 0.44), dark, bevel=0.02)
    mesh.box((0.03, 0.44, 0.14), (front + 0.005, 0, 0.46), plate)
    mesh.box((0.03, 0.44, 0.14), (rear - 0.01, 0, 0.62 if not tall else 0.7), plate)


def _headlamps(length: float) -> tuple[Lamp, ...]:
    return tuple(
        Lamp(
            at=(length / 2 + 0.1, side * 0.55, 0.68),
            power_w=90.0,
            colour=(1.0, 0.93, 0.8),
            radius_m=0.06,
            aim=(1.0, 0.0, -0.09),
            cone_deg=55.0,
        )
        for side in (-1, 1)
    )


def build_bus(rng: Random) -> Mesh:
    """A city bus, 10–12 m."""
    mesh = Mesh()
    length, width, height = rng.uniform(9.5, 12.0), 2.5, 3.05
    base = Paint(colour=body_colour(rng), roughness=0.35, coat=0.5, mottle=0.15, grain_m=0.8)
    if rng.random() < 0.7:
        base = base.but(colour=hsv(rng.choice((0.0, 0.33, 0.58, 0.13, 0.48)), 0.65, 0.7))
    white = base.but(colour=grey(0.88))
    mesh.box((length, width, 0.9), (0, 0, 0.8), base, bevel=0.1)
    mesh.box((length, width * 0.99, 1.0), (0, 0, height - 0.5), white, bevel=0.16)
    mesh.box((length - 0.1, width * 0.985, 1.2), (0, 0, 1.75), GLASS, bevel=0.08)
    for side in (-1, 1):
        for k in range(8):
            x = -length / 2 + 0.3 + k * (length - 0.9) / 7
            mesh.box((0.1, 0.03, 1.25), (x, side * width / 2, 1.75), white)
        for x in (-0.27 * length, 0.33 * length):
            mesh.wheel((x, side * (width / 2 - 0.13), 0.5), 0.5, 0.28, RUBBER, STEEL)
    mesh.box(
        (0.06, 1.5, 0.3), (length / 2 - 0.02, 0, 2.72), Paint(colour=(0.5, 0.12, 0.0), emission=0.6)
    )
    mesh.box((2.2, 1.7, 0.28), (-length * 0.2, 0, height + 0.12), white, bevel=0.08)
    return mesh


def build_truck(rng: Random) -> Mesh:
    """A light lorry with a box or an open bed."""
    mesh = Mesh()
    cab = Paint(colour=body_colour(rng), roughness=0.35, coat=0.4, mottle=0.2, grain_m=0.6)
    length, width = rng.uniform(5.2, 7.0), 2.05
    front = length / 2
    mesh.box((1.6, width * 0.96, 0.95), (front - 0.8, 0, 0.95), cab, bevel=0.1)
    mesh.box((1.35, width * 0.9, 0.85), (front - 0.9, 0, 1.75), cab, bevel=0.14)
    mesh.box((0.1, width * 0.8, 0.6), (front - 0.24, 0, 1.75), GLASS, ry=-0.12)
    for side in (-1, 1):
        mesh.box((0.8, 0.03, 0.5), (front - 0.85, side * width * 0.45, 1.78), GLASS)
        mesh.box(
            (0.1, 0.3, 0.16), (front, side * 0.75, 0.8), Paint(colour=grey(0.85), roughness=0.1)
        )
    bed = length - 1.75
    middle = -front + bed / 2
    frame = Paint(colour=grey(0.12), roughness=0.8)
    mesh.box((length - 0.3, 0.9, 0.2), (0, 0, 0.62), frame)
    if rng.random() < 0.6:
        body = Paint(colour=body_colour(rng), roughness=0.5, mottle=0.3, grain_m=0.7)
        mesh.box((bed, width, 1.9), (middle, 0, 1.75), body, bevel=0.03)
    else:
        body = Paint(colour=hsv(0.6, 0.6, 0.4), roughness=0.6, mottle=0.4)
        mesh.box((bed, width, 0.1), (middle, 0, 0.85), body)
        for side in (-1, 1):
            mesh.box((bed, 0.05, 0.5), (middle, side * width / 2, 1.1), body)
        mesh.box((0.05, width, 0.5), (-front, 0, 1.1), body)
    for x in (-front + bed * 0.25, front - 0.8):
        for side in (-1, 1):
            mesh.wheel((x, side * (width / 2 - 0.13), 0.38), 0.38, 0.24, RUBBER, STEEL)
    return mesh


def vehicle_length(mesh: Mesh) -> float:
    points = mesh.points()
    return float(points[:, 0].max() - points[:, 0].min()) if len(points) else math.nan
