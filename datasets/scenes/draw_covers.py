"""Draw covers from nearby, in all states: a set for `xunjie dataset build covers --set FOLDER`.

python datasets/scenes/draw_covers.py --out FOLDER --frames 600 --seed 1
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

import numpy as np
from boxes import yolo_line
from finish import Finish, random_finish, write_developed
from listing import Listing, set_options
from near.picture import cast
from near.plane import Plane
from near.site import STATES, Cover, random_site
from near.sun import outside_shadow, random_sun
from near.view import View, random_view

CLASSES = (*STATES, "pothole")
"""No pothole is drawn: these pictures say that nothing in them is one."""
_PLANE_PX = 1100
_NONE = 0.05
"""Share of pictures without a cover."""
_INSIDE = 0.45
"""A cover of whose box less is in the picture has no label."""


def main() -> None:
    args = set_options(__doc__).parse_args()
    listing = Listing(folder=args.out, name="drawn_covers", classes=CLASSES, side=args.side)
    for number in range(args.frames):
        _picture(args, args.seed * 100_000 + number, listing)


def _picture(args: argparse.Namespace, seed: int, listing: Listing) -> None:
    rng = np.random.default_rng(seed)
    radius = float(rng.uniform(0.28, 0.42))
    share = float(rng.uniform(0.1, 0.95))
    view = random_view(rng, share, radius)
    away = float(np.linalg.norm(view.eye))
    reach = away * max(view.width_px, view.height_px) / view.focal_px / 2
    plane = Plane(half_m=float(np.clip(1.3 * reach, 2.2 * radius, 5.5)), side_px=_PLANE_PX)
    count = 0 if rng.random() < _NONE else 1
    if share < 0.35:
        count += int(rng.integers(0, 3)) if count else 0
    seen_px = (share * min(view.width_px, view.height_px)) ** 2 * 0.6
    site = random_site(rng, plane, radius, count, seen_px)
    sun = random_sun(rng)
    light = cast(site, view, sun, outside_shadow(rng, plane))
    name = f"c{seed:07d}"
    _write(args.out / "images" / f"{name}.jpg", light, seed)
    lines = [line for cover in site.covers if (line := _line(cover, view))]
    (args.out / "labels" / f"{name}.txt").write_text("".join(lines))
    listing.add(name, scene=name, light="day", rendered={"seed": seed, "boxes": len(lines)})


def _write(path: Path, light: np.ndarray, seed: int) -> None:
    chance = Random(seed)
    finish: Finish = random_finish(chance, False)
    depth = np.zeros(light.shape[:2], np.float32)
    write_developed(path, light, depth, finish, chance, (55, 95))


def _line(cover: Cover, view: View) -> str:
    """A label, or nothing where too little of the cover is in the picture."""
    x, y = view.project(cover.outline())
    size = (view.width_px, view.height_px)
    left, top, right, bottom = (float(v) for v in (x.min(), y.min(), x.max(), y.max()))
    box = (max(left, 0), max(top, 0), min(right, size[0]), min(bottom, size[1]))
    wide, tall = box[2] - box[0], box[3] - box[1]
    if min(wide, tall) < 8 or wide * tall < _INSIDE * (right - left) * (bottom - top):
        return ""
    return yolo_line(CLASSES.index(cover.state), box, size)


if __name__ == "__main__":
    main()
