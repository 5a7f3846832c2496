"""Triangles and quads with paints: every object of a scene is one mesh built from solids."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from paint import Paint

Points = NDArray[np.float64]
Place = Sequence[float] | Points
Face = tuple[int, ...]
UNIT_UV = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def turn(rz: float = 0.0, rx: float = 0.0, ry: float = 0.0) -> Points:
    """Rotation matrix: about x, then y, then z (radians)."""
    cx, sx, cy, sy, cz, sz = (
        math.cos(rx),
        math.sin(rx),
        math.cos(ry),
        math.sin(ry),
        math.cos(rz),
        math.sin(rz),
    )
    mx = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    my = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    mz = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(mz @ my @ mx, dtype=np.float64)


@dataclass
class Mesh:
    """One object's geometry: vertices in metres, faces with a paint each."""

    verts: list[Points] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    face_paint: list[int] = field(default_factory=list)
    face_smooth: list[bool] = field(default_factory=list)
    face_uv: list[bool] = field(default_factory=list)
    paints: list[Paint] = field(default_factory=list)
    _count: int = 0

    def points(self) -> Points:
        return np.concatenate(self.verts) if self.verts else np.zeros((0, 3))

    def _slot(self, paint: Paint) -> int:
        if paint not in self.paints:
            self.paints.append(paint)
        return self.paints.index(paint)

    def add(
        self,
        points: Points | Sequence[Place],
        faces: Iterable[Face],
        paint: Paint,
        *,
        smooth: bool = False,
        uv: bool = False,
    ) -> None:
        """Append raw geometry; `uv` stretches a drawn picture over each quad."""
        base = self._count
        array = np.asarray(points, dtype=np.float64)
        self.verts.append(array)
        self._count += len(array)
        slot = self._slot(paint)
        for face in faces:
            self.faces.append(tuple(i + base for i in face))
            self.face_paint.append(slot)
            self.face_smooth.append(smooth)
            self.face_uv.append(uv)

    def join(
        self,
        other: Mesh,
        at: Place = (0.0, 0.0, 0.0),
        rotation: Points | None = None,
        scale: float = 1.0,
    ) -> None:
        """Copy another mesh into this one, moved."""
        base = self._count
        points = other.points() * scale
        if rotation is not None:
            points = points @ rotation.T
        self.verts.append(points + np.asarray(at, dtype=np.float64))
        self._count += len(points)
        slots = [self._slot(p) for p in other.paints]
        self.faces += [tuple(i + base for i in f) for f in other.faces]
        self.face_paint += [slots[i] for i in other.face_paint]
        self.face_smooth += other.face_smooth
        self.face_uv += other.face_uv

    # ---- solids -------------------------------------------------------------------------

    def box(
        self,
        size: Place,
        at: Place,
        paint: Paint,
        *,
        rz: float = 0.0,
        rx: float = 0.0,
        ry: float = 0.0,
        bevel: float = 0.0,
    ) -> None:
        """A box centred at `at`, its edges chamfered by `bevel`."""
        half = np.asarray(size, dtype=np.float64) / 2
        points, faces = _plain_box(half) if bevel <= 0 else _chamfered(half, bevel)
        self.add(points @ turn(rz, rx, ry).T + np.asarray(at), faces, paint)

    def loft(
        self,
        rings: Sequence[Points],
        paint: Paint,
        *,
        caps: bool = True,
        smooth: bool = True,
    ) -> None:
        """A skin over closed rings of equal length."""
        n = len(rings[0])
        faces: list[Face] = []
        for r in range(len(rings) - 1):
            a, b = r * n, (r + 1) * n
            faces += [(a + i, a + (i + 1) % n, b + (i + 1) % n, b + i) for i in range(n)]
        if caps:
            faces.append(tuple(range(n - 1, -1, -1)))
            faces.append(tuple(range((len(rings) - 1) * n, len(rings) * n)))
        self.add(np.concatenate(rings), faces, paint, smooth=smooth)

    def tube(
        self,
        start: Place,
        end: Place,
        radius: float,
        paint: Paint,
        *,
        end_radius: float | None = None,
        sides: int = 8,
        caps: bool = True,
    ) -> None:
        """A cylinder or a cone from one point to another."""
        p, q = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
        last = radius if end_radius is None else end_radius
        rings = [ring(p, q - p, radius, sides), ring(q, q - p, max(last, 1e-4), sides)]
        self.loft(rings, paint, caps=caps)

    def posts(
        self,
        size: tuple[float, float],
        heights: tuple[float, float],
        radius: float,
        paint: Paint,
        *,
        sides: int = 6,
    ) -> None:
        """A tube at each corner of a rectangle in the middle, from one height to the other."""
        for x, y in product((-size[0] / 2, size[0] / 2), (-size[1] / 2, size[1] / 2)):
            self.tube((x, y, heights[0]), (x, y, heights[1]), radius, paint, sides=sides)

    def path(self, points: Sequence[Place], radius: float, paint: Paint, *, sides: int = 6) -> None:
        """A bent tube."""
        for a, b in pairwise(points):
            self.tube(a, b, radius, paint, sides=sides)

    def ball(
        self,
        at: Place,
        radius: float | Place,
        paint: Paint,
        *,
        sides: int = 10,
        rows: int = 6,
        top: float = 1.0,
        bottom: float = -1.0,
    ) -> None:
        """An ellipsoid, or the slice of one between two heights (−1 to 1)."""
        scale = np.broadcast_to(np.asarray(radius, dtype=np.float64), (3,))
        rings = []
        for k in range(rows + 1):
            z = bottom + (top - bottom) * (0.5 - 0.5 * math.cos(math.pi * k / rows))
            flat = math.sqrt(max(1e-6, 1 - z * z))
            angle = np.linspace(0, 2 * math.pi, sides, endpoint=False)
            circle = np.stack(
                [np.cos(angle) * flat, np.sin(angle) * flat, np.full(sides, z)], axis=1
            )
            rings.append(circle * scale + np.asarray(at))
        self.loft(rings, paint)

    def quad(self, corners: Sequence[Place], paint: Paint, *, uv: bool = False) -> None:
        self.add(corners, [tuple(range(len(corners)))], paint, uv=uv)

    def wheel(
        self,
        at: Place,
        radius: float,
        width: float,
        tyre: Paint,
        rim: Paint,
        *,
        rim_share: float = 0.62,
    ) -> None:
        """A wheel whose axle lies along y."""
        c = np.asarray(at, dtype=np.float64)
        w = np.array([0.0, width / 2, 0.0])
        self.tube(c - w, c + w, radius, tyre, sides=18)
        for side in (-1, 1):
            face = c + w * side
            self.tube(face, face + w * side * 0.06, radius * rim_share, rim, sides=14)
            self.tube(face, face + w * side * 0.1, radius * 0.18, BLACK_HUB, sides=8)

    def hoop(
        self, at: Place, radius: float, thick: float, paint: Paint, *, sides: int = 20
    ) -> None:
        """A thin tyre (torus) whose axle lies along y."""
        rings = []
        for k in range(sides + 1):
            a = 2 * math.pi * k / sides
            out = np.array([math.cos(a), 0.0, math.sin(a)])
            section = [
                np.asarray(at)
                + out * (radius + thick * math.cos(b))
                + np.array([0.0, thick * math.sin(b), 0.0])
                for b in np.linspace(0, 2 * math.pi, 6, endpoint=False)
            ]
            rings.append(np.array(section))
        self.loft(rings, paint, caps=False)

    def spokes(
        self, at: Place, radius: float, paint: Paint, *, count: int = 10, r: float = 0.004
    ) -> None:
        c = np.asarray(at, dtype=np.float64)
        for k in range(count):
            a = 2 * math.pi * k / count
            self.tube(
                c,
                c + radius * np.array([math.cos(a), 0, math.sin(a)]),
                r,
                paint,
                sides=4,
                caps=False,
            )


