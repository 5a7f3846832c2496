"""Makes training crops for the change network: `python change_crops.py OUT --mosaic DIR`.

Cameras of known pose look at the ground before and after; their pictures are laid onto the ground
with a small registration error and cut into squares, with a label for each pixel. No flight is
adjusted or registered. Now and then two earlier pictures join in a seam, as in a baseline.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from shapely.geometry import Polygon, box
from sim_camera import Light, render
from sim_changes import ChangeCounts, Truth, two_days
from sim_flight import lens_for
from sim_ground import Ground, made_ground, mosaic_ground
from sim_scene import Scene, Structure

from detector.flights.change_map import change_map
from detector.flights.change_network import CLASSES
from detector.flights.change_planes import STEP, change_planes
from detector.flights.ground_window import GroundWindow, rectify
from detector.flights.ingest import CELL_M, REACH
from detector.flights.view_quality import view_quality
from detector.geometry.camera_model import View
from detector.geometry.footprint import ground_footprint

COUNTS = ChangeCounts(
    additions=42,
    removals=42,
    recolours=34,
    cars=45,
    laundry=30,
    tanks=34,
    panels=40,
    shadows=60,
    tall=10,
    deep_shades=45,
    overgrown=60,
    lowest_sun_deg=18,
)
LENS = lens_for((1200, 900))
SIDE = 128  # pixels of a crop
UNSURE = 255  # a label that nothing is learnt from
OTHER, ADDED, REMOVED = (CLASSES.index(name) for name in ("other", "added", "removed"))


@dataclass(kw_only=True)
class Crops:
    """Planes (7, 128, 128) float16 and labels (128, 128) uint8."""

    planes: list[np.ndarray] = field(default_factory=list)
    labels: list[np.ndarray] = field(default_factory=list)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, planes=np.array(self.planes), labels=np.array(self.labels))

    def shares(self) -> list[float]:
        """Of other, added and removed among what is labelled."""
        labels = np.array(self.labels)
        sure = max(int((labels != UNSURE).sum()), 1)
        return [round(float((labels == i).sum()) / sure, 4) for i in range(len(CLASSES))]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One picture laid onto the ground. `marks`: the labels of the structures it shows."""

    image: np.ndarray
    valid: np.ndarray
    marks: np.ndarray


def add_crops(
    crops: Crops,
    scenes: tuple[Scene, Scene],
    truth: Truth,
    spot: np.ndarray,
    rng: np.random.Generator,
    unsure: Sequence[Polygon] = (),
) -> None:
    """Cuts one pair of views that look at `spot`; nothing is learnt from `unsure` outlines."""
    pitch = -90.0 if rng.random() < 0.6 else -45.0
    heading = float(rng.uniform(0, 360))
    first = _view(spot, pitch, heading, rng)
    window = GroundWindow.around(ground_footprint(first, reach=REACH), CELL_M)
    before = _look(scenes[0], first, window, (truth.removed, REMOVED), rng)
    if rng.random() < 0.5:
        turned = heading + float(rng.choice([0, 180])) if pitch > -80 else heading
        other = _view(spot + rng.normal(0, 12, 2), pitch, turned, rng)
        before = _joined(before, _look(scenes[0], other, window, (truth.removed, REMOVED), rng))
    yaw = heading if rng.random() < 0.5 else float(rng.uniform(0, 360))
    later = _view(spot, pitch, yaw, rng)
    after = _look(scenes[1], later, window, (truth.added, ADDED), rng)
    valid = before.valid & after.valid
    planes = change_planes(change_map(before.image, after.image, valid, CELL_M), valid)
    labels = np.where(after.marks == OTHER, before.marks, after.marks)
    for outline in unsure:
        ring = window.to_cells(np.array(outline.exterior.coords))
        cv2.fillPoly(labels, [np.round(ring).astype(np.int32)], UNSURE)
    labels[~valid] = UNSURE
    _cut(crops, planes, labels[::STEP, ::STEP], rng)


