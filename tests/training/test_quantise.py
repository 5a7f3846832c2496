"""INT8 weights: the head stays in float, the others shrink, what loses too much is refused."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.evaluate import Figure
from training.quantise import head_nodes, quantise
from training.small_weights import losses

onnx = pytest.importorskip("onnx")


def test_the_head_is_the_module_with_the_highest_number():
    names = ["/model.2/cv1/Conv", "/model.10/conv/Conv", "/model.22/cv2.0/Conv", "Concat", ""]
    assert head_nodes(names) == ["/model.22/cv2.0/Conv"]
    assert head_nodes(["Conv"]) == []


def convolution(name: str, source: str, target: str, chance: np.random.Generator):
    weight = chance.normal(size=(8, 3 if source == "images" else 8, 3, 3)).astype(np.float32)
    held = onnx.numpy_helper.from_array(weight, f"{target}.weight")
    node = onnx.helper.make_node(
        "Conv", [source, held.name], [target], name=name, pads=[1, 1, 1, 1]
    )
    return node, held


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    chance = np.random.default_rng(0)
    pairs = [
        convolution("/model.0/conv/Conv", "images", "hidden", chance),
        convolution("/model.1/conv/Conv", "hidden", "output0", chance),
    ]
    shape = [1, None, "h", "w"]
    graph = onnx.helper.make_graph(
        [node for node, _ in pairs],
        "made",
        [onnx.helper.make_tensor_value_info("images", 1, [1, 3, "h", "w"])],
        [onnx.helper.make_tensor_value_info("output0", 1, [*shape[:1], 8, *shape[2:]])],
        [held for _, held in pairs],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(tmp_path / "weights.onnx"))
    return tmp_path / "weights.onnx"


def test_only_the_convolutions_before_the_head_become_int8(weights: Path, tmp_path: Path):
    chance = np.random.default_rng(1)
    pictures = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), chance.integers(0, 255, (64, 64, 3), np.uint8))
        pictures.append(path)
    made = quantise(weights, pictures, 64, 64, tmp_path / "small.onnx")
    graph = onnx.load(str(made)).graph
    kinds = {item.name: item.data_type for item in graph.initializer}
    assert kinds["output0.weight"] == onnx.TensorProto.FLOAT
    assert onnx.TensorProto.INT8 in kinds.values()
    assert "hidden.weight" not in kinds  # replaced by its INT8 form
    assert not list(tmp_path.glob("*prepared*"))


def figure(name: str, ap50: float, origin: str = "all") -> Figure:
    return Figure(
        name=name,
        origin=origin,
        pictures=9,
        labels=9,
        ap50=ap50,
        ap50_95=0,
        ap50_low=0,
        ap50_high=1,
        recall_at_01=0,
    )


def test_half_a_point_may_be_lost_and_no_more():
    before = [figure("cover_ok", 0.9), figure("cover_ok", 0.9, "web"), figure("pothole", 0.5)]
    within = [replace(item, ap50=item.ap50 - 0.004) for item in before]
    beyond = [replace(item, ap50=item.ap50 - 0.006) for item in before]
    assert losses(before, within) == ()
    assert [text.split()[0] for text in losses(before, beyond)] == ["cover_ok", "pothole"]
