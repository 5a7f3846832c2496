"""Engines that run ONNX weights."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Backend(Protocol):
    """Runs (N, 3, H, W) float32 through a network, giving (N, 4 + C, A)."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]: ...

    def warm(self, shape: tuple[int, ...]) -> None:
        """Gets ready for inputs of that shape, so that the first one does not wait."""
        ...


class OnnxRuntimeBackend:
    """ONNX Runtime on the CPU."""

    def __init__(self, weights: Path, threads: int) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Threads that spin while they wait take the cores from decoding and from the other looks.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(
            str(weights), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = self._session.run(None, {self._input: batch})[0]
        return result

    def warm(self, shape: tuple[int, ...]) -> None:
        self.run(np.zeros(shape, np.float32))


class _Network:
    """A network for inputs of one shape; compiled when it is first needed, by whoever needs it."""

    def __init__(self, compiled: Callable[[], Any]) -> None:
        self._compiled = compiled
        self._request: Any = None
        self._lock = threading.Lock()

    def ready(self) -> None:
        with self._lock:
            self._compile()

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        with self._lock:
            request = self._compile()
            request.infer({0: batch}, share_inputs=True)
            output: NDArray[np.float32] = request.get_output_tensor(0).data.copy()
        return output

    def _compile(self) -> Any:
        if self._request is None:
            self._request = self._compiled().create_infer_request()
        return self._request


class OpenVinoBackend:
    """OpenVINO on an x86 CPU; one compiled network for each input shape.

    `precision` is that of what the weights give in float: `f32`, or `bf16` on a CPU that computes
    in it; inputs and outputs are float32 always. Compiling takes about half a core-second. It
    holds up inputs of its own shape only.
    """

    MAX_SHAPES = 8  # cameras come in few aspect ratios; folders of photographs in many

    def __init__(self, weights: Path, threads: int, precision: str = "f32") -> None:
        import openvino

        self._core = openvino.Core()
        self._weights = weights
        self._options = {
            "INFERENCE_PRECISION_HINT": precision,
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        self._networks: dict[tuple[int, ...], _Network] = {}
        self._lock = threading.Lock()  # of the dictionary, never held while one compiles

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._network(batch.shape).run(batch)

    def warm(self, shape: tuple[int, ...]) -> None:
        self._network(shape).ready()

    def _network(self, shape: tuple[int, ...]) -> _Network:
        with self._lock:
            network = self._networks.pop(shape, None) or _Network(partial(self._compiled, shape))
            self._networks[shape] = network  # newest last
            if len(self._networks) > self.MAX_SHAPES:
                del self._networks[next(iter(self._networks))]
            return network

    def _compiled(self, shape: tuple[int, ...]) -> Any:
        model = self._core.read_model(self._weights)
        model.reshape({model.inputs[0].any_name: list(shape)})
        return self._core.compile_model(model, "CPU", self._options)
