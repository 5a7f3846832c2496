"""Vendors' carts: pushed, pedalled or driven, open, roofed or with a glass case."""

from __future__ import annotations

from random import Random

from goods import goods_on, hung, load
from mesh import Mesh
from paint import GLASS, RUBBER, STEEL, WOOD, Paint, any_colour, any_sign, grey, hsv
from thing import Lamp
from three_wheeler import build_cabin_cart
from trailer import build_trailer
from two_wheeler import cycle_front


def build_cart(
    rng: Random, *, night: bool = False, kind: str = ""
) -> tuple[Mesh, tuple[Lamp, ...]]:
    """A `hand` cart, a cargo `tricycle` or a `food` cart with a glass case."""
    kind = kind or rng.choice(("hand", "tricycle", "food"))
    mesh = Mesh()
    lamps: tuple[Lamp, ...] = ()
    if kind == "hand":
        _handcart(mesh, rng)
    elif kind == "tricycle":
        _tricycle(mesh, rng)
    else:
        _food_cart(mesh, rng, night)
    if night:
        mesh.tube((0.0, 0, 1.0), (0.0, 0, 2.05), 0.012, STEEL, sides=5)
        lamps = (_bulb(mesh, 2.05, 1.95),)
    return mesh, lamps


def _bulb(mesh: Mesh, top: float, light_m: float) -> Lamp:
    """A bulb at that height, and the light that it gives from a little below."""
    mesh.ball((0, 0, top), 0.05, Paint(colour=grey(0.95), emission=30.0), sides=8, rows=5)
    return Lamp(at=(0.0, 0.0, light_m), power_w=45.0, colour=(1.0, 0.85, 0.6))


def _handcart(mesh: Mesh, rng: Random) -> None:
    length, depth, z = _barrow(mesh, rng)
    goods_on(mesh, rng, z + 0.04, length * 0.95, depth * 0.9)


def _barrow(mesh: Mesh, rng: Random) -> tuple[float, float, float]:
    """A flat cart on four spoked wheels: its length, depth and the height of its top."""
    length, depth, z = rng.uniform(1.6, 2.1), rng.uniform(0.95, 1.2), 0.75
    paint = WOOD if rng.random() < 0.5 else Paint(colour=any_colour(rng), roughness=0.6, mottle=0.4)
    mesh.box((length, depth, 0.07), (0, 0, z), paint)
    for side in (-1, 1):
        mesh.box((length, 0.03, 0.14), (0, side * depth / 2, z + 0.06), paint)
        for x in (-0.3 * length, 0.3 * length):
            mesh.hoop((x, side * (depth / 2 - 0.05), 0.33), 0.3, 0.03, RUBBER)
            mesh.spokes((x, side * (depth / 2 - 0.05), 0.33), 0.3, STEEL, r=0.012)
        mesh.tube(
            (length / 2, side * 0.35, z), (length / 2 + 0.5, side * 0.35, z + 0.2), 0.025, STEEL
        )
    mesh.tube((length / 2 + 0.5, -0.35, z + 0.2), (length / 2 + 0.5, 0.35, z + 0.2), 0.025, STEEL)
    mesh.box((length * 0.7, depth * 0.6, 0.05), (0, 0, 0.42), paint)
    return length, depth, z


def _tricycle(mesh: Mesh, rng: Random) -> None:
    _driven(mesh, rng)
    mesh.box((1.5, 0.98, 0.2), (-0.6, 0, 0.68), Paint(colour=grey(0.2), mottle=0.4))
    goods_on(mesh, rng, 0.78, 1.5, 0.95)


def _driven(mesh: Mesh, rng: Random) -> None:
    """A cargo tricycle with a motor and an open bed, 1.5 m by 1 m, its floor at 0.58 m."""
    paint = Paint(
        colour=rng.choice((hsv(0.6, 0.7, 0.5), hsv(0.0, 0.8, 0.6), hsv(0.36, 0.6, 0.4))),
        roughness=0.5,
        mottle=0.35,
    )
    mesh.hoop((1.25, 0, 0.3), 0.26, 0.045, RUBBER)
    mesh.tube((1.25, 0, 0.3), (1.05, 0, 1.0), 0.03, paint)
    mesh.tube((1.05, -0.32, 1.02), (1.05, 0.32, 1.02), 0.018, STEEL)
    mesh.tube((1.1, 0, 0.6), (0.3, 0, 0.5), 0.04, paint)
    mesh.box((0.35, 0.3, 0.12), (0.45, 0, 0.8), Paint(colour=grey(0.1)), bevel=0.04)
    mesh.box((0.12, 0.36, 0.5), (1.12, 0, 0.65), paint, bevel=0.04)
    mesh.box((1.6, 1.05, 0.06), (-0.6, 0, 0.55), paint)
    for side in (-1, 1):
        mesh.box((1.6, 0.03, 0.3), (-0.6, side * 0.52, 0.7), paint)
        mesh.wheel((-0.7, side * 0.45, 0.28), 0.28, 0.1, RUBBER, STEEL)
    mesh.box((0.03, 1.05, 0.3), (-1.4, 0, 0.7), paint)


