"""Training crops from real pairs with made additions: `python real_scenes.py OUT SEOUL`.

A network that met real pairs only as "something else" would learn their look, not their content.
So sheds are set up on one of two real days, and cameras of the simulator look at both.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from change_crops import Crops, add_crops
from real_pairs import CELL_M, Aligned, aligned_pairs
from shapely.geometry import Polygon, box
from sim_changes import Truth, structure_on
from sim_ground import Ground
from sim_rectangle import rectangle, towards
from sim_scene import Scene

from detector.geometry.local_frame import LocalFrame

STRUCTURES = 6  # a day
_SIDE_M = 28.0  # of the pictures, from the middle


def ground_of(image: np.ndarray) -> Ground:
    """A picture as ground around the frame's middle; nothing is known of its buildings."""
    return Ground(image=image, px_m=(CELL_M, CELL_M), frame=LocalFrame(127.0, 37.5), buildings=())


def two_real_days(pair: Aligned, seed: int) -> tuple[Scene, Scene, Truth, list[Polygon]]:
    """Both days with sheds set up on one of them, and what the source labels as built."""
    rng = np.random.default_rng(seed)
    both = pair.valid[..., None].astype(np.uint8)
    before, after = (ground_of(image * both) for image in (pair.before, pair.after))
    scenes = Scene.of(before), Scene.of(after)
    for scene in scenes:
        scene.sun_azimuth_deg = float(rng.uniform(100, 260))
        scene.sun_elevation_deg = float(rng.uniform(22, 60))
    half = np.array(before.size_m) / 2
    unsure = [
        Polygon((np.array(label.exterior.coords) * CELL_M - half) * (1, -1))
        for kind, label in pair.labels
        if kind != "colour only"
    ]
    unsure += _around(half)
    truth, taken = Truth(), list(unsure)
    for number in range(2 * STRUCTURES):
        corners = _rectangle(rng, taken)
        if corners is None:
            continue
        taken.append(Polygon(corners))
        made = structure_on(rng, before, corners, [], f"made-{number}")
        scenes[number % 2].build(made)
        (truth.removed, truth.added)[number % 2].append(made)
    return *scenes, truth, unsure


def _around(half: np.ndarray) -> list[Polygon]:
    """Rectangles around the picture: black on both days, and nothing to learn from."""
    (x, y), far = half, half.max() + 300
    return [
        box(-far, y, far, far),
        box(-far, -far, far, -y),
        box(-far, -far, -x, far),
        box(x, -far, far, far),
    ]


def _rectangle(rng: np.random.Generator, taken: list[Polygon]) -> np.ndarray | None:
    """Corners (4, 2) of a free rectangle of 6.5 to 40 m² anywhere."""
    for _ in range(40):
        area, ratio = rng.uniform(6.5, 40), rng.uniform(1.0, 2.2)
        half = np.array([(area * ratio) ** 0.5, (area / ratio) ** 0.5]) / 2
        angle = rng.uniform(0, np.pi)
        middle = rng.uniform(-_SIDE_M + 8, _SIDE_M - 8, 2)
        corners = rectangle(middle, towards(angle), half)
        if not any(Polygon(corners).buffer(1.5).intersects(t) for t in taken):
            return corners
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="names of pairs")
    parser.add_argument("--seed", type=int, default=9000)
    parser.add_argument("--scenes", type=int, default=2, help="of each pair")
    parser.add_argument("--pairs", type=int, default=6, help="of views, of each scene")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    crops = Crops()
    for number, pair in enumerate(aligned_pairs(args.folder, args.only)):
        for scene in range(args.scenes):
            seed = args.seed + 100 * number + scene
            before, after, truth, unsure = two_real_days(pair, seed)
            rng = np.random.default_rng(seed)
            for _ in range(args.pairs):
                add_crops(crops, (before, after), truth, rng.uniform(-12, 12, 2), rng, unsure)
        sys.stdout.write(f"{pair.name}: {len(crops.labels)} crops so far, {crops.shares()}\n")
        sys.stdout.flush()
    crops.save(args.out)


if __name__ == "__main__":
    main()
