"""Weights whose numbers are rounded to bf16 where a CPU with bf16 would store them so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from detector.inference.backend import OnnxRuntimeBackend
from training.rounded import rounded_to_bf16

CHANCE = np.random.default_rng(1)
FIRST = CHANCE.normal(size=(4, 3, 1, 1)).astype(np.float32)
LAST = CHANCE.normal(size=(2, 4, 1, 1)).astype(np.float32)
FAR = np.array([1000.123], np.float32)


def bf16(values: np.ndarray) -> np.ndarray:
    """Rounded to 8 bits of mantissa, ties to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    up = ((bits >> 16) & 1) + np.uint32(0x7FFF)
    return ((bits + up) & np.uint32(0xFFFF0000)).view(np.float32)


def silu(values: np.ndarray) -> np.ndarray:
    return values / (1 + np.exp(-values))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Convolution, SiLU, convolution, then a sum with a large number: places in a picture."""
    nodes = [
        helper.make_node("Conv", ["images", "first"], ["a"]),
        helper.make_node("Sigmoid", ["a"], ["gate"]),
        helper.make_node("Mul", ["a", "gate"], ["b"]),
        helper.make_node("Conv", ["b", "last"], ["c"]),
        helper.make_node("Add", ["c", "far"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 2, "h", "w"])],
        [
            numpy_helper.from_array(FIRST, "first"),
            numpy_helper.from_array(LAST, "last"),
            numpy_helper.from_array(FAR, "far"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "net.onnx"
    onnx.save(model, str(path))
    return path


def test_numbers_before_a_convolution_are_rounded_and_those_after_the_last_are_not(weights: Path):
    batch = CHANCE.random((1, 3, 5, 7), np.float32)
    rounded = rounded_to_bf16(weights, weights.with_name("rounded.onnx"))
    found = OnnxRuntimeBackend(rounded, 1).run(batch)
    a = bf16(np.einsum("oi,nihw->nohw", bf16(FIRST[..., 0, 0]), bf16(batch)))
    c = np.einsum("oi,nihw->nohw", bf16(LAST[..., 0, 0]), bf16(silu(a)))
    # a sum on the border of two bf16 numbers may fall to either side: the order of adding differs
    assert np.median(np.abs(found - (c + FAR))) < 1e-4
    assert np.abs(found - (c + FAR)).max() < 0.05
    full = OnnxRuntimeBackend(weights, 1).run(batch)
    assert np.abs(found - full).max() > 1e-3, "nothing was rounded"
    assert np.abs(found - full).max() < 0.1, "places would be four pixels wide"


def test_the_released_street_model_can_be_rounded(tmp_path: Path):
    street = Path(__file__).resolve().parents[2] / "models" / "street" / "weights.onnx"
    batch = CHANCE.random((1, 3, 96, 160), np.float32)
    outputs = [
        OnnxRuntimeBackend(path, 1).run(batch)
        for path in (street, rounded_to_bf16(street, tmp_path / "rounded.onnx"))
    ]
    apart = np.linalg.norm(outputs[1] - outputs[0]) / np.linalg.norm(outputs[0])
    assert 1e-5 < apart < 0.05
