"""The same looks by ultralytics' own predictor, with its engines, and by ours.

    python -m tests.benchmarks.against [--looks 6] [--engines torch,onnx,openvino]
        [--dataset DATASET] [CLIP]

Same weights (street), same 1080p H.264 clip with a keyframe every 2 s, one look a keyframe:
ultralytics as `predict(stream=True, vid_stride=50)`, ours by decoding keyframes alone, on the
engine that the service would choose here. Then the same with every frame examined. The runs take
turns, and cost is CPU time, so that other load meets all alike; looks a second are those of two
undisturbed cores. Also prints how many of ultralytics' detections (torch, 0.25 and more) ours has
at the same place, and the other way round, and with a built dataset AP50 of each class by each.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import av
import numpy as np

from api.config import LooksConfig
from detector.inference import load_model
from detector.sources.keyframe import Keyframe
from detector.types import Detections
from tests.benchmarks.average_precision import ap50_of
from tests.benchmarks.real_clip import benchmark_clip
from tests.benchmarks.street_clip import FPS, KEYFRAME_EVERY_S

os.environ.setdefault("YOLO_OFFLINE", "1")
STREET = Path(__file__).resolve().parents[2] / "models" / "street"
_FLOOR = 0.25
_CORES = 2
_TOGETHER = 4  # pictures a pass when every frame is examined
_SIZE = (384, 640)


def ours(clip: Path, model, stride: int) -> Iterator[list[tuple[int, np.ndarray]]]:
    if stride > 1:
        for image in keyframes(clip):
            yield rows(model.detect([image], floor=_FLOOR)[0])
        return
    images = every_frame(clip)
    while together := list(islice(images, _TOGETHER)):
        yield from map(rows, model.detect(together, floor=_FLOOR))


def keyframes(clip: Path) -> Iterator[np.ndarray]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if packet.size and packet.is_keyframe:
                yield Keyframe.of([packet], stream).picture().to_ndarray(format="bgr24")


def every_frame(clip: Path) -> Iterator[np.ndarray]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for picture in container.decode(stream):
            yield picture.to_ndarray(format="bgr24")


def rows(found: Detections) -> list[tuple[int, np.ndarray]]:
    return [(int(c), box) for c, box in zip(found.class_id, found.xyxy_px, strict=True)]


def theirs(clip: Path, model, stride: int) -> Iterator[list[tuple[int, np.ndarray]]]:
    for result in model.predict(
        str(clip), stream=True, vid_stride=stride, conf=_FLOOR, **_predicting()
    ):
        boxes = result.boxes
        yield [(int(c), b.numpy()) for c, b in zip(boxes.cls, boxes.xyxy, strict=True)]


def their_detections(model, image: np.ndarray) -> Detections:
    (result,) = model.predict(image, conf=0.001, max_det=300, **_predicting())
    boxes = result.boxes
    return Detections(
        xyxy_px=boxes.xyxy.numpy().astype(np.float32),
        score=boxes.conf.numpy().astype(np.float32),
        class_id=boxes.cls.numpy().astype(np.int32),
        classes=tuple(result.names.values()),
    )


def _predicting() -> dict:
    return {"imgsz": _SIZE, "iou": 0.7, "device": "cpu", "verbose": False}


def engines(names: list[str], folder: Path) -> dict[str, object]:
    """Ultralytics' models by the name of their backend, made from the released checkpoint."""
    import torch
    from ultralytics import YOLO

    from training.checkpoint import load_checkpoint

    torch.set_num_threads(_CORES)
    made: dict[str, object] = {}
    checkpoint = load_checkpoint(STREET)
    for name in names:
        if name == "torch":
            made[name] = checkpoint
            continue
        exporting = load_checkpoint(STREET)
        exporting.model.pt_path = str(folder / "street.pt")
        exporting.ckpt_path = str(folder / "street.pt")
        path = exporting.export(format=name, imgsz=_SIZE, verbose=False)
        made[name] = YOLO(path, task="detect")
    return made


def timed(looks: Iterator[list], most: int, first: int) -> tuple[float, list]:
    """Core-milliseconds a look; the first ones, which set things up, are left out."""
    found = [next(looks) for _ in range(first)]
    began_s, before = time.process_time(), len(found)
    for one in looks:
        found.append(one)
        if len(found) == most:
            break
    cost_s = time.process_time() - began_s
    return 1000 * cost_s / max(1, len(found) - before), found


def agreement(one: list, other: list) -> float:
    """Share of the one's boxes that the other has too, within 2 px."""
    total = same = 0
    for a, b in zip(one, other, strict=False):
        for cls, box in a:
            total += 1
            same += any(cls == c and np.abs(box - x).max() <= 2 for c, x in b)
    return same / total if total else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--looks", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", default="torch,onnx,openvino")
    parser.add_argument("--dataset", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = KEYFRAME_EVERY_S * wanted.looks
        clip, shows = wanted.clip, str(wanted.clip)
        if clip is None:
            clip, shows = benchmark_clip(folder / "street.mp4", seconds)
        threads = LooksConfig().inference_threads
        model = load_model(STREET, threads=threads, choices=folder / "engines.json")
        say({"clip": shows, "our_engine": model.engine, "threads": threads})
        made = engines(wanted.engines.split(","), folder)
        if wanted.dataset:
            show_ap50(model, made, wanted.dataset)
        runs = {"ours": lambda s: ours(clip, model, s)}
        for engine, one in made.items():
            runs[f"ultralytics {engine}"] = lambda s, m=one: theirs(clip, m, s)
        report(runs, FPS * KEYFRAME_EVERY_S, wanted.looks, wanted.rounds)
        report(runs, 1, 4 * _TOGETHER, wanted.rounds)


def show_ap50(model, made: dict[str, object], dataset: Path) -> None:
    by = {"ours": lambda image: model.detect([image], floor=0.001)[0]}
    for engine, one in made.items():
        by[f"ultralytics {engine}"] = lambda image, m=one: their_detections(m, image)
    for name, detect in by.items():
        found = ap50_of(detect, dataset)
        say({"by": name, "ap50": {cls: round(100 * ap50, 2) for cls, (_, ap50) in found.items()}})


def report(runs: dict[str, Callable], stride: int, looks: int, rounds: int) -> None:
    costs: dict[str, list[float]] = {name: [] for name in runs}
    ratios: dict[str, list[float]] = {name: [] for name in runs}
    found: dict[str, list] = {}
    for _ in range(rounds):
        for name, run in runs.items():
            cost_ms, found[name] = timed(run(stride), looks, 1 if stride > 1 else _TOGETHER)
            costs[name].append(cost_ms)
            ratios[name].append(cost_ms / costs["ours"][-1])
    for name, spent in costs.items():
        ms = statistics.median(spent)
        row = {
            "looks": "one a keyframe" if stride > 1 else "every frame",
            "by": name,
            "core_ms": round(ms, 1),
            "looks_a_second_two_cores": round(_CORES * 1000 / ms, 1),
            "ours_is_times_cheaper": round(statistics.median(ratios[name]), 2),
            "ratios": [round(one, 2) for one in ratios[name]],
        }
        if stride == 1:
            row["has_ours"] = round(agreement(found["ours"], found[name]), 3)
            row["ours_has"] = round(agreement(found[name], found["ours"]), 3)
        say(row)


def say(row: dict) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