BLACK_HUB = Paint(colour=(0.02, 0.02, 0.02), roughness=0.5)


def ring(centre: Points, axis: Points, radius: float, sides: int) -> Points:
    """A circle of points around an axis."""
    n = axis / (np.linalg.norm(axis) + 1e-9)
    helper = np.array([0.0, 0.0, 1.0]) if abs(n[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    u = np.cross(n, helper)
    u /= np.linalg.norm(u)
    v = np.cross(n, u)
    a = np.linspace(0, 2 * math.pi, sides, endpoint=False)[:, None]
    return np.asarray(centre + radius * (np.cos(a) * u + np.sin(a) * v), dtype=np.float64)


def oval(centre: Place, rx: float, ry: float, sides: int = 12, power: float = 1.0) -> Points:
    """A horizontal ellipse; power < 1 squares its corners."""
    a = np.linspace(0, 2 * math.pi, sides, endpoint=False)
    c, s = np.cos(a), np.sin(a)
    x = np.sign(c) * np.abs(c) ** power * rx
    y = np.sign(s) * np.abs(s) ** power * ry
    return np.asarray(np.stack([x, y, np.zeros(sides)], axis=1) + np.asarray(centre))


def _plain_box(half: Points) -> tuple[Points, list[Face]]:
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    faces: list[Face] = [
        (0, 1, 3, 2),
        (4, 6, 7, 5),
        (0, 4, 5, 1),
        (2, 3, 7, 6),
        (0, 2, 6, 4),
        (1, 5, 7, 3),
    ]
    return signs * half, faces


Corner = tuple[int, int, int]


def _chamfered(half: Points, bevel: float) -> tuple[Points, list[Face]]:
    """24 points (three at each corner), 6 sides, 12 edges and 8 corners."""
    b = min(bevel, float(half.min()) * 0.95)
    corners: list[Corner] = [_corner(dict(enumerate(c))) for c in product((-1, 1), repeat=3)]
    index: dict[tuple[Corner, int], int] = {}
    points: list[Points] = []
    for corner in corners:
        for axis in range(3):
            p = np.array(corner) * (half - b)
            p[axis] = corner[axis] * half[axis]
            index[(corner, axis)] = len(points)
            points.append(p)
    faces: list[Face] = [tuple(index[(c, k)] for k in range(3)) for c in corners]
    for axis in range(3):
        first, second = (i for i in range(3) if i != axis)
        for s in (-1, 1):
            around = ((-1, -1), (1, -1), (1, 1), (-1, 1))
            sides = [_corner({axis: s, first: u, second: v}) for u, v in around]
            faces.append(tuple(index[(c, axis)] for c in sides))
        for u, v in product((-1, 1), repeat=2):
            ends = ((-1, first), (1, first), (1, second), (-1, second))
            edge = [(_corner({first: u, second: v, axis: s}), k) for s, k in ends]
            faces.append(tuple(index[key] for key in edge))
    array = np.array(points)
    return array, [_outward(array, f) for f in faces]


def _corner(signs: dict[int, int]) -> Corner:
    return signs[0], signs[1], signs[2]


def _outward(points: Points, face: Face) -> Face:
    p = points[list(face)]
    normal = np.cross(p[1] - p[0], p[2] - p[0])
    return face if float(normal @ p.mean(axis=0)) >= 0 else face[::-1]
