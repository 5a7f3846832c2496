"""The same looks by ultralytics' own predictor, with its engines, and by ours.

    python -m tests.benchmarks.against [--looks 6] [--engines torch,onnx,openvino]
        [--dataset DATASET] [CLIP]

Same weights (street), same 1080p H.264 clip with a keyframe every 2 s, one look a keyframe:
ultralytics as `predict(stream=True, vid_stride=50)`, ours by decoding keyframes alone, on the
engine that the service would choose here; one pass a look, also of ours. Then the same with every
frame examined. Ultralytics has two threads for its network; ours makes two looks at the same time,
as the service on two cores. The runs take turns, and cost is CPU time, so that other load meets all
alike; looks a second are by the clock, which other load spoils. Also prints how many of
ultralytics' detections (torch, 0.25 and more) ours has at the same place, and the other way round,
and with a built dataset AP50 of each class by each.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

import av
import numpy as np

from detector.inference import load_model
from detector.sources.keyframe import Keyframe
from detector.types import Detections
from tests.benchmarks.average_precision import ap50_of
from tests.benchmarks.real_clip import benchmark_clip
from tests.benchmarks.street_clip import FPS, KEYFRAME_EVERY_S
from tests.one_pass import in_one_pass

os.environ.setdefault("YOLO_OFFLINE", "1")
STREET = Path(__file__).resolve().parents[2] / "models" / "street"
_FLOOR = 0.25
_CORES = 2
_SIZE = (384, 640)


def ours(clip: Path, model, stride: int, most: int) -> Iterator[list[tuple[int, np.ndarray]]]:
    """Two looks at a time, as the service on two cores; in their order."""
    pictures = islice((keyframes if stride > 1 else every_frame)(clip), most)
    with ThreadPoolExecutor(_CORES) as looks:
        made: deque[Future] = deque()
        for picture in pictures:
            made.append(looks.submit(look, model, picture))
            if len(made) > _CORES:
                yield made.popleft().result()
        while made:
            yield made.popleft().result()


def look(model, picture: Callable[[], av.VideoFrame]) -> list[tuple[int, np.ndarray]]:
    image = picture().to_ndarray(format="bgr24")
    return rows(model.detect([image], floor=_FLOOR)[0])


def keyframes(clip: Path) -> Iterator[Callable[[], av.VideoFrame]]:
    """They are decoded by whoever looks."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        for packet in container.demux(stream):
            if packet.size and packet.is_keyframe:
                yield Keyframe.of([packet], stream).picture


def every_frame(clip: Path) -> Iterator[Callable[[], av.VideoFrame]]:
    with av.open(str(clip)) as container:
        for picture in container.decode(container.streams.video[0]):
            yield lambda one=picture: one


def rows(found: Detections) -> list[tuple[int, np.ndarray]]:
    return [(int(c), box) for c, box in zip(found.class_id, found.xyxy_px, strict=True)]


def theirs(clip: Path, model, stride: int, most: int) -> Iterator[list[tuple[int, np.ndarray]]]:
    looks = model.predict(str(clip), stream=True, vid_stride=stride, conf=_FLOOR, **_predicting())
    for result in islice(looks, most):
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


def timed(run: Callable[[int], Iterator[list]], most: int) -> tuple[float, float, list]:
    """Core-milliseconds a look, and looks a second; one before sets things up."""
    deque(run(1), maxlen=0)
    began_s, cpu_s = time.perf_counter(), time.process_time()
    found = list(run(most))
    looks = max(1, len(found))
    cost_ms = 1000 * (time.process_time() - cpu_s) / looks
    return cost_ms, looks / (time.perf_counter() - began_s), found


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
        choices = folder / "engines.json"
        alike = in_one_pass(STREET, folder / "street")
        model = load_model(alike, threads=1, at_once=_CORES, choices=choices)
        say({"clip": shows, "our_engine": model.engine, "looks_at_once": _CORES})
        made = engines(wanted.engines.split(","), folder)
        if wanted.dataset:
            show_ap50(model, made, wanted.dataset)
        runs = {"ours": lambda stride, most: ours(clip, model, stride, most)}
        for engine, one in made.items():
            runs[f"ultralytics {engine}"] = lambda s, most, m=one: theirs(clip, m, s, most)
        report(runs, FPS * KEYFRAME_EVERY_S, wanted.looks, wanted.rounds)
        report(runs, 1, 4 * wanted.looks, wanted.rounds)


def show_ap50(model, made: dict[str, object], dataset: Path) -> None:
    by = {"ours": lambda image: model.detect([image], floor=0.001)[0]}
    for engine, one in made.items():
        by[f"ultralytics {engine}"] = lambda image, m=one: their_detections(m, image)
    for name, detect in by.items():
        found = ap50_of(detect, dataset)
        say({"by": name, "ap50": {cls: round(100 * ap50, 2) for cls, (_, ap50) in found.items()}})


def report(runs: dict[str, Callable], stride: int, looks: int, rounds: int) -> None:
    costs: dict[str, list[float]] = {name: [] for name in runs}
    paces: dict[str, list[float]] = {name: [] for name in runs}
    cheaper: dict[str, list[float]] = {name: [] for name in runs}
    faster: dict[str, list[float]] = {name: [] for name in runs}
    found: dict[str, list] = {}
    for _ in range(rounds):
        for name, run in runs.items():
            cost_ms, pace, found[name] = timed(partial(run, stride), looks)
            costs[name].append(cost_ms)
            paces[name].append(pace)
            cheaper[name].append(cost_ms / costs["ours"][-1])
            faster[name].append(paces["ours"][-1] / pace)
    for name, spent in costs.items():
        ms = statistics.median(spent)
        row = {
            "looks": "one a keyframe" if stride > 1 else "every frame",
            "by": name,
            "core_ms": round(ms, 1),
            "looks_a_second": round(statistics.median(paces[name]), 1),
            "ours_is_times_cheaper": round(statistics.median(cheaper[name]), 2),
            "cheaper": [round(one, 2) for one in cheaper[name]],
            "ours_is_times_faster": round(statistics.median(faster[name]), 2),
            "faster": [round(one, 2) for one in faster[name]],
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
