"""Real before and after pictures without telemetry, laid onto each other by their features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from shapely.geometry import Polygon

from detector.flights.features import find_features, match_features
from detector.flights.ground_window import GroundWindow
from detector.flights.registration import consistent

CELL_M = 0.12
_PX_M = 0.075  # of the pictures: cars are 64 pixels long; the source states no scale
KINDS = {2: "structure added", 3: "colour only", 5: "new building"}


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """Two pictures (H, W, 3) on one grid, `valid` (H, W) where both show something. `labels`: kind
    and box, in cells."""

    name: str
    before: np.ndarray
    after: np.ndarray
    valid: np.ndarray
    labels: list[tuple[str, Polygon]]
    error_m: float


def aligned_pairs(folder: Path, only: Sequence[str] = ()) -> Iterator[Aligned]:
    """The pairs of a folder with `before`, `after` and `labels_change_type`; those named, if any
    are."""
    for path in sorted((folder / "before").glob("*.jpg")):
        if not only or path.stem in only:
            yield _aligned(path)


def _aligned(path: Path) -> Aligned:
    before = cv2.imread(str(path))
    size = tuple(round(side * _PX_M / CELL_M) for side in before.shape[1::-1])
    w, h = size
    before, after = (
        cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        for image in (before, cv2.imread(str(path.parent.parent / "after" / path.name)))
    )
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
    return Aligned(
        name=path.stem,
        before=before,
        after=cv2.warpPerspective(after, warp, (w, h)),
        valid=valid,
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
