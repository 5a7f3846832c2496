"""Adds to a release the smaller numbers in which it finds as much as in float32: bf16, INT8."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from detector.inference.backend import Backend, OnnxRuntimeBackend, OpenVinoBackend
from detector.inference.cpu import SUMMED_IN_16_BITS, computes_in_bf16, computes_in_int8
from detector.inference.engine import int8_engine
from detector.inference.manifest import Manifest
from detector.inference.reading import Reading
from training.dataset import read_dataset
from training.evaluate import Figure, look
from training.manifest import FileRef, HalfNumbers, SmallWeights, Timing
from training.predict import NetworkModel
from training.quantise import INT8_WEIGHTS, Quantiser, calibration_pictures
from training.released import released_manifest
from training.rounded import rounded_to_bf16
from training.rounding import LARGEST
from training.small_record import record_small
from training.timing import core_timing
from training.tolerance import judged_figures, losses

RANKING_PICTURES: Final = 16
LEFT_IN_FLOAT: Final = (0, 1, 2, 3, 5, 8)
"""So many of the most sensitive modules are left in float, one number after the other, until no
class loses more than it may. Tries cost a look at the whole validation side each."""

NOTHING_LOST: Final = "no class loses too much"
WORTH_IT: Final = 0.9
"""INT8 weights are released where a pass takes less than this share of one in the cheapest of the
other number formats that find as much: a file and a second set of hashes must bring something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One way of computing a release, what it finds, and what it costs."""

    figures: tuple[Figure, ...]
    timing: Timing


class Bench:
    """Looks at the validation side of one dataset with any engine, at the release's input size."""

    def __init__(self, manifest: Manifest, place: Path) -> None:
        self.size = (manifest.input.width_px, manifest.input.height_px)
        self._reading, self._place = Reading.of(manifest), place

    def measure(self, engine: Backend) -> Measured:
        found = judged_figures(*look(self._place, NetworkModel(engine, *self.size, self._reading)))
        return Measured(figures=tuple(found), timing=core_timing(engine, self.size))


def add_small_weights(
    folder: Path, place: Path, count: int, *, for_others: bool = False, vnni_only: bool = False
) -> Iterator[str]:
    """Writes, measures and records; says line by line what was done, for people.

    What loses more than the tolerance in a class is neither recorded nor kept. The engines are
    those of the service, on this CPU: on one that does not compute in a number format, nothing is
    said about that format, unless the release is meant `for_others`: INT8 that saves nothing on
    this CPU is kept then, since each machine measures which engine is its cheapest, and bf16 is
    judged without a CPU for it by rounding every number (`training.rounded`). INT8 weights that
    are for CPUs with VNNI only may be twice as fine.
    """
    largest = LARGEST if vnni_only else SUMMED_IN_16_BITS
    manifest = released_manifest(folder)
    bench = Bench(manifest, place)
    weights, target = folder / manifest.weights.file, folder / INT8_WEIGHTS
    full = bench.measure(OpenVinoBackend(weights, 1))
    half, small = None, None
    if computes_in_bf16():
        measured = bench.measure(OpenVinoBackend(weights, 1, "bf16"))
        yield _said("bf16", full, measured)
        if not losses(full.figures, measured.figures):
            half = HalfNumbers(figures=measured.figures, timing=measured.timing)
    elif for_others:
        measured = _rounded(bench, weights)
        lost = _lost(full, measured)
        yield f"bf16, which this CPU lacks, by rounding: {lost or NOTHING_LOST}"
        if not lost:
            half = HalfNumbers(figures=measured.figures, timing=None)
    if computes_in_int8(largest):
        other = half.timing if half and half.timing else full.timing
        pictures = calibration_pictures(place, read_dataset(place), count)
        with tempfile.TemporaryDirectory() as name:
            quantiser = Quantiser(weights, pictures, *bench.size, Path(name), largest=largest)
            made = Path(name) / INT8_WEIGHTS
            for tried, measured in _tries(quantiser, made, bench, weights):
                yield _said(
                    f"INT8, modules {list(tried)} and the head's end in float", full, measured
                )
                if not for_others and _saves_nothing(measured.timing, other):
                    yield "INT8: not released, it saves less than a tenth"
                    break
                if not losses(full.figures, measured.figures):
                    target.write_bytes(made.read_bytes())
                    small = small_weights(target, largest, tried, measured)
                    break
    else:
        yield "INT8: this CPU does not compute in such weights, so they cannot be measured here"
    record_small(folder, full.timing, half, small, full.figures)
    if small is None:
        target.unlink(missing_ok=True)


def _tries(
    quantiser: Quantiser, target: Path, bench: Bench, weights: Path
) -> Iterator[tuple[tuple[int, ...], Measured]]:
    """INT8 weights in `target` with ever more modules in float, and what they find."""
    ranked: tuple[int, ...] = ()
    for number in LEFT_IN_FLOAT:
        if number and not ranked:
            ranked = sensitive_first(quantiser, target, weights, bench.size)
        left = tuple(sorted(ranked[:number]))
        quantiser.write(target, left)
        yield left, bench.measure(int8_engine(target))


def sensitive_first(
    quantiser: Quantiser, scratch: Path, weights: Path, size: tuple[int, int]
) -> tuple[int, ...]:
    """Modules, those first whose rounding alone moves the network's output most.

    Distance of the class scores over a few of the calibration pictures: neither does empty road
    outvote the things on it, nor a class that is everywhere the rare ones.
    """
    blobs = quantiser.inputs(RANKING_PICTURES)
    expected = _outputs(OpenVinoBackend(weights, 1), blobs)
    moved = {}
    for module in quantiser.modules:
        others = [other for other in quantiser.modules if other != module]
        quantiser.write(scratch, others)
        moved[module] = output_distance(_outputs(int8_engine(scratch), blobs), expected)
    return tuple(sorted(moved, key=lambda module: -moved[module]))


def output_distance(outputs: np.ndarray, expected: np.ndarray) -> float:
    """How far the class scores of (N, 4 + C, A) outputs have moved: of each class in the mean over
    places, weighted by its expected score there, and all classes alike."""
    weight = expected[:, 4:]
    moved = (np.abs(outputs[:, 4:] - weight) * weight).sum((0, 2))
    return float((moved / np.maximum(weight.sum((0, 2)), 1e-9)).mean())


def _outputs(engine: Backend, blobs: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([engine.run(blob) for blob in blobs])


def small_weights(
    target: Path, largest: int, left: tuple[int, ...], measured: Measured
) -> SmallWeights:
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    return SmallWeights(
        weights=FileRef(file=target.name, sha256=digest, precision="int8"),
        largest_weight=largest,
        modules_in_float=left,
        figures=measured.figures,
        timing=measured.timing,
    )


def _rounded(bench: Bench, weights: Path) -> Measured:
    with tempfile.TemporaryDirectory() as name:
        rounded = rounded_to_bf16(weights, Path(name) / "rounded.onnx")
        return bench.measure(OnnxRuntimeBackend(rounded, 1))


def _saves_nothing(small: Timing, other: Timing) -> bool:
    return small.look_core_s > WORTH_IT * other.look_core_s


def _said(name: str, full: Measured, measured: Measured) -> str:
    cost = f"{full.timing.look_core_s * 1000:.0f} to {measured.timing.look_core_s * 1000:.0f}"
    return f"{name}: {cost} core-ms; {_lost(full, measured) or NOTHING_LOST}"


def _lost(full: Measured, measured: Measured) -> str:
    return "; ".join(losses(full.figures, measured.figures))
