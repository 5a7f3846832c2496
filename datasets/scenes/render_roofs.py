"""Render roofs from above with their sheds: a set for `xunjie dataset build aerial --set FOLDER`.

python datasets/scenes/render_roofs.py --out FOLDER --frames 100 --seed 1
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from random import Random

from blend import Studio
from boxes import box_of_outline, yolo_line
from finish import random_finish, write_developed
from lens import Lens, looking_at
from light import make_light
from listing import Listing, set_options
from rooftop import Patch
from settlement import Settlement, random_settlement

CLASSES = ("parasol", "rooftop_shed", "building")
"""No parasol stands in these scenes: they say that nothing on a roof is one."""
SIDE_PX = 640
FRAMES_A_SCENE = 3
_INSIDE = 0.35
"""A thing less than this share of whose box is in the picture has no label."""


def main() -> None:
    args = set_options(__doc__).parse_args()
    listing = Listing(folder=args.out, name="rendered_roofs", classes=CLASSES, side=args.side)
    for scene in range(math.ceil(args.frames / FRAMES_A_SCENE)):
        _scene(args, args.seed * 10_000 + scene, listing)


def _scene(args: argparse.Namespace, seed: int, listing: Listing) -> None:
    rng = Random(seed)
    light = make_light(rng.choice(("day", "day", "day", "overcast")), rng)
    settlement = random_settlement(rng)
    studio = Studio(samples=args.samples, size_px=(SIDE_PX, SIDE_PX))
    studio.light(light)
    for thing in settlement.things:
        studio.put(thing, 0)
    for frame in range(min(FRAMES_A_SCENE, args.frames - len(listing.pictures))):
        name = f"a{seed:06d}_{frame}"
        boxes = _picture(studio, _random_lens(rng), settlement, rng, args.out, name)
        record = {"seed": seed, "light": light.name, "boxes": boxes}
        listing.add(name, scene=f"a{seed:06d}", light=light.name, rendered=record)
        print(f"{len(listing.pictures)}/{args.frames} {name}", flush=True)


def _random_lens(rng: Random) -> Lens:
    """From 70 to 120 m up, all but straight down, 7 to 14 cm a pixel at the ground."""
    height = rng.uniform(70, 120)
    at = (rng.uniform(-18, 18), rng.uniform(-18, 18))
    lean, bearing = height * math.tan(math.radians(rng.uniform(0.5, 9))), rng.uniform(0, 6.28)
    eye = (at[0] + lean * math.cos(bearing), at[1] + lean * math.sin(bearing), height)
    wide = SIDE_PX * rng.uniform(0.07, 0.14)
    view = 2 * math.degrees(math.atan(wide / 2 / height))
    return looking_at(eye, (*at, 0.0), size_px=(SIDE_PX, SIDE_PX), field_of_view_deg=view)


def _picture(
    studio: Studio, lens: Lens, settlement: Settlement, rng: Random, out: Path, name: str
) -> int:
    studio.camera(lens)
    shot = studio.shoot(rng.randrange(2**31))
    finish = replace(random_finish(rng, False), haze_per_m=rng.choice((0.0, 0.0005, 0.0015)))
    path = out / "images" / f"{name}.jpg"
    write_developed(path, shot.rgb, shot.depth_m, finish, rng, (60, 95))
    lines = [line for item in settlement.labelled if (line := _line(item, lens))]
    (out / "labels" / f"{name}.txt").write_text("".join(lines))
    return len(lines)


def _line(item: Patch, lens: Lens) -> str:
    """A label, or nothing where too little of the thing is in the picture."""
    box = box_of_outline(item.outline, lens, inside=_INSIDE)
    return yolo_line(CLASSES.index(item.label), box, (SIDE_PX, SIDE_PX)) if box else ""


if __name__ == "__main__":
    main()
