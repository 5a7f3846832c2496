"""Engines that run ONNX weights."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Backend(Protocol):
    """Runs (N, 3, H, W) float32 through a network, giving (N, 4 + C, A)."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]: ...


class OnnxRuntimeBackend:
    """ONNX Runtime on the CPU."""

    def __init__(self, weights: Path, threads: int) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = ort.InferenceSession(
            str(weights), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = self._session.run(None, {self._input: batch})[0]
        return result


class OpenVinoBackend:
    """OpenVINO on an x86 CPU, in float32; one compiled network for each input shape."""

    MAX_SHAPES = 8  # cameras come in few aspect ratios; folders of photographs in many

    def __init__(self, weights: Path, threads: int) -> None:
        import openvino

        self._core = openvino.Core()
        self._weights = weights
        self._options = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        self._requests: dict[tuple[int, ...], Any] = {}
        self._lock = threading.Lock()

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        with self._lock:
            request = self._request(batch.shape)
            request.infer({0: batch}, share_inputs=True)
            output: NDArray[np.float32] = request.get_output_tensor(0).data.copy()
        return output

    def _request(self, shape: tuple[int, ...]) -> Any:
        request = self._requests.pop(shape, None)
        if request is None:
            model = self._core.read_model(self._weights)
            model.reshape({model.inputs[0].any_name: list(shape)})
            request = self._core.compile_model(model, "CPU", self._options).create_infer_request()
        self._requests[shape] = request  # newest last
        if len(self._requests) > self.MAX_SHAPES:
            del self._requests[next(iter(self._requests))]
        return request
