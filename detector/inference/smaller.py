"""A second pass over the same picture made smaller, where the first one saw something that matters.

What is close fills the picture, and a network knows it better at the size that most things had when
it learned; what both sizes show is also told from what only looks like it at one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.inference.backend import Backend
from detector.inference.manifest import SmallerSpec
from detector.inference.mirrored import STRIDES_PX, may_show


@dataclass(frozen=True, slots=True, kw_only=True)
class Smaller:
    """A release's rule, with the numbers of its classes."""

    class_ids: tuple[int, ...]
    floor: float
    scale: float

    @classmethod
    def of(cls, spec: SmallerSpec | None, classes: tuple[str, ...]) -> Smaller | None:
        """None where a release has no such rule."""
        if spec is None:
            return None
        class_ids = tuple(map(classes.index, spec.classes))
        return cls(class_ids=class_ids, floor=spec.floor, scale=spec.scale)

    def size_of(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the second pass over an input of that size: multiples of the
        coarsest stride, as any input's."""
        coarsest = STRIDES_PX[-1]
        tall, wide = (
            max(1, round(side * self.scale / coarsest)) * coarsest for side in (height, width)
        )
        return tall, wide

    def run(
        self, backend: Backend, batch: NDArray[np.float32], output: NDArray[np.float32]
    ) -> dict[int, NDArray[np.float32]]:
        """(4 + C, B) that the second pass says, in pixels of the first, by the number of each
        (N, 3, H, W) picture of which `output` gives one of the classes `floor` or more."""
        again = np.flatnonzero(may_show(output, self.class_ids, self.floor))
        if not len(again):
            return {}
        height, width = batch.shape[2:]
        tall, wide = self.size_of(height, width)
        said = backend.run(np.stack([_resized(batch[number], tall, wide) for number in again]))
        sides = np.array([width / wide, height / tall] * 2, np.float32)[:, None]
        return {
            int(number): np.concatenate([one[:4] * sides, one[4:]])
            for number, one in zip(again, said, strict=True)
        }


def _resized(picture: NDArray[np.float32], tall: int, wide: int) -> NDArray[np.float32]:
    by_pixel = cv2.resize(picture.transpose(1, 2, 0), (wide, tall), interpolation=cv2.INTER_AREA)
    return np.asarray(by_pixel.transpose(2, 0, 1), np.float32)