def _cut(crops: Crops, planes: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> None:
    """Squares side by side from a random corner on, if enough of each is shown."""
    height, width = labels.shape
    for top in range(int(rng.integers(max(1, height % SIDE))), height - SIDE + 1, SIDE):
        for left in range(int(rng.integers(max(1, width % SIDE))), width - SIDE + 1, SIDE):
            part = slice(top, top + SIDE), slice(left, left + SIDE)
            if (labels[part] != UNSURE).mean() > 0.3:
                crops.planes.append(planes[:, *part].astype(np.float16))
                crops.labels.append(labels[part].astype(np.uint8))


def _look(
    scene: Scene,
    view: View,
    window: GroundWindow,
    told: tuple[list[Structure], int],
    rng: np.random.Generator,
) -> Look:
    """Renders a view and lays it down with a registration error of some centimetres."""
    image = render(scene, view, Light.random(rng), rng)
    drift = rng.normal(0, 0.08, 2)
    laid = replace(view, east_m=view.east_m + drift[0], north_m=view.north_m + drift[1])
    patch, shown = rectify(image, laid, window)
    quality = view_quality(laid, window, shown)
    return Look(image=patch, valid=quality > 0, marks=_marks(view, laid, window, *told))


def _marks(
    view: View, laid: View, window: GroundWindow, structures: list[Structure], label: int
) -> np.ndarray:
    """Labels (H, W) of the cells: roofs where they appear; walls are left unsure."""
    marks = np.full((window.height, window.width), OTHER, np.uint8)
    for one in structures:
        rings = []
        for height_m in (0.0, one.height_m):
            pixels = view.to_picture(np.column_stack([one.corners_m, np.full(4, height_m)]))
            rings.append(window.to_cells(laid.to_ground(pixels)))
        if not np.isfinite(rings).all():
            continue
        foot, top = (np.round(ring * 16).astype(np.int32) for ring in rings)
        hull = cv2.convexHull(np.vstack([foot, top]))
        cv2.fillPoly(marks, [hull], UNSURE, cv2.LINE_8, 4)
        cv2.polylines(marks, [top], True, UNSURE, 3, cv2.LINE_8, 4)
        cv2.fillPoly(marks, [top], label, cv2.LINE_8, 4)
    return marks


def _joined(one: Look, other: Look) -> Look:
    """The first picture where it is nearer its middle than the other is to its own."""
    far = [
        cv2.distanceTransform(np.pad(look.valid.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
        for look in (one, other)
    ]
    mine = far[0] >= far[1]
    return Look(
        image=np.where(mine[..., None], one.image, other.image),
        valid=one.valid | other.valid,
        marks=np.where(mine, one.marks, other.marks),
    )


def _view(spot: np.ndarray, pitch: float, yaw: float, rng: np.random.Generator) -> View:
    height = float(rng.uniform(60, 100))
    turn = np.radians(yaw)
    back = 0.0 if pitch < -80 else height * 0.9
    place = spot - np.array([np.sin(turn), np.cos(turn)]) * back + rng.normal(0, 6, 2)
    return View(
        lens=LENS,
        east_m=float(place[0]),
        north_m=float(place[1]),
        up_m=height,
        yaw_deg=yaw,
        pitch_deg=pitch + float(rng.normal(0, 1)),
        roll_deg=float(rng.normal(0, 0.6)),
    )


def make(crops: Crops, ground: Ground, part: str, seed: int, pairs: int) -> None:
    """Adds the crops of one scene on one half of the ground."""
    rng = np.random.default_rng(seed)
    width, height = ground.size_m
    low, high = {"north": (0.0, height / 2), "south": (-height / 2, 0.0)}.get(
        part, (-height / 2, height / 2)
    )
    area = box(-width / 2 + 4, low + 4, width / 2 - 4, high - 4)
    before, after, truth = two_days(ground, COUNTS, seed, area)
    for _ in range(pairs):
        spot = np.array([rng.uniform(-0.36, 0.36) * width, rng.uniform(low + 35, high - 35)])
        add_crops(crops, (before, after), truth, spot, rng)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--mosaic", type=Path)
    parser.add_argument("--part", default="north", choices=("all", "north", "south"))
    parser.add_argument("--scenes", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=10, help="of views, of each scene")
    parser.add_argument("--seed", type=int, default=1000)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    crops = Crops()
    for seed in range(args.seed, args.seed + args.scenes):
        ground = mosaic_ground(args.mosaic) if args.mosaic else made_ground(seed)
        make(crops, ground, args.part, seed, args.pairs)
        sys.stdout.write(f"scene {seed}: {len(crops.labels)} crops so far, {crops.shares()}\n")
        sys.stdout.flush()
        crops.save(args.out)


if __name__ == "__main__":
    main()
