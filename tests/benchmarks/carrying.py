"""What keeping the detections of an unchanged scene saves, and what it loses.

    python -m tests.benchmarks.carrying CLIP... [--interval-s 10] [--for-s 600] [--dwell-s 60]
        [--quiet]

Every look of each clip goes through the released models, and through two watches: one that asks
the network every time, one that carries. Prints, for each clip: looks, the share that was carried,
the recall of what stands (strong detections that were at the same place in the look before; what
only passes has no dwell), and whether both watches open the same incidents. With `--quiet` each
clip is a street at night instead: its first picture for two minutes, then its last one for two
minutes, with sensor noise, so that the only change is what came or went in between.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np

from detector.inference import load_model
from detector.pipeline.carrying import CarryConfig
from detector.pipeline.watch import Watch
from detector.rules import build_rule
from detector.sources.recording import DEFAULT_START, Recording
from detector.types import Detections, Frame

_MODELS = Path(__file__).resolve().parents[2] / "models"
_SAME_IOU = 0.5


class Remembering:
    """A model that answers for the same picture without running again, and counts who asks."""

    def __init__(self, model) -> None:
        self._model, self._image, self._found = model, None, None
        self.thresholds, self.sha256, self.classes = model.thresholds, model.sha256, model.classes
        self.name = model.name

    def detect(self, images, *, floor=None):
        (image,) = images
        if image is not self._image:
            self._image, self._found = image, self._model.detect(images, floor=floor)
        return self._found


@dataclass
class Result:
    looks: int = 0
    carried: int = 0
    standing: int = 0
    kept: int = 0
    vendors_standing: int = 0
    vendors_kept: int = 0
    opened: list[set] = field(default_factory=lambda: [set(), set()])


def boxes(found: Detections) -> list[tuple[str, object]]:
    return [(found.class_name(i), found.box(i)) for i in range(len(found))]


def has(found: list, name: str, box) -> bool:
    return any(other == name and box.iou(b) >= _SAME_IOU for other, b in found)


def played(clip: Path, wanted: argparse.Namespace) -> Iterator[Frame]:
    return Recording(
        path=clip, source_id=clip.stem, interval_s=wanted.interval_s, for_s=wanted.for_s
    ).frames()


def quiet(clip: Path, wanted: argparse.Namespace) -> Iterator[Frame]:
    pictures = [f.image for f in Recording(path=clip, source_id="q", interval_s=2).frames()]
    chance, count = np.random.default_rng(1), int(120 / wanted.interval_s)
    for number in range(2 * count):
        image = pictures[0 if number < count else -1].astype(np.int16)
        noisy = image + chance.normal(0, 3, image.shape).astype(np.int16)
        yield Frame(
            source_id=clip.stem,
            seq=number,
            captured_at=DEFAULT_START + timedelta(seconds=number * wanted.interval_s),
            clock="file",
            image=np.clip(noisy, 0, 255).astype(np.uint8),
        )


def measure(clip: Path, models, wanted: argparse.Namespace) -> Result:
    rules = [
        build_rule({"rule": "vendor", "dwell_s": wanted.dwell_s}),
        build_rule({"rule": "cover"}),
    ]
    always = Watch(detectors=models, rules=rules)
    carry = Watch(detectors=models, rules=rules, carry=CarryConfig(levels=wanted.levels))
    result, before = Result(), []
    for frame in quiet(clip, wanted) if wanted.quiet else played(clip, wanted):
        both = [watch.examine(frame) for watch in (always, carry)]
        truth, kept = (boxes(seen.look.detections) for seen in both)
        for name, box in truth:
            if not has(before, name, box):
                continue
            vendor = name in ("stall", "cart", "ground_goods") or name.startswith("cover")
            result.standing += 1
            result.kept += has(kept, name, box)
            result.vendors_standing += vendor
            result.vendors_kept += vendor and has(kept, name, box)
        for opened, seen in zip(result.opened, both, strict=True):
            for f in seen.findings:
                place = tuple(np.round(f.place.box_unit.as_tuple(), 1))
                opened.add((f.violation, f.subtype, place, f.first_seen_at.isoformat()))
        before = truth
        result.looks += 1
    result.carried = carry.carried_looks
    return result


def share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--interval-s", type=float, default=10)
    parser.add_argument("--for-s", type=float)
    parser.add_argument("--dwell-s", type=float, default=60)
    parser.add_argument("--levels", type=float, default=6)
    parser.add_argument("--quiet", action="store_true")
    wanted = parser.parse_args()
    models = [Remembering(load_model(_MODELS / name)) for name in ("covers", "street")]
    for clip in wanted.clips:
        r = measure(clip, models, wanted)
        same = r.opened[0] == r.opened[1]
        row = {
            "clip": clip.stem,
            "looks": r.looks,
            "carried": share(r.carried, r.looks),
            "recall_standing": share(r.kept, r.standing),
            "recall_vendors_covers": share(r.vendors_kept, r.vendors_standing),
            "incidents": len(r.opened[0]),
            "same_incidents": same,
        }
        if not same:
            row["differ"] = sorted(map(str, r.opened[0] ^ r.opened[1]))
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
