"""Things that stand on others count by what lies under them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from detector.inference.manifest import NmsSpec, StandingSpec, read_manifest
from detector.inference.reading import Reading
from detector.inference.standing import Standing
from detector.types import ModelError

CLASSES = ("shed", "building", "parasol")
SPEC = StandingSpec(classes=("shed",), on="building", within=0.8, larger=1.5, doubt=0.25)
FLOORS = np.array([0.3, 0.6, 0.3], np.float32)
SHED, BUILDING, PARASOL = (0.8, 0, 0), (0, 0.75, 0), (0, 0, 0.8)


def found(*anchors, spec: StandingSpec | None = SPEC, floors=FLOORS) -> list[tuple[str, float]]:
    """Of (centre x, centre y, width, height) and scores by class."""
    raw = np.array([[*box, *scores] for box, scores in anchors], np.float32).T
    reading = Reading(nms=NmsSpec(multi_label=True), standing=Standing.of(spec, CLASSES))
    _, score, class_id = reading.boxes(raw, floors)
    return [(CLASSES[c], round(float(s), 3)) for c, s in zip(class_id, score, strict=True)]


def test_on_a_building_a_shed_counts_as_much_as_the_building_is_sure():
    assert found(((50, 50, 20, 20), SHED), ((60, 60, 60, 60), BUILDING)) == [
        ("building", 0.75),
        ("shed", 0.64),  # 0.8 times 1 / 1.25
    ]


def test_a_building_below_its_own_threshold_is_not_told_but_bears_a_shed():
    on_faint = ((50, 50, 20, 20), SHED), ((60, 60, 60, 60), (0, 0.5, 0))
    assert found(*on_faint) == [("shed", 0.48)]


def test_beside_a_building_it_is_doubted():
    beside = ((150, 50, 20, 20), SHED), ((60, 60, 60, 60), BUILDING)
    assert found(*beside) == [("building", 0.75)]
    assert ("shed", 0.16) in found(*beside, floors=np.full(3, 0.1, np.float32))


def test_a_building_of_the_same_size_is_the_thing_itself():
    assert found(((50, 50, 20, 20), SHED), ((50, 50, 22, 22), BUILDING)) == [("building", 0.75)]


def test_half_on_a_building_is_not_on_it():
    assert found(((90, 60, 20, 20), SHED), ((60, 60, 60, 60), BUILDING)) == [("building", 0.75)]


def test_the_surest_of_several_buildings_counts():
    several = ((60, 60, 60, 60), BUILDING), ((70, 70, 90, 90), (0, 0.95, 0))
    assert ("shed", 0.768) in found(((50, 50, 20, 20), SHED), *several)


def test_other_classes_and_releases_without_the_rule_keep_their_scores():
    assert found(((50, 50, 20, 20), PARASOL)) == [("parasol", 0.8)]
    assert found(((50, 50, 20, 20), SHED), spec=None) == [("shed", 0.8)]


def test_what_is_weighed_down_comes_later_and_nothing_is_found_in_nothing():
    order = found(((50, 50, 20, 20), SHED), ((60, 60, 60, 60), BUILDING), ((9, 9, 5, 5), PARASOL))
    assert [name for name, _ in order] == ["parasol", "building", "shed"]
    assert found(((50, 50, 20, 20), (0, 0, 0))) == []


def test_a_rule_about_a_class_that_a_release_does_not_have_is_refused(tmp_path: Path):
    manifest = {
        "format": 1,
        "name": "aerial",
        "version": "1",
        "classes": list(CLASSES),
        "input": {"width_px": 64, "height_px": 64},
        "standing": {"classes": ["shed", "hut"], "on": "house"},
        "thresholds": dict.fromkeys(CLASSES, 0.5),
        "weights": {"file": "weights.onnx", "sha256": "0" * 64},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="no class house, hut"):
        read_manifest(tmp_path)
