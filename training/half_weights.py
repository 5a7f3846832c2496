"""Stores the weights of an ONNX file in half precision; it still computes in float32.

Halves the file, not the time: each stored tensor is cast when the network is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

SMALLEST: Final = 256
"""Tensors with fewer numbers stay as they are: nothing to gain, and shapes must be exact."""


def store_half(weights: Path, *, only_exact: bool = False) -> None:
    """Rewrites the file in place. Raises ValueError where a weight is too large for float16.

    `only_exact` leaves a tensor alone that float16 cannot hold to the last digit.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(weights))
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or int(np.prod(tensor.dims)) < SMALLEST:
            continue
        full = numpy_helper.to_array(tensor)
        if only_exact and not _fits(full):
            continue
        if np.abs(full).max() > np.finfo(np.float16).max:
            raise ValueError(f"{weights}: {tensor.name} does not fit into float16")
        half = full.astype(np.float16)
        stored = f"{tensor.name}.half"
        casts.append(helper.make_node("Cast", [stored], [tensor.name], to=TensorProto.FLOAT))
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(half, stored))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(weights))


def _fits(full: np.ndarray) -> bool:
    with np.errstate(over="ignore"):
        return np.array_equal(full.astype(np.float16).astype(full.dtype), full)
