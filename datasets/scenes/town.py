"""The fixed part of a street: ground, buildings, trees, lamps and clutter that is no vendor."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np
from mesh import Mesh
from paint import GLASS, RUBBER, STEEL, WOOD, Paint, any_colour, any_sign, dimmed, grey, hsv
from thing import Lamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    x_m: float
    y_m: float
    half_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """The street runs along x; y grows away from the camera's side."""

    road_m: float
    near_walk_m: float
    far_walk_m: float
    side_x_m: float
    side_width_m: float
    asphalt: Paint
    paving: Paint
    kerb: Paint
    line: Paint

    @property
    def front_y_m(self) -> float:
        """The far building line (shop fronts)."""
        return self.road_m + self.far_walk_m


def random_street(rng: Random, wet: float) -> Street:
    tone = rng.uniform(0.3, 0.5)
    asphalt = Paint(
        kind="asphalt",
        colour=grey(tone, rng.uniform(-0.01, 0.02)),
        second=grey(tone * 0.55),
        roughness=0.85,
        bump=0.4,
        mottle=0.35,
        grain_m=1.5,
        wet=wet,
    )
    a = rng.choice(
        (grey(0.55, 0.02), grey(0.65), hsv(0.03, 0.4, 0.55), hsv(0.08, 0.25, 0.62), grey(0.45))
    )
    paving = Paint(
        kind="tiles",
        colour=a,
        second=tuple(c * rng.uniform(0.6, 0.9) for c in a),  # type: ignore[arg-type]
        roughness=0.75,
        bump=0.4,
        mottle=0.4,
        grain_m=0.9,
        wet=wet * 0.7,
        tile_m=rng.choice(((0.2, 0.1), (0.3, 0.3), (0.6, 0.3), (0.4, 0.4))),
    )
    return Street(
        road_m=rng.uniform(7.0, 12.0),
        near_walk_m=rng.uniform(3.0, 5.0),
        far_walk_m=rng.uniform(3.2, 5.5),
        side_x_m=rng.uniform(-16, 18),
        side_width_m=rng.uniform(5.0, 7.5),
        asphalt=asphalt,
        paving=paving,
        kerb=Paint(
            colour=grey(rng.uniform(0.55, 0.7)), roughness=0.85, mottle=0.4, grain_m=0.4, bump=0.3
        ),
        line=Paint(
            kind="worn",
            colour=grey(0.82, 0.01),
            second=asphalt.colour,
            roughness=0.7,
            mottle=0.4,
            grain_m=0.35,
        ),
    )


def sheet(
    mesh: Mesh,
    x0: float,
    x1: float,
    y0: float,
    y1: float,
    paint: Paint,
    holes: list[Hole],
    z: float = 0.0,
) -> None:
    """A rectangle of ground without the squares that covers fill."""
    inside = [h for h in holes if x0 < h.x_m < x1 and y0 < h.y_m < y1]
    xs = sorted({x0, x1, *(h.x_m + s * h.half_m for h in inside for s in (-1, 1))})
    ys = sorted({y0, y1, *(h.y_m + s * h.half_m for h in inside for s in (-1, 1))})
    for xa, xb in pairwise(xs):
        for ya, yb in pairwise(ys):
            cx, cy = (xa + xb) / 2, (ya + yb) / 2
            if any(abs(cx - h.x_m) < h.half_m and abs(cy - h.y_m) < h.half_m for h in inside):
                continue
            mesh.quad([(xa, ya, z), (xb, ya, z), (xb, yb, z), (xa, yb, z)], paint)


def build_ground(s: Street, holes: list[Hole], rng: Random) -> Mesh:
    """Road, side street, pavements flush with a raised kerb strip, and the lines."""
    mesh = Mesh()
    left, right = s.side_x_m - s.side_width_m / 2, s.side_x_m + s.side_width_m / 2
    sheet(mesh, -90, 90, 0, s.road_m, s.asphalt, holes)
    far = 70.0
    sheet(mesh, left, right, s.road_m, far, s.asphalt, holes)
    for a, b in ((-90.0, left), (right, 90.0)):
        sheet(mesh, a, b, s.road_m, far, s.paving, holes)
        mesh.box((b - a, 0.16, 0.13), ((a + b) / 2, s.road_m + 0.08, 0.05), s.kerb, bevel=0.02)
    for x in (left, right):
        mesh.box((0.16, far - s.road_m, 0.13), (x, (far + s.road_m) / 2, 0.05), s.kerb, bevel=0.02)
    sheet(mesh, -90, 90, -s.near_walk_m - 40, 0, s.paving, holes)
    mesh.box((180, 0.16, 0.13), (0, -0.08, 0.05), s.kerb, bevel=0.02)
    _lines(mesh, s, left, right, rng, holes)
    return mesh


