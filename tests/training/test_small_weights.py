"""Which smaller numbers a release gets: those that lose nothing and save enough."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from detector.inference.cpu import SUMMED_IN_16_BITS
from detector.inference.manifest import read_manifest
from training import small_weights
from training.evaluate import Figure
from training.manifest import Timing
from training.small_weights import Measured, add_small_weights

STREET = Path(__file__).resolve().parents[2] / "models" / "street"
FULL_S, HALF_S = 0.1, 0.06
MODULES = (0, 1, 2)  # the last one moves the output most


class Measuring:
    """Says of each engine what it finds and costs; an engine here is just its description."""

    size = (64, 64)

    def __init__(self, half_ap50: float, small_ap50: dict[int, float], small_s: float) -> None:
        self.half_ap50, self.small_ap50, self.small_s = half_ap50, small_ap50, small_s

    def measure(self, engine: tuple) -> Measured:
        if engine[0] == "rounded":
            return measured(self.half_ap50, FULL_S)
        if engine[0] == "int8":
            in_float = len(json.loads(engine[1].read_text()))
            return measured(self.small_ap50[in_float], self.small_s)
        return measured(self.half_ap50, HALF_S) if "bf16" in engine else measured(0.7, FULL_S)


def measured(ap50: float, core_s: float) -> Measured:
    figure = Figure(
        name="cart",
        origin="all",
        pictures=9,
        labels=60,
        ap50=ap50,
        ap50_95=0,
        ap50_low=0,
        ap50_high=1,
        recall_at_01=0,
    )
    timing = Timing(look_core_s=core_s, threads=1, cpu="a CPU")
    return Measured(figures=(figure,), timing=timing)


class Writing:
    """In the place of the quantiser: its weights say which modules they leave in float."""

    modules = MODULES

    def __init__(self, *_: object, largest: int) -> None: ...

    def write(self, target: Path, in_float: tuple[int, ...] = ()) -> Path:
        target.write_text(json.dumps(sorted(in_float)))
        return target


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "street"
    folder.mkdir()
    for name in ("weights.onnx", "card.md", "manifest.json"):
        shutil.copyfile(STREET / name, folder / name)
    record = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**record, "bf16": None, "int8": None}))
    return folder


@pytest.fixture
def export(release: Path, monkeypatch):
    def run(
        measuring: Measuring, *, bf16: bool = True, int8: bool = True, **settings: bool
    ) -> list[str]:
        monkeypatch.setattr(small_weights, "Bench", lambda *_: measuring)
        monkeypatch.setattr(small_weights, "Quantiser", Writing)
        monkeypatch.setattr(small_weights, "OpenVinoBackend", lambda *given: given)
        monkeypatch.setattr(small_weights, "rounded_to_bf16", lambda weights, target: "rounded")
        monkeypatch.setattr(small_weights, "OnnxRuntimeBackend", lambda *given: given)
        monkeypatch.setattr(small_weights, "int8_engine", lambda weights: ("int8", weights))
        monkeypatch.setattr(small_weights, "sensitive_first", lambda *_: MODULES[::-1])
        monkeypatch.setattr(small_weights, "read_dataset", lambda _: None)
        monkeypatch.setattr(small_weights, "calibration_pictures", lambda *_: [])
        monkeypatch.setattr(small_weights, "computes_in_bf16", lambda: bf16)
        monkeypatch.setattr(small_weights, "computes_in_int8", lambda _: int8)
        return list(add_small_weights(release, Path("dataset"), 3, **settings))

    return run


def recorded(release: Path) -> dict:
    return json.loads((release / "manifest.json").read_text())


def test_what_loses_nothing_is_released(release: Path, export):
    export(Measuring(0.699, dict.fromkeys(range(4), 0.698), 0.04))
    weights = release / "weights.int8.onnx"
    found = recorded(release)
    assert json.loads(weights.read_text()) == []
    assert found["int8"]["modules_in_float"] == []
    assert found["int8"]["largest_weight"] == SUMMED_IN_16_BITS
    assert found["int8"]["weights"]["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert found["bf16"]["figures"][0]["ap50"] == 0.699
    manifest = read_manifest(release)  # as the runtime reads it
    assert manifest.bf16 is not None
    assert manifest.int8.weights.file == weights.name


def test_weights_for_vnni_alone_may_be_finer(release: Path, export):
    export(Measuring(0.699, dict.fromkeys(range(4), 0.698), 0.04), vnni_only=True)
    assert recorded(release)["int8"]["largest_weight"] == 127
    assert json.loads((release / "weights.int8.onnx").read_text()) == []


def test_sensitive_modules_stay_in_float_until_nothing_is_lost(release: Path, export):
    lines = export(Measuring(0.7, {0: 0.65, 1: 0.69, 2: 0.698, 3: 0.7}, 0.04))
    assert recorded(release)["int8"]["modules_in_float"] == [1, 2]
    assert json.loads((release / "weights.int8.onnx").read_text()) == [1, 2]
    assert len([line for line in lines if line.startswith("INT8, modules")]) == 3


def test_what_always_loses_is_not_released(release: Path, export):
    (release / "weights.int8.onnx").write_text("of an earlier export")
    export(Measuring(0.69, dict.fromkeys(range(4), 0.69), 0.04))
    assert recorded(release)["int8"] is None
    assert recorded(release)["bf16"] is None
    assert not (release / "weights.int8.onnx").exists()
    assert read_manifest(release).bf16 is None


def test_what_saves_too_little_is_not_released(release: Path, export):
    lines = export(Measuring(0.7, dict.fromkeys(range(4), 0.7), 0.95 * HALF_S))
    assert recorded(release)["int8"] is None
    assert any("less than a tenth" in line for line in lines)
    export(Measuring(0.7, dict.fromkeys(range(4), 0.7), 0.95 * HALF_S), for_others=True)
    assert recorded(release)["int8"] is not None, "other CPUs may gain by it"
    export(Measuring(0.6, dict.fromkeys(range(4), 0.7), 0.95 * HALF_S))
    assert recorded(release)["int8"] is not None, "bf16 loses, so float32 is what it is beside"


def test_another_cpu_says_nothing_of_numbers_that_it_lacks(release: Path, export):
    lines = export(Measuring(0.7, {0: 0.7}, 0.04), bf16=False, int8=False)
    assert recorded(release)["bf16"] is None
    assert recorded(release)["int8"] is None
    assert any("does not compute" in line for line in lines)


def test_for_others_bf16_is_judged_by_rounding_where_the_cpu_lacks_it(release: Path, export):
    lines = export(Measuring(0.699, {0: 0.7}, 0.04), bf16=False, int8=False, for_others=True)
    assert recorded(release)["bf16"]["timing"] is None
    assert recorded(release)["bf16"]["figures"][0]["ap50"] == 0.699
    assert read_manifest(release).bf16 is not None
    assert "bf16, which this CPU lacks, by rounding: no class loses too much" in lines
    card = (release / "card.md").read_text()
    assert "every number was rounded to it instead" in card
    assert "cart 0.700 0.699" in card
    export(Measuring(0.69, {0: 0.7}, 0.04), bf16=False, int8=False, for_others=True)
    assert recorded(release)["bf16"] is None
    assert "every number was rounded" not in (release / "card.md").read_text()


def test_the_released_aerial_model_states_what_its_int8_weights_find():
    folder = STREET.parent / "aerial"
    record = json.loads((folder / "manifest.json").read_text())
    found = {one["name"]: one for one in record["int8"]["figures"] if one["origin"] == "all"}
    assert set(found) >= {"parasol", "rooftop_shed", "building"}
    assert all(np.isfinite(one["ap50"]) for one in found.values())
    assert read_manifest(folder).int8.weights.file == "weights.int8.onnx"
