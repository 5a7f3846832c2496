"""What happens in each clip: who is where at every second of scene time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from cast import moving, vendor_at
from corner import Corner, CoverPlace, make_corner
from lens import Lens, looking_at
from light import Light
from person import Pose, build_person, random_look
from thing import Thing
from town import Street, random_street

Groups = list[list[Thing]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One clip: a corner, its light over time, and its actors over time."""

    name: str
    duration_s: float
    interval_s: float
    seed: int
    corner: Corner
    light_at: Callable[[float], Light]
    actors_at: Callable[[float], Groups]
    cover_state_at: Callable[[str, float], str]
    events: tuple[dict[str, Any], ...]
    permitted_m: tuple[tuple[float, float], ...]
    night: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Passer:
    """Someone or something that crosses the scene along x."""

    kind: str
    name: str
    seed: int
    start_s: float
    speed_mps: float
    from_x_m: float
    y_m: float

    def groups_at(self, t_s: float, night: bool) -> Groups:
        x = self.from_x_m + self.speed_mps * (t_s - self.start_s)
        if t_s < self.start_s or abs(x) > abs(self.from_x_m):
            return []
        rng = Random(self.seed)
        heading = 0.0 if self.speed_mps > 0 else math.pi
        if self.kind != "person":
            return moving(rng, self.kind, self.name, x, self.y_m, heading, night)
        look = random_look(rng)
        pose = Pose(phase=(x * 4.4) % (2 * math.pi))
        sway = 0.25 * math.sin(x * 0.7 + self.seed)
        figure = Thing(mesh=build_person(look, pose), name=self.name, label="person")
        return [[figure.placed(x, self.y_m + sway, heading)]]


def make_story(name: str) -> Story:
    makers = {
        "corner_day": _corner_day,
        "corner_dusk": _corner_dusk,
        "cover_missing": _cover_missing,
    }
    return makers[name]()


def _suited(
    base: int, lens: Lens, covers: tuple[CoverPlace, ...], night: bool
) -> tuple[int, Corner]:
    """The first seed whose street has a road of about 8.5 m and its side street to the right."""
    for seed in range(base, base + 4000):
        street = make_street(seed)
        if 8.2 < street.road_m < 8.8 and 9.5 < street.side_x_m < 12.5 and street.far_walk_m > 4.6:
            rng = Random(seed)
            return seed, make_corner(rng, lens, night=night, wet=0.0, covers=covers, clutter=7)
    raise ValueError(f"no suitable street among seeds {base}..{base + 4000}")


def make_street(seed: int) -> Street:
    """The street alone, as make_corner draws it from the same seed."""
    return random_street(Random(seed), 0.0)


def _lens() -> Lens:
    return looking_at((1.0, -4.5, 6.2), (2.0, 7.6, 0.4), size_px=(640, 360), field_of_view_deg=66)


COVERS = (
    CoverPlace(name="cover-road", x_m=0.4, y_m=3.0, radius_m=0.36, state="cover_ok"),
    CoverPlace(name="cover-walk", x_m=5.2, y_m=10.6, radius_m=0.34, state="cover_ok"),
    CoverPlace(name="grate", x_m=-3.4, y_m=7.3, radius_m=0.28, state="storm_grate"),
)


def _traffic(
    seed: int, corner: Corner, duration_s: float, gaps_s: tuple[float, float]
) -> list[Passer]:
    """People on the pavement every few seconds, vehicles in two lanes."""
    rng, s = Random(seed), corner.street
    passers: list[Passer] = []
    for kind, gap in (("person", gaps_s[0]), ("vehicle", gaps_s[1])):
        t = -30.0
        while t < duration_s:
            t += rng.uniform(0.4, 1.6) * gap
            right = rng.random() < 0.5
            number = len(passers)
            if kind == "person":
                y = rng.uniform(s.road_m + 2.4, s.front_y_m - 1.1)
                if rng.random() < 0.15:
                    y = rng.uniform(0.6, 1.4)
                speed, what, reach = rng.uniform(1.0, 1.5), "person", 20.0
            else:
                what = rng.choice(
                    ("car", "car", "car", "motorcycle", "motorcycle", "bicycle", "truck")
                )
                y = s.road_m * (0.28 if right else 0.72) + rng.uniform(-0.3, 0.3)
                speed, reach = rng.uniform(5.0, 8.0), 34.0
            sign = 1 if right else -1
            passers.append(
                Passer(
                    kind=what,
                    name=f"{what}-{number}",
                    seed=seed * 1000 + number,
                    start_s=t,
                    speed_mps=sign * speed,
                    from_x_m=-sign * reach,
                    y_m=y,
                )
            )
    return passers


