"""How many photographs of vendors open an incident, each played as a fixed camera.

    python -m tests.acceptance.still_survey PICTURE... [--models FOLDER] [--dwell-s 120]

Each photograph is played with sensor noise, compression and slowly changing light for the dwell
time and two minutes more, through the released street model, the tracker and the vendor rule; a
photograph with a label file beside it (`../labels/NAME.txt`, classes stall, cart, ground_goods)
also says how many vendors a person saw. Prints a line a photograph and the sums.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2

from detector.inference import load_model
from detector.pipeline.watch import Watch
from detector.rules import build_rule
from tests.acceptance.still_camera import frames
from training.label import read_boxes

_MODELS = Path(__file__).resolve().parents[2] / "models"
_VENDORS = 3  # the first classes of the street sets
_INTERVAL_S = 10


def incidents(photograph: Path, model, dwell_s: float) -> int:
    """Places at which the rule would have opened an incident."""
    image = cv2.imread(str(photograph))
    watch = Watch(
        detectors=[model], rules=[build_rule({"rule": "vendor", "dwell_s": dwell_s})], zones=()
    )
    places: list[tuple[float, float, float, float]] = []
    for frame in frames(image, seconds=dwell_s + 120, interval_s=_INTERVAL_S):
        for finding in watch.examine(frame).findings:
            box = finding.place.box_unit
            corners = (box.x1, box.y1, box.x2, box.y2)
            if not any(_same(corners, known) for known in places):
                places.append(corners)
    return len(places)


def _same(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return max(wide, 0) * max(high, 0) > 0.3 * smaller


def labelled(photograph: Path) -> int | None:
    path = photograph.parent.parent / "labels" / f"{photograph.stem}.txt"
    if not path.exists():
        return None
    return sum(box.class_id < _VENDORS for box in read_boxes(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--models", type=Path, default=_MODELS)
    parser.add_argument("--dwell-s", type=float, default=120)
    wanted = parser.parse_args()
    model = load_model(wanted.models / "street")
    opened = some = 0
    for photograph in wanted.pictures:
        found, truth = incidents(photograph, model, wanted.dwell_s), labelled(photograph)
        opened += found
        some += found > 0
        sys.stdout.write(f"{photograph.name}: {found} incidents, {truth} labelled\n")
    count = len(wanted.pictures)
    sys.stdout.write(f"{some} of {count} photographs opened one or more, {opened} in all\n")


if __name__ == "__main__":
    main()
