"""What one look at a 1080p camera costs, step by step, beside the floor.

    python -m tests.benchmarks.look [--looks 20]

Core-milliseconds: CPU time of the process over all its threads, so that other load on the machine
hardly counts. The networks run on the engines that the service would choose here, one thread. The
floor is the decoding of one keyframe and the bare passes of the networks. The whole look is
measured through the running parts (source, trust, watch, recorder, database), not as the sum of
the steps.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import av
import cv2
import numpy as np

from api.config import parse_config
from api.service import Service
from detector.evidence import LatestConfig, LatestPictures
from detector.inference import warm_up
from detector.inference.letterbox import as_input, letterboxed
from detector.inference.reading import Reading
from detector.pipeline.scene import Scene
from detector.rules import build_rule
from detector.sources.fake import FakeSource
from detector.sources.keyframe import Keyframe
from detector.sources.trust import TrustCheck, TrustConfig
from detector.tracking import StillTracker, TrackerConfig
from detector.types import Detections, Frame, Look
from tests.benchmarks.street_clip import write_clip

START = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)
T = TypeVar("T")


class Costs:
    """Core-milliseconds by step."""

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = {}

    def of(self, name: str, step: Callable[[], T]) -> T:
        began = time.process_time()
        result = step()
        self.found.setdefault(name, []).append((time.process_time() - began) * 1000)
        return result

    def ratio(self) -> float:
        """Of the last whole look to its floor: keyframe and bare networks."""
        last = {name: found[-1] for name, found in self.found.items()}
        floor = last["decode"] + sum(v for n, v in last.items() if n.startswith("infer"))
        return (last["decode"] + last["convert"] + last["look, decoded"]) / floor


def keyframes(clip: Path, costs: Costs) -> Iterator[np.ndarray]:
    """Decoded as a live camera's are, keyframes only, and made (1080, 1920, 3) pictures."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if not packet.is_keyframe or not packet.size:
                continue
            found = costs.of("decode", Keyframe.of([packet], stream).picture)
            yield costs.of("convert", lambda f=found: f.to_ndarray(format="bgr24"))


def frame_of(image: np.ndarray, number: int, interval_s: float = 10) -> Frame:
    at = START + timedelta(seconds=number * interval_s)
    return Frame(source_id="street", seq=number, captured_at=at, clock="file", image=image)


class Steps:
    """Each step of a look on its own."""

    def __init__(self, service: Service, costs: Costs) -> None:
        self._models, self._costs = service.detectors, costs
        self._trust = TrustCheck(TrustConfig(), fixed=True)
        self._scene, self._latest = Scene(6), LatestPictures(LatestConfig())
        self._rules = [build_rule({"rule": name}) for name in ("vendor", "cover")]
        thresholds = {k: v for model in self._models for k, v in model.thresholds.items()}
        self._tracker = StillTracker(TrackerConfig(), thresholds)

    def take(self, image: np.ndarray, number: int) -> None:
        of, frame = self._costs.of, frame_of(image, number)
        of("trust", lambda: self._trust.check(frame))
        of("scene", lambda: self._scene.see(image))
        weak = Detections.merged([network(model, image, self._costs) for model in self._models])
        tracks = of("track", lambda: self._tracker.update(image, weak, frame.captured_at))
        look = Look(
            source_id="street",
            at=frame.captured_at,
            width_px=1920,
            height_px=1080,
            fixed=True,
            detections=weak,
            tracks=tracks,
            zones=(),
        )
        of("rules", lambda: [rule.judge(look) for rule in self._rules])
        of("latest", lambda: self._latest.remember(frame, weak))


def network(model, image: np.ndarray, costs: Costs) -> Detections:
    spec, reading, name = model.manifest.input, Reading.of(model.manifest), model.name
    canvas, box = costs.of(f"scale {name}", lambda: letterboxed(image, spec))
    batch = costs.of(f"input {name}", lambda: as_input([canvas]))
    raw = costs.of(f"infer {name}", lambda: reading.output(model._backend, batch))
    floors = np.full(len(model.classes), 0.1, np.float32)
    found = costs.of(f"boxes {name}", lambda: reading.boxes(raw[0], floors))
    return Detections(
        xyxy_px=box.to_original(found[0]), score=found[1], class_id=found[2], classes=model.classes
    )


def look_at(service: Service, image: np.ndarray, number: int) -> None:
    """A whole look of the running parts, but for decoding."""
    camera = service.engine.camera("street")
    camera.source = FakeSource(iter([frame_of(image, number)]), "street", paced=True)
    camera.look()


def service_of(folder: Path, *, carry: bool) -> Service:
    camera = {"id": "street", "kind": "stream", "url": "street.mp4", "pace": "realtime"}
    raw = {
        "data_folder": folder,
        "cameras": [{**camera, "interval_s": 10}],
        "looks": {"carry": {"enabled": carry}, "inference_threads": 1},
        "evidence": {"min_free_bytes": 0},
    }
    return Service(parse_config(raw, "benchmark"))


def measure(looks: int) -> dict[str, float]:
    """Median core-milliseconds by step and of whole looks. The ratio to the floor is the median of
    each round's own: other load makes rounds slower, not one part of a round."""
    costs, ratios = Costs(), []
    cv2.setNumThreads(1)
    chance = np.random.default_rng(2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = write_clip(folder / "street.mp4", 2 * looks)
        busy, quiet = (service_of(folder / n, carry=c) for n, c in (("b", False), ("q", True)))
        warm_up(busy.detectors)
        warm_up(quiet.detectors)
        steps, still = Steps(busy, costs), None
        for number, image in enumerate(keyframes(clip, costs)):
            still = image if still is None else still
            steps.take(image, number)
            costs.of("look, decoded", lambda i=image, n=number: look_at(busy, i, n))
            again = cv2.add(still, chance.integers(0, 4, still.shape, np.uint8))
            costs.of("still look, decoded", lambda i=again, n=number: look_at(quiet, i, n))
            ratios.append(costs.ratio())
        busy.stop()
        quiet.stop()
    result = {name: statistics.median(found[1:]) for name, found in costs.found.items()}
    result["over floor"] = statistics.median(ratios[1:])
    engines = {model.name: str(model.engine) for model in busy.detectors}
    sys.stderr.write(f"engines: {engines}\n")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--looks", type=int, default=20)
    wanted = parser.parse_args()
    found = {name: round(value, 2) for name, value in measure(wanted.looks).items()}
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
