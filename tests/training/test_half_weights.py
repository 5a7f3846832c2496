"""Half-precision storage: the file halves, what the network computes stays."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from training.half_weights import store_half


def network(path: Path, scale: float = 1.0) -> Path:
    chance = np.random.default_rng(0)
    matrix = (chance.normal(size=(64, 64)) * scale).astype(np.float32)
    bias = chance.normal(size=64).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "b"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 64])],
        [numpy_helper.from_array(matrix, "w"), numpy_helper.from_array(bias, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))
    return path


def output(path: Path) -> np.ndarray:
    x = np.random.default_rng(1).normal(size=(3, 64)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def test_the_file_halves_and_the_result_stays(tmp_path: Path) -> None:
    path = network(tmp_path / "w.onnx")
    before, size = output(path), path.stat().st_size
    store_half(path)
    assert path.stat().st_size < 0.6 * size
    np.testing.assert_allclose(output(path), before, atol=0.02)
    assert output(path).dtype == np.float32


def test_a_weight_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="w does not fit"):
        store_half(network(tmp_path / "w.onnx", scale=1e5))