def _food_cart(mesh: Mesh, rng: Random, night: bool) -> None:
    length, depth = rng.uniform(1.5, 2.0), rng.uniform(0.75, 0.95)
    body = Paint(
        colour=rng.choice(
            (hsv(0.0, 0.85, 0.6), hsv(0.12, 0.9, 0.8), grey(0.75), hsv(0.58, 0.7, 0.6))
        ),
        roughness=0.4,
        mottle=0.25,
    )
    mesh.box((length, depth, 0.6), (0, 0, 0.58), body, bevel=0.02)
    mesh.box(
        (length * 0.8, 0.02, 0.4),
        (0, -depth / 2 - 0.012, 0.6),
        any_sign(rng),
    )
    mesh.box((length + 0.1, depth + 0.1, 0.05), (0, 0, 0.9), STEEL)
    for sx in (-1, 1):
        for sy in (-1, 1):
            mesh.tube(
                (sx * length / 2, sy * depth / 2, 0.9),
                (sx * length / 2, sy * depth / 2, 1.9),
                0.02,
                STEEL,
                sides=6,
            )
        mesh.wheel((sx * length * 0.3, -depth / 2, 0.24), 0.24, 0.08, RUBBER, STEEL)
        mesh.wheel((sx * length * 0.3, depth / 2, 0.24), 0.24, 0.08, RUBBER, STEEL)
        mesh.box(
            (length * 0.4, 0.015, 0.45),
            (sx * length * 0.2, -depth / 2, 1.15),
            GLASS.but(colour=grey(0.35)),
        )
    mesh.box((length + 0.3, depth + 0.4, 0.06), (0, 0, 1.95), body, bevel=0.02)
    sign = any_sign(rng, emission=2.0 if night else 0.0)
    front = -depth / 2 - 0.22
    mesh.quad(
        [
            (-length / 2, front, 1.9),
            (length / 2, front, 1.9),
            (length / 2, front, 2.2),
            (-length / 2, front, 2.2),
        ],
        sign,
        uv=True,
    )
    for k in range(3):
        x = (k - 1) * length * 0.3
        mesh.tube((x, 0.1, 0.92), (x, 0.1, 1.12), 0.17, STEEL, sides=12)
    goods_on(mesh, rng, 0.93, length * 0.9, 0.35)


def any_cart(rng: Random, *, night: bool = False) -> tuple[Mesh, tuple[Lamp, ...]]:
    """A cart of any kind with any load: what streets show beside the three of `build_cart`."""
    make = rng.choice(_MAKERS)
    if make is None:
        return build_cart(rng, night=night)
    mesh = Mesh()
    make(mesh, rng)
    if not night or rng.random() < 0.4:
        return mesh, ()
    return mesh, (_bulb(mesh, 2.0, 1.9),)


def _loaded(mesh: Mesh, rng: Random) -> None:
    length, depth, z = _barrow(mesh, rng)
    load(mesh, rng, z + 0.04, length * 0.95, depth * 0.95)
    if rng.random() < 0.4:  # a cloth round the edge
        cloth = Paint(kind="cloth", colour=any_colour(rng), roughness=0.85, bump=0.4)
        tall = rng.uniform(0.15, 0.5)
        for side in (-1, 1):
            at = (0, side * (depth / 2 + 0.03), z - tall / 2 + 0.06)
            mesh.box((length, 0.02, tall), at, cloth)


def _roofed(mesh: Mesh, rng: Random) -> None:
    length, depth, z = _barrow(mesh, rng)
    load(mesh, rng, z + 0.04, length * 0.9, depth * 0.85)
    _roof(mesh, rng, length, depth, z)
    if rng.random() < 0.5:
        hung(mesh, rng, 1.85, length * 0.95, depth * 0.9)


