"""A release is measured as a camera's `closer` setting asks it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from detector.inference.fake import FakeDetector
from training import predict
from training.commands import app

COVERS = Path(__file__).resolve().parents[2] / "models" / "covers"
CLASSES = ("cover_missing", "cover_ok")


def network(image):
    """Sees black discs that are at least 12 pixels wide in an input of 416."""
    mask = (image.max(2) < 40).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    return [
        ("cover_missing", 0.3 + w / 400, (x, y, x + w, y + h))
        for x, y, w, h, _ in stats[1:count]
        if w * 416 / max(image.shape[:2]) >= 12
    ]


@pytest.fixture
def seen_by(monkeypatch: pytest.MonkeyPatch):
    def predictor(across: int) -> predict.CloserModel:
        thresholds = dict.fromkeys(CLASSES, 0.9)
        fake = FakeDetector(network, CLASSES, name="covers", thresholds=thresholds)
        monkeypatch.setattr(predict, "load_model", lambda folder: fake)
        return predict.CloserModel(Path("covers"), across)

    return predictor


def test_small_things_are_seen_best_first_below_the_thresholds(seen_by):
    image = np.full((1080, 1920, 3), 150, np.uint8)
    cv2.circle(image, (300, 300), 19, (0, 0, 0), -1)  # 8 pixels of the input, 15 of a part's
    cv2.circle(image, (1500, 800), 60, (0, 0, 0), -1)
    seen = seen_by(2).predict(image)
    assert np.round(seen.xyxy).tolist() == [[1440, 740, 1561, 861], [281, 281, 320, 320]]
    assert seen.score[0] > seen.score[1]
    assert seen.class_id.tolist() == [0, 0]
    assert len(seen_by(2).predict(image, floor=0.5).score) == 1


def test_closer_looks_with_the_weights_of_the_manifest():
    command = [
        "evaluate",
        str(COVERS),
        "--dataset",
        "d",
        "--closer",
        "2",
        "--weights",
        "other.onnx",
    ]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert "leave out --weights" in done.output
