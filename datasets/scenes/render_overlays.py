"""Render vendors that stand in photographs: overlays for `xunjie dataset overlay D FOLDER`.

python datasets/scenes/render_overlays.py --dataset D --out FOLDER --frames 250 --seed 1

Each overlay is of one photograph of the dataset's training side: its horizon, its scale and its
brightness. No photograph is copied.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any

import cv2
import numpy as np
from backdrop import Backdrop, Backdrops, lens_of
from blend import Shot, Studio
from boxes import boxes_of
from cast import Placed, any_wares, free, vendor_at, walker
from lens import Lens
from light import make_light
from listing import picture_options
from mesh import Mesh
from numpy.typing import NDArray
from rickshaw import build_rickshaw
from thing import Thing
from three_wheeler import build_passenger

WIDTH_PX = 512
_VENDORS = ("stall", "cart", "ground_goods")
_MOST = 5
_ROOM_M = 1.2  # around each
_SIDE_M, _TALL_M = 2.2, 1.6  # of what a vendor takes, about
_NEAREST, _FARTHEST = 0.6, 0.035  # its height, of the picture's


def main() -> None:
    parser = picture_options(__doc__)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.set_defaults(samples=3)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    backdrops = Backdrops(args.dataset, _VENDORS)
    order = list(range(len(backdrops)))
    Random(args.seed).shuffle(order)
    made: list[dict[str, Any]] = []
    tries = (
        _overlay(backdrops[order[k % len(order)]], args, args.seed * 100_000 + k) for k in count()
    )
    for record in islice((r for r in tries if r is not None), args.frames):
        made.append(record)
        text = json.dumps({"format": 1, "overlays": made}, indent=1)
        (args.out / "overlays.json").write_text(text + "\n")
        print(f"{len(made)}/{args.frames} {record['file']} {record['seconds']} s", flush=True)


def _overlay(backdrop: Backdrop, args: argparse.Namespace, seed: int) -> dict[str, Any] | None:
    """One picture's record; None where nothing could be put in it."""
    started = time.monotonic()
    rng = Random(seed)
    lens = lens_of(backdrop, rng, WIDTH_PX)
    groups = _cast(rng, backdrop, lens)
    if not groups:
        return None
    size = (lens.width_px, lens.height_px)
    studio = Studio(samples=args.samples, size_px=size)
    studio.light(make_light(rng.choice(("day", "day", "overcast", "overcast")), rng))
    studio.camera(lens)
    studio.over_nothing()
    numbered = {100 + k: group for k, group in enumerate(groups)}
    for number, group in numbered.items():
        for thing in group:
            studio.put(thing, number)
    shot = studio.shoot(rng.randrange(2**31))
    boxes = boxes_of(shot.index, numbered, lens)
    if not any(box.label in _VENDORS for box in boxes):
        return None
    file = f"o{seed:08d}.png"
    cv2.imwrite(str(args.out / file), _developed(shot, backdrop, rng))
    w, h = size
    return {
        "file": file,
        "of": backdrop.name,
        "boxes": [
            {"label": b.label, "xyxy": [round(v, 5) for v in np.divide(b.xyxy_px, (w, h, w, h))]}
            for b in boxes
        ],
        "seconds": round(time.monotonic() - started, 1),
    }


def _cast(rng: Random, backdrop: Backdrop, lens: Lens) -> list[list[Thing]]:
    """Vendors, and now and then a rickshaw or people, which hide a part of them."""
    street = rng.choice((0.0, 0.0, math.pi / 2)) + rng.gauss(0, 0.35)
    taken: Placed = []
    groups: list[list[Thing]] = []
    for k in range(rng.randrange(1, _MOST)):
        at = _spot(rng, backdrop, lens, taken)
        if at is not None:
            heading = street + rng.choice((0, math.pi)) + rng.gauss(0, 0.2)
            wares = any_wares(rng, False)
            groups += vendor_at(rng, f"vendor-{k}", at, heading, False, wares=wares)
    if not groups:
        return []
    if rng.random() < 0.3:
        at = _spot(rng, backdrop, lens, taken)
        if at is not None:
            mesh: Mesh = rng.choice((build_rickshaw, build_passenger))(rng)
            groups.append([Thing(mesh=mesh, name="rickshaw").placed(*at, street)])
    for k in range(rng.choice((0, 0, 1, 2, 3))):  # between the camera and a vendor
        x, y, _ = rng.choice(taken)
        near = rng.uniform(0.75, 0.95)
        groups.append([walker(rng, f"person-{k}", near * x, near * y + rng.uniform(-0.8, 0.8))])
    return groups


