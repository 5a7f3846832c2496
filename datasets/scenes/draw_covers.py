"""Draw covers from nearby, in all states: a set for `xunjie dataset build covers --set FOLDER`.

python datasets/scenes/draw_covers.py --out FOLDER --frames 600 --seed 1
"""

from __future__ import annotations

import argparse
from pathlib import Path
from random import Random

import numpy as np
from boxes import box_of_outline, yolo_line
from finish import random_finish, write_developed
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
_SMALLEST_PX = 8
_DAMAGE_SHOWS = 0.18
"""Of the picture's longer side. Where a damaged cover takes less, its damage is a few pixels, and a
network would learn to call any far cover damaged: such pictures are left out."""


def main() -> None:
    args = set_options(__doc__).parse_args()
    listing = Listing(folder=args.out, name="drawn_covers", classes=CLASSES, side=args.side)
    seed = args.seed * 100_000
    while len(listing.pictures) < args.frames:
        _picture(args, seed, listing)
        seed += 1


def _picture(args: argparse.Namespace, seed: int, listing: Listing) -> None:
    rng = np.random.default_rng(seed)
    radius = float(rng.uniform(0.28, 0.42))
    share = float(rng.uniform(0.1, 0.95))
    view = random_view(rng, share, radius)
    away = float(np.linalg.norm(view.eye))
    reach = away * max(view.width_px, view.height_px) / view.focal_px / 2
    plane = Plane(half_m=float(np.clip(1.3 * reach, 2.2 * radius, 5.5)), side_px=_PLANE_PX)
    count = 0 if rng.random() < _NONE else 1
    if count and share < 0.35:
        count += int(rng.integers(0, 3))
    seen_px = (share * min(view.width_px, view.height_px)) ** 2 * 0.6
    site = random_site(rng, plane, radius, count, seen_px)
    if any(_too_small(cover, view) for cover in site.covers):
        return
    sun = random_sun(rng)
    light = cast(site, view, sun, outside_shadow(rng, plane))
    name = f"c{seed:07d}"
    _write(args.out / "images" / f"{name}.jpg", light, seed)
    lines = [line for cover in site.covers if (line := _line(cover, view))]
    (args.out / "labels" / f"{name}.txt").write_text("".join(lines))
    listing.add(name, scene=name, light="day", rendered={"seed": seed, "boxes": len(lines)})


def _write(path: Path, light: np.ndarray, seed: int) -> None:
    chance = Random(seed)
    finish = random_finish(chance, False)
    depth = np.zeros(light.shape[:2], np.float32)
    write_developed(path, light, depth, finish, chance, (55, 95))


def _line(cover: Cover, view: View) -> str:
    """A label, or nothing where too little of the cover is in the picture."""
    box = _box(cover, view)
    size = (view.width_px, view.height_px)
    return yolo_line(CLASSES.index(cover.state), box, size) if box else ""


def _too_small(cover: Cover, view: View) -> bool:
    """Damaged, and so small that nobody could tell."""
    box = _box(cover, view)
    if cover.state != "cover_damaged" or box is None:
        return False
    longer = max(box[2] - box[0], box[3] - box[1])
    return longer < _DAMAGE_SHOWS * max(view.width_px, view.height_px)


def _box(cover: Cover, view: View) -> tuple[float, float, float, float] | None:
    """x0, y0, x1, y1 of what of it is in the picture, or None where that is too little."""
    box = box_of_outline(cover.outline(), view, inside=_INSIDE)
    return box if box and min(box[2] - box[0], box[3] - box[1]) >= _SMALLEST_PX else None


if __name__ == "__main__":
    main()
