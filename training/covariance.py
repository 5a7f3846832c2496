"""What convolutions read in pictures: how their inputs vary together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto

PLACES: Final = 300
"""So many places of a picture are taken for each convolution, at random: neighbours say the same
again."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a convolution sees of a tensor at one place, and where its places lie."""

    tensor: str
    kernel: tuple[int, int]
    strides: tuple[int, int]
    pads: tuple[int, int, int, int]  # top, left, bottom, right

    @classmethod
    def of(cls, node: NodeProto) -> Window | None:
        """That of a Conv node; None where it is grouped or dilated."""
        given = {item.name: tuple(item.ints) for item in node.attribute}
        group = next((item.i for item in node.attribute if item.name == "group"), 1)
        kernel = given.get("kernel_shape")
        if group != 1 or kernel is None or set(given.get("dilations", ())) - {1}:
            return None
        strides, pads = given.get("strides", (1, 1)), given.get("pads", (0, 0, 0, 0))
        return cls(node.input[0], (kernel[0], kernel[1]), (strides[0], strides[1]), pads)

    def columns(self, values: NDArray[Any], chance: np.random.Generator) -> NDArray[np.float32]:
        """(P, C * kh * kw) of (C, H, W): what is read at up to `PLACES` places drawn at random."""
        top, left, bottom, right = self.pads
        padded = np.pad(values, ((0, 0), (top, bottom), (left, right)))
        seen = np.lib.stride_tricks.sliding_window_view(padded, self.kernel, axis=(1, 2))
        seen = seen[:, :: self.strides[0], :: self.strides[1]]
        rows, across = seen.shape[1:3]
        drawn = chance.permutation(rows * across)[:PLACES]
        taken = seen[:, drawn // across, drawn % across].swapaxes(0, 1)
        return np.ascontiguousarray(taken, np.float32).reshape(len(drawn), -1)


def covariances(
    network: Path, windows: Sequence[Window], pictures: Iterable[NDArray[np.float32]], seed: int = 0
) -> dict[Window, NDArray[np.float32]]:
    """For each window the (K, K) sum of products of what it reads in (1, 3, H, W) pictures, not
    centred; K is C * kh * kw, in the order of the convolution's weights."""
    import onnx
    import onnxruntime as ort

    model = onnx.load(str(network))
    source = model.graph.input[0].name
    inner = sorted({window.tensor for window in windows} - {source})
    model.graph.output.extend(onnx.ValueInfoProto(name=tensor) for tensor in inner)
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    chance = np.random.default_rng(seed)
    sums: dict[Window, NDArray[np.float32]] = {}
    for picture in pictures:
        read = session.run(inner, {source: picture}) if inner else []  # no names: all outputs
        values = {source: picture, **dict(zip(inner, read, strict=True))}
        for window in windows:
            columns = window.columns(values[window.tensor][0], chance)
            product = columns.T @ columns
            sums[window] = sums[window] + product if window in sums else product
    return sums