def _roof(mesh: Mesh, rng: Random, length: float, depth: float, z: float) -> None:
    """Four posts and a flat or gabled roof, perhaps with a signboard or a fringe."""
    paint = Paint(colour=any_colour(rng), roughness=0.6, mottle=0.35)
    top = rng.uniform(1.8, 2.1)
    mesh.posts((length, depth), (z, top), 0.022, STEEL)
    x, y = length / 2 + 0.1, depth / 2 + 0.12
    if rng.random() < 0.6:
        mesh.box((2 * x, 2 * y, 0.04), (0, 0, top), paint)
    else:
        for side in (-1, 1):
            ridge = [(x, 0, top + 0.3), (-x, 0, top + 0.3)]
            mesh.quad([(-x, side * y, top), (x, side * y, top), *ridge], paint)
    sign = any_sign(rng)
    tall = rng.uniform(0.18, 0.4)
    for side in (-1, 1):
        edge = side * (y + 0.01)
        if rng.random() < 0.6:
            bottom = [(-x, edge, top - tall), (x, edge, top - tall)]
            mesh.quad([*bottom, (x, edge, top), (-x, edge, top)], sign, uv=True)
        else:
            mesh.box((2 * x, 0.015, 0.15), (0, edge, top - 0.07), paint)


def _motor(mesh: Mesh, rng: Random) -> None:
    _driven(mesh, rng)
    _load_behind(mesh, rng, 0.6 if rng.random() < 0.6 else 0.8, 1.5, 0.95)
    if rng.random() < 0.2:
        roofed = Mesh()
        _roof(roofed, rng, 1.6, 1.0, 0.7)
        mesh.join(roofed, (-0.6, 0, 0))


def _pedalled(mesh: Mesh, rng: Random) -> None:
    """A cycle in front, two spoked wheels and a flat or railed bed behind."""
    frame = Paint(colour=any_colour(rng, (0.2, 0.8)), roughness=0.5, mottle=0.4)
    cycle_front(mesh, frame, back_m=-0.5)
    floor = WOOD if rng.random() < 0.6 else frame
    z = rng.uniform(0.6, 0.75)
    mesh.box((1.5, 1.0, 0.05), (-0.6, 0, z), floor)
    for side in (-1, 1):
        mesh.hoop((-0.6, side * 0.5, 0.34), 0.32, 0.025, RUBBER)
        mesh.spokes((-0.6, side * 0.5, 0.34), 0.3, STEEL, r=0.004)
    if rng.random() < 0.5:
        for side in (-1, 1):
            mesh.box((1.5, 0.03, 0.22), (-0.6, side * 0.5, z + 0.12), floor)
    _load_behind(mesh, rng, z + 0.03, 1.4, 0.9)


def _load_behind(mesh: Mesh, rng: Random, z: float, length: float, depth: float) -> None:
    """Whatever lies on a tricycle's bed."""
    bed = Mesh()
    load(bed, rng, z, length, depth)
    mesh.join(bed, (-0.6, 0, 0))


def _case(mesh: Mesh, rng: Random, length: float, depth: float, z: float, tall: float) -> None:
    """A glass case: its edges, shelves with goods, and panes that show as streaks of light."""
    edge = STEEL if rng.random() < 0.5 else Paint(colour=any_colour(rng), roughness=0.5)
    mesh.posts((length, depth), (z, z + tall), 0.02, edge, sides=5)
    for height in (z, z + tall):
        mesh.box((length + 0.03, depth + 0.03, 0.03), (0, 0, height), edge)
    shelves = rng.choice((1, 2, 2, 3))
    for k in range(shelves):
        height = z + 0.02 + k * tall / shelves
        mesh.box((length, depth, 0.015), (0, 0, height), edge)
        goods_on(mesh, rng, height + 0.02, length * 0.9, depth * 0.75)
    pane = GLASS.but(colour=grey(rng.uniform(0.5, 0.9)))
    for side in (-1, 1):
        x = rng.uniform(-0.3, 0.3) * length
        size = (length * rng.uniform(0.1, 0.4), 0.006, tall * 0.9)
        mesh.box(size, (x, side * depth / 2, z + tall / 2), pane)


def _vitrine(mesh: Mesh, rng: Random) -> None:
    """A food cart whose goods stand in a glass case, on small or spoked wheels."""
    length, depth = rng.uniform(1.2, 2.0), rng.uniform(0.7, 1.0)
    body = Paint(
        colour=grey(rng.uniform(0.7, 0.95)) if rng.random() < 0.5 else any_colour(rng),
        roughness=0.4,
        mottle=0.3,
    )
    low = rng.uniform(0.2, 0.5)
    mesh.box((length, depth, 0.9 - low), (0, 0, (0.9 + low) / 2), body, bevel=0.02)
    sign = any_sign(rng)
    for side in (-1, 1):
        y = side * (depth / 2 + 0.012)
        if rng.random() < 0.6:
            mesh.box((length * rng.uniform(0.4, 0.9), 0.02, 0.35), (0, y, 0.68), sign)
        for x in (-0.32 * length, 0.32 * length):
            mesh.wheel((x, side * depth / 2, 0.25), 0.25, 0.06, RUBBER, STEEL)
    _case(mesh, rng, length * rng.uniform(0.5, 1.0), depth * 0.9, 0.92, rng.uniform(0.4, 0.75))
    if rng.random() < 0.6:
        _roof(mesh, rng, length, depth, 0.9)


