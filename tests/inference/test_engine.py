"""Which engines a release may run on, and whose hash an incident keeps."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from detector.inference import BackendName, engine, load_model
from detector.inference import cpu as cpu_flags
from detector.inference.engine import engines_of
from detector.inference.manifest import read_manifest
from detector.types import ModelError

ROOT = Path(__file__).resolve().parents[2]
STREET = ROOT / "models" / "street"
FULL = {BackendName.OPENVINO, BackendName.ONNXRUNTIME}
SMALL = {BackendName.OPENVINO_INT8, BackendName.ONNXRUNTIME_INT8}


@pytest.fixture
def cpu(monkeypatch):
    """A CPU that computes in these."""

    def has(*, bf16: bool, int8: bool) -> None:
        monkeypatch.setattr(engine, "computes_in_bf16", lambda: bf16)
        monkeypatch.setattr(engine, "computes_in_int8", lambda _: int8)

    return has


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A street model with other bytes for its INT8 weights (a copy with a note in it)."""
    import onnx

    folder = tmp_path / "street"
    shutil.copytree(STREET, folder)
    record = json.loads((folder / "manifest.json").read_text())
    weights = onnx.load(str(folder / record["weights"]["file"]))
    weights.doc_string = "made for a test"
    onnx.save(weights, str(folder / "weights.int8.onnx"))
    digest = hashlib.sha256((folder / "weights.int8.onnx").read_bytes()).hexdigest()
    record["int8"] = {"weights": {"file": "weights.int8.onnx", "sha256": digest}}
    record["bf16"] = {}
    (folder / "manifest.json").write_text(json.dumps(record))
    return folder


def test_smaller_numbers_need_the_cpu_and_the_release(release: Path, cpu):
    manifest = read_manifest(release)
    cpu(bf16=True, int8=True)
    assert set(engines_of(manifest, release, 1)) == FULL | SMALL | {BackendName.OPENVINO_BF16}
    assert set(engines_of(manifest.model_copy(update={"int8": None}), release, 1)) == FULL | {
        BackendName.OPENVINO_BF16
    }
    assert set(engines_of(manifest.model_copy(update={"bf16": None}), release, 1)) == FULL | SMALL
    cpu(bf16=False, int8=True)
    assert set(engines_of(manifest, release, 1)) == FULL | SMALL
    cpu(bf16=False, int8=False)
    assert set(engines_of(manifest, release, 1)) == FULL


def test_weights_say_which_cpus_may_compute_them(release: Path, monkeypatch):
    """Those of releases that do not say it need VNNI."""
    manifest = read_manifest(release)
    monkeypatch.setattr(cpu_flags, "_flags", lambda: frozenset({"avx2"}))
    assert set(engines_of(manifest, release, 1)) == FULL
    narrow = manifest.int8.model_copy(update={"largest_weight": 64})
    said = manifest.model_copy(update={"int8": narrow})
    assert set(engines_of(said, release, 1)) == FULL | SMALL


@pytest.mark.parametrize("name", ["street", "covers", "aerial"])
def test_released_weights_are_no_larger_than_they_say(name: str):
    import onnx

    manifest = read_manifest(ROOT / "models" / name)
    graph = onnx.load(str(ROOT / "models" / name / manifest.int8.weights.file)).graph
    weights = [one for one in graph.initializer if one.data_type == onnx.TensorProto.INT8]
    largest = max(abs(onnx.numpy_helper.to_array(one).astype(int)).max() for one in weights)
    assert largest <= manifest.int8.largest_weight


@pytest.mark.parametrize("backend", [BackendName.OPENVINO_INT8, BackendName.ONNXRUNTIME_INT8])
def test_a_model_names_the_weights_that_it_computes_with(release: Path, cpu, backend: BackendName):
    cpu(bf16=False, int8=True)
    manifest = read_manifest(release)
    small, full = load_model(release, backend=backend), load_model(release)
    assert small.sha256 == manifest.int8.weights.sha256
    assert full.sha256 == manifest.weights.sha256
    assert {small.sha256, full.sha256} == manifest.all_sha256
    assert small.engine is backend


def test_a_release_without_small_numbers_runs_in_float32(release: Path, cpu):
    cpu(bf16=False, int8=False)
    wanted = {
        BackendName.OPENVINO_INT8: BackendName.OPENVINO,
        BackendName.OPENVINO_BF16: BackendName.OPENVINO,
        BackendName.ONNXRUNTIME_INT8: BackendName.ONNXRUNTIME,
    }
    for asked, given in wanted.items():
        model = load_model(release, backend=asked)
        assert model.engine is given
        assert model.sha256 == model.manifest.weights.sha256


def test_damaged_int8_weights_are_refused(release: Path):
    weights = release / "weights.int8.onnx"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match=r"weights\.int8\.onnx: sha256"):
        load_model(release)
    weights.unlink()
    with pytest.raises(ModelError, match="missing"):
        load_model(release)


def test_the_choice_is_made_anew_when_int8_weights_arrive(release: Path, cpu, tmp_path: Path):
    cpu(bf16=False, int8=True)
    choices = tmp_path / "engines.json"
    load_model(STREET, threads=1, choices=choices)
    (before,) = json.loads(choices.read_text())
    chosen = load_model(release, threads=1, choices=choices)
    kept = json.loads(choices.read_text())
    assert set(kept) > {before}
    (entry,) = set(kept) - {before}
    assert kept[entry] == chosen.engine.value
    again = load_model(release, threads=1, choices=choices)
    assert again.engine is chosen.engine
    assert again.sha256 == chosen.sha256


@pytest.mark.skipif(not engine.computes_in_bf16(), reason="this CPU does not compute in bf16")
def test_bf16_sees_nearly_the_same(release: Path):
    chance = np.random.default_rng(3)
    batch = chance.random((1, 3, 96, 160), np.float32)
    outputs = [
        engines_of(read_manifest(release), release, 1)[name].build().run(batch)
        for name in (BackendName.OPENVINO, BackendName.OPENVINO_BF16)
    ]
    assert outputs[1].dtype == np.float32
    assert not np.array_equal(*outputs), "bf16 was asked for and float32 computed"
    assert np.linalg.norm(outputs[1] - outputs[0]) < 0.05 * np.linalg.norm(outputs[0])
