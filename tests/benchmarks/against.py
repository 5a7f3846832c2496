"""The same looks by ultralytics' own predictor, with its engines, and by ours.

    python -m tests.benchmarks.against [--looks 6] [--engines torch,onnx,openvino] [CLIP]

Same weights (street), same 1080p H.264 clip with a keyframe every 2 s, one look a keyframe:
ultralytics as `predict(stream=True, vid_stride=50)`, ours by decoding keyframes alone. Then the
same with every frame examined. The runs take turns, and cost is CPU time, so that other load meets
all alike; looks a second are those of two undisturbed cores. Also prints how many of ultralytics'
detections (torch, 0.25 and more) ours has at the same place, and the other way round.
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
from pathlib import Path

import av
import numpy as np

from detector.inference import BackendName, load_model
from detector.sources.keyframe import Keyframe
from tests.benchmarks.street_clip import FPS, KEYFRAME_EVERY_S, write_clip

os.environ.setdefault("YOLO_OFFLINE", "1")
STREET = Path(__file__).resolve().parents[2] / "models" / "street"
_FLOOR = 0.25
_CORES = 2


def ours(clip: Path, model, stride: int) -> Iterator[list[tuple[int, np.ndarray]]]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        if stride > 1:
            for packet in container.demux(stream):
                if packet.size and packet.is_keyframe:
                    image = Keyframe.of(packet, stream).picture().to_ndarray(format="bgr24")
                    yield rows(model.detect([image], floor=_FLOOR)[0])
            return
        stream.thread_type = "AUTO"
        for picture in container.decode(stream):
            yield rows(model.detect([picture.to_ndarray(format="bgr24")], floor=_FLOOR)[0])


def rows(found) -> list[tuple[int, np.ndarray]]:
    return [(int(c), box) for c, box in zip(found.class_id, found.xyxy_px, strict=True)]


def theirs(clip: Path, model, stride: int) -> Iterator[list[tuple[int, np.ndarray]]]:
    size = (384, 640)
    for result in model.predict(
        str(clip),
        stream=True,
        vid_stride=stride,
        conf=_FLOOR,
        imgsz=size,
        iou=0.7,
        device="cpu",
        verbose=False,
    ):
        boxes = result.boxes
        yield [(int(c), b.numpy()) for c, b in zip(boxes.cls, boxes.xyxy, strict=True)]


def engines(names: list[str], folder: Path) -> dict[str, Callable[[], object]]:
    """How each of ultralytics' models is made, from the released checkpoint."""
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
        path = exporting.export(format=name, imgsz=(384, 640), verbose=False)
        made[name] = YOLO(path, task="detect")
    return made


def timed(looks: Iterator[list], most: int) -> tuple[float, list]:
    """Core-milliseconds a look, the first look (which sets things up) left out."""
    found = [next(looks)]
    began_s = time.process_time()
    for _ in range(most - 1):
        one = next(looks, None)
        if one is None:
            break
        found.append(one)
    cost_s = time.process_time() - began_s
    return 1000 * cost_s / max(1, len(found) - 1), found


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
    parser.add_argument("--looks", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--engines", default="torch,onnx,openvino")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = wanted.clip or write_clip(folder / "street.mp4", KEYFRAME_EVERY_S * wanted.looks)
        model = load_model(STREET, backend=BackendName.OPENVINO, threads=_CORES)
        runs = {"ours": lambda s: ours(clip, model, s)}
        for engine, made in engines(wanted.engines.split(","), folder).items():
            runs[f"ultralytics {engine}"] = lambda s, m=made: theirs(clip, m, s)
        for stride in (FPS * KEYFRAME_EVERY_S, 1):
            report(runs, stride, wanted)


def report(runs: dict, stride: int, wanted: argparse.Namespace) -> None:
    costs: dict[str, list[float]] = {name: [] for name in runs}
    found: dict[str, list] = {}
    for _ in range(wanted.rounds):
        for name, run in runs.items():
            cost_ms, found[name] = timed(run(stride), wanted.looks)
            costs[name].append(cost_ms)
    mine = statistics.median(costs["ours"])
    for name, spent in costs.items():
        ms = statistics.median(spent)
        row = {
            "looks": "one a keyframe" if stride > 1 else "every frame",
            "by": name,
            "core_ms": round(ms, 1),
            "looks_a_second_two_cores": round(_CORES * 1000 / ms, 1),
            "ours_is_times_faster": round(ms / mine, 2),
            "has_ours": round(agreement(found["ours"], found[name]), 3),
            "ours_has": round(agreement(found[name], found["ours"]), 3),
        }
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
