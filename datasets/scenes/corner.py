"""A whole street corner: the town, its camera, and places for what moves or trades there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from clutter import build_clutter
from cover import (
    build_damaged,
    build_grate,
    build_missing,
    build_ok,
    build_pothole,
    circle,
    surround,
)
from lens import Lens, looking_at
from thing import Thing
from town import (
    Hole,
    Street,
    build_building,
    build_ground,
    build_lamp_post,
    build_shelter,
    build_tree,
    random_street,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverPlace:
    """A cover in the ground; `state` is one of the cover classes or `pothole`."""

    name: str
    x_m: float
    y_m: float
    radius_m: float
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corner:
    street: Street
    lens: Lens
    fixed: tuple[Thing, ...]
    covers: tuple[CoverPlace, ...]


def make_corner(
    rng: Random,
    lens: Lens | None,
    *,
    night: bool,
    wet: float,
    covers: tuple[CoverPlace, ...] | None = None,
    size_px: tuple[int, int] = (640, 360),
    clutter: int = 6,
    eye_level: bool = False,
) -> Corner:
    street = random_street(rng, wet)
    random_view = eye_level_lens if eye_level else random_lens
    view = lens if lens is not None else random_view(rng, street, size_px)
    places = covers if covers is not None else random_covers(rng, street, view)
    holes = [Hole(x_m=c.x_m, y_m=c.y_m, half_m=half_of(c)) for c in places]
    fixed = [Thing(mesh=build_ground(street, holes, rng), name="ground")]
    fixed += _buildings(rng, street, night)
    fixed += _furniture(rng, street, night, clutter)
    return Corner(street=street, lens=view, fixed=tuple(fixed), covers=places)


def half_of(c: CoverPlace) -> float:
    return c.radius_m if c.state == "storm_grate" else c.radius_m * 1.3


def cover_things(c: CoverPlace, street: Street, seed: int) -> list[Thing]:
    """The labelled cover and the ground around it."""
    rng = Random(seed)
    on_road = 0 < c.y_m < street.road_m
    ground = street.asphalt if on_road else street.paving
    build = {
        "cover_ok": build_ok,
        "cover_missing": build_missing,
        "cover_damaged": build_damaged,
        "storm_grate": build_grate,
    }
    mesh = (
        build_pothole(rng, c.radius_m, seed)
        if c.state == "pothole"
        else build[c.state](rng, c.radius_m)
    )
    things = [Thing(mesh=mesh, name=c.name, label=c.state, x_m=c.x_m, y_m=c.y_m)]
    if c.state != "storm_grate":
        wobble = 0.25 if c.state == "pothole" else 0.0
        inner = circle(c.radius_m, 0.0, wobble=wobble, seed=seed)
        ring = surround(half_of(c), inner, ground, (c.x_m, c.y_m))
        things.append(Thing(mesh=ring, name=f"{c.name}-ground"))
    return things


def eye_level_lens(rng: Random, street: Street, size_px: tuple[int, int]) -> Lens:
    """As phones and cars see a street, from either pavement or from a lane, often along it."""
    y_m = rng.choice((rng.uniform(-street.near_walk_m, -0.5), rng.uniform(1.0, street.road_m)))
    place = (rng.uniform(-10, 10), y_m, rng.uniform(1.4, 2.8))
    bearing = math.radians(rng.choice((-1, 1)) * rng.uniform(5, 78))
    reach = rng.uniform(10.0, 20.0)
    target = (place[0] + reach * math.sin(bearing), y_m + reach * math.cos(bearing), 0.9)
    return looking_at(place, target, size_px=size_px, field_of_view_deg=rng.uniform(45, 75))


def random_lens(rng: Random, street: Street, size_px: tuple[int, int]) -> Lens:
    height = rng.uniform(4.0, 9.0)
    place = (rng.uniform(-10, 10), rng.uniform(-street.near_walk_m - 2.5, -0.5), height)
    bearing = math.radians(rng.uniform(-50, 50))
    reach = rng.uniform(8.0, 15.0)
    target = (place[0] + reach * math.sin(bearing), place[1] + reach * math.cos(bearing), 0.3)
    return looking_at(place, target, size_px=size_px, field_of_view_deg=rng.uniform(45, 80))


def random_covers(rng: Random, street: Street, lens: Lens) -> tuple[CoverPlace, ...]:
    """Covers where the camera sees them, 10 to 80 pixels wide, apart from each other."""
    places: list[CoverPlace] = []
    for k in range(60):
        spot = lens.ground(
            rng.uniform(0.1, 0.9) * lens.width_px, rng.uniform(0.35, 0.95) * lens.height_px
        )
        if spot is None or len(places) >= 5:
            continue
        x, y = spot
        state = rng.choice(
            (
                "cover_ok",
                "cover_ok",
                "cover_damaged",
                "cover_missing",
                "cover_missing",
                "storm_grate",
                "pothole",
            )
        )
        radius = {"storm_grate": 0.28, "pothole": rng.uniform(0.25, 0.6)}.get(
            state, rng.uniform(0.32, 0.42)
        )
        edges = (0.0, street.road_m, street.front_y_m)
        side = (
            street.side_x_m - street.side_width_m / 2,
            street.side_x_m + street.side_width_m / 2,
        )
        clear = all(abs(y - e) > 0.75 for e in edges) and all(abs(x - e) > 0.8 for e in side)
        inside = -street.near_walk_m - 3 < y < street.front_y_m - 0.7 and abs(x) < 60
        far = all(abs(x - c.x_m) > 1.8 or abs(y - c.y_m) > 1.8 for c in places)
        road = 0 < y < street.road_m and not side[0] < x < side[1]
        if clear and inside and far and (state != "pothole" or road):
            places.append(CoverPlace(name=f"cover-{k}", x_m=x, y_m=y, radius_m=radius, state=state))
    return tuple(places)


def _buildings(rng: Random, s: Street, night: bool) -> list[Thing]:
    things = []
    gaps = (
        s.side_x_m - s.side_width_m / 2 - s.far_walk_m * 0.6,
        s.side_x_m + s.side_width_m / 2 + s.far_walk_m * 0.6,
    )
    for start, end, step in ((gaps[0], -45.0, -1), (gaps[1], 45.0, 1)):
        x = start
        while (x - end) * step < 0:
            width = rng.uniform(8, 18)
            mesh = build_building(rng, width, night)
            middle = x + step * width / 2
            things.append(Thing(mesh=mesh, name="building", x_m=middle, y_m=s.front_y_m))
            x += step * (width + 0.3)
    for k in range(5):
        mesh = build_building(rng, rng.uniform(14, 22), night)
        things.append(
            Thing(mesh=mesh, name="block", x_m=-50 + 25 * k, y_m=s.front_y_m + 32, z_m=0.0)
        )
    for side in (-1, 1):
        mesh = build_building(rng, 40, night)
        things.append(
            Thing(
                mesh=mesh,
                name="end",
                x_m=side * 62,
                y_m=s.road_m / 2,
                heading_rad=-side * math.pi / 2 + math.pi,
            )
        )
    return things


def _furniture(rng: Random, s: Street, night: bool, clutter: int) -> list[Thing]:
    things = []
    tree = build_tree(rng)
    spacing = rng.uniform(6, 10)
    low, high = s.side_x_m - s.side_width_m / 2 - 1.5, s.side_x_m + s.side_width_m / 2 + 1.5
    trees = rng.random() < 0.75
    for k in range(-5, 6):
        x = k * spacing + rng.uniform(-1, 1)
        if trees and not low < x < high:
            things.append(
                Thing(
                    mesh=tree,
                    name="tree",
                    x_m=x,
                    y_m=s.road_m + 0.8,
                    heading_rad=rng.uniform(0, 6),
                    scale=rng.uniform(0.8, 1.1),
                )
            )
    for k in (-1, 0, 1):
        x = k * 17 + 4
        if not low < x < high:
            post, lamps = build_lamp_post(night)
            things.append(Thing(mesh=post, name="post", x_m=x, y_m=s.road_m + 0.6, lamps=lamps))
    for _ in range(clutter):
        x = rng.uniform(-18, 18)
        if not low < x < high:
            y = s.front_y_m - rng.uniform(0.5, 0.9) if rng.random() < 0.6 else s.road_m + 0.9
            things.append(Thing(mesh=build_clutter(rng), name="clutter", x_m=x, y_m=y))
    if rng.random() < 0.25:
        things.append(
            Thing(
                mesh=build_shelter(rng),
                name="shelter",
                x_m=rng.choice((low - 6, high + 6)),
                y_m=s.road_m + 1.6,
            )
        )
    return things