DAY = Light(
    name="day",
    sun_strength=3.2,
    sun_elevation_deg=44,
    sun_azimuth_deg=35,
    sun_colour=(1.0, 0.93, 0.84),
    sun_size_deg=0.6,
    zenith=(0.3, 0.42, 0.66),
    horizon=(0.72, 0.77, 0.82),
    sky_strength=0.9,
)


def _day_light(t_s: float) -> Light:
    """The sun moves a little and a cloud passes about 4:40."""
    cloud = math.exp(-(((t_s - 280) / 45) ** 2))
    return replace(
        DAY,
        sun_strength=DAY.sun_strength * (1 - 0.6 * cloud),
        sun_elevation_deg=44 - t_s * 0.006,
        sun_azimuth_deg=35 + t_s * 0.008,
        sun_size_deg=0.6 + 8 * cloud,
    )


ARRIVES_S, LEAVES_S, DAY_S = 60.0, 375.0, 452.0
VENDOR_AT = (2.5, 0.95)
"""Metres along the street, and behind the kerb."""


def _vendor(t_s: float, corner: Corner) -> Groups:
    """The cart is pushed in from the left, stands, and is pushed out to the right."""
    x, y = VENDOR_AT[0], corner.street.road_m + VENDOR_AT[1]
    if t_s < ARRIVES_S:
        x -= (ARRIVES_S - t_s) * 1.0
    if t_s > LEAVES_S:
        x += (t_s - LEAVES_S) * 1.0
    if abs(x - VENDOR_AT[0]) > 16:
        return []
    standing = ARRIVES_S + 4 <= t_s <= LEAVES_S - 4
    groups = vendor_at(
        Random(52), "vendor", (x, y), 0.0, False, kind="cart", parasol=standing, cart="hand"
    )
    groups = [g for g in groups if "buyer" not in g[0].name]
    if standing and math.sin(t_s / 31.0) > 0.1:
        buyer = build_person(
            random_look(Random(int(t_s / 97))), Pose(lean_rad=0.15, arms_forward_rad=0.5)
        )
        groups.append(
            [
                Thing(mesh=buyer, name=f"buyer-{int(t_s / 97)}", label="person").placed(
                    x - 0.3, y - 1.0, math.pi / 2
                )
            ]
        )
    return groups


def _bus(t_s: float, corner: Corner) -> Groups:
    """A bus waits in front of the vendor from 3:20 for about nine seconds."""
    start, stop, go = 196.0, 200.0, 209.0
    if not start <= t_s <= go + 5:
        return []
    x = VENDOR_AT[0] + (max(0.0, stop - t_s) - max(0.0, t_s - go)) * 7.0
    return moving(Random(3), "bus", "bus", x, corner.street.road_m * 0.72, math.pi, False)


