"""Pictures in which something may be are seen a second time, mirrored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from detector.inference.backend import OnnxRuntimeBackend
from detector.inference.manifest import MirroredSpec, NmsSpec, read_manifest
from detector.inference.mirrored import STRIDES_PX, Mirrored, turned_back
from detector.inference.reading import Reading
from detector.types import ModelError

CLASSES = ("stall", "person")
RULE = Mirrored.of(MirroredSpec(classes=("stall",), floor=0.2), CLASSES)
COVERS = Path(__file__).parents[2] / "models" / "covers"
HEIGHT, WIDTH = 64, 96


class Brightness:
    """Each place is a stall as surely as it is red, a person as surely as it is green; its box
    lies 4 px left of its middle, as wide as the grid is fine."""

    def __init__(self) -> None:
        self.passes: list[int] = []

    def run(self, batch: np.ndarray) -> np.ndarray:
        self.passes.append(len(batch))
        return np.concatenate([self._grid(batch, stride) for stride in STRIDES_PX], axis=2)

    def _grid(self, batch: np.ndarray, stride: int) -> np.ndarray:
        cells = batch[:, :2, ::stride, ::stride]
        rows, columns = cells.shape[2:]
        cy, cx = np.mgrid[:rows, :columns] * stride + stride / 2
        side = np.full((rows, columns), stride)
        boxes = np.broadcast_to(np.stack([cx - 4, cy, side, side]), (len(batch), 4, rows, columns))
        return np.concatenate([boxes, cells], axis=1).reshape(len(batch), 6, -1).astype(np.float32)

    def warm(self, shape: tuple[int, ...]) -> None: ...


def picture(red: float = 0, green: float = 0) -> np.ndarray:
    """Coloured in its left third, as the network's input."""
    image = np.zeros((3, HEIGHT, WIDTH), np.float32)
    image[0, :, : WIDTH // 3], image[1, :, : WIDTH // 3] = red, green
    return image


def test_what_is_said_of_the_mirrored_picture_is_said_of_the_place_itself():
    batch = np.stack([picture(red=0.8)])
    back = turned_back(Brightness().run(batch[..., ::-1]), (HEIGHT, WIDTH))
    straight = Brightness().run(batch)
    assert (back[:, [1, 2, 3, 4, 5]] == straight[:, [1, 2, 3, 4, 5]]).all()
    assert (back[:, 0] == straight[:, 0] + 8).all()  # off to the other side


def test_the_mean_of_both_passes_stands():
    network = Brightness()
    output = RULE.run(network, np.stack([picture(red=0.8)]))
    assert network.passes == [1, 1]
    straight = Brightness().run(np.stack([picture(red=0.8)]))
    assert (output[:, 0] == straight[:, 0] + 4).all()
    assert output[:, 1:] == pytest.approx(straight[:, 1:])


def test_what_one_pass_alone_sees_counts_little():
    class Fickle(Brightness):
        def run(self, batch: np.ndarray) -> np.ndarray:
            output = super().run(batch)
            output[:, 4:] *= 1.0 if len(self.passes) == 1 else 0.01
            return output

    output = RULE.run(Fickle(), np.stack([picture(red=0.8)]))
    assert output[0, 4].max() == pytest.approx(0.08)  # the root of 0.8 times 0.008


def test_only_pictures_in_which_a_named_class_may_be_are_seen_twice():
    network = Brightness()
    batch = np.stack([picture(), picture(red=0.25), picture(green=0.9), picture(red=0.19)])
    output = RULE.run(network, batch)
    assert network.passes == [4, 1]
    untouched = [0, 2, 3]
    assert (output[untouched] == Brightness().run(batch)[untouched]).all()


def test_an_engines_own_memory_is_left_alone():
    class Lending(Brightness):
        def run(self, batch: np.ndarray) -> np.ndarray:
            output = super().run(batch)
            output.setflags(write=False)
            return output

    assert RULE.run(Lending(), np.stack([picture(red=0.8)])).shape == (1, 6, 126)


def test_without_the_rule_there_is_one_pass():
    network = Brightness()
    Reading(nms=NmsSpec()).output(network, np.stack([picture(red=0.9)]))
    assert network.passes == [1]


def test_places_of_another_network_are_refused():
    with pytest.raises(ValueError, match="100 places"):
        turned_back(np.zeros((1, 6, 100), np.float32), (HEIGHT, WIDTH))


def test_a_real_network_says_the_same_of_a_picture_and_its_mirror_image():
    network = OnnxRuntimeBackend(COVERS / "weights.onnx", 1)
    chance = np.random.default_rng(3)
    image = chance.random((1, 3, 8, 12)).repeat(16, axis=2).repeat(16, axis=3).astype(np.float32)
    both = Mirrored(class_ids=(0,), floor=0)
    straight, other = both.run(network, image), both.run(network, image[..., ::-1].copy())
    assert np.abs(network.run(image) - network.run(image[..., ::-1].copy())).max() > 1
    assert turned_back(other, image.shape[2:]) == pytest.approx(straight, abs=1e-2)


def test_a_class_that_a_release_does_not_have_is_refused(tmp_path: Path):
    manifest = {
        "format": 1,
        "name": "street",
        "version": "1",
        "classes": list(CLASSES),
        "input": {"width_px": 64, "height_px": 64},
        "mirrored": {"classes": ["stall", "hawker"]},
        "thresholds": dict.fromkeys(CLASSES, 0.5),
        "weights": {"file": "weights.onnx", "sha256": "0" * 64},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="mirrored: no class hawker"):
        read_manifest(tmp_path)


def test_the_release_says_it_of_vendors():
    spec = read_manifest(COVERS.parent / "street").mirrored
    assert spec is not None
    assert spec.classes == ("stall", "cart", "ground_goods", "parasol")
    assert read_manifest(COVERS).mirrored is None