def _lines(
    mesh: Mesh, s: Street, left: float, right: float, rng: Random, holes: list[Hole]
) -> None:
    def stripe(x0: float, x1: float, y0: float, y1: float, paint: Paint) -> None:
        _stripe(mesh, x0, x1, y0, y1, paint, holes)

    yellow = s.line.but(colour=hsv(0.12, 0.75, 0.8))
    middle = s.road_m / 2
    if rng.random() < 0.5:
        stripe(-90, 90, middle - 0.2, middle - 0.08, yellow)
        stripe(-90, 90, middle + 0.08, middle + 0.2, yellow)
    else:
        for k in range(-14, 15):
            stripe(k * 6, k * 6 + 2.5, middle - 0.07, middle + 0.07, s.line)
    stripe(-90, 90, 0.35, 0.47, s.line)
    stripe(-90, left, s.road_m - 0.5, s.road_m - 0.38, s.line)
    stripe(right, 90, s.road_m - 0.5, s.road_m - 0.38, s.line)
    zebra = left - 3.5
    for k in range(int((s.road_m - 1.0) / 0.9)):
        y = 0.7 + k * 0.9
        stripe(zebra - 1.5, zebra + 1.5, y, y + 0.45, s.line)


def _stripe(
    mesh: Mesh, x0: float, x1: float, y0: float, y1: float, paint: Paint, holes: list[Hole]
) -> None:
    """A painted line; it stops where a cover cuts it."""
    cuts = sorted(
        (max(x0, h.x_m - h.half_m), min(x1, h.x_m + h.half_m))
        for h in holes
        if h.x_m + h.half_m > x0
        and h.x_m - h.half_m < x1
        and h.y_m + h.half_m > y0
        and h.y_m - h.half_m < y1
    )
    x = x0
    for a, b in [*cuts, (x1, x1)]:
        if a - x > 0.02:
            sheet(mesh, x, a, y0, y1, paint, [], 0.004)
        x = max(x, b)


def build_building(rng: Random, width: float, night: bool) -> Mesh:
    """A block with shops below; its front lies in the plane y = 0 and looks to −y."""
    mesh = Mesh()
    floors = rng.randrange(2, 7)
    storey = 3.1
    height = 3.8 + floors * storey
    wall = _wall(rng)
    mesh.box((width, 12, height - 3.6), (0, 6, 3.6 + (height - 3.6) / 2), wall)
    mesh.box((width, 11.4, 3.6), (0, 6.3, 1.8), Paint(colour=grey(0.25), mottle=0.4))
    mesh.box((width + 0.2, 0.5, 0.35), (0, 0.1, height), wall.but(kind="plain"))
    _shops(mesh, rng, width, night)
    columns = max(2, int(width / rng.uniform(2.4, 3.4)))
    frame = Paint(colour=grey(rng.uniform(0.3, 0.9)), roughness=0.5)
    for f in range(floors):
        z = 3.9 + f * storey + storey / 2
        for c in range(columns):
            x = (c + 0.5 - columns / 2) * width / columns
            _window(mesh, rng, x, z, frame, night)
    return mesh


def _wall(rng: Random) -> Paint:
    colour = rng.choice(
        (
            grey(0.7, 0.03),
            grey(0.55, 0.01),
            hsv(0.04, 0.35, 0.6),
            hsv(0.1, 0.25, 0.75),
            grey(0.82),
            hsv(0.02, 0.5, 0.5),
        )
    )
    kind = rng.choice(("brick", "brick", "tiles", "stain"))
    tile = {"brick": (0.24, 0.08), "tiles": (0.3, 0.15), "stain": (1.0, 1.0)}[kind]
    return Paint(
        kind=kind,
        colour=colour,
        second=dimmed(colour, 0.7),
        roughness=0.85,
        bump=0.3,
        mottle=0.4,
        grain_m=2.0,
        tile_m=tile,
        plane="xz",
    )


