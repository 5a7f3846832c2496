"""Released models on ONNX Runtime and OpenVINO, without torch."""

from detector.inference.model import BackendName, ReleasedModel, load_model

__all__ = ["BackendName", "ReleasedModel", "load_model"]