def _corner_day() -> Story:
    seed, corner = _suited(920_000, _lens(), COVERS, False)
    passers = _traffic(seed, corner, 510, (7.0, 11.0))
    passers = [p for p in passers if p.kind == "person" or not (188 < p.start_s + 5 < 220)]
    permitted_at = (-6.2, corner.street.front_y_m - 1.5)

    def actors(t_s: float) -> Groups:
        groups = [g for p in passers for g in p.groups_at(t_s, False)]
        stall = vendor_at(
            Random(11), "permitted", permitted_at, math.pi, False, kind="stall", parasol=False
        )
        stall = [g for g in stall if "buyer" not in g[0].name]
        return groups + _vendor(t_s, corner) + _bus(t_s, corner) + stall

    x, y = permitted_at
    return Story(
        name="corner_day",
        duration_s=DAY_S,
        interval_s=4,
        seed=seed,
        corner=corner,
        light_at=_day_light,
        actors_at=actors,
        cover_state_at=lambda _name, _t: "",
        night=False,
        permitted_m=((x - 2, y - 1.3), (x + 2, y - 1.3), (x + 2, y + 1.4), (x - 2, y + 1.4)),
        events=(
            {
                "kind": "vendor",
                "track": "vendor",
                "from_s": ARRIVES_S,
                "to_s": LEAVES_S,
                "permitted": False,
                "ground_m": [VENDOR_AT[0], corner.street.road_m + VENDOR_AT[1]],
            },
            {
                "kind": "vendor",
                "track": "permitted",
                "from_s": 0.0,
                "to_s": DAY_S,
                "permitted": True,
                "ground_m": [x, y],
            },
            {"kind": "occlusion", "track": "vendor", "from_s": 200.0, "to_s": 209.0, "by": "bus"},
        ),
    )


def _dusk_light(t_s: float) -> Light:
    """From dusk to night in two minutes."""
    k = min(1.0, t_s / 120.0)

    def blend(
        a: tuple[float, float, float], b: tuple[float, float, float]
    ) -> tuple[float, float, float]:
        return (a[0] + (b[0] - a[0]) * k, a[1] + (b[1] - a[1]) * k, a[2] + (b[2] - a[2]) * k)

    return Light(
        name="dusk",
        sun_strength=0.0,
        sun_elevation_deg=5,
        sun_azimuth_deg=35,
        sun_colour=(1, 0.6, 0.4),
        sun_size_deg=10,
        zenith=blend((0.12, 0.17, 0.32), (0.02, 0.025, 0.05)),
        horizon=blend((0.5, 0.32, 0.27), (0.1, 0.07, 0.05)),
        sky_strength=0.5 - 0.36 * k,
    )


def _corner_dusk() -> Story:
    seed, corner = _suited(920_000, _lens(), COVERS, True)
    passers = _traffic(seed + 5, corner, 180, (6.0, 10.0))
    return Story(
        name="corner_dusk",
        duration_s=150,
        interval_s=5,
        seed=seed,
        corner=corner,
        light_at=_dusk_light,
        actors_at=lambda t: [g for p in passers for g in p.groups_at(t, True)],
        cover_state_at=lambda _name, _t: "",
        events=(),
        permitted_m=(),
        night=True,
    )


GONE_S, BACK_S = 60.0, 180.0


def _cover_missing() -> Story:
    lens = looking_at((-1.5, -3.0, 5.6), (0.6, 5.2, 0.0), size_px=(640, 360), field_of_view_deg=60)
    covers = (
        CoverPlace(name="cover-main", x_m=0.6, y_m=2.9, radius_m=0.38, state="cover_ok"),
        CoverPlace(name="cover-other", x_m=-2.6, y_m=6.6, radius_m=0.35, state="cover_ok"),
        CoverPlace(name="grate", x_m=3.8, y_m=7.5, radius_m=0.28, state="storm_grate"),
    )
    seed, corner = _suited(940_000, lens, covers, False)
    passers = [
        replace(p, y_m=p.y_m if p.kind == "person" else (5.9 if p.speed_mps < 0 else 1.2))
        for p in _traffic(seed, corner, 210, (9.0, 16.0))
    ]

    def state(name: str, t_s: float) -> str:
        return "cover_missing" if name == "cover-main" and GONE_S <= t_s < BACK_S else ""

    return Story(
        name="cover_missing",
        duration_s=210,
        interval_s=3,
        seed=seed,
        corner=corner,
        light_at=lambda t: _day_light(t + 150),
        actors_at=lambda t: [g for p in passers for g in p.groups_at(t, False)],
        cover_state_at=state,
        events=(
            {
                "kind": "cover_missing",
                "track": "cover-main",
                "from_s": GONE_S,
                "to_s": BACK_S,
                "ground_m": [0.6, 2.9],
            },
        ),
        permitted_m=(),
        night=False,
    )