def _cage(mesh: Mesh, rng: Random) -> None:
    """A closed cart of bars or boards on wheels, pushed aside."""
    length, depth, top = rng.uniform(1.3, 1.9), rng.uniform(0.8, 1.1), rng.uniform(1.5, 1.9)
    paint = Paint(colour=any_colour(rng, (0.1, 0.6)), roughness=0.6, mottle=0.4)
    mesh.box((length, depth, 0.08), (0, 0, 0.5), paint)
    mesh.box((length + 0.1, depth + 0.1, 0.05), (0, 0, top), paint)
    if rng.random() < 0.4:
        mesh.box((length, depth, top - 0.5), (0, 0, (top + 0.5) / 2), paint)
    for k in range(int(length / 0.14) + 1):
        for side in (-1, 1):
            at = (-length / 2 + k * 0.14, side * depth / 2)
            mesh.tube((*at, 0.5), (*at, top), 0.01, STEEL, sides=4)
    for side in (-1, 1):
        for x in (-0.35 * length, 0.35 * length):
            mesh.wheel((x, side * depth / 2, 0.24), 0.24, 0.07, RUBBER, STEEL)
    goods_on(mesh, rng, 0.56, length * 0.85, depth * 0.8)


def _ice(mesh: Mesh, rng: Random) -> None:
    """A tricycle with a closed box and a canopy, for ice cream and drinks."""
    body = Paint(colour=any_colour(rng, (0.5, 0.95)), roughness=0.35, mottle=0.2)
    mesh.box((1.2, 0.85, 0.7), (-0.3, 0, 0.75), body, bevel=0.03)
    sign = any_sign(rng)
    for side in (-1, 1):
        y = side * 0.437
        mesh.box((1.0, 0.01, 0.5), (-0.3, y, 0.75), sign)
        mesh.hoop((-0.3, side * 0.48, 0.33), 0.31, 0.025, RUBBER)
        mesh.spokes((-0.3, side * 0.48, 0.33), 0.3, STEEL, r=0.004)
    mesh.hoop((1.2, 0, 0.33), 0.31, 0.022, RUBBER)
    mesh.spokes((1.2, 0, 0.33), 0.3, STEEL, r=0.003)
    mesh.tube((0.3, 0, 0.5), (1.0, 0, 0.8), 0.025, STEEL)
    mesh.tube((1.2, 0, 0.33), (0.98, 0, 1.0), 0.022, STEEL)
    mesh.tube((0.98, -0.28, 1.0), (0.98, 0.28, 1.0), 0.015, STEEL)
    canopy = Mesh()
    _roof(canopy, rng, 1.2, 0.85, 1.1)
    mesh.join(canopy, (-0.3, 0, 0))


def _empty(mesh: Mesh, rng: Random) -> None:
    """A flat bed of planks on two large wheels, nothing on it, its shafts on the ground or not."""
    length, depth = rng.uniform(1.5, 2.2), rng.uniform(0.9, 1.2)
    tilt = rng.choice((0.0, 0.0, 0.12, -0.12))
    for k in range(5):
        y = (k - 2) * depth / 5
        plank = WOOD.but(colour=grey(rng.uniform(0.3, 0.75), 0.04), mottle=0.4)
        mesh.box((length, depth / 5 - 0.01, 0.04), (0, y, 0.72), plank, ry=tilt)
    for side in (-1, 1):
        y = side * (depth / 2 + 0.06)
        mesh.hoop((0, y, 0.38), 0.36, 0.03, RUBBER)
        mesh.spokes((0, y, 0.38), 0.35, STEEL, r=0.012)
        mesh.box((length + 0.8, 0.06, 0.06), (0.4, side * depth * 0.35, 0.67), WOOD, ry=tilt)


_MAKERS = (
    None,
    _loaded,
    _loaded,
    _roofed,
    _motor,
    _pedalled,
    _vitrine,
    _cage,
    _ice,
    _empty,
    build_trailer,
    build_cabin_cart,
)
