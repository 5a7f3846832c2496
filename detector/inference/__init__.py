"""Released models on ONNX Runtime and OpenVINO, without torch."""

from detector.inference.closer import closer
from detector.inference.cpu import usable_cores
from detector.inference.engine import BackendName
from detector.inference.model import ReleasedModel, chosen_engine, load_model
from detector.inference.warming import COMMON_SIZES_PX, warm_up

__all__ = [
    "COMMON_SIZES_PX",
    "BackendName",
    "ReleasedModel",
    "chosen_engine",
    "closer",
    "load_model",
    "usable_cores",
    "warm_up",
]
