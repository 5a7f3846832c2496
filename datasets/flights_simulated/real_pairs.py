"""Real before and after pictures without telemetry, laid onto each other by their features.

`python real_pairs.py OUT SEOUL [--leave-out NAME…]` writes what the detector proposes on them as
training patches of "something else"; pieces on labelled structures or new buildings get -1.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from shapely.geometry import Polygon

from detector.flights.candidate import Candidate, CandidateConfig, candidates
from detector.flights.change_map import change_map
from detector.flights.change_network import CLASSES, patch_of
from detector.flights.features import find_features, match_features
from detector.flights.ground_window import GroundWindow
from detector.flights.judged import Planes, planes_of
from detector.flights.registration import consistent

CELL_M = 0.12  # judged by the cars; the source states no scale
KINDS = {2: "structure added", 3: "colour only", 5: "new building"}


@dataclass(frozen=True, kw_only=True)
class RealPair:
    """Two pictures on one grid. `labels`: kind and box, in cells."""

    name: str
    found: list[Candidate]
    planes: tuple[Planes, Planes]
    labels: list[tuple[str, Polygon]]
    error_m: float


def real_pairs(folder: Path) -> list[RealPair]:
    """All pairs of a folder with `before`, `after` and `labels_change_type`."""
    return [_pair(path) for path in sorted((folder / "before").glob("*.jpg"))]


def _pair(path: Path) -> RealPair:
    before = cv2.imread(str(path))
    h, w = before.shape[:2]
    after = cv2.resize(cv2.imread(str(path.parent.parent / "after" / path.name)), (w, h))
    window = GroundWindow(west_cell=0, north_cell=h, width=w, height=h, cell_m=CELL_M)
    everywhere = np.ones((h, w), bool)
    one = find_features(after, everywhere, window)
    other = find_features(before, everywhere, window)
    matches = match_features(one, other, 8.0)
    here, there = (window.to_cells(f.ground_m[matches[:, i]]) for i, f in ((0, one), (1, other)))
    kept = consistent(here * CELL_M, there * CELL_M, 0.6)
    warp, _ = cv2.findHomography(here[kept], there[kept], 0)
    fitted = cv2.perspectiveTransform(here[kept][:, None], warp)[:, 0]
    error = float(np.sqrt(np.mean(((fitted - there[kept]) ** 2).sum(axis=1)))) * CELL_M
    valid = cv2.warpPerspective(np.ones((h, w), np.uint8), warp, (w, h)) > 0
    dark = (before.max(axis=2) < 6) | (after.max(axis=2) < 6)
    valid &= cv2.dilate(dark.astype(np.uint8), np.ones((15, 15))) == 0
    change = change_map(before, cv2.warpPerspective(after, warp, (w, h)), valid, CELL_M)
    return RealPair(
        name=path.stem,
        found=candidates(change, valid, CELL_M, CandidateConfig()),
        planes=planes_of(change),
        labels=_labels(path, w, h),
        error_m=error,
    )


def _labels(path: Path, width: int, height: int) -> list[tuple[str, Polygon]]:
    file = path.parent.parent / "labels_change_type" / (path.stem + ".txt")
    rows = np.atleast_2d(np.loadtxt(file)) if file.stat().st_size else np.zeros((0, 5))
    found = []
    for kind, x, y, w, h in rows:
        left, right = (x - w / 2) * width, (x + w / 2) * width
        top, bottom = (y - h / 2) * height, (y + h / 2) * height
        ring = [(left, top), (right, top), (right, bottom), (left, bottom)]
        found.append((KINDS[int(kind)], Polygon(ring)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--leave-out", nargs="*", default=[])
    args = parser.parse_args()
    patches, labels = [], []
    for pair in real_pairs(args.folder):
        if pair.name in args.leave_out:
            continue
        true = [box for kind, box in pair.labels if kind != "colour only"]
        for one in pair.found:
            unsure = any(box.intersects(Polygon(one.corners)) for box in true)
            patches.append(patch_of(one, pair.planes, CELL_M))
            labels.append(-1 if unsure else CLASSES.index("other"))
    np.savez(args.out, patches=np.array(patches, np.float16), labels=np.array(labels, np.int64))


if __name__ == "__main__":
    main()