def _window(mesh: Mesh, rng: Random, x: float, z: float, frame: Paint, night: bool) -> None:
    # Drawn by day as well, so that the same street stands there at night.
    lit, warm, strong = rng.random() < 0.35, rng.uniform(0.08, 0.13), rng.uniform(0.3, 1.5)
    pane = GLASS.but(colour=grey(rng.uniform(0.05, 0.35)))
    if lit and night:
        pane = Paint(colour=hsv(warm, 0.4, 0.8), emission=strong)
    w, h = 1.5, 1.5
    mesh.box((w + 0.14, 0.1, h + 0.14), (x, -0.02, z), frame)
    mesh.box((w, 0.04, h), (x, -0.07, z), pane)
    mesh.box((0.06, 0.05, h), (x + rng.choice((-0.2, 0, 0.2)), -0.09, z), frame)
    mesh.box((w + 0.3, 0.25, 0.08), (x, -0.1, z - h / 2 - 0.1), frame.but(mottle=0.4))
    if rng.random() < 0.4:
        unit = Paint(colour=grey(0.8), roughness=0.5, mottle=0.35)
        at = (x + 0.2, -0.35, z - h / 2 - 0.5)
        mesh.box((0.85, 0.35, 0.6), at, unit, bevel=0.03)
        mesh.tube(
            (at[0] - 0.1, at[1] - 0.18, at[2]),
            (at[0] - 0.1, at[1] - 0.19, at[2]),
            0.24,
            Paint(colour=grey(0.15)),
            sides=12,
        )
    if rng.random() < 0.25:
        for k in range(9):
            bx = x - w / 2 + k * w / 8
            mesh.tube((bx, -0.4, z - h / 2), (bx, -0.4, z + h / 2), 0.012, STEEL, sides=4)
        mesh.box((w, 0.4, 0.03), (x, -0.2, z + h / 2), STEEL)


def _shops(mesh: Mesh, rng: Random, width: float, night: bool) -> None:
    count = max(1, round(width / rng.uniform(3.5, 5.5)))
    each = width / count
    for k in range(count):
        x0 = -width / 2 + k * each
        x1 = x0 + each
        mesh.box(
            (0.4, 0.7, 3.6),
            (x0 + 0.2, 0.25, 1.8),
            Paint(colour=grey(rng.uniform(0.4, 0.8)), mottle=0.4, roughness=0.6),
        )
        shut = rng.random() < 0.2
        if shut:
            front = Paint(
                kind="slats",
                colour=grey(rng.uniform(0.4, 0.75)),
                second=grey(0.25),
                roughness=0.5,
                metallic=0.3,
                plane="xz",
                tile_m=(9.0, 0.1),
                mottle=0.4,
            )
            mesh.quad([(x0, 0.2, 0), (x1, 0.2, 0), (x1, 0.2, 2.7), (x0, 0.2, 2.7)], front)
        else:
            strength = rng.uniform(0.5, 1.6)
            glow = strength if night else 0.1
            inside = Paint(
                kind="picture",
                picture=f"shelf-{rng.randrange(99999)}",
                emission=glow,
                roughness=0.15,
            )
            mesh.quad(
                [(x0, 0.5, 0.0), (x1, 0.5, 0.0), (x1, 0.5, 2.7), (x0, 0.5, 2.7)], inside, uv=True
            )
            bar = Paint(colour=grey(rng.choice((0.15, 0.75))), roughness=0.4)
            for j in range(4):
                bx = x0 + 0.4 + j * (each - 0.4) / 3
                mesh.box((0.06, 0.08, 2.7), (bx, 0.3, 1.35), bar)
            mesh.box((each, 0.1, 0.35), (x0 + each / 2, 0.3, 0.17), bar)
        strength = rng.uniform(0.5, 1.8)
        glow = strength if night else 0.0
        sign = Paint(
            kind="picture", picture=f"sign-{rng.randrange(99999)}", emission=glow, roughness=0.4
        )
        mesh.box((each - 0.1, 0.3, 0.95), (x0 + each / 2, -0.05, 3.2), Paint(colour=grey(0.2)))
        mesh.quad(
            [
                (x0 + 0.05, -0.22, 2.73),
                (x1 - 0.05, -0.22, 2.73),
                (x1 - 0.05, -0.22, 3.67),
                (x0 + 0.05, -0.22, 3.67),
            ],
            sign,
            uv=True,
        )
        if rng.random() < 0.2:
            cloth = Paint(
                kind="stripes",
                colour=any_colour(rng),
                second=grey(0.85),
                plane="xz",
                tile_m=(0.4, 9.0),
                mottle=0.3,
            )
            mesh.quad([(x0, -0.2, 2.7), (x1, -0.2, 2.7), (x1, -1.2, 2.3), (x0, -1.2, 2.3)], cloth)


