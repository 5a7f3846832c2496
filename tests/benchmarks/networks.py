"""What one pass of the network costs: engine, precision, threads, pictures a pass.

    python -m tests.benchmarks.networks [--model street] [--int8 weights.int8.onnx] [--rounds 8]

All variants take turns within one run, so that other load on the machine meets them alike. Prints
core-milliseconds a picture (the process's own CPU time, all threads) and wall milliseconds a
picture, the median of the rounds. INT8 weights are those of `python -m training export --int8`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from detector.inference.backend import Backend, OnnxRuntimeBackend, OpenVinoBackend
from detector.inference.letterbox import letterbox_of
from detector.inference.manifest import read_manifest

_MODELS = Path(__file__).resolve().parents[2] / "models"
ENGINES = {"onnxruntime": OnnxRuntimeBackend, "openvino": OpenVinoBackend}


def variants(weights: dict[str, Path]) -> Iterator[tuple[str, Backend, int]]:
    """(name, backend, pictures a pass)."""
    for precision, path in weights.items():
        for engine, build in ENGINES.items():
            for threads in (1, 2):
                backend = build(path, threads)
                for pictures in (1, 4) if precision == "fp32" else (1,):
                    yield f"{engine} {precision} {threads} threads", backend, pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="street")
    parser.add_argument("--int8", type=Path)
    parser.add_argument("--rounds", type=int, default=8)
    wanted = parser.parse_args()
    folder = _MODELS / wanted.model
    manifest = read_manifest(folder)
    box = letterbox_of(1920, 1080, manifest.input)
    weights = {"fp32": folder / manifest.weights.file}
    if wanted.int8:
        weights["int8"] = wanted.int8
    chance = np.random.default_rng(0)
    running = list(variants(weights))
    shape = (3, box.input_height_px, box.input_width_px)
    batches = {n: chance.random((n, *shape), np.float32) for n in (1, 4)}
    for _, backend, pictures in running:
        backend.run(batches[pictures])
    core: dict[int, list[float]] = {i: [] for i in range(len(running))}
    wall: dict[int, list[float]] = {i: [] for i in range(len(running))}
    for _ in range(wanted.rounds):
        for i, (_, backend, pictures) in enumerate(running):
            began, cpu = time.perf_counter(), time.process_time()
            backend.run(batches[pictures])
            core[i].append((time.process_time() - cpu) * 1000 / pictures)
            wall[i].append((time.perf_counter() - began) * 1000 / pictures)
    sys.stdout.write(f"{wanted.model} {box.input_width_px}×{box.input_height_px}\n")
    for i, (name, _, pictures) in enumerate(running):
        line = f"{name}, {pictures} a pass: {statistics.median(core[i]):.1f} core-ms"
        sys.stdout.write(f"{line}, {statistics.median(wall[i]):.1f} ms\n")


if __name__ == "__main__":
    main()
