"""Cycle rickshaws: three wheels like a vendor's cart, and nothing for sale."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

from mesh import Mesh
from paint import RUBBER, STEEL, Paint, any_colour
from two_wheeler import cycle_front


def build_rickshaw(rng: Random) -> Mesh:
    """A cycle in front, a seat for two behind, its hood up or folded back."""
    mesh = Mesh()
    frame = Paint(colour=any_colour(rng), roughness=0.45, mottle=0.3)
    seat = Paint(colour=any_colour(rng), roughness=0.6, mottle=0.25)
    cycle_front(mesh, frame, back_m=-0.6)
    for side in (-0.45, 0.45):
        mesh.hoop((-0.6, side, 0.34), 0.32, 0.024, RUBBER)
        mesh.spokes((-0.6, side, 0.34), 0.31, STEEL, r=0.003)
    mesh.box((0.6, 0.85, 0.06), (-0.25, 0, 0.45), frame)
    mesh.box((0.5, 0.85, 0.35), (-0.65, 0, 0.68), seat, bevel=0.04)
    mesh.box((0.1, 0.85, 0.5), (-0.9, 0, 1.05), seat, bevel=0.04, ry=-0.15)
    _hood(mesh, rng)
    return mesh


def _hood(mesh: Mesh, rng: Random) -> None:
    cloth = Paint(kind="cloth", colour=any_colour(rng), roughness=0.7, bump=0.3)
    first, last = (0.3, 2.6) if rng.random() < 0.6 else (2.2, 2.9)  # up, or folded back
    bows = [first + (last - first) * k / 4 for k in range(5)]
    rims = [(-0.65 + 0.75 * math.cos(a), 1.0 + 0.85 * math.sin(a)) for a in bows]
    for (x1, z1), (x2, z2) in pairwise(rims):
        mesh.quad([(x1, -0.45, z1), (x1, 0.45, z1), (x2, 0.45, z2), (x2, -0.45, z2)], cloth)
        for side in (-0.45, 0.45):
            mesh.add([(x1, side, z1), (x2, side, z2), (-0.65, side, 1.0)], [(0, 1, 2)], cloth)
