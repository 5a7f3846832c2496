"""Bicycles and scooters, front along +x."""

from __future__ import annotations

from random import Random

from mesh import Mesh
from paint import BLACK, RUBBER, STEEL, Paint, any_colour, grey


def build_bicycle(rng: Random) -> Mesh:
    mesh = Mesh()
    shared = rng.random() < 0.5
    colour = (
        rng.choice(((0.9, 0.5, 0.0), (0.0, 0.35, 0.75), (0.05, 0.6, 0.35)))
        if shared
        else any_colour(rng)
    )
    frame = Paint(colour=colour, roughness=0.35, coat=0.3)
    for x in (-0.52, 0.52):
        mesh.hoop((x, 0, 0.33), 0.31, 0.022, RUBBER)
        mesh.spokes((x, 0, 0.33), 0.3, STEEL, r=0.003)
    seat, crank, head, bars = (-0.2, 0, 0.8), (-0.08, 0, 0.33), (0.38, 0, 0.82), (0.34, 0, 1.02)
    for a, b in (
        (crank, seat),
        (crank, head),
        (seat, head),
        (crank, (-0.52, 0, 0.33)),
        (seat, (-0.52, 0, 0.33)),
        (head, (0.52, 0, 0.33)),
        (head, bars),
    ):
        mesh.tube(a, b, 0.02, frame, sides=6)
    mesh.tube((0.3, -0.28, 1.02), (0.3, 0.28, 1.02), 0.015, BLACK, sides=6)
    mesh.box((0.26, 0.15, 0.07), (-0.22, 0, 0.86), BLACK, bevel=0.03)
    if rng.random() < 0.6:
        basket = Paint(colour=grey(0.25), roughness=0.6)
        mesh.box((0.24, 0.32, 0.02), (0.56, 0, 0.75), basket)
        for side in (-1, 1):
            mesh.box((0.26, 0.01, 0.22), (0.56, side * 0.16, 0.86), basket)
            mesh.box((0.01, 0.32, 0.22), (0.56 + side * 0.12, 0, 0.86), basket)
    return mesh


def cycle_front(mesh: Mesh, frame: Paint, *, back_m: float) -> None:
    """The front of a pedalled tricycle: wheel, bars, saddle, and a shaft to `back_m` behind."""
    mesh.hoop((1.33, 0, 0.34), 0.32, 0.022, RUBBER)
    mesh.spokes((1.33, 0, 0.34), 0.31, STEEL, r=0.003)
    for a, b in (
        ((0.53, 0, 0.34), (0.4, 0, 0.85)),
        ((0.53, 0, 0.34), (1.1, 0, 0.85)),
        ((0.4, 0, 0.8), (1.1, 0, 0.85)),
        ((1.1, 0, 0.95), (1.33, 0, 0.34)),
        ((0.53, 0, 0.34), (back_m, 0, 0.34)),
    ):
        mesh.tube(a, b, 0.022, frame, sides=6)
    mesh.tube((1.06, -0.28, 1.02), (1.06, 0.28, 1.02), 0.015, STEEL, sides=6)
    mesh.box((0.26, 0.16, 0.07), (0.38, 0, 0.9), Paint(colour=grey(0.12)), bevel=0.03)


def build_scooter(rng: Random, *, lights: bool = False) -> Mesh:
    """An electric scooter or a light motorcycle."""
    mesh = Mesh()
    paint = Paint(colour=any_colour(rng), roughness=0.3, coat=0.7, mottle=0.15)
    if rng.random() < 0.4:
        paint = paint.but(colour=grey(rng.choice((0.08, 0.9, 0.5))))
    for x in (-0.6, 0.62):
        mesh.hoop((x, 0, 0.25), 0.19, 0.06, RUBBER)
        mesh.tube((x, -0.03, 0.25), (x, 0.03, 0.25), 0.13, STEEL, sides=10)
    mesh.box((0.75, 0.28, 0.3), (-0.42, 0, 0.56), paint, bevel=0.1, ry=-0.08)
    mesh.box((0.5, 0.3, 0.08), (0.12, 0, 0.33), BLACK, bevel=0.02)
    mesh.box((0.1, 0.38, 0.6), (0.42, 0, 0.66), paint, bevel=0.04, ry=-0.3)
    mesh.box((0.36, 0.14, 0.08), (0.64, 0, 0.5), paint, bevel=0.03, ry=0.15)
    mesh.box((0.68, 0.27, 0.12), (-0.38, 0, 0.78), BLACK, bevel=0.05)
    mesh.tube((0.62, 0, 0.25), (0.36, 0, 1.0), 0.03, STEEL, sides=7)
    mesh.tube((0.32, -0.33, 1.03), (0.32, 0.33, 1.03), 0.018, BLACK, sides=6)
    glow = 20.0 if lights else 0.0
    mesh.ball(
        (0.44, 0, 0.94),
        (0.08, 0.09, 0.08),
        Paint(colour=grey(0.9), roughness=0.1, emission=glow),
        sides=8,
        rows=5,
    )
    mesh.box((0.06, 0.16, 0.07), (-0.83, 0, 0.62), Paint(colour=(0.4, 0.01, 0.01), roughness=0.3))
    for side in (-1, 1):
        mesh.tube((0.34, side * 0.24, 1.02), (0.33, side * 0.28, 1.17), 0.008, BLACK, sides=4)
        mesh.box((0.02, 0.11, 0.07), (0.33, side * 0.29, 1.2), BLACK, bevel=0.01)
    if rng.random() < 0.5:
        box = Paint(
            colour=rng.choice((grey(0.1), (0.0, 0.25, 0.7), (0.8, 0.5, 0.0))), roughness=0.6
        )
        mesh.box((0.4, 0.42, 0.36), (-0.74, 0, 0.98), box, bevel=0.04)
    return mesh
