"""Whether smaller numbers change what is found: clips through models and rules, engine by engine.

    python -m tests.acceptance.same_incidents [CLIP...] [--interval-s 4] [--dwell-s 60]
        [--engines auto,openvino_bf16,openvino_int8]

Without clips: the rendered ones, and the real ones of the workplace's data where these are at hand.
Each look goes through the released street and cover models in float32 and on the engines that are
asked for (`auto`: those that the service would choose here), and through a watch of its own for
each. Prints, for each clip: looks, strong detections that both have and that only one has, what
the rules found (by violation, subtype, moments of first sight and of threshold: incidents follow
from that alone), and whether it is the same, place included (overlap of 0.8 and more). The exit
code is 1 where it differs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from detector.inference import BackendName, ReleasedModel, load_model
from detector.pipeline.watch import Watch
from detector.rules import build_rule
from detector.sources.recording import Recording
from detector.types import Detections, Detector, Finding, Frame

ROOT: Final = Path(__file__).resolve().parents[2]
MODELS: Final = ("covers", "street")
Moments = tuple[str, str, str, str]  # violation, subtype, first sight, threshold
_SAME_PLACE: Final = 0.8
_SAME_THING: Final = 0.5


@dataclass
class Compared:
    """What one engine made of a clip beside float32."""

    looks: int = 0
    both: int = 0  # strong detections
    float32_alone: int = 0
    other_alone: int = 0
    incidents: dict[Moments, Finding] = field(default_factory=dict)
    expected: dict[Moments, Finding] = field(default_factory=dict)

    @property
    def same_incidents(self) -> bool:
        return same(list(self.incidents.values()), list(self.expected.values()))


def compare(
    frames: Iterable[Frame],
    full: Sequence[Detector],
    other: Sequence[Detector],
    dwell_s: float,
) -> Compared:
    """Every look through both sets of models."""
    rules = [build_rule({"rule": "vendor", "dwell_s": dwell_s}), build_rule({"rule": "cover"})]
    watches = [Watch(detectors=models, rules=rules) for models in (full, other)]
    result = Compared()
    for frame in frames:
        expected, seen = (watch.examine(frame) for watch in watches)
        result.looks += 1
        for opened, examined in ((result.expected, expected), (result.incidents, seen)):
            for finding in examined.findings:  # a rule tells it anew at every look
                opened.setdefault(_moments(finding), finding)
        here, there = expected.look.detections, seen.look.detections
        found = _shared(here, there)
        result.both += found
        result.float32_alone += len(here) - found
        result.other_alone += len(there) - _shared(there, here)
    return result


def same(found: Sequence[Finding], expected: Sequence[Finding]) -> bool:
    """Whether each incident of either has its twin in the other."""
    return len(found) == len(expected) and all(
        any(_twins(one, other) for other in expected) for one in found
    )


def _moments(finding: Finding) -> Moments:
    begun, due = finding.first_seen_at, finding.threshold_at
    return finding.violation, finding.subtype, begun.isoformat(), due.isoformat()


def _twins(one: Finding, other: Finding) -> bool:
    overlap = one.place.box_unit.iou(other.place.box_unit)
    return _moments(one) == _moments(other) and overlap >= _SAME_PLACE


def _shared(one: Detections, other: Detections) -> int:
    names = [other.class_name(i) for i in range(len(other))]
    boxes = [other.box(i) for i in range(len(other))]
    return sum(
        any(
            name == one.class_name(i) and box.iou(one.box(i)) >= _SAME_THING
            for name, box in zip(names, boxes, strict=True)
        )
        for i in range(len(one))
    )


def models_on(backend: BackendName) -> list[ReleasedModel]:
    """Both released models: `auto` as the service would choose here; else one that lacks such
    numbers runs in float32."""
    with TemporaryDirectory() as folder:
        choices = Path(folder) / "engines.json"
        return [
            load_model(ROOT / "models" / name, backend=backend, threads=1, choices=choices)
            for name in MODELS
        ]


def clips_at_hand() -> list[Path]:
    rendered = sorted((ROOT / "datasets" / "scenes" / "clips").glob("*.mp4"))
    shared = os.environ.get("XUNJIE_SHARED")
    real = sorted((Path(shared) / "data" / "clips").iterdir()) if shared else []
    return [*rendered, *real]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--interval-s", type=float, default=4)
    parser.add_argument("--dwell-s", type=float, default=60)
    parser.add_argument("--engines", default=BackendName.AUTO.value)
    wanted = parser.parse_args()
    full, differs = models_on(BackendName.OPENVINO), False
    for engine in map(BackendName, wanted.engines.split(",")):
        other = models_on(engine)
        used = {model.name: model.engine for model in other}
        for clip in wanted.clips or clips_at_hand():
            recording = Recording(path=clip, source_id=clip.stem, interval_s=wanted.interval_s)
            found = compare(recording.frames(), full, other, wanted.dwell_s)
            differs |= not found.same_incidents
            row = {
                "clip": clip.stem,
                "engines": used,
                "looks": found.looks,
                "both": found.both,
                "float32_alone": found.float32_alone,
                "other_alone": found.other_alone,
                "findings": len(found.incidents),
                "same_incidents": found.same_incidents,
            }
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()
    return int(differs)


if __name__ == "__main__":
    sys.exit(main())
