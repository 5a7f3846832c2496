"""The gate in front of a release, promotion and rollback, on models made here."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from detector.inference.manifest import read_manifest
from detector.types import ModelError
from tests.training.made_entry import entry
from training.comparison import AP50, Comparison, GateRule, Side, compare
from training.dataset import Dataset
from training.evaluate import Seen
from training.gate import reasons_of
from training.label import Box
from training.predict import Predictions
from training.promote import exchange, promote, rollback

CLASSES = ("cover_ok", "cover_missing")
RULE = GateRule(rounds=200)


def seen(number: int, score: float, class_id: int = 0) -> Seen:
    """One picture with one object; at a score of 0 the model misses it and fires beside it."""
    box = Box(class_id=class_id, cx=0.25, cy=0.25, w=0.2, h=0.2)
    hit = [15.0, 15, 35, 35] if score else [60.0, 60, 90, 90]
    return Seen(
        entry=entry(f"{number}.jpg", CLASSES),
        boxes=(box,),
        predictions=Predictions(
            xyxy=np.array([hit]), score=np.array([score or 0.9]), class_id=np.array([class_id])
        ),
        width=100,
        height=100,
    )


def dataset() -> Dataset:
    return Dataset(model="covers", classes=CLASSES, mask_classes=(), entries=(), licences={})


def compared(old: list[Seen], new: list[Seen], rule: GateRule = RULE) -> tuple[Comparison, ...]:
    limits = dict.fromkeys(CLASSES, 0.5)
    side = Side(
        name="frozen",
        running=tuple(old),
        candidate=tuple(new),
        running_thresholds=limits,
        candidate_thresholds=limits,
    )
    return compare(dataset(), side, rule)


def test_a_candidate_that_lost_a_class_is_refused_with_the_class_named():
    old = [seen(n, 0.8, n % 2) for n in range(40)]
    new = [seen(n, 0.8 if n % 2 == 0 or n < 10 else 0, n % 2) for n in range(40)]
    comparisons = compared(old, new)
    found = {item.name: item for item in comparisons if item.figure == AP50}
    assert not found["cover_ok"].worse
    assert found["cover_missing"].worse
    reasons = reasons_of(comparisons, RULE)
    assert [reason.partition(" ")[0] for reason in reasons] == ["cover_missing:"] * 2
    assert "AP50" in reasons[0]
    assert "false alarms" in reasons[1]


def test_a_candidate_within_the_interval_and_a_better_one_pass():
    old = [seen(n, 0.8 if n % 8 else 0) for n in range(40)]
    for bad in (lambda n: n % 8 == 1, lambda n: n == 3):
        new = [seen(n, 0 if bad(n) else 0.8) for n in range(40)]
        assert reasons_of(compared(old, new), RULE) == ()


def test_a_frozen_set_with_hardly_any_label_decides_nothing():
    few = [seen(n, 0.8) for n in range(3)]
    (reason,) = reasons_of(compared(few, few), RULE)
    assert "cannot decide" in reason


def model(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    weights = version.encode()
    (folder / "weights.onnx").write_bytes(weights)
    manifest = {
        "format": 1,
        "name": "covers",
        "version": version,
        "classes": ["cover_ok"],
        "input": {"width_px": 64, "height_px": 64},
        "thresholds": {"cover_ok": 0.5},
        "weights": {"file": "weights.onnx", "sha256": hashlib.sha256(weights).hexdigest()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def running(models: Path) -> str:
    return read_manifest(models / "covers").version


def test_promotions_are_undone_one_by_one(tmp_path: Path):
    models = tmp_path / "models"
    for version in ("1", "2", "3"):
        promote(model(tmp_path / version, version), models)
        assert running(models) == version
    assert rollback("covers", models).version == "2"
    assert rollback("covers", models).version == "1"
    assert running(models) == "1"
    with pytest.raises(ModelError, match="no earlier model"):
        rollback("covers", models)
    promote(tmp_path / "3", models)
    assert running(models) == "3"
    assert rollback("covers", models).version == "1"


def test_a_damaged_candidate_changes_nothing(tmp_path: Path):
    models = tmp_path / "models"
    promote(model(tmp_path / "1", "1"), models)
    bad = model(tmp_path / "2", "2")
    (bad / "weights.onnx").write_bytes(b"cut off")
    with pytest.raises(ModelError, match="sha256"):
        promote(bad, models)
    assert running(models) == "1"


def test_a_promotion_that_was_cut_off_does_not_block_the_next(tmp_path: Path):
    models = tmp_path / "models"
    promote(model(tmp_path / "1", "1"), models)
    left = models / ".history" / "covers" / "arriving"
    left.mkdir(parents=True)
    (left / "weights.onnx").write_bytes(b"half")
    promote(model(tmp_path / "2", "2"), models)
    assert running(models) == "2"
    assert not left.exists()


def test_an_exchange_that_cannot_be_is_an_error_that_names_both(tmp_path: Path):
    (tmp_path / "a").mkdir()
    with pytest.raises(ModelError, match=r"a and .*b"):
        exchange(tmp_path / "a", tmp_path / "b")
