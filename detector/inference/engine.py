"""The ways in which a release can be computed: which runtime, in which numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from detector.inference.backend import (
    CUDA_OPTIONS,
    Backend,
    OnnxRuntimeBackend,
    OpenVinoBackend,
)
from detector.inference.cpu import computes_in_bf16, computes_in_int8
from detector.inference.gpu import CUDA_PROVIDER, computes_on_cuda, has_render_device
from detector.inference.manifest import Manifest


class BackendName(StrEnum):
    """A runtime, in float32 on the CPU unless a number format or a device follows.

    `openvino_int8` computes what its weights leave in float in bf16, where the CPU has it.
    """

    AUTO = "auto"
    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    OPENVINO_BF16 = "openvino_bf16"
    OPENVINO_INT8 = "openvino_int8"
    ONNXRUNTIME_INT8 = "onnxruntime_int8"
    ONNXRUNTIME_CUDA = "onnxruntime_cuda"
    OPENVINO_GPU = "openvino_gpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One of them; `sha256` is of the weights that it reads."""

    name: BackendName
    sha256: str
    build: Callable[[], Backend]


def engines_of(
    manifest: Manifest, folder: Path, threads: int, at_once: int = 1
) -> dict[BackendName, Engine]:
    """Every engine that may run the release here, the surest first; `at_once` passes side by side,
    on `threads` threads each.

    Smaller numbers only where this CPU computes in them, and where the manifest says that what
    the release finds in them was measured and is the same within the tolerance of the export.
    """
    weights, small = folder / manifest.weights.file, manifest.int8
    builds: dict[BackendName, Callable[[], Backend]] = {
        BackendName.OPENVINO: partial(OpenVinoBackend, weights, threads, at_once=at_once),
        BackendName.ONNXRUNTIME: partial(OnnxRuntimeBackend, weights, threads),
    }
    if manifest.bf16 is not None and computes_in_bf16():
        builds[BackendName.OPENVINO_BF16] = partial(
            OpenVinoBackend, weights, threads, "bf16", at_once
        )
    if small is not None and computes_in_int8(small.largest_weight):
        file = folder / small.weights.file
        builds[BackendName.OPENVINO_INT8] = partial(int8_engine, file, threads, at_once)
        builds[BackendName.ONNXRUNTIME_INT8] = partial(OnnxRuntimeBackend, file, threads)
    if computes_on_cuda():
        builds[BackendName.ONNXRUNTIME_CUDA] = partial(
            OnnxRuntimeBackend, weights, threads, CUDA_PROVIDER, CUDA_OPTIONS
        )
    if has_render_device():
        builds[BackendName.OPENVINO_GPU] = partial(
            OpenVinoBackend, weights, threads, at_once=at_once, device="GPU"
        )
    return {
        name: Engine(
            name=name,
            sha256=small.weights.sha256 if small and _in_int8(name) else manifest.weights.sha256,
            build=build,
        )
        for name, build in builds.items()
    }


def int8_engine(weights: Path, threads: int = 1, at_once: int = 1) -> Backend:
    """OpenVINO on INT8 weights: what they leave in float in bf16, where the CPU has it."""
    precision = "bf16" if computes_in_bf16() else "f32"
    return OpenVinoBackend(weights, threads, precision, at_once)


def in_float32(name: BackendName) -> BackendName:
    """The same runtime without smaller numbers."""
    return BackendName(name.value.partition("_")[0])


def _in_int8(name: BackendName) -> bool:
    return name.value.endswith("_int8")
