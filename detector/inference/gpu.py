"""Which graphics processors of this machine an engine here can compute on."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

_DEVICES: Final = Path("/dev")
CUDA_PROVIDER: Final = "CUDAExecutionProvider"


@cache
def computes_on_cuda() -> bool:
    """An NVIDIA device, and ONNX Runtime's build for it (`onnxruntime-gpu`)."""
    if not any(_DEVICES.glob("nvidia[0-9]*")):
        return False
    import onnxruntime as ort

    return CUDA_PROVIDER in ort.get_available_providers()


@cache
def has_render_device() -> bool:
    """A device that OpenVINO's plugin for Intel graphics may know; whether it does, its engine says
    when it is built."""
    return any((_DEVICES / "dri").glob("renderD*"))
