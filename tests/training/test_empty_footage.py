"""Footage that is said to be empty becomes negatives: the frames in which a model is loudest."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from api.cli import app
from api.demo_command import DEMO_CLIPS
from detector.types.taxonomy import VENDOR_CLASSES, violations_of
from training.choose import loudness_of
from training.dataset import read_dataset
from training.label import read_boxes
from training.own_set import read_own_set
from training.predict import Predictions

MODELS = Path(__file__).resolve().parents[2] / "models"
CLIP = DEMO_CLIPS / "cover_missing.mp4"  # what a user who errs would call empty
MISSING_S = (60, 180)


def test_violations_are_what_a_model_is_there_to_tell():
    assert violations_of("street") == VENDOR_CLASSES
    assert violations_of("covers") == ("cover_damaged", "cover_missing")
    assert violations_of("aerial") == ("rooftop_shed", "rooftop_canopy")


def test_loud_is_who_comes_near_to_telling_a_violation():
    seen = Predictions(
        xyxy=np.zeros((3, 4)), score=np.array([0.9, 0.3, 0.3]), class_id=np.array([2, 0, 1])
    )
    classes, limits = ("stall", "cart", "person"), {"stall": 0.6, "cart": 0.4, "person": 0.5}
    assert loudness_of(seen, classes, limits, VENDOR_CLASSES) == pytest.approx(0.75)
    assert loudness_of(seen, classes, limits, ("stall",)) == pytest.approx(0.5)
    assert loudness_of(seen, classes, limits, ("ground_goods",)) == 0


def test_the_loudest_frames_become_a_set_that_says_nothing_else(tmp_path: Path):
    made, built = tmp_path / "set", tmp_path / "built"
    command = ["dataset", "empty", str(made), str(CLIP), "--model", str(MODELS / "covers")]
    done = CliRunner().invoke(app, [*command, "--interval-s", "15", "--per-day", "4"])
    assert done.exit_code == 0, done.output

    own = read_own_set(made)
    assert own.labelled == ("cover_damaged", "cover_missing")
    assert len(own.pictures) == 4
    start = datetime.fromtimestamp(CLIP.stat().st_mtime)
    for picture in own.pictures:
        at = datetime.strptime(picture.file.split("_")[2], "%Y%m%dT%H%M%S")
        into = (at - start).total_seconds() % 3600  # whatever the zone
        assert MISSING_S[0] <= into < MISSING_S[1]
        assert read_boxes(made / "labels" / f"{Path(picture.file).stem}.txt") == []

    command = ["dataset", "build", "covers", str(built), "--own-only", "--set", str(made)]
    done = CliRunner().invoke(app, [*command, "--val-every", "0"])
    assert done.exit_code == 0, done.output
    dataset = read_dataset(built)
    assert {entry.labelled for entry in dataset.entries} == {own.labelled}
    hidden = {dataset.classes[k] for kind in dataset.mask_classes[1:] for k in kind}
    assert hidden == set(dataset.classes) - set(own.labelled)