def build_tree(rng: Random) -> Mesh:
    """A street tree: a trunk and a cloud of leaves."""
    mesh = Mesh()
    bark = Paint(colour=grey(0.32, 0.04), roughness=0.95, bump=0.8, mottle=0.6, grain_m=0.1)
    tall = rng.uniform(2.2, 3.2)
    mesh.tube((0, 0, 0), (0.05, 0.03, tall), 0.13, bark, end_radius=0.1)
    crown = (0.0, 0.0, tall + 1.5)
    for _ in range(6):
        a = rng.uniform(0, 6.28)
        mesh.tube(
            (0.05, 0.03, tall),
            (1.2 * math.cos(a), 1.2 * math.sin(a), tall + rng.uniform(0.8, 2.0)),
            0.06,
            bark,
            end_radius=0.02,
            sides=5,
        )
    g = np.random.default_rng(rng.randrange(99999))
    hue = rng.uniform(0.2, 0.33)
    paints = [Paint(colour=hsv(hue, 0.65, v), roughness=0.6, mottle=0.3) for v in (0.25, 0.38, 0.5)]
    blobs = [
        (np.array(crown) + g.normal(0, (0.9, 0.9, 0.6)), g.uniform(0.7, 1.2)) for _ in range(8)
    ]
    for p in paints:
        n = 700
        which = g.integers(0, len(blobs), n)
        d = g.normal(size=(n, 3))
        d /= np.linalg.norm(d, axis=1, keepdims=True)
        c = np.array(
            [blobs[w][0] + d[i] * blobs[w][1] * g.uniform(0.6, 1.05) for i, w in enumerate(which)]
        )
        u = g.normal(size=(n, 3)) * 0.075
        v = g.normal(size=(n, 3)) * 0.075
        quads = np.stack([c - u, c - v, c + u, c + v], axis=1).reshape(-1, 3)
        mesh.add(quads, [(4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3) for i in range(n)], p)
    return mesh


def build_lamp_post(night: bool) -> tuple[Mesh, tuple[Lamp, ...]]:
    mesh = Mesh()
    steel = Paint(colour=grey(0.45), roughness=0.5, mottle=0.3)
    mesh.tube((0, 0, 0), (0, 0, 7.0), 0.09, steel, end_radius=0.05)
    mesh.tube((0, 0, 7.0), (0, -1.6, 7.3), 0.04, steel)
    head = Paint(colour=grey(0.9), emission=25.0 if night else 0.0)
    mesh.box((0.25, 0.6, 0.1), (0, -1.7, 7.3), steel, bevel=0.02)
    mesh.box((0.2, 0.5, 0.03), (0, -1.7, 7.24), head)
    lamps = (
        (Lamp(at=(0, -1.7, 7.1), power_w=2600.0, aim=(0, -0.1, -1), cone_deg=150, radius_m=0.2),)
        if night
        else ()
    )
    return mesh, lamps


def build_shelter(rng: Random) -> Mesh:
    """A bus-stop shelter."""
    mesh = Mesh()
    frame = Paint(colour=grey(0.3), roughness=0.4, metallic=0.5)
    for x in (-2, 0, 2):
        mesh.box((0.1, 0.1, 2.5), (x, 0.6, 1.25), frame)
    mesh.box((4.6, 1.6, 0.1), (0, 0, 2.55), frame)
    for k in (-1, 1):
        advert = any_sign(rng, emission=0.2)
        mesh.quad(
            [
                (k - 0.9, 0.55, 0.5),
                (k + 0.9, 0.55, 0.5),
                (k + 0.9, 0.55, 2.2),
                (k - 0.9, 0.55, 2.2),
            ],
            advert,
            uv=True,
        )
    mesh.box((3.5, 0.35, 0.06), (0, 0.2, 0.48), WOOD)
    mesh.wheel((0, 0.4, 0.05), 0.04, 0.02, RUBBER, STEEL)
    return mesh
