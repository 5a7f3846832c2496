"""INT8 weights from fp32 ones, calibrated on training pictures, the head left in float."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.dataset import Dataset
from training.predict import OnnxModel, letterbox

if TYPE_CHECKING:
    from onnxruntime.quantization import CalibrationDataReader

INT8_WEIGHTS = "weights.int8.onnx"

TOLERANCE = 0.005
"""INT8 weights are released when no class loses more AP50 than this."""


def quantise(
    weights: Path, pictures: Sequence[Path], width_px: int, height_px: int, target: Path
) -> Path:
    """Write INT8 weights. Convolutions become INT8 except those of the detection head, whose
    outputs (box distances and class scores) lose too much in 256 steps."""
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(str(weights), str(prepared), skip_symbolic_shape=True)
    graph = onnx.load(str(prepared)).graph
    head = head_nodes([node.name for node in graph.node])
    logging.getLogger().setLevel(logging.WARNING)
    quantize_static(
        str(prepared),
        str(target),
        _reader(pictures, width_px, height_px),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=head,
        calibrate_method=CalibrationMethod.MinMax,
        extra_options={"CalibMovingAverage": True},
    )
    prepared.unlink()
    return target


def head_nodes(names: Sequence[str]) -> list[str]:
    """Names of the nodes of the last module, `/model.<highest number>/...`."""
    numbers = [_module(name) for name in names]
    last = max((number for number in numbers if number is not None), default=None)
    return [name for name, number in zip(names, numbers, strict=True) if number == last is not None]


def calibration_pictures(folder: Path, dataset: Dataset, count: int, seed: int = 0) -> list[Path]:
    """Training pictures drawn at random."""
    names = [entry.name for entry in dataset.entries if entry.split == "train"]
    chance = np.random.default_rng(seed)
    drawn = chance.permutation(len(names))[:count]
    return [folder / "images" / "train" / names[index] for index in sorted(drawn)]


def speed_of(model: OnnxModel, image: np.ndarray, looks: int = 20) -> float:
    """Median seconds of one look, letterbox and suppression included."""
    model.predict(image, floor=0.25)
    times = []
    for _ in range(looks):
        start = time.perf_counter()
        model.predict(image, floor=0.25)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def _module(name: str) -> int | None:
    parts = name.split("/")
    if len(parts) < 2 or not parts[1].startswith("model."):
        return None
    number = parts[1].removeprefix("model.").split(".")[0]
    return int(number) if number.isdigit() else None


def _reader(pictures: Sequence[Path], width: int, height: int) -> CalibrationDataReader:
    from onnxruntime.quantization import CalibrationDataReader

    class Pictures(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter(pictures)

        def get_next(self) -> dict[str, np.ndarray] | None:
            path = next(self._left, None)
            if path is None:
                return None
            image = cv2.imread(str(path))
            if image is None:
                raise FileNotFoundError(f"{path}: not a readable picture")
            return {"images": letterbox(np.asarray(image), width, height)[0]}

    return Pictures()
