"""Engines that run ONNX weights."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detector.inference.gpu import CUDA_PROVIDER


class Backend(Protocol):
    """Runs (N, 3, H, W) float32 through a network, giving (N, 4 + C, A)."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]: ...

    def warm(self, shape: tuple[int, ...]) -> None:
        """Gets ready for inputs of that shape, so that the first one does not wait."""
        ...


class OnnxRuntimeBackend:
    """ONNX Runtime, on the CPU unless another of its providers is named.

    Raises RuntimeError where that provider cannot compute here: ONNX Runtime itself would quietly
    take the CPU instead.
    """

    def __init__(
        self,
        weights: Path,
        threads: int,
        provider: str = "CPUExecutionProvider",
        options_of_provider: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        import onnxruntime as ort

        if provider == CUDA_PROVIDER:
            ort.preload_dlls()  # those that pip installed beside it
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Threads that spin while they wait take the cores from decoding and from the other looks.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(
            str(weights), options, providers=[(provider, dict(options_of_provider))]
        )
        if provider not in self._session.get_providers():
            raise RuntimeError(f"{provider} is installed, but does not compute on this machine")
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        result: NDArray[np.float32] = self._session.run(None, {self._input: batch})[0]
        return result

    def warm(self, shape: tuple[int, ...]) -> None:
        self.run(np.zeros(shape, np.float32))


CUDA_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "use_tf32": "0",  # 10 bits of mantissa: smaller numbers only where they were measured
        "cudnn_conv_algo_search": "HEURISTIC",  # the exhaustive search takes seconds for each shape
        "arena_extend_strategy": "kSameAsRequested",  # several models share the card's memory
    }
)


_FIRST_USE = threading.Lock()


@cache
def _first_pass() -> None:
    """The first pass of the process, through a network of four numbers; some 50 ms.

    OpenVINO's bindings (2026.4) fill static tables at their first use, and run Python meanwhile. A
    second thread that comes to the same table then holds Python's own lock while it waits for the
    first one, which needs that lock: the whole process stands still for good.
    """
    import openvino
    from openvino import opset8

    number = opset8.parameter([1, 4], np.float32)
    model = openvino.Model([opset8.relu(number)], [number])
    request = openvino.Core().compile_model(model, "CPU").create_infer_request()
    _passed([request], np.zeros((1, 4), np.float32))


class _Network:
    """A network for single pictures of one shape; compiled when it is first needed, by whoever
    needs it. Pictures, of one caller or of several, pass side by side, each on a request of its
    own; more callers than `at_once` wait in the engine."""

    def __init__(self, compiled: Callable[[], Any], at_once: int) -> None:
        self._compiled, self._at_once = compiled, at_once
        self._network: Any = None
        self._free: deque[Any] = deque()
        self._lock = threading.Lock()

    def ready(self) -> Any:
        """The compiled network."""
        with self._lock:
            if self._network is None:
                self._network = self._compiled()
            return self._network

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        side_by_side = min(len(batch), self._at_once)
        requests = [self._request() for _ in range(side_by_side)]
        parts = [
            _passed(requests, batch[first : first + side_by_side])
            for first in range(0, len(batch), side_by_side)
        ]
        self._free.extend(requests)  # not those of a pass that failed: they may still be at work
        return np.concatenate(parts)

    def _request(self) -> Any:
        try:
            return self._free.pop()
        except IndexError:
            return self.ready().create_infer_request()


def _passed(requests: Sequence[Any], pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Outputs of as many (3, H, W) pictures as there are requests, or fewer."""
    running = requests[: len(pictures)]
    for request, picture in zip(running, pictures, strict=True):
        request.start_async({0: picture[None]}, share_inputs=True)
    for request in running:
        request.wait()
    return np.concatenate([request.get_output_tensor(0).data for request in running])


class OpenVinoBackend:
    """OpenVINO on an x86 CPU, or on Intel graphics; one compiled network for each size of pictures.

    `at_once` pictures pass side by side, on `threads` threads each. Two passes of one thread take
    a third less CPU time than two threads at one pass, which wait for each other at every layer;
    more pictures in a pass save little beyond that (`tests.benchmarks.networks`).
    `precision` is that of what the weights give in float: `f32`, or `bf16` on a CPU that computes
    in it; inputs and outputs are float32 always. Compiling takes about half a core-second. It
    holds up inputs of its own size only.
    """

    MAX_SHAPES = 8  # cameras come in few aspect ratios; folders of photographs in many

    def __init__(
        self,
        weights: Path,
        threads: int,
        precision: str = "f32",
        at_once: int = 1,
        device: str = "CPU",
    ) -> None:
        import openvino

        with _FIRST_USE:
            _first_pass()
        self._core = openvino.Core()
        self._weights = weights
        self._at_once = at_once
        self._device = device
        self._options: dict[str, str | int] = {
            "INFERENCE_PRECISION_HINT": precision,
            "NUM_STREAMS": at_once,
            "PERFORMANCE_HINT": "LATENCY",
        }
        if device == "CPU":
            self._options["INFERENCE_NUM_THREADS"] = threads * at_once
        self._networks: dict[tuple[int, ...], _Network] = {}
        self._lock = threading.Lock()  # of the dictionary, never held while one compiles

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._network(batch.shape).run(batch)

    def warm(self, shape: tuple[int, ...]) -> None:
        self._network(shape).ready()

    def _network(self, batch_shape: tuple[int, ...]) -> _Network:
        shape = (1, *batch_shape[1:])
        with self._lock:
            network = self._networks.pop(shape, None)
            if network is None:
                network = _Network(partial(self._compiled, shape), self._at_once)
            self._networks[shape] = network  # newest last
            if len(self._networks) > self.MAX_SHAPES:
                del self._networks[next(iter(self._networks))]
            return network

    def _compiled(self, shape: tuple[int, ...]) -> Any:
        model = self._core.read_model(self._weights)
        model.reshape({model.inputs[0].any_name: list(shape)})
        return self._core.compile_model(model, self._device, self._options)
