"""The engine is measured once, remembered, and can be overridden."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from detector.inference import choice
from detector.inference.choice import cheapest

SHAPE = (1, 3, 8, 8)


class Engine:
    """Costs so much CPU time a pass."""

    def __init__(self, cost_s: float, *, broken: bool = False) -> None:
        self.cost_s, self.broken, self.passes = cost_s, broken, 0

    def run(self, batch: np.ndarray) -> np.ndarray:
        if self.broken:
            raise RuntimeError("no such instruction")
        self.passes += 1
        return batch

    def warm(self, shape: tuple[int, ...]) -> None: ...


@pytest.fixture(autouse=True)
def _versions(monkeypatch):
    monkeypatch.setattr(choice, "version", lambda name: "1.0")

    def pass_ms(engine: Engine, picture: np.ndarray) -> float:
        engine.run(picture)
        return engine.cost_s * 1000

    monkeypatch.setattr(choice, "pass_ms", pass_ms)


def choose(slow: Engine, fast: Engine, file: Path, key: str = "model"):
    return cheapest({"slow": lambda: slow, "fast": lambda: fast}, SHAPE, key, file)


def test_the_cheaper_engine_is_chosen_and_remembered(tmp_path: Path):
    file = tmp_path / "deep" / "engines.json"
    slow, fast = Engine(0.02), Engine(0.002)
    assert choose(slow, fast, file) == ("fast", fast)
    measured = slow.passes
    assert measured > 1
    assert choose(slow, fast, file) == ("fast", fast)
    assert slow.passes == measured, "measured again although it was remembered"


def test_between_equals_the_first_named_is_taken(tmp_path: Path):
    first, second = Engine(0.0103), Engine(0.01)
    assert choose(first, second, tmp_path / "engines.json")[0] == "slow"


def test_a_person_may_change_the_file(tmp_path: Path):
    file = tmp_path / "engines.json"
    slow, fast = Engine(0.01), Engine(0.001)
    choose(slow, fast, file)
    (entry,) = json.loads(file.read_text())
    file.write_text(json.dumps({entry: "slow"}))
    assert choose(slow, fast, file)[0] == "slow"


def test_other_versions_models_and_damaged_files_are_measured_anew(tmp_path: Path, monkeypatch):
    file = tmp_path / "engines.json"
    slow, fast = Engine(0.01), Engine(0.001)
    choose(slow, fast, file)
    for change in ("key", "version", "damage"):
        before = slow.passes
        if change == "version":
            monkeypatch.setattr(choice, "version", lambda name: "2.0")
        if change == "damage":
            file.write_text("{")
        choose(slow, fast, file, "other" if change == "key" else "model")
        assert slow.passes > before, change


def test_an_engine_that_cannot_run_the_model_is_not_chosen(tmp_path: Path):
    slow, broken = Engine(0.005), Engine(0, broken=True)
    assert choose(slow, broken, tmp_path / "a.json")[0] == "slow"
    with pytest.raises(RuntimeError, match="no such instruction"):
        choose(Engine(0, broken=True), broken, tmp_path / "b.json")


def test_a_moment_in_which_the_machine_is_slow_does_not_choose(tmp_path, monkeypatch):
    passes = iter(range(100))
    dear, cheap = Engine(0.0), Engine(0.0)

    def cost_ms(engine, picture):
        slowed = 2 if 3 <= next(passes) < 6 else 1  # the cores of a shared machine
        return slowed * (7 if engine is cheap else 10)

    monkeypatch.setattr(choice, "pass_ms", cost_ms)
    builders = {"openvino": lambda: dear, "onnxruntime": lambda: cheap}
    assert cheapest(builders, SHAPE, "m", tmp_path / "engines.json")[0] == "onnxruntime"
