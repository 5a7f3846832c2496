"""Engines on graphics processors: offered where there is one, refused where it does not compute."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from detector.inference import BackendName, choice, engine, gpu, load_model
from detector.inference.backend import OnnxRuntimeBackend
from detector.inference.engine import engines_of
from detector.inference.manifest import read_manifest

STREET = Path(__file__).resolve().parents[2] / "models" / "street"
GPU = {BackendName.ONNXRUNTIME_CUDA, BackendName.OPENVINO_GPU}


@pytest.fixture
def devices(monkeypatch, tmp_path: Path):
    """A machine with these files in /dev, and an ONNX Runtime with these providers."""

    def has(*files: str, providers: tuple[str, ...] = ("CPUExecutionProvider",)) -> None:
        import onnxruntime

        for file in files:
            (tmp_path / file).parent.mkdir(exist_ok=True)
            (tmp_path / file).touch()
        monkeypatch.setattr(gpu, "_DEVICES", tmp_path)
        monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(providers))
        gpu.computes_on_cuda.cache_clear()
        gpu.has_render_device.cache_clear()

    yield has
    gpu.computes_on_cuda.cache_clear()
    gpu.has_render_device.cache_clear()


@pytest.mark.parametrize(
    ("files", "providers", "offered"),
    [
        ((), ("CUDAExecutionProvider",), set()),  # the build alone is no device
        (("nvidia0",), ("CPUExecutionProvider",), set()),  # nor the device a build
        (("nvidiactl",), ("CUDAExecutionProvider",), set()),
        (("nvidia0",), ("CUDAExecutionProvider",), {BackendName.ONNXRUNTIME_CUDA}),
        (("dri/renderD128",), (), {BackendName.OPENVINO_GPU}),
    ],
)
def test_offered_where_device_and_build_are_there(devices, files, providers, offered):
    devices(*files, providers=providers)
    manifest = read_manifest(STREET)
    engines = engines_of(manifest, STREET, 1)
    assert set(engines) & GPU == offered
    assert all(engines[name].sha256 == manifest.weights.sha256 for name in offered)


def test_a_provider_that_does_not_compute_is_refused(devices):
    """ONNX Runtime itself takes the CPU without a word."""
    devices()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ONNX Runtime, about a provider that it lacks
        with pytest.raises(RuntimeError, match="does not compute on this machine"):
            OnnxRuntimeBackend(STREET / "weights.onnx", 1, "NoSuchProvider")


def test_one_that_fails_is_passed_over_when_engines_are_measured(devices, tmp_path: Path):
    devices("nvidia0", "dri/renderD128", providers=("CUDAExecutionProvider",))
    model = load_model(STREET, threads=1, choices=tmp_path / "engines.json")
    assert model.engine not in GPU
    assert (tmp_path / "engines.json").is_file()


def test_asked_for_where_there_is_none_the_cpu_computes(devices):
    devices()
    assert load_model(STREET, backend=BackendName.ONNXRUNTIME_CUDA).engine is (
        BackendName.ONNXRUNTIME
    )


def test_a_build_for_graphics_processors_is_named_in_the_remembered_choice(monkeypatch):
    def version(name: str) -> str:
        if name == "onnxruntime":
            raise choice.PackageNotFoundError(name)
        return {"onnxruntime-gpu": "9.9"}[name]

    monkeypatch.setattr(choice, "version", version)
    assert "onnxruntime 9.9" in choice._machine([BackendName.ONNXRUNTIME.value])
    assert engine.in_float32(BackendName.ONNXRUNTIME_CUDA) is BackendName.ONNXRUNTIME
