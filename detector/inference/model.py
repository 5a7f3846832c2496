"""A released model, ready to look at pictures."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.inference.backend import Backend
from detector.inference.choice import cheapest, remembered_engine
from detector.inference.engine import BackendName, Engine, engines_of, in_float32
from detector.inference.letterbox import Letterbox, as_input, letterbox_of, letterboxed
from detector.inference.manifest import Manifest, read_manifest
from detector.inference.reading import Reading, Said
from detector.inference.warming import COMMON_SIZES_PX
from detector.types import Detections, ModelError


class ReleasedModel:
    """A detector loaded from a folder under `models/`. `engine` is what computes it."""

    def __init__(self, manifest: Manifest, engine: Engine, backend: Backend) -> None:
        self.manifest = manifest
        self.engine = engine.name
        self._sha256 = engine.sha256
        self._backend = backend
        self._reading = Reading.of(manifest)

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def classes(self) -> tuple[str, ...]:
        return self.manifest.classes

    @property
    def sha256(self) -> str:
        """Of the weights that are really used: the INT8 ones where these are."""
        return self._sha256

    @property
    def thresholds(self) -> dict[str, float]:
        return dict(self.manifest.thresholds)

    def detect(
        self, images: Sequence[NDArray[np.uint8]], *, floor: float | None = None
    ) -> list[Detections]:
        """Detections for each (H, W, 3) BGR picture, in its own pixels; pictures of one size share
        a pass. `floor` (0 to 1) takes the place of the class thresholds."""
        floors = self._floors(floor)
        prepared = [letterboxed(image, self.manifest.input) for image in images]
        results: list[Detections | None] = [None] * len(prepared)
        for shape in {canvas.shape for canvas, _ in prepared}:
            rows = [i for i, (canvas, _) in enumerate(prepared) if canvas.shape == shape]
            output = self._reading.output(self._backend, as_input([prepared[i][0] for i in rows]))
            for row, said in zip(rows, output, strict=True):
                results[row] = self._detections(said, floors, prepared[row][1])
        return [result for result in results if result is not None]

    def warm(self, sizes_px: Sequence[tuple[int, int]]) -> None:
        """Gets ready for pictures of those (width, height): their first look waits for nothing."""
        boxes = [letterbox_of(width, height, self.manifest.input) for width, height in sizes_px]
        first = dict.fromkeys((box.input_height_px, box.input_width_px) for box in boxes)
        for height, width in dict.fromkeys(
            size for one in first for size in self._reading.sizes_of(*one)
        ):
            self._backend.warm((1, 3, height, width))

    def _floors(self, floor: float | None) -> NDArray[np.float32]:
        if floor is not None:
            return np.full(len(self.classes), floor, np.float32)
        return np.array([self.manifest.thresholds[name] for name in self.classes], np.float32)

    def _detections(self, said: Said, floors: NDArray[np.float32], box: Letterbox) -> Detections:
        xyxy, score, class_id = self._reading.boxes(said, floors)
        return Detections(
            xyxy_px=box.to_original(xyxy), score=score, class_id=class_id, classes=self.classes
        )


def load_model(
    folder: Path,
    *,
    backend: BackendName = BackendName.AUTO,
    threads: int = 2,
    at_once: int = 1,
    choices: Path | None = None,
    measure: bool = True,
) -> ReleasedModel:
    """Loads a released model that lets `at_once` pictures, of one caller or of several, pass side
    by side, on `threads` threads each.

    `auto` takes, on x86, the engine that a measurement found cheapest; `choices` is the file where
    these are remembered, and without one it takes OpenVINO in float32. Elsewhere it takes ONNX
    Runtime. An engine with smaller numbers that the release or this CPU does not have is replaced
    by the same runtime in float32. Without `measure` an engine that is not remembered is guessed.
    Raises ModelError naming the folder when it is missing, damaged or of an unknown format.
    """
    manifest = read_manifest(folder)
    engines = engines_of(manifest, folder, threads, at_once)
    name = _chosen(manifest, engines, backend, threads, choices)
    try:
        if name is None and measure and choices is not None:
            name, ready = _measured(manifest, engines, threads, choices)
        else:
            name = name or _likely(engines)
            ready = engines[name].build()
    except Exception as error:  # the engines raise their own unrelated types
        raise ModelError(f"{folder}: its weights cannot be loaded: {error}") from error
    return ReleasedModel(manifest, engines[name], ready)


def chosen_engine(
    manifest: Manifest,
    folder: Path,
    *,
    backend: BackendName = BackendName.AUTO,
    threads: int = 2,
    choices: Path | None = None,
) -> BackendName | None:
    """The engine on which `load_model` would compute it; None where it would have to measure."""
    return _chosen(manifest, engines_of(manifest, folder, threads), backend, threads, choices)


def _chosen(
    manifest: Manifest,
    engines: Mapping[BackendName, Engine],
    wanted: BackendName,
    threads: int,
    choices: Path | None,
) -> BackendName | None:
    if wanted is not BackendName.AUTO:
        return wanted if wanted in engines else in_float32(wanted)
    if not _is_x86():
        return BackendName.ONNXRUNTIME
    if choices is None:
        return BackendName.OPENVINO
    name = remembered_engine(engines, _key(manifest, threads), choices)
    return None if name is None else BackendName(name)


def _measured(
    manifest: Manifest, engines: Mapping[BackendName, Engine], threads: int, choices: Path
) -> tuple[BackendName, Backend]:
    box = letterbox_of(*COMMON_SIZES_PX[0], manifest.input)
    shape = (1, 3, box.input_height_px, box.input_width_px)
    builders = {name.value: engine.build for name, engine in engines.items()}
    name, backend = cheapest(builders, shape, _key(manifest, threads), choices)
    return BackendName(name), backend


def _likely(engines: Mapping[BackendName, Engine]) -> BackendName:
    """What measurements choose nearly everywhere, of the engines that compute the same weights."""
    half = BackendName.OPENVINO_BF16
    return half if half in engines else BackendName.OPENVINO


def _key(manifest: Manifest, threads: int) -> str:
    return " ".join([*sorted(manifest.all_sha256), f"{threads} threads"])


def _is_x86() -> bool:
    return platform.machine().lower() in ("x86_64", "amd64")
