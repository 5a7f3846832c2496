"""Manifest and card of a release say which smaller numbers it has, and what was measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from training.evaluate import Figure
from training.manifest import FileRef, HalfNumbers, SmallWeights, Timing
from training.small_record import record_small

FIGURE = Figure(
    name="cart",
    origin="all",
    pictures=9,
    labels=30,
    ap50=0.7324,
    ap50_95=0.4,
    ap50_low=0.6,
    ap50_high=0.8,
    recall_at_01=0.5,
)
TIMING = Timing(look_core_s=0.159, threads=1, cpu="a CPU")
HALF = HalfNumbers(figures=(replace(FIGURE, ap50=0.731),), timing=replace(TIMING, look_core_s=0.08))
SMALL = SmallWeights(
    weights=FileRef(file="weights.int8.onnx", sha256="0" * 64, precision="int8"),
    largest_weight=64,
    modules_in_float=(0,),
    figures=(replace(FIGURE, ap50=0.735),),
    timing=replace(TIMING, look_core_s=0.05),
)
CARD = "# street 1\n\n## Figures\n\nMeasured.\n\n## Thresholds\n\n- cart: 0.5\n"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    (tmp_path / "manifest.json").write_text(json.dumps({"name": "street", "timing": None}))
    (tmp_path / "card.md").write_text(CARD)
    return tmp_path


def test_the_manifest_names_what_there_is(release: Path):
    record_small(release, TIMING, HALF, SMALL, [FIGURE])
    record = json.loads((release / "manifest.json").read_text())
    assert record["name"] == "street"
    assert record["int8"]["weights"]["file"] == "weights.int8.onnx"
    assert record["int8"]["modules_in_float"] == [0]
    assert record["bf16"]["timing"]["look_core_s"] == 0.08
    record_small(release, TIMING, HALF, None, [FIGURE])
    assert json.loads((release / "manifest.json").read_text())["int8"] is None


def test_the_card_has_one_paragraph_in_its_place(release: Path):
    record_small(release, TIMING, HALF, None, [FIGURE])
    record_small(release, TIMING, HALF, SMALL, [FIGURE])
    text = (release / "card.md").read_text()
    (note,) = [part for part in text.split("\n\n") if part.startswith("Smaller numbers")]
    assert "159 core-ms in float32, 80 in bf16, 50 in INT8" in note
    assert "cart 0.732 0.731 0.735" in note
    assert text.replace(f"{note}\n\n", "") == CARD
    assert text.index("Measured.") < text.index(note) < text.index("## Thresholds")


def test_the_card_says_what_is_absent(release: Path):
    record_small(release, TIMING, None, None, [FIGURE])
    text = (release / "card.md").read_text()
    assert "Smaller numbers (none)" in text
    assert "Not released, or not measurable there: bf16, INT8." in text
