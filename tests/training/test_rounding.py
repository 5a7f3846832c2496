"""INT8 weights are chosen so that what a convolution gives moves least."""

from pathlib import Path

import numpy as np
import pytest

from training.covariance import Window, covariances
from training.rounding import LARGEST, rounded_weights

onnx = pytest.importorskip("onnx")


def steps_of(weights: np.ndarray) -> np.ndarray:
    return (np.abs(weights).max(1) / LARGEST).astype(np.float32)


def nearest(weights: np.ndarray, steps: np.ndarray) -> np.ndarray:
    return np.round(weights / steps[:, None]).astype(np.int8)


@pytest.fixture
def weights() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(12, 200)).astype(np.float32)


def test_outputs_move_less_than_with_the_nearest_steps(weights: np.ndarray):
    chance = np.random.default_rng(1)
    mixed = chance.normal(size=(500, 40)) @ chance.normal(size=(40, 200))
    inputs = (mixed + chance.normal(size=(500, 200))).astype(np.float32)
    steps = steps_of(weights)

    def moved(codes: np.ndarray) -> float:
        return float(np.square((codes * steps[:, None] - weights) @ inputs.T).mean())

    found = rounded_weights(weights, steps, inputs.T @ inputs)
    assert found.dtype == np.int8
    assert np.abs(found).max() <= LARGEST
    assert moved(found) < 0.3 * moved(nearest(weights, steps))
    narrow = rounded_weights(weights, steps, inputs.T @ inputs, 64)
    assert np.abs(narrow).max() == 64  # no larger, even where steps are too small for it


def test_inputs_that_have_nothing_to_do_with_each_other_leave_the_nearest(weights: np.ndarray):
    steps = steps_of(weights)
    found = rounded_weights(weights, steps, np.diag(np.arange(200.0)).astype(np.float32))
    assert np.array_equal(found, nearest(weights, steps))


def test_inputs_that_are_always_nothing_leave_the_nearest(weights: np.ndarray):
    steps = steps_of(weights)
    found = rounded_weights(weights, steps, np.zeros((200, 200), np.float32))
    assert np.array_equal(found, nearest(weights, steps))


def network(path: Path, **attributes: object) -> Window | None:
    """One convolution, 3 to 5 channels, behind a doubling; its window."""
    weight = np.random.default_rng(2).normal(size=(5, 3, 3, 2)).astype(np.float32)
    helper = onnx.helper
    held = onnx.numpy_helper.from_array(weight, "weight")
    doubled = helper.make_node("Add", ["images", "images"], ["doubled"])
    given = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 0, 1], **attributes}
    conv = helper.make_node("Conv", ["doubled", "weight"], ["output0"], name="conv", **given)
    graph = helper.make_graph(
        [doubled, conv],
        "made",
        [helper.make_tensor_value_info("images", 1, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("output0", 1, [1, 5, "i", "j"])],
        [held],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return Window.of(conv)


def test_the_covariance_is_that_of_what_the_convolution_reads(tmp_path: Path):
    """So it tells the squares of its outputs, for any weights in their own order."""
    import onnxruntime as ort

    path = tmp_path / "network.onnx"
    window = network(path)
    pictures = [
        np.random.default_rng(number).normal(size=(1, 3, 11, 9)).astype(np.float32)
        for number in range(2)
    ]
    found = covariances(path, [window], pictures)[window]
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs = [session.run(None, {"images": picture})[0][0] for picture in pictures]
    weight = onnx.numpy_helper.to_array(onnx.load(str(path)).graph.initializer[0]).reshape(5, -1)
    expected = sum(np.square(output).sum((1, 2)) for output in outputs)
    assert np.einsum("ok,kl,ol->o", weight, found, weight) == pytest.approx(expected, rel=1e-3)


def test_of_a_large_picture_some_places_are_drawn():
    window = Window("images", (1, 1), (1, 1), (0, 0, 0, 0))
    values = np.arange(400, dtype=np.float32).reshape(1, 20, 20)
    read = window.columns(values, np.random.default_rng(0))
    assert read.shape == (300, 1)
    assert len(np.unique(read)) == 300


@pytest.mark.parametrize("attributes", [{"group": 3}, {"dilations": [2, 2]}])
def test_other_kinds_of_convolutions_are_left_alone(tmp_path: Path, attributes: dict):
    assert network(tmp_path / "network.onnx", **attributes) is None
