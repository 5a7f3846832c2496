"""Render domain-randomised labelled pictures: a set for `xunjie dataset build --set FOLDER`.

python datasets/scenes/render_training.py --out FOLDER --frames 250 --seed 1
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from blend import Studio
from boxes import Box, boxes_of, yolo_line
from cast import random_cast
from corner import Corner, cover_things, make_corner
from finish import random_finish, write_developed
from light import make_light
from listing import Listing, set_options
from taxonomy import CLASSES, class_id
from thing import Thing

FRAMES_A_SCENE = 2
_STREET, _MARKET, _CROWD = 4, 10, 22
_FURNITURE = 14
LIGHTS = ("day", "day", "day", "overcast", "overcast", "dusk", "night")


def main() -> None:
    parser = set_options(__doc__)
    parser.add_argument("--prefix", default="r")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--market",
        action="store_true",
        help=f"up to {_MARKET} vendors in each picture; else up to {_STREET} in each second one",
    )
    shown.add_argument(
        "--furnished",
        action="store_true",
        help=f"up to {_FURNITURE} benches, kiosks, racks and the like in each picture, no vendor",
    )
    parser.add_argument(
        "--eye-level",
        action="store_true",
        help="as phones and cars see a street, instead of as cameras on poles do",
    )
    parser.add_argument(
        "--width-px", type=int, help="of 16:9 pictures; unless given 640, and 960 now and then"
    )
    args = parser.parse_args()
    listing = Listing(folder=args.out, name="rendered_streets", classes=CLASSES, side=args.side)
    for name, record in islice(_pictures(args), args.frames):
        listing.add(name, scene=record["scene"], light=record["light"], rendered=record)
        print(f"{len(listing.pictures)}/{args.frames} {name}", flush=True)


def _pictures(args: argparse.Namespace) -> Iterator[tuple[str, dict[str, Any]]]:
    scene = 0
    while True:
        seed = args.seed * 10_000 + scene
        yield from _scene(args, seed)
        scene += 1


def _scene(args: argparse.Namespace, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    rng = Random(seed)
    width_px = 960 if rng.random() < 0.08 else 640
    if args.width_px:
        width_px = args.width_px
    size = (width_px, width_px * 9 // 16)
    light = make_light(rng.choice(LIGHTS), rng)
    wet = rng.uniform(0.5, 1.0) if rng.random() < 0.2 else 0.0
    corner = make_corner(
        rng,
        None,
        night=light.night,
        wet=wet,
        size_px=size,
        clutter=rng.randrange(4, 14),
        eye_level=args.eye_level,
    )
    studio = Studio(samples=args.samples, size_px=size)
    studio.light(light)
    studio.camera(corner.lens)
    for thing in corner.fixed:
        studio.put(thing, 0)
    numbered: dict[int, list[Thing]] = {}
    for k, place in enumerate(corner.covers):
        things = cover_things(place, corner.street, seed + k)
        numbered[k + 1] = things[:1]
        for n, thing in enumerate(things):
            studio.put(thing, k + 1 if n == 0 else 0)
    for frame in range(FRAMES_A_SCENE):
        started = time.monotonic()
        wanted = _wanted(args, frame)
        name = f"{args.prefix}{seed:06d}_{frame}"
        boxes = _frame(studio, corner, rng, dict(numbered), args.out, name, wanted, light.night)
        yield (
            name,
            {
                "scene": f"{args.prefix}{seed:06d}",
                "light": light.name,
                "wet": wet > 0,
                "seed": seed,
                "vendors": wanted["vendors"] > 0,
                "boxes": len(boxes),
                "seconds": round(time.monotonic() - started, 1),
            },
        )


def _wanted(args: argparse.Namespace, frame: int) -> dict[str, int]:
    """Of what a picture shows up to so many."""
    if args.furnished:
        return {"vendors": 0, "furniture": _FURNITURE}
    if args.market:
        return {"vendors": _MARKET, "people": _CROWD}
    return {"vendors": _STREET * (frame % 2 == 0)}


def _frame(
    studio: Studio,
    corner: Corner,
    rng: Random,
    numbered: dict[int, list[Thing]],
    out: Path,
    name: str,
    wanted: dict[str, int],
    night: bool,
) -> list[Box]:
    objects: list[Any] = []
    for k, group in enumerate(random_cast(rng, corner, **wanted, night=night)):
        numbered[100 + k] = group
        for thing in group:
            objects += studio.put(thing, 100 + k)
    shot = studio.shoot(rng.randrange(2**31))
    studio.take_out(objects)
    path = out / "images" / f"{name}.jpg"
    write_developed(path, shot.rgb, shot.depth_m, random_finish(rng, night), rng, (45, 92))
    boxes = boxes_of(shot.index, numbered, corner.lens)
    size = (corner.lens.width_px, corner.lens.height_px)
    lines = [yolo_line(class_id(b.label), b.xyxy_px, size) for b in boxes]
    (out / "labels" / f"{name}.txt").write_text("".join(lines))
    return boxes


if __name__ == "__main__":
    main()
