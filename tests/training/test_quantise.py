"""INT8 weights: the head's end stays in float, the rest shrinks, what loses too much is refused."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.inference.cpu import SUMMED_IN_16_BITS
from tests.training.made_entry import entry
from training import quantise, small_weights
from training.dataset import Dataset
from training.evaluate import Figure, Seen
from training.label import Box
from training.predict import Predictions
from training.quantise import Quantiser, last_nodes
from training.tolerance import RARE, judged_figures, losses

onnx = pytest.importorskip("onnx")


def node(kind: str, name: str, output: str = "", *inputs: str):
    return onnx.helper.make_node(kind, list(inputs) or ["any"], [output or name], name=name)


def test_the_last_layers_are_those_of_the_last_module_without_an_activation():
    nodes = [
        node("Conv", "/model.2/cv1/Conv"),
        node("Conv", "/model.10/conv/Conv"),
        node("Conv", "/model.22/cv2.0/cv2.0.0/conv/Conv", "inner"),
        node("Sigmoid", "/model.22/cv2.0/cv2.0.0/act/Sigmoid", "gate", "inner"),
        node("Mul", "/model.22/cv2.0/cv2.0.0/act/Mul", "acted", "inner", "gate"),
        node("Conv", "/model.22/cv2.0/cv2.0.1/Conv", "boxes", "acted"),
        node("Conv", ""),
    ]
    assert last_nodes(nodes) == ["/model.22/cv2.0/cv2.0.1/Conv"]
    assert last_nodes([node("Conv", "Conv")]) == []


def convolution(name: str, source: str, target: str, chance: np.random.Generator):
    weight = chance.normal(size=(8, 3 if source == "images" else 8, 3, 3)).astype(np.float32)
    held = onnx.numpy_helper.from_array(weight, f"{target}.weight")
    made = onnx.helper.make_node(
        "Conv", [source, held.name], [target], name=name, kernel_shape=[3, 3], pads=[1, 1, 1, 1]
    )
    return made, held


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    chance = np.random.default_rng(0)
    pairs = [
        convolution("/model.0/conv/Conv", "images", "hidden", chance),
        convolution("/model.1/conv/Conv", "hidden", "middle", chance),
        convolution("/model.2/conv/Conv", "middle", "output0", chance),
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


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    chance = np.random.default_rng(1)
    found = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), chance.integers(0, 255, (64, 64, 3), np.uint8))
        found.append(path)
    return found


def small(weights: Path, pictures: list[Path], tmp_path: Path, in_float: tuple[int, ...]):
    folder = tmp_path / "kept"
    folder.mkdir(exist_ok=True)
    quantiser = Quantiser(weights, pictures, 64, 64, folder)
    made = quantiser.write(tmp_path / f"small{in_float}.onnx", in_float)
    return quantiser, onnx.load(str(made)).graph


def test_only_the_convolutions_before_the_last_become_int8(weights, pictures, tmp_path: Path):
    quantiser, graph = small(weights, pictures, tmp_path, ())
    kinds = {item.name: item.data_type for item in graph.initializer}
    assert quantiser.modules == (0, 1)
    assert onnx.TensorProto.INT8 in kinds.values()
    assert kinds["output0.weight"] == onnx.TensorProto.FLOAT
    assert "hidden.weight" not in kinds  # replaced by its INT8 form
    assert "middle.weight" not in kinds


def test_a_module_can_be_left_in_float(weights, pictures, tmp_path: Path):
    _, graph = small(weights, pictures, tmp_path, (1,))
    kinds = {item.name: item.data_type for item in graph.initializer}
    assert "hidden.weight" not in kinds
    assert kinds["middle.weight"] == onnx.TensorProto.FLOAT


def test_outputs_of_convolutions_are_not_rounded(weights, pictures, tmp_path: Path):
    """An activation follows them; what is rounded is what the next convolution reads."""
    _, graph = small(weights, pictures, tmp_path, ())
    rounded = {node.input[0] for node in graph.node if node.op_type == "QuantizeLinear"}
    assert rounded == {"images", "hidden"}  # "middle" is what the last reads


def test_rounded_weights_stand_in_the_file_with_their_steps(
    weights, pictures, tmp_path: Path, monkeypatch
):
    """What they are: test_rounding.py. Here: that each is put into its own convolution."""
    monkeypatch.setattr(
        quantise,
        "rounded_weights",
        lambda full, *_: np.full(full.shape, full.shape[1] // 27, np.int8),
    )
    _, graph = small(weights, pictures, tmp_path, ())
    made = {node.output[0]: node for node in graph.node}
    held = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    full = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(str(weights)).graph.initializer
    }
    for name, filler in (("hidden.weight", 1), ("middle.weight", 72 // 27)):
        (conv,) = [one for one in graph.node if one.op_type == "Conv" and name in one.input[1]]
        codes, steps, *_ = made[conv.input[1]].input
        assert held[codes].shape == full[name].shape
        assert (held[codes] == filler).all()
        assert held[steps] == pytest.approx(np.abs(full[name]).max((1, 2, 3)) / SUMMED_IN_16_BITS)


def test_the_module_whose_rounding_moves_the_output_most_comes_first(monkeypatch, tmp_path: Path):
    """Without a network: each module moves the scores by a known step."""
    steps = {0: 0.1, 1: 0.4, 2: 0.2}

    class Output:
        def __init__(self, step: float) -> None:
            self.step = step

        def run(self, batch: np.ndarray) -> np.ndarray:
            return np.full((1, 6, 3), 0.5 + self.step, np.float32)

    class Network:
        modules = tuple(steps)

        def inputs(self, count: int) -> list[np.ndarray]:
            return [np.zeros(1)]

        def write(self, target: Path, in_float) -> Path:
            (self.rounded,) = set(steps) - set(in_float)
            return target

    network = Network()
    monkeypatch.setattr(small_weights, "OpenVinoBackend", lambda *_: Output(0))
    monkeypatch.setattr(small_weights, "int8_engine", lambda _: Output(steps[network.rounded]))
    order = small_weights.sensitive_first(network, tmp_path, tmp_path, (64, 64))
    assert order == (1, 2, 0)


def test_neither_empty_places_nor_frequent_classes_outvote_a_rare_thing():
    expected = np.full((1, 6, 100), 0.001, np.float32)
    expected[0, 4, :50] = 0.9  # of the one class fifty things
    expected[0, 5, 0] = 0.9  # of the other a single one
    rare, frequent, nothing = expected.copy(), expected.copy(), expected.copy()
    rare[0, 5, 0] -= 0.2
    frequent[0, 4, 0] -= 0.2
    nothing[0, 5, 1:] += 0.2
    distance = small_weights.output_distance
    assert distance(rare, expected) > 10 * distance(frequent, expected)
    assert distance(rare, expected) > 5 * distance(nothing, expected)
    assert distance(expected, expected) == 0


def figure(name: str, ap50: float, origin: str = "all", labels: int = 40) -> Figure:
    return Figure(
        name=name,
        origin=origin,
        pictures=9,
        labels=labels,
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


def test_rare_classes_are_judged_together():
    """Alone each may lose anything; together what one label is worth."""
    before = [figure("cart", 0.9), figure("bus", 0.4, labels=9), figure(RARE, 0.4, labels=25)]
    one_rank = [before[0], replace(before[1], ap50=0.2), replace(before[2], ap50=0.365)]
    assert losses(before, one_rank) == ()
    worse = [*one_rank[:2], replace(before[2], ap50=0.355)]
    assert [text.split()[0] for text in losses(before, worse)] == ["rare"]
    many = [figure(RARE, 0.4, labels=1000)]
    assert losses(many, [replace(many[0], ap50=0.394)])


def seen(name: str, labels: list[int], predicted: list[tuple[int, float]]) -> Seen:
    """Labels side by side in a picture of 100 px; what is predicted lies on them."""
    boxes = tuple(
        Box(class_id=class_id, cx=0.1 + 0.2 * place, cy=0.5, w=0.1, h=0.5)
        for place, class_id in enumerate(labels)
    )
    corners = [[20 * place + 5, 25, 20 * place + 15, 75] for place in range(len(predicted))]
    return Seen(
        entry=entry(name, ("bus", "cart")),
        boxes=boxes,
        predictions=Predictions(
            xyxy=np.array(corners, float).reshape(-1, 4),
            score=np.array([score for _, score in predicted]),
            class_id=np.array([class_id for class_id, _ in predicted]),
        ),
        width=100,
        height=100,
    )


def test_one_ranking_of_rare_classes_counts_a_wrong_class_as_a_miss():
    dataset = Dataset(
        model="street", classes=("bus", "cart"), mask_classes=(), entries=(), licences={}
    )
    right = [seen("a", [0, 1], [(0, 0.9), (1, 0.8)])]
    swapped = [seen("a", [0, 1], [(1, 0.9), (0, 0.8)])]
    by_name = {one.name: one for one in judged_figures(dataset, right)}
    assert by_name[RARE].labels == 2
    assert by_name[RARE].ap50 == pytest.approx(1, abs=0.01)
    assert {one.name: one for one in judged_figures(dataset, swapped)}[RARE].ap50 < 0.01
