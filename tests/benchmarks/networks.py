"""What one pass of the network costs and finds: engine, number format, threads, passes at once.

    python -m tests.benchmarks.networks [--model street] [--dataset DATASET] [--rounds 8]

All engines that the release and this CPU have take turns within one run, so that other load on the
machine meets them alike. Prints core-milliseconds a picture (the process's own CPU time, all
threads) and wall milliseconds a picture, the median of the rounds. With a built dataset it also
prints AP50 of each class on its validation side, engine by engine, as the service would see these
pictures: letterbox, thresholds of 0.001, suppression.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from detector.inference import load_model
from detector.inference.backend import Backend
from detector.inference.engine import BackendName, engines_of
from detector.inference.letterbox import letterbox_of
from detector.inference.manifest import read_manifest
from tests.benchmarks.average_precision import ap50_of

_MODELS = Path(__file__).resolve().parents[2] / "models"
_SIDE_BY_SIDE = (BackendName.OPENVINO, BackendName.OPENVINO_BF16, BackendName.OPENVINO_INT8)


def variants(folder: Path) -> Iterator[tuple[str, Backend, int]]:
    """(name, backend, pictures that pass at once)."""
    for threads, at_once in ((1, 1), (2, 1), (1, 2)):
        engines = engines_of(read_manifest(folder), folder, threads, at_once)
        for name, engine in engines.items():
            if at_once == 1 or name in _SIDE_BY_SIDE:
                yield (
                    f"{name}, {at_once} at once on {threads} threads each",
                    engine.build(),
                    at_once,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="street")
    parser.add_argument("--models", type=Path, default=_MODELS)
    parser.add_argument("--dataset", type=Path)
    parser.add_argument("--rounds", type=int, default=8)
    wanted = parser.parse_args()
    folder = wanted.models / wanted.model
    if wanted.dataset:
        show_ap50(folder, wanted.dataset)
    show_costs(folder, wanted.rounds)


def show_costs(folder: Path, rounds: int) -> None:
    box = letterbox_of(1920, 1080, read_manifest(folder).input)
    chance = np.random.default_rng(0)
    running = list(variants(folder))
    shape = (3, box.input_height_px, box.input_width_px)
    batches = {n: chance.random((n, *shape), np.float32) for n in (1, 2)}
    for _, backend, pictures in running:
        backend.run(batches[pictures])
    core: dict[int, list[float]] = {i: [] for i in range(len(running))}
    wall: dict[int, list[float]] = {i: [] for i in range(len(running))}
    for _ in range(rounds):
        for i, (_, backend, pictures) in enumerate(running):
            began, cpu = time.perf_counter(), time.process_time()
            backend.run(batches[pictures])
            core[i].append((time.process_time() - cpu) * 1000 / pictures)
            wall[i].append((time.perf_counter() - began) * 1000 / pictures)
    sys.stdout.write(f"{folder.name} {box.input_width_px}×{box.input_height_px}\n")
    for i, (name, _, _) in enumerate(running):
        costs = f"{statistics.median(core[i]):.1f} core-ms, {statistics.median(wall[i]):.1f} ms"
        sys.stdout.write(f"{name}: {costs}\n")


def show_ap50(folder: Path, dataset: Path) -> None:
    """A line a class: labels, AP50 in float32 OpenVINO, and by how many points others differ."""
    found: dict[BackendName, dict[str, tuple[int, float]]] = {}
    for name in engines_of(read_manifest(folder), folder, 1):
        model = load_model(folder, backend=name, threads=1)
        found[name] = ap50_of(lambda image, m=model: m.detect([image], floor=0.001)[0], dataset)
    base = found[BackendName.OPENVINO]
    sys.stdout.write(f"{folder.name}: class, labels, {', '.join(found)}\n")
    for cls, (labels, ap50) in base.items():
        others = [f"{100 * (found[n][cls][1] - ap50):+.2f}" for n in found if n != "openvino"]
        sys.stdout.write(f"{cls}, {labels}, {100 * ap50:.2f}, {', '.join(others)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
