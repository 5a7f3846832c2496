"""INT8 weights from fp32 ones, calibrated once; any modules of the network can be left in float."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.dataset import Dataset
from training.half_weights import store_half
from training.predict import letterbox

if TYPE_CHECKING:
    from onnxruntime.quantization import CalibrationDataReader

INT8_WEIGHTS = "weights.int8.onnx"


class Quantiser:
    """A network whose convolutions can become INT8, module by module (`/model.<number>/...`).

    The head, the last module, always stays in float: its outputs (box distances and class scores)
    lose too much in 256 steps. Inputs of a convolution are rounded to 256 steps between the mean
    of the least and the mean of the greatest values that the pictures bring there; its weights a
    channel at a time; its outputs are not, since the activation that follows them would be rounded
    twice. `folder` takes what is kept between two calls of `write`.
    """

    def __init__(
        self, weights: Path, pictures: Sequence[Path], width_px: int, height_px: int, folder: Path
    ) -> None:
        import onnx
        from onnxruntime.quantization.shape_inference import quant_pre_process

        self._pictures, self._size = tuple(pictures), (width_px, height_px)
        self._prepared = folder / "prepared.onnx"
        self._ranges = folder / "ranges.json"
        quant_pre_process(str(weights), str(self._prepared), skip_symbolic_shape=True)
        nodes = onnx.load(str(self._prepared)).graph.node
        names = [node.name for node in nodes if node.op_type == "Conv"]
        self._head = head_nodes(names)
        self._by_module: dict[int | None, list[str]] = {}
        for name in names:
            if name not in self._head:
                self._by_module.setdefault(_module(name), []).append(name)

    @property
    def modules(self) -> tuple[int, ...]:
        """Numbers of the modules with convolutions, without the head, in the network's order."""
        return tuple(number for number in self._by_module if number is not None)

    def inputs(self, count: int) -> list[np.ndarray]:
        """The first pictures as (1, 3, H, W) inputs of the network."""
        reader = _reader(self._pictures[:count], *self._size)
        return [feed["images"] for feed in iter(reader.get_next, None)]

    def write(self, target: Path, in_float: Collection[int] = ()) -> Path:
        """Writes weights in which all but the modules `in_float` compute in INT8."""
        from onnxruntime.quantization import (
            CalibrationMethod,
            QuantFormat,
            QuantType,
            quantize_static,
        )

        kept = [name for number in in_float for name in self._by_module[number]]
        logging.getLogger().setLevel(logging.WARNING)
        quantize_static(
            str(self._prepared),
            str(target),
            _reader(self._pictures, *self._size),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[*self._head, *kept],
            calibrate_method=CalibrationMethod.MinMax,
            calibration_cache_path=self._ranges,
            extra_options={
                "CalibMovingAverage": True,
                "OpTypesToExcludeOutputQuantization": ["Conv"],
            },
        )
        store_half(target, only_exact=True)
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