def _spot(rng: Random, backdrop: Backdrop, lens: Lens, taken: Placed) -> tuple[float, float] | None:
    """A place on the ground, mostly where people are, that nothing nearer would stand before."""
    feet = [s.xyxy for s in backdrop.standing if s.label == "person"]
    for _ in range(60):
        if feet and rng.random() < 0.6:
            x0, _, x1, foot = rng.choice(feet)
            u, v = (x0 + x1) / 2 + rng.gauss(0, 0.12), foot + rng.gauss(0, 0.03)
        else:
            u, v = rng.uniform(0.03, 0.97), rng.uniform(0.4, 0.98)
        at = lens.ground(u * lens.width_px, min(v, 1.05) * lens.height_px)
        if at is not None and _fits(backdrop, lens, at, (u, v)) and free(taken, *at, _ROOM_M):
            return at
    return None


def _fits(
    backdrop: Backdrop, lens: Lens, at: tuple[float, float], foot: tuple[float, float]
) -> bool:
    """Whether it is of a size to be seen and hides no vendor, and nothing nearer is before it."""
    scale = lens.focal_px / max(math.hypot(*at), 0.5)
    tall, wide = _TALL_M * scale / lens.height_px, _SIDE_M * scale / lens.width_px
    if not _FARTHEST < tall < _NEAREST:
        return False
    u, v = foot
    place = (u - wide / 2, v - tall, u + wide / 2, v + 0.15 * tall)
    for thing in backdrop.standing:
        nearer = thing.xyxy[3] > v + 0.02
        if nearer and _covered(place, thing.xyxy) > 0.12:
            return False
        if thing.label in _VENDORS and _covered(thing.xyxy, place) > 0.3:
            return False
    return True


def _covered(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Share of box `a` that box `b` covers."""
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return wide * high / max((a[2] - a[0]) * (a[3] - a[1]), 1e-9)


def _developed(shot: Shot, backdrop: Backdrop, rng: Random) -> NDArray[np.uint8]:
    """(H, W, 4) BGRA: exposed and tinted as the photograph is, and as sharp as one may be."""
    seen = shot.index > 0
    photograph = np.power(backdrop.image.astype(np.float32) / 255, 2.2)[..., ::-1]
    colour = photograph.reshape(-1, 3).mean(axis=0)
    bright = float(np.clip(colour.mean(), 0.02, 0.5)) * math.exp(rng.gauss(0, 0.25))
    tint = (colour / max(float(colour.mean()), 1e-3)) ** 0.4
    light = shot.rgb * (bright / max(float(np.minimum(shot.rgb[seen], 2.0).mean()), 1e-3)) * tint
    sigma = rng.uniform(0.3, 1.0)
    alpha = cv2.GaussianBlur(np.clip(shot.alpha, 0, 1), (0, 0), sigma)[..., None]
    plain = cv2.GaussianBlur(light, (0, 0), sigma) / np.maximum(alpha, 1e-3)
    plain = plain * (1 + plain / 9.0) / (1 + plain * 0.35)
    shown = np.power(np.clip(plain, 0, 1), 1 / 2.2)
    noise = np.random.default_rng(rng.randrange(2**31)).normal(
        0, rng.uniform(0.004, 0.02), shown.shape
    )
    bgra = np.concatenate([(shown + noise)[..., ::-1], alpha], axis=-1)
    return np.asarray(np.clip(bgra * 255, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
