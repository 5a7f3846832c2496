"""A first start waits for no measurement of engines; what it finds takes over while looks go on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from api import released_models
from api.released_models import ReleasedModels
from api.service import Service
from detector.inference import BackendName, chosen_engine
from detector.inference.manifest import read_manifest
from tests.api.city import City, config

MODELS = Path(__file__).resolve().parents[2] / "models"
LIKELY = (BackendName.OPENVINO, BackendName.OPENVINO_BF16)
CAMERA = {"id": "corner", "kind": "push", "interval_s": 10, "tasks": ["cover"]}


@pytest.fixture
def settings(tmp_path: Path):
    return config(tmp_path / "data", models_folder=MODELS, cameras=[CAMERA])


@pytest.fixture
def choices(settings) -> Path:
    return settings.data_folder / "engines.json"


@pytest.fixture(scope="module")
def entries(tmp_path_factory) -> list[str]:
    """Under which names this machine's choices are kept."""
    folder = tmp_path_factory.mktemp("measured")
    models = ReleasedModels(config(folder, models_folder=MODELS), folder / "engines.json")
    assert models.measure(models.load())
    return list(json.loads((folder / "engines.json").read_text()))


@pytest.fixture
def remember(entries, choices):
    def written(engine: BackendName) -> None:
        choices.parent.mkdir(exist_ok=True)
        choices.write_text(json.dumps(dict.fromkeys(entries, engine.value)))

    return written


def test_a_first_start_looks_before_it_measures_and_then_takes_the_cheapest(settings, choices):
    city = City(settings)
    city.service.stop()
    city.service = Service(settings)
    assert not choices.exists(), "the start waited for a measurement"
    assert {model.engine for model in city.service.detectors} <= set(LIKELY)
    try:
        city.start()
        city.push(3)
        city.wait(lambda: len(chosen(choices)) == 2, 240)
        city.wait(lambda: [m.engine for m in city.service.detectors] == chosen(choices), 60)
        city.push(3)
        assert city.service.engine.camera("corner").tally.snapshot().looks == 6
    finally:
        city.service.stop()


def chosen(choices: Path) -> list[BackendName]:
    folders = [MODELS / name for name in ("covers", "street")]
    found = [chosen_engine(read_manifest(f), f, threads=1, choices=choices) for f in folders]
    return [engine for engine in found if engine is not None]


def test_what_was_measured_is_loaded_at_once(settings, choices, remember, monkeypatch):
    remember(BackendName.ONNXRUNTIME)
    models = ReleasedModels(settings, choices)
    loaded = models.load()
    assert {model.engine for model in loaded} == {BackendName.ONNXRUNTIME}
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: pytest.fail("measured again"))
    assert not models.measure(loaded)


def test_a_likely_engine_that_proves_the_cheapest_is_not_loaded_again(settings, choices, remember):
    models = ReleasedModels(settings, choices)
    likely = models.load()
    remember(likely[0].engine)
    assert models.load(likely) == likely
    remember(BackendName.ONNXRUNTIME)
    others = models.load(likely)
    assert not set(others) & set(likely)
    assert {model.engine for model in others} == {BackendName.ONNXRUNTIME}


def test_an_engine_that_a_person_chose_is_not_measured(settings, choices):
    looks = settings.looks.model_copy(update={"backend": BackendName.ONNXRUNTIME})
    models = ReleasedModels(settings.model_copy(update={"looks": looks}), choices)
    loaded = models.load()
    assert {model.engine for model in loaded} == {BackendName.ONNXRUNTIME}
    assert not models.measure(loaded)
    assert not choices.exists()


def test_a_measurement_that_crashes_leaves_the_likely_engines_at_work(
    settings, choices, monkeypatch
):
    monkeypatch.setattr(released_models.sys, "executable", "/bin/false")
    models = ReleasedModels(settings, choices)
    loaded = models.load()
    assert not models.measure(loaded)
    assert models.load(loaded) == loaded


def test_a_choice_that_cannot_be_kept_is_not_measured_on_and_on(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(released_models.sys, "executable", "/bin/true")
    models = ReleasedModels(settings, tmp_path / "engines.json")
    assert not models.measure(models.load())


def test_the_end_of_the_service_ends_the_measurement(settings, choices, monkeypatch, tmp_path):
    slow = tmp_path / "python"
    slow.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'import time; time.sleep(60)'\n")
    slow.chmod(0o755)
    monkeypatch.setattr(released_models.sys, "executable", str(slow))
    service = Service(settings)
    service.start()
    deadline = time.monotonic() + 20
    while service._models._measuring is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    began = time.monotonic()
    service.stop()
    assert time.monotonic() - began < 20
    assert service._models._measuring.wait(5) != 0
