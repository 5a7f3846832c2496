"""Models are compiled before looks need them, and one that compiles holds up no other."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from api.config import parse_config
from api.service import Service
from detector.inference import COMMON_SIZES_PX, BackendName, load_model, warm_up
from detector.inference.backend import OpenVinoBackend
from detector.pipeline.tally import Tally
from tests.api.city import model as fake_model

ROOT = Path(__file__).resolve().parents[2]
STREET = ROOT / "models" / "street"


def batch(height: int, width: int) -> np.ndarray:
    return np.zeros((1, 3, height, width), np.float32)


@pytest.fixture
def backend() -> OpenVinoBackend:
    return OpenVinoBackend(STREET / "weights.onnx", 1)


def test_a_shape_that_compiles_does_not_hold_up_another(backend, monkeypatch):
    backend.warm((1, 3, 64, 64))
    compiling, release = threading.Event(), threading.Event()
    compiled = backend._compiled

    def slow(shape):
        compiling.set()
        assert release.wait(20)
        return compiled(shape)

    monkeypatch.setattr(backend, "_compiled", slow)
    other = threading.Thread(target=backend.run, args=(batch(64, 96),))
    other.start()
    assert compiling.wait(20)
    ready = threading.Thread(target=backend.run, args=(batch(64, 64),))
    ready.start()
    ready.join(20)
    held_up = ready.is_alive()
    release.set()
    other.join(20)
    assert not held_up


def test_two_looks_of_a_new_shape_compile_it_once(backend, monkeypatch):
    shapes = []
    compiled = backend._compiled
    monkeypatch.setattr(
        backend, "_compiled", lambda shape: (shapes.append(shape), compiled(shape))[1]
    )
    threads = [threading.Thread(target=backend.run, args=(batch(64, 96),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert shapes == [(1, 3, 64, 96)]


def test_after_warming_no_common_camera_waits_for_a_compiler(monkeypatch):
    model = load_model(STREET, backend=BackendName.OPENVINO)
    warm_up([model])

    def refuse(shape):
        raise AssertionError(f"compiled {shape} at a look")

    monkeypatch.setattr(model._backend, "_compiled", refuse)
    for height, width in ((1080, 1920), (960, 1280), (480, 640), (360, 640)):
        assert len(model.detect([np.zeros((height, width, 3), np.uint8)])) == 1


def test_the_service_warms_for_the_commonest_pictures_before_its_sources_start(
    tmp_path, monkeypatch
):
    order = []
    camera = {"id": "c", "kind": "push", "interval_s": 1, "tasks": ["vendor"]}
    raw = {"data_folder": tmp_path, "cameras": [camera], "evidence": {"min_free_bytes": 0}}
    warmed = threading.Event()

    def warm(models, sizes_px=COMMON_SIZES_PX):
        if sizes_px == COMMON_SIZES_PX[:1]:
            time.sleep(0.3)  # compilers take their time: the sources wait for them
        order.append(sizes_px)
        if sizes_px == COMMON_SIZES_PX:
            warmed.set()

    monkeypatch.setattr("api.service.warm_up", warm)
    service = Service(parse_config(raw, "test"), detectors=[fake_model()])
    source = service.engine.camera("c").source
    started = source.start
    monkeypatch.setattr(source, "start", lambda: (order.append("source"), started())[1])
    service.start()
    assert warmed.wait(10)
    service.stop()
    assert order == [COMMON_SIZES_PX[:1], "source", COMMON_SIZES_PX]


def test_staleness_counts_from_the_start_of_the_source():
    now = [100.0]
    tally = Tally(lambda: now[0])
    now[0] = 107.0
    tally.begin()
    now[0] = 108.5
    assert tally.snapshot().stale_s == pytest.approx(1.5)
    assert tally.snapshot().greatest_stale_s == pytest.approx(1.5)
