"""Makes training patches for the change network: `python change_patches.py OUT --mosaic DIR`.

Two cameras of known pose look at the ground before and after; their pictures are laid onto the
ground with a small registration error, and each changed piece that the detector proposes is cut
out of both days. No flight is adjusted or registered, which makes thousands of pieces an hour.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from shapely.geometry import Polygon, box
from sim_camera import Light, render
from sim_changes import ChangeCounts, Truth, two_days
from sim_flight import lens_for
from sim_ground import Ground, made_ground, mosaic_ground
from sim_scene import Scene

from detector.flights.candidate import CandidateConfig, candidates
from detector.flights.change_map import change_map
from detector.flights.change_network import CLASSES, patch_of
from detector.flights.ground_window import GroundWindow, rectify
from detector.flights.ingest import CELL_M, REACH
from detector.flights.judged import planes_of
from detector.flights.sighting import lowered
from detector.flights.view_quality import view_quality
from detector.geometry.camera_model import View
from detector.geometry.footprint import ground_footprint

COUNTS = ChangeCounts(
    additions=42,
    removals=42,
    recolours=30,
    cars=35,
    laundry=26,
    tanks=30,
    panels=36,
    shadows=60,
)
LENS = lens_for((1200, 900))
ROOF_M = 2.4  # of an addition above the surface


def pieces(
    scenes: tuple[Scene, Scene], truth: Truth, spot: np.ndarray, rng: np.random.Generator
) -> tuple[list[np.ndarray], list[int]]:
    """Patches and class numbers of one pair of views that look at `spot`."""
    pitch = -90.0 if rng.random() < 0.65 else -45.0
    heading = float(rng.uniform(0, 360))
    laid = []
    window = None
    for scene in scenes:
        yaw = heading if pitch > -80 else float(rng.uniform(0, 360))
        view = _view(spot, pitch, yaw, rng)
        image = render(scene, view, Light.random(rng), rng)
        drift = rng.normal(0, 0.08, 2)
        told = replace(view, east_m=view.east_m + drift[0], north_m=view.north_m + drift[1])
        if window is None:
            window = GroundWindow.around(ground_footprint(told, reach=REACH), CELL_M)
        patch, shown = rectify(image, told, window)
        laid.append((patch, view_quality(told, window, shown) > 0))
    valid = laid[0][1] & laid[1][1]
    change = change_map(laid[0][0], laid[1][0], valid, CELL_M)
    planes = planes_of(change)
    patches, labels = [], []
    for one in candidates(change, valid, CELL_M, CandidateConfig()):
        label = label_of(
            looked_at(window.to_ground(one.corners), told),
            [s.outline for s in truth.added],
            [s.outline for s in truth.removed],
        )
        if label is not None:
            patches.append(patch_of(one, planes, CELL_M))
            labels.append(label)
    return patches, labels


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


def looked_at(ring: np.ndarray, view: View) -> list[Polygon]:
    """A piece as it lies on the surface, and as the foot of a roof that was seen from aslant."""
    return [Polygon(ring), Polygon(lowered(ring, view, ROOF_M))]


def label_of(spots: list[Polygon], added: list[Polygon], removed: list[Polygon]) -> int | None:
    """Class number of one piece, which lies at one of `spots`; None where it mixes a structure
    with something else."""
    near = [
        (kind, spot.intersection(s).area / s.area, spot.intersection(s).area)
        for kind, things in (("added", added), ("removed", removed))
        for s in things
        for spot in spots
        if s.intersects(spot)
    ]
    if not near:
        return CLASSES.index("other")
    kind, share, area = max(near, key=lambda n: n[2])
    if share > 0.4 and area > 0.2 * spots[0].area:
        return CLASSES.index(kind)
    return None if share > 0.1 else CLASSES.index("other")


def make(ground: Ground, part: str, seed: int, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Patches (N, 7, 64, 64) float16 and labels (N,) from one half of the ground."""
    rng = np.random.default_rng(seed)
    width, height = ground.size_m
    low, high = {"north": (0.0, height / 2), "south": (-height / 2, 0.0)}.get(
        part, (-height / 2, height / 2)
    )
    area = box(-width / 2 + 4, low + 4, width / 2 - 4, high - 4)
    before, after, truth = two_days(ground, COUNTS, seed, area)
    found: tuple[list[np.ndarray], list[int]] = ([], [])
    for _ in range(pairs):
        spot = np.array([rng.uniform(-0.36, 0.36) * width, rng.uniform(low + 35, high - 35)])
        some, labels = pieces((before, after), truth, spot, rng)
        found[0].extend(some)
        found[1].extend(labels)
    return np.array(found[0], np.float16), np.array(found[1], np.int64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--mosaic", type=Path)
    parser.add_argument("--part", default="north", choices=("all", "north", "south"))
    parser.add_argument("--scenes", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1000)
    args = parser.parse_args()
    parts = []
    for number in range(args.scenes):
        seed = args.seed + number
        ground = mosaic_ground(args.mosaic) if args.mosaic else made_ground(seed)
        parts.append(make(ground, args.part, seed, args.pairs))
        sys.stdout.write(f"scene {seed}: {len(parts[-1][1])} pieces\n")
        sys.stdout.flush()
        args.out.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            args.out,
            patches=np.concatenate([p for p, _ in parts]),
            labels=np.concatenate([n for _, n in parts]),
        )


if __name__ == "__main__":
    main()
