"""INT8 weights from fp32 ones, calibrated once; any modules of the network can be left in float."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from detector.inference.cpu import SUMMED_IN_16_BITS
from training.covariance import Window, covariances
from training.dataset import Dataset
from training.half_weights import store_half
from training.predict import letterbox
from training.rounding import rounded_weights

if TYPE_CHECKING:
    from onnx import NodeProto
    from onnxruntime.quantization import CalibrationDataReader

INT8_WEIGHTS = "weights.int8.onnx"
COVARIANCE_PICTURES: Final = 48
ACTIVATIONS: Final = frozenset({"Sigmoid", "Relu", "LeakyRelu", "HardSwish", "Swish"})


class Quantiser:
    """A network whose convolutions can become INT8, module by module (`/model.<number>/...`).

    The last convolutions of the head, the last module, always stay in float: their outputs (box
    distances and class scores) lose too much in 256 steps. Inputs of a convolution are rounded to
    256 steps between the mean of the least and the mean of the greatest values that the pictures
    bring there; its weights a channel at a time, so that its outputs move least
    (`training.rounding`); its outputs are not, since the activation that follows them would be
    rounded twice. `folder` takes what is kept between two calls of `write`; weights become
    whole numbers of -`largest` to that (`detector.inference.cpu`).
    """

    def __init__(
        self,
        weights: Path,
        pictures: Sequence[Path],
        width_px: int,
        height_px: int,
        folder: Path,
        *,
        largest: int = SUMMED_IN_16_BITS,
    ) -> None:
        import onnx
        from onnxruntime.quantization.shape_inference import quant_pre_process

        self._pictures, self._size = tuple(pictures), (width_px, height_px)
        self._largest = largest
        self._prepared = folder / "prepared.onnx"
        self._ranges = folder / "ranges.json"
        self._rounded: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        quant_pre_process(str(weights), str(self._prepared), skip_symbolic_shape=True)
        nodes = onnx.load(str(self._prepared)).graph.node
        last = last_nodes(nodes)
        self._windows: dict[str, Window] = {}
        self._float: list[str] = []  # always
        self._by_module: dict[int | None, list[str]] = {}
        for node in nodes:
            if node.op_type != "Conv":
                continue
            window = Window.of(node)
            if window is None or node.name in last:
                self._float.append(node.name)
            else:
                self._windows[node.name] = window
                self._by_module.setdefault(_module(node.name), []).append(node.name)

    @property
    def modules(self) -> tuple[int, ...]:
        """Numbers of the modules with convolutions that can become INT8, in the network's order."""
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
            nodes_to_exclude=[*self._float, *kept],
            calibrate_method=CalibrationMethod.MinMax,
            calibration_cache_path=self._ranges,
            extra_options={
                "CalibMovingAverage": True,
                "OpTypesToExcludeOutputQuantization": ["Conv"],
            },
        )
        self._round(target)
        store_half(target, only_exact=True)
        return target

    def _round(self, target: Path) -> None:
        """Puts better whole numbers into the file in place of the nearest ones."""
        import onnx
        from onnx import numpy_helper

        if not self._rounded:
            self._rounded = self._all_rounded()
        model = onnx.load(str(target))
        held = {tensor.name: tensor for tensor in model.graph.initializer}
        made = {node.output[0]: node for node in model.graph.node}
        for node in model.graph.node:
            source = made.get(node.input[1]) if node.name in self._rounded else None
            if source is not None and source.op_type == "DequantizeLinear":
                for name, values in zip(source.input, self._rounded[node.name], strict=False):
                    held[name].CopyFrom(numpy_helper.from_array(values, name))
        onnx.save(model, str(target))

    def _all_rounded(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Of every convolution that can become INT8, once for all choices of modules."""
        import onnx
        from onnx import numpy_helper

        graph = onnx.load(str(self._prepared)).graph
        held = {tensor.name: tensor for tensor in graph.initializer}
        wanted = list(dict.fromkeys(self._windows.values()))
        sums = covariances(self._prepared, wanted, self.inputs(COVARIANCE_PICTURES))
        return {
            node.name: _rounded(
                numpy_helper.to_array(held[node.input[1]]),
                sums[self._windows[node.name]],
                self._largest,
            )
            for node in graph.node
            if node.name in self._windows
        }


def _rounded(
    full: np.ndarray, covariance: np.ndarray, largest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers in the shape of the (O, C, kh, kw) weights, and (O,) what one of them means."""
    flat = full.reshape(len(full), -1).astype(np.float32)
    greatest = np.abs(flat).max(1)
    steps = np.where(greatest > 0, greatest / largest, 1).astype(np.float32)
    return rounded_weights(flat, steps, covariance, largest).reshape(full.shape), steps


def last_nodes(nodes: Sequence[NodeProto]) -> list[str]:
    """Names of those convolutions of the last module, `/model.<highest number>/...`, that no
    activation follows: what they give goes to the boxes and scores."""
    found = [node for node in nodes if node.op_type == "Conv"]
    numbers = {node.name: _module(node.name) for node in found}
    last = max((number for number in numbers.values() if number is not None), default=None)
    activated = {name for node in nodes if node.op_type in ACTIVATIONS for name in node.input}
    return [
        node.name
        for node in found
        if numbers[node.name] == last is not None and node.output[0] not in activated
    ]


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
