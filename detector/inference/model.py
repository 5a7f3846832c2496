"""A released model, ready to look at pictures."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.inference.backend import Backend, OnnxRuntimeBackend, OpenVinoBackend
from detector.inference.choice import cheapest
from detector.inference.letterbox import Letterbox, as_input, letterbox_of, letterboxed
from detector.inference.manifest import Manifest, read_manifest
from detector.inference.suppression import suppressed
from detector.inference.warming import COMMON_SIZES_PX
from detector.types import Detections, ModelError


class BackendName(StrEnum):
    AUTO = "auto"
    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"


class ReleasedModel:
    """A detector loaded from a folder under `models/`."""

    def __init__(self, manifest: Manifest, backend: Backend) -> None:
        self.manifest = manifest
        self._backend = backend

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def classes(self) -> tuple[str, ...]:
        return self.manifest.classes

    @property
    def sha256(self) -> str:
        return self.manifest.weights.sha256

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
            output = self._backend.run(as_input([prepared[i][0] for i in rows]))
            for row, raw in zip(rows, output, strict=True):
                results[row] = self._detections(raw, floors, prepared[row][1])
        return [result for result in results if result is not None]

    def warm(self, sizes_px: Sequence[tuple[int, int]]) -> None:
        """Gets ready for pictures of those (width, height): their first look waits for nothing."""
        boxes = [letterbox_of(width, height, self.manifest.input) for width, height in sizes_px]
        for height, width in dict.fromkeys((b.input_height_px, b.input_width_px) for b in boxes):
            self._backend.warm((1, 3, height, width))

    def _floors(self, floor: float | None) -> NDArray[np.float32]:
        if floor is not None:
            return np.full(len(self.classes), floor, np.float32)
        return np.array([self.manifest.thresholds[name] for name in self.classes], np.float32)

    def _detections(
        self, raw: NDArray[np.float32], floors: NDArray[np.float32], box: Letterbox
    ) -> Detections:
        nms = self.manifest.nms
        xyxy, score, class_id = suppressed(raw, floors, nms.iou, nms.max_detections)
        return Detections(
            xyxy_px=box.to_original(xyxy), score=score, class_id=class_id, classes=self.classes
        )


def load_model(
    folder: Path,
    *,
    backend: BackendName = BackendName.AUTO,
    threads: int = 2,
    choices: Path | None = None,
) -> ReleasedModel:
    """Loads a released model.

    `auto` takes, on x86, the engine that a measurement found cheapest; `choices` is the file where
    these are remembered, and without one it takes OpenVINO. Elsewhere it takes ONNX Runtime.
    Raises ModelError naming the folder when it is missing, damaged or of an unknown format.
    """
    manifest = read_manifest(folder)
    weights = folder / manifest.weights.file
    try:
        engine = _engine(manifest, weights, backend, threads, choices)
    except Exception as error:  # the engines raise their own unrelated types
        raise ModelError(f"{weights}: cannot be loaded: {error}") from error
    return ReleasedModel(manifest, engine)


def _engine(
    manifest: Manifest, weights: Path, backend: BackendName, threads: int, choices: Path | None
) -> Backend:
    builders: dict[str, Callable[[], Backend]] = {
        BackendName.OPENVINO.value: partial(OpenVinoBackend, weights, threads),
        BackendName.ONNXRUNTIME.value: partial(OnnxRuntimeBackend, weights, threads),
    }
    if backend is not BackendName.AUTO:
        return builders[backend.value]()
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return builders[BackendName.ONNXRUNTIME.value]()
    if choices is None:
        return builders[BackendName.OPENVINO.value]()
    box = letterbox_of(*COMMON_SIZES_PX[0], manifest.input)
    shape = (1, 3, box.input_height_px, box.input_width_px)
    key = f"{manifest.weights.sha256} {threads} threads"
    return cheapest(builders, shape, key, choices)[1]
