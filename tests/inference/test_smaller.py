"""Pictures in which something may be are seen a second time, made smaller."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from detector.inference.fusion import fused
from detector.inference.manifest import NmsSpec, SmallerSpec, read_manifest
from detector.inference.reading import Reading
from detector.inference.smaller import Smaller
from detector.types import ModelError

CLASSES = ("cover_ok", "cover_missing")
RULE = Smaller.of(SmallerSpec(classes=("cover_missing",), floor=0.1, scale=0.5), CLASSES)
READING = Reading(nms=NmsSpec(iou=0.5, multi_label=True), smaller=RULE)
MODELS = Path(__file__).parents[2] / "models"
HEIGHT, WIDTH = 64, 128
LOW = np.full(2, 0.001, np.float32)


class Whole:
    """One thing as large as the picture: as surely missing as its first pixel is red, as surely a
    sound cover as it is green; in a smaller picture by a factor surer."""

    def __init__(self, surer: float = 1.0) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self._surer = surer

    def run(self, batch: np.ndarray) -> np.ndarray:
        self.shapes.append(batch.shape)
        count, _, tall, wide = batch.shape
        output = np.zeros((count, 6, 1), np.float32)
        output[:, :4, 0] = wide / 2, tall / 2, wide, tall
        output[:, 4, 0], output[:, 5, 0] = batch[:, 1, 0, 0], batch[:, 0, 0, 0]
        if tall < HEIGHT:
            output[:, 4:] *= self._surer
        return output

    def warm(self, shape: tuple[int, ...]) -> None:
        self.shapes.append(shape)


def picture(red: float = 0, green: float = 0) -> np.ndarray:
    image = np.zeros((3, HEIGHT, WIDTH), np.float32)
    image[0], image[1] = red, green
    return image


def test_only_pictures_in_which_a_named_class_may_be_are_seen_again():
    network = Whole()
    batch = np.stack([picture(), picture(red=0.2), picture(green=0.9), picture(red=0.09)])
    said = READING.output(network, batch)
    assert network.shapes == [(4, 3, 64, 128), (1, 3, 32, 64)]
    assert [len(one) for one in said] == [1, 2, 1, 1]


def test_both_passes_speak_in_pixels_of_the_first():
    (said,) = READING.output(Whole(), np.stack([picture(red=0.8)]))
    xyxy, score, class_id = READING.boxes(said, LOW)
    assert xyxy.tolist() == [[0, 0, WIDTH, HEIGHT]]
    assert score == pytest.approx([0.8])
    assert class_id.tolist() == [1]


def test_the_mean_of_both_passes_is_held_against_the_threshold():
    (said,) = READING.output(Whole(surer=0.5), np.stack([picture(red=0.8)]))
    assert READING.boxes(said, LOW)[1] == pytest.approx([0.6])
    assert len(READING.boxes(said, np.full(2, 0.55, np.float32))[1]) == 1
    assert len(READING.boxes(said, np.full(2, 0.65, np.float32))[1]) == 0


def test_what_the_first_pass_hardly_saw_can_still_be_told():
    """Of another class, which did not ask for the second pass."""
    (said,) = READING.output(Whole(surer=1.8), np.stack([picture(red=0.3, green=0.5)]))
    _, score, class_id = READING.boxes(said, np.full(2, 0.6, np.float32))
    assert class_id.tolist() == [0]
    assert score == pytest.approx([0.7])


def test_without_the_rule_there_is_one_pass():
    network = Whole()
    (said,) = Reading(nms=NmsSpec()).output(network, np.stack([picture(red=0.9)]))
    assert len(network.shapes) == len(said) == 1


@pytest.mark.parametrize(
    ("first", "second"), [((416, 416), (320, 320)), ((256, 416), (192, 320)), ((32, 32), (32, 32))]
)
def test_the_second_input_has_sides_that_a_network_takes(first, second):
    rule = Smaller.of(SmallerSpec(classes=("cover_ok",)), CLASSES)
    assert rule.size_of(*first) == second


def found(*rows: tuple[float, ...]):
    table = np.array(rows, np.float32).reshape(-1, 6)
    return table[:, :4], table[:, 4], table[:, 5].astype(np.int32)


def test_boxes_that_lie_together_are_one():
    once = found((0, 0, 10, 10, 0.8, 1), (50, 50, 60, 60, 0.6, 1))
    again = found((0, 0, 12, 10, 0.4, 1), (0, 0, 10, 10, 0.5, 0))
    xyxy, score, class_id = fused([once, again], 0.5)
    assert score == pytest.approx([0.6, 0.3, 0.25])
    assert class_id.tolist() == [1, 1, 0]
    assert xyxy[0] == pytest.approx([0, 0, 32 / 3, 10], abs=1e-4)  # twice as near to the surer
    assert xyxy[1] == pytest.approx([50, 50, 60, 60])


def test_a_pass_counts_once_for_each_thing():
    """Two boxes of one pass on one thing are no second witness."""
    once = found((0, 0, 10, 10, 0.8, 1), (0, 0, 10, 9, 0.7, 1))
    _, score, _ = fused([once, found()], 0.5)
    assert score == pytest.approx([0.4])


def test_nothing_found_is_nothing():
    xyxy, score, class_id = fused([found(), found()], 0.5)
    assert xyxy.shape == (0, 4)
    assert len(score) == len(class_id) == 0


def test_a_class_that_a_release_does_not_have_is_refused(tmp_path: Path):
    manifest = json.loads((MODELS / "covers" / "manifest.json").read_text())
    manifest["smaller"] = {"classes": ["cover_missing", "lid"]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="smaller: no class lid"):
        read_manifest(tmp_path)


def test_the_release_says_it_of_whatever_it_knows():
    manifest = read_manifest(MODELS / "covers")
    assert manifest.seen_twice
    assert manifest.smaller is not None
    assert manifest.smaller.classes == manifest.classes, "whatever may be there"
    assert read_manifest(MODELS / "street").smaller is None
