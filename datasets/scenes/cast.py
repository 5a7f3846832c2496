"""People, vehicles and vendors put at random into a corner."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from random import Random

from car import build_bus, build_car, build_truck
from cart import any_cart, build_cart
from corner import Corner
from furniture import build_furniture
from mesh import Mesh
from person import Pose, build_person, random_look
from rickshaw import build_rickshaw
from stall import any_stall, build_stall
from thing import Lamp, Thing
from three_wheeler import build_passenger
from two_wheeler import build_bicycle, build_scooter
from vendor import build_ground_goods, build_parasol

PARASOL_ROOM_M = 1.9
"""What is as tall as this or taller, a tent or a trailer, has no parasol through its roof."""

Placed = list[tuple[float, float, float]]
Wares = tuple[str, Mesh, tuple[Lamp, ...]]
"""What a vendor sells from: its class, its shape and the lamps on it."""


def free(taken: Placed, x: float, y: float, r: float) -> bool:
    """Whether nothing taken is within that radius of its own; then it is taken too."""
    ok = all(math.hypot(x - a, y - b) > r + c for a, b, c in taken)
    if ok:
        taken.append((x, y, r))
    return ok


def _spot(rng: Random, corner: Corner, low: float, high: float) -> tuple[float, float] | None:
    """A ground point in the picture with y between two lines."""
    lens = corner.lens
    for _ in range(250):
        at = lens.ground(
            rng.uniform(0.06, 0.94) * lens.width_px, rng.uniform(0.2, 0.97) * lens.height_px
        )
        if at is not None and low < at[1] < high and abs(at[0]) < 35:
            return at
    return None


def random_cast(
    rng: Random, corner: Corner, *, vendors: int, night: bool, furniture: int = 0, people: int = 10
) -> list[list[Thing]]:
    """Groups of things, up to so many vendors among them, fewer people than `people`, and pieces
    of furniture, which no class names; each group is one object."""
    taken: Placed = [(c.x_m, c.y_m, 0.2) for c in corner.covers]
    groups: list[list[Thing]] = []
    if vendors:
        groups += _some(
            rng.randrange(1, vendors + 1),
            lambda k: random_vendor(rng, corner, taken, f"vendor-{k}", night),
        )
    if furniture:
        groups += _some(
            rng.randrange(furniture // 2, furniture + 1),
            lambda k: _furniture(rng, corner, taken, f"furniture-{k}"),
        )
    for k in range(rng.randrange(1, 6)):
        groups += _vehicle(rng, corner, taken, f"vehicle-{k}", night)
    _parked(rng, corner, taken, groups)
    for k in range(rng.choice((0, 0, 1, 2, 3))):
        groups += _rickshaw(rng, corner, taken, f"rickshaw-{k}")
    for k in range(rng.randrange(2, people)):
        at = _spot(rng, corner, -corner.street.near_walk_m, corner.street.front_y_m - 0.4)
        if at is not None and free(taken, *at, 0.35):
            groups.append([walker(rng, f"person-{k}", at[0], at[1])])
    return groups


def _some(wanted: int, place: Callable[[int], list[list[Thing]]]) -> list[list[Thing]]:
    """So many, or fewer: where one is drawn there may be no room, or no view of it."""
    groups: list[list[Thing]] = []
    placed = 0
    for k in range(3 * wanted):
        group = place(k)
        groups += group
        placed += bool(group)
        if placed == wanted:
            break
    return groups


def _furniture(rng: Random, corner: Corner, taken: Placed, name: str) -> list[list[Thing]]:
    """A piece of it on a pavement, or where the road ends at it, facing anywhere."""
    s = corner.street
    band = rng.choice(((s.road_m - 0.8, s.front_y_m - 0.6), (-s.near_walk_m, 1.0)))
    at = _spot(rng, corner, *band)
    if at is None or not free(taken, *at, 0.9):
        return []
    heading = rng.choice((0.0, math.pi / 2, math.pi, rng.uniform(0, 6)))
    return [[Thing(mesh=build_furniture(rng), name=name).placed(*at, heading)]]


def walker(rng: Random, name: str, x: float, y: float) -> Thing:
    standing = rng.random() < 0.3
    pose = Pose(phase=None if standing else rng.uniform(0, 6.28))
    heading = rng.choice((0, math.pi)) + rng.gauss(0, 0.4)
    return Thing(
        mesh=build_person(random_look(rng), pose),
        name=name,
        label="person",
        x_m=x,
        y_m=y,
        heading_rad=heading,
    )


def random_vendor(
    rng: Random, corner: Corner, taken: Placed, name: str, night: bool
) -> list[list[Thing]]:
    s = corner.street
    band = rng.choice(
        (
            (s.road_m + 0.8, s.front_y_m - 0.8),
            (s.road_m - 2.2, s.road_m - 0.6),
            (0.6, 2.2),
            (-s.near_walk_m, -0.8),
        )
    )
    at = _spot(rng, corner, *band)
    if at is None or not free(taken, *at, 1.3):
        return []
    heading = rng.choice((0, math.pi)) + rng.gauss(0, 0.25)
    return vendor_at(rng, name, at, heading, night, wares=any_wares(rng, night))


def any_wares(rng: Random, night: bool) -> Wares:
    """A stall, cart or cloth with goods of any kind."""
    return _wares(rng, night, "", any_stall, any_cart)


def _wares(
    rng: Random,
    night: bool,
    kind: str,
    stall: Callable[[Random], Mesh],
    cart: Callable[..., tuple[Mesh, tuple[Lamp, ...]]],
) -> Wares:
    """Of one of the kinds, or of any, made by these."""
    kind = kind or rng.choice(("stall", "stall", "cart", "cart", "ground_goods"))
    if kind == "stall":
        return kind, stall(rng), (Lamp(at=(0, 0, 2.0), power_w=45.0),) if night else ()
    if kind == "cart":
        return kind, *cart(rng, night=night)
    return kind, build_ground_goods(rng), ()


def vendor_at(
    rng: Random,
    name: str,
    at: tuple[float, float],
    heading: float,
    night: bool,
    kind: str = "",
    parasol: bool | None = None,
    cart: str = "",
    wares: Wares | None = None,
) -> list[list[Thing]]:
    """The stall, its parasol, its keeper and perhaps customers."""
    kind, mesh, lamps = wares or _wares(
        rng, night, kind, build_stall, partial(build_cart, kind=cart)
    )
    groups = [
        [
            Thing(
                mesh=mesh,
                name=name,
                label=kind,
                x_m=at[0],
                y_m=at[1],
                heading_rad=heading,
                lamps=lamps,
            )
        ]
    ]
    room = mesh.points()[:, 2].max() < PARASOL_ROOM_M
    if parasol if parasol is not None else room and rng.random() < 0.45:
        cloth, pole = build_parasol(rng)
        off = rng.uniform(0.2, 0.5)
        for mesh, part, label in ((cloth, "parasol", "parasol"), (pole, "pole", None)):
            shade = Thing(mesh=mesh, name=f"{name}-{part}", label=label)
            groups.append([shade.placed(at[0] + off, at[1] + off, 0.0)])
    back = heading + math.pi / 2
    sits = kind == "ground_goods" and rng.random() < 0.7
    pose = Pose(sitting=sits, lean_rad=0.25, arms_forward_rad=0.6)
    keeper = Thing(
        mesh=build_person(random_look(rng, vendor=True), pose),
        name=f"{name}-keeper",
        label="person",
    )
    groups.append(
        [
            keeper.placed(
                at[0] + 1.15 * math.cos(back), at[1] + 1.15 * math.sin(back), back + math.pi
            )
        ]
    )
    for k in range(rng.choice((0, 0, 1, 2))):
        buyer = Thing(
            mesh=build_person(random_look(rng), Pose(lean_rad=0.15, arms_forward_rad=0.4)),
            name=f"{name}-buyer-{k}",
            label="person",
        )
        side = -1.0 * (1.0 + 0.2 * k)
        groups.append(
            [
                buyer.placed(
                    at[0] + side * math.cos(back) + 0.6 * k, at[1] + side * math.sin(back), back
                )
            ]
        )
    return groups


def _vehicle(
    rng: Random, corner: Corner, taken: Placed, name: str, night: bool
) -> list[list[Thing]]:
    s = corner.street
    at = _spot(rng, corner, 1.4, s.road_m - 1.2)
    if at is None:
        return []
    lane = s.road_m * (0.25 if at[1] < s.road_m / 2 else 0.75)
    heading = (0.0 if lane < s.road_m / 2 else math.pi) + rng.gauss(0, 0.04)
    kind = rng.choice(("car", "car", "car", "motorcycle", "motorcycle", "bus", "truck"))
    if not free(taken, at[0], lane, {"motorcycle": 1.1, "bus": 6.0, "truck": 3.6}.get(kind, 2.6)):
        return []
    return moving(rng, kind, name, at[0], lane + rng.uniform(-0.4, 0.4), heading, night)


def moving(
    rng: Random, kind: str, name: str, x: float, y: float, heading: float, night: bool
) -> list[list[Thing]]:
    lamps: tuple[Lamp, ...] = ()
    groups = []
    if kind == "car":
        mesh, lamps = build_car(rng, rng.choice(("sedan", "sedan", "hatch", "van")), lights=night)
    elif kind == "bus":
        mesh = build_bus(rng)
    elif kind == "truck":
        mesh = build_truck(rng)
    else:
        mesh = build_scooter(rng, lights=night) if kind == "motorcycle" else build_bicycle(rng)
        rider = build_person(
            random_look(rng), Pose(sitting=True, lean_rad=0.15, arms_forward_rad=0.7)
        )
        person = Thing(mesh=rider, name=f"{name}-rider", label="person", z_m=0.36)
        groups.append(
            [person.placed(x - 0.3 * math.cos(heading), y - 0.3 * math.sin(heading), heading, 0.36)]
        )
    groups.append(
        [Thing(mesh=mesh, name=name, label=kind, x_m=x, y_m=y, heading_rad=heading, lamps=lamps)]
    )
    return groups


def _parked(rng: Random, corner: Corner, taken: Placed, groups: list[list[Thing]]) -> None:
    """Rows of parked scooters and bicycles, and a parked car."""
    s = corner.street
    if rng.random() < 0.5:
        at = _spot(rng, corner, s.road_m + 0.9, s.front_y_m - 1.0)
        kind = rng.choice(("motorcycle", "bicycle"))
        for k in range(rng.randrange(2, 6)):
            if at is not None and free(taken, at[0] + k * 0.75, at[1], 0.3):
                mesh = build_scooter(rng) if kind == "motorcycle" else build_bicycle(rng)
                thing = Thing(mesh=mesh, name=f"parked-{k}", label=kind)
                groups.append(
                    [thing.placed(at[0] + k * 0.75, at[1], math.pi / 2 + rng.gauss(0, 0.12))]
                )
    if rng.random() < 0.4:
        at = _spot(rng, corner, 0.5, 2.5)
        if at is not None and free(taken, at[0], 1.2, 2.4):
            mesh, _ = build_car(rng, rng.choice(("sedan", "hatch", "van")))
            groups.append(
                [Thing(mesh=mesh, name="parked-car", label="car").placed(at[0], 1.2, 0.0)]
            )


def _rickshaw(rng: Random, corner: Corner, taken: Placed, name: str) -> list[list[Thing]]:
    """A rickshaw, pedalled or with a motor, which no class names; two in three have a rider."""
    at = _spot(rng, corner, 0.6, corner.street.road_m - 0.6)
    if at is None or not free(taken, *at, 1.4):
        return []
    heading = rng.choice((0, math.pi)) + rng.gauss(0, 0.3)
    build = rng.choice((build_rickshaw, build_passenger))
    groups = [[Thing(mesh=build(rng), name=name).placed(*at, heading)]]
    if rng.random() < 0.67:
        pose = Pose(sitting=True, lean_rad=0.15, arms_forward_rad=0.7)
        rider = build_person(random_look(rng), pose)
        ahead = 0.25
        x, y = at[0] + ahead * math.cos(heading), at[1] + ahead * math.sin(heading)
        person = Thing(mesh=rider, name=f"{name}-rider", label="person")
        groups.append([person.placed(x, y, heading, 0.42)])
    return groups
