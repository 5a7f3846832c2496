"""Adds INT8 weights to a release, if they find as much as the fp32 ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from training.evaluate import Figure, figures, look
from training.manifest import FileRef, SmallWeights, Timing
from training.predict import OnnxModel
from training.quantise import (
    INT8_WEIGHTS,
    TOLERANCE,
    calibration_pictures,
    quantise,
    speed_of,
)
from training.released import network_of, released_manifest

THREADS = 2
"""As `OnnxModel` runs."""


def add_small_weights(folder: Path, place: Path, count: int) -> str:
    """Write, measure and record INT8 weights; returns what was done, for people.

    Weights that lose more than the tolerance in a class are removed again.
    """
    manifest = released_manifest(folder)
    size = (manifest.input.width_px, manifest.input.height_px)
    full = network_of(folder)
    dataset, seen = look(place, full)
    target = folder / INT8_WEIGHTS
    quantise(
        folder / manifest.weights.file, calibration_pictures(place, dataset, count), *size, target
    )
    small = OnnxModel(target, *size, manifest.nms.iou)
    before, after = figures(dataset, seen), figures(*look(place, small))
    lost = losses(before, after)
    image = np.asarray(cv2.imread(str(calibration_pictures(place, dataset, 1)[0])))
    times = {name: speed_of(model, image) for name, model in (("fp32", full), ("int8", small))}
    said = ", ".join(f"{name} {1000 * value:.0f} ms" for name, value in times.items())
    if lost:
        target.unlink()
        return f"INT8 is not released ({said}): " + "; ".join(lost)
    _record(folder, target, after, times)
    return f"{target} ({said})"


def losses(before: Sequence[Figure], after: Sequence[Figure]) -> tuple[str, ...]:
    """Classes that lose more AP50 over all origins than the tolerance."""
    found = {(item.name, item.origin): item.ap50 for item in after}
    return tuple(
        f"{item.name} {item.ap50:.3f} becomes {found.get((item.name, item.origin), 0.0):.3f}"
        for item in before
        if item.origin == "all" and found.get((item.name, item.origin), 0.0) < item.ap50 - TOLERANCE
    )


def _record(
    folder: Path, target: Path, measured: Sequence[Figure], times: dict[str, float]
) -> None:
    """Extend the manifest; the runtime ignores keys that it does not know."""
    path = folder / "manifest.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    small = SmallWeights(
        weights=FileRef(file=target.name, sha256=digest, precision="int8"),
        figures=tuple(measured),
        timing=Timing(look_s=round(times["int8"], 4), threads=THREADS),
    )
    record["timing"] = asdict(Timing(look_s=round(times["fp32"], 4), threads=THREADS))
    record["int8"] = asdict(small)
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
