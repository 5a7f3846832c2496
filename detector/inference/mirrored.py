"""A second pass, mirrored, over pictures in which the first one saw something that matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detector.inference.backend import Backend
from detector.inference.manifest import MirroredSpec

STRIDES_PX: Final = (8, 16, 32)
"""Of the grids of places that a YOLOv8 network speaks of, finest first; each row by row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """A release's rule, with the numbers of its classes."""

    class_ids: tuple[int, ...]
    floor: float

    @classmethod
    def of(cls, spec: MirroredSpec | None, classes: tuple[str, ...]) -> Mirrored | None:
        """None where a release has no such rule."""
        if spec is None:
            return None
        return cls(class_ids=tuple(map(classes.index, spec.classes)), floor=spec.floor)

    def run(self, backend: Backend, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """As `backend.run`; of a picture with a score of `floor` or more in one of the classes what
        both passes say of each place: the mean of its boxes, and the geometric mean of its scores,
        which is low where one pass sees nothing."""
        output = backend.run(batch)
        again = may_show(output, self.class_ids, self.floor)
        if not again.any():
            return output
        second = backend.run(np.ascontiguousarray(batch[again, :, :, ::-1]))
        result = output.copy()  # an engine may lend its own memory
        back = turned_back(second, batch.shape[2:])
        result[again, :4] = (output[again, :4] + back[:, :4]) / 2
        result[again, 4:] = np.sqrt(output[again, 4:] * back[:, 4:])
        return result


def may_show(
    output: NDArray[np.float32], class_ids: tuple[int, ...], floor: float
) -> NDArray[np.bool_]:
    """(N,): the pictures of which a (N, 4 + C, A) output gives one of the classes `floor` or more,
    at any place."""
    scores = output[:, [4 + number for number in class_ids]]
    return np.asarray(scores.max(axis=(1, 2), initial=0) >= floor)


def turned_back(output: NDArray[np.float32], size_px: tuple[int, ...]) -> NDArray[np.float32]:
    """What a (N, 4 + C, A) output says of mirrored pictures of (height, width), said of these as
    they were. Raises ValueError where the places are not those of such a network."""
    height, width = size_px
    grids = [(height // stride, width // stride) for stride in STRIDES_PX]
    if output.shape[2] != sum(rows * columns for rows, columns in grids):
        raise ValueError(f"{output.shape[2]} places are not those of a picture of {width}×{height}")
    result = np.empty_like(output)
    first = 0
    for rows, columns in grids:
        places = slice(first, first + rows * columns)
        grid = output[:, :, places].reshape(*output.shape[:2], rows, columns)
        result[:, :, places] = grid[..., ::-1].reshape(*output.shape[:2], -1)
        first = places.stop
    result[:, 0] = width - result[:, 0]
    return result
